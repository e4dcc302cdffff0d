"""What is left to do by hand once the files are written, as commands to copy."""

from __future__ import annotations

import shlex

from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs.permissions import RIGHTS
from gitops_action.core.scaffold.questions import UNRELEASED, Answers, Handover
from gitops_action.core.scaffold.rulesets import (
    DEFAULT_BRANCH_FILE,
    GATE_APP,
    PROPOSALS_FILE,
    READY_FILE,
)

KEY_ENVIRONMENT = "gitops"
"""The GitHub environment that holds the key of the App that proposes."""

GATE_ENVIRONMENT = "gitops-gate"
"""The GitHub environment that holds the gate App's key."""


_PLAN = (
    (
        "GitHub Free has rulesets and environments in public repositories alone: take GitHub Pro,"
        " Team or Enterprise for a private one, or the steps that call them fail."
    ),
)


_GATE_COMMANDS = frozenset({"gate", "comment", "promote", "rollback"})
"""Commands that run with the gate App's token."""

_ELSEWHERE = frozenset({"members", "merge-queues"})
"""Permissions that only some repositories' gates need."""


@dataclass(frozen=True, kw_only=True)
class SetUpStep:
    """Something to do: why, in sentences, and the commands that do it."""

    title: str
    text: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


def next_steps(answers: Answers, folder: str) -> tuple[SetUpStep, ...]:
    """The steps in their order, for what was written to `folder`."""
    if answers.subject == "environment":
        return (
            _create(answers, folder),
            _environment_app(answers) if answers.identity == "app" else _job_token(answers),
            _proposals(answers),
            *((_gate_app(answers),) if answers.identity == "app" else ()),
            _review(answers),
            _cluster(answers),
            _access(answers),
            _gates(answers),
        )
    begin = _create if answers.subject == "application" else _commit
    return (begin(answers, folder), _application_app(answers), _release(answers))


def _create(answers: Answers, folder: str) -> SetUpStep:
    place = () if folder == "." else (f"cd {shlex.quote(folder)}",)
    return SetUpStep(
        title="Create the repository",
        text=_PLAN if answers.subject == "environment" else (),
        commands=(
            *place,
            "git init --initial-branch main && git add --all && git commit --message Begin",
            f"gh repo create {answers.written} --private --source . --push",
        ),
    )


def _commit(_answers: Answers, folder: str) -> SetUpStep:
    place = () if folder == "." else (f"cd {shlex.quote(folder)}",)
    return SetUpStep(
        title="Commit the workflow",
        commands=(
            *place,
            "git add .github/workflows/release.yml && git commit --message 'Release by tag'",
        ),
    )


def _environment_app(answers: Answers) -> SetUpStep:
    """The App acts from the environment repository itself; its key never leaves it."""
    return SetUpStep(
        title="Make a GitHub App that opens pull requests, and keep its key for the main branch",
        text=(
            (
                "Settings → Developer settings → GitHub Apps → New GitHub App: no webhook;"
                f" repository permissions: {_rights('pull-request')}."
                f" Install it on {answers.repository} alone."
            ),
            (
                "The same App serves releases: `gitops-action init application` and `init workflow`"
                " leave its key in the application repositories."
            ),
            (
                "Without it the job's token does the work, and GitHub starts no checks on its pull"
                " requests."
            ),
        ),
        commands=(
            *_key_environment(answers, KEY_ENVIRONMENT),
            *_keys(answers.repository, f" --env {KEY_ENVIRONMENT}"),
        ),
    )


def _key_environment(answers: Answers, name: str) -> tuple[str, ...]:
    """A GitHub environment that only runs of the main branch may use."""
    where = f"repos/{answers.repository}/environments/{name}"
    return (
        (
            f"gh api --method PUT {where}"
            " -F 'deployment_branch_policy[protected_branches]=false'"
            " -F 'deployment_branch_policy[custom_branch_policies]=true'"
        ),
        f"gh api --method POST {where}/deployment-branch-policies -f name=main -f type=branch",
    )


def _gate_app(answers: Answers) -> SetUpStep:
    """Until its client id is there, the workflows of the gate do nothing."""
    place = f"--repo {answers.repository}"
    return SetUpStep(
        title="Make the gate's App, which evaluates pull requests and merges those that may",
        text=(
            (
                "Another App than the one that proposes, with a key of its own: no webhook;"
                f" repository permissions: {_gate_rights()}; the organisation's Members: read,"
                f" where `approvals` names teams. Install it on {answers.repository} alone."
            ),
        ),
        commands=(
            *_key_environment(answers, GATE_ENVIRONMENT),
            f"gh variable set GITOPS_GATE_CLIENT_ID {place} --body CLIENT_ID",
            (
                f"gh secret set GITOPS_GATE_PRIVATE_KEY {place} --env {GATE_ENVIRONMENT}"
                " < gate-private-key.pem"
            ),
        ),
    )


def _gate_rights() -> str:
    """The rights of the gate and of the commands that act for it, in the words of App settings."""
    levels: dict[str, str] = {}
    for right in RIGHTS:
        if right.command in _GATE_COMMANDS and right.held_by == "token":
            known = levels.get(right.permission, "read")
            levels[right.permission] = "write" if "write" in {known, right.level} else "read"
    shown = {name: level for name, level in levels.items() if name not in _ELSEWHERE}
    return ", ".join(
        f"{name.replace('-', ' ').capitalize()}: {'read and write' if level == 'write' else level}"
        for name, level in shown.items()
    )


def _job_token(answers: Answers) -> SetUpStep:
    where = f"repos/{answers.repository}/actions/permissions/workflow"
    return SetUpStep(
        title="Let workflows open pull requests",
        text=(
            (
                "The jobs' own token proposes and merges. docs/without-an-app.md of gitops-action"
                " says what is weaker than with an App, and what is not possible."
            ),
        ),
        commands=(
            (
                f"gh api --method PUT {where} -f default_workflow_permissions=read"
                " -F can_approve_pull_request_reviews=true"
            ),
        ),
    )


def _proposals(answers: Answers) -> SetUpStep:
    key = "An App's key" if answers.identity == "app" else "The key of an application's App"
    return SetUpStep(
        title="Let Apps write to gitops/** alone",
        text=(
            (
                f"People may write by their role. {key} alone can only propose, once"
                " the last step requires the gate's verdict; until then it could also merge."
            ),
        ),
        commands=(_ruleset(answers, PROPOSALS_FILE),),
    )


def _review(answers: Answers) -> SetUpStep:
    alone = f"@{answers.repository.partition('/')[0]}" in answers.code_owners.split()
    hint = "CODEOWNERS names the owner: put a team there when that is an organisation."
    return SetUpStep(
        title="Protect the default branch",
        text=(
            (
                "It changes by pull requests alone. Workflows, the configuration and"
                " cluster-config/ need a code owner's approval. How many approvals an environment"
                " needs is up to `gates.approvals` in .github/gitops.yaml: none, as it is written."
                " Administrators can merge past it in an emergency,"
                " and GitHub shows that on the pull request."
            ),
            *((hint,) if alone else ()),
        ),
        commands=(
            (
                f"gh api --method PATCH repos/{answers.repository} -F allow_squash_merge=true"
                " -f squash_merge_commit_title=PR_TITLE -f squash_merge_commit_message=PR_BODY"
                " -F delete_branch_on_merge=true"
            ),
            _ruleset(answers, DEFAULT_BRANCH_FILE),
        ),
    )


def _ruleset(answers: Answers, path: str) -> str:
    return f"gh api --method POST repos/{answers.repository}/rulesets --input {path}"


def _cluster(answers: Answers) -> SetUpStep:
    folders = (
        ["cluster-config"]
        if answers.layout == "minimal"
        else [f"cluster-config/{name}" for name in answers.environments]
    )
    unreleased = [item.name for item in answers.applications if item.tag == UNRELEASED]
    verb = "wait" if len(unreleased) > 1 else "waits"
    waiting = f"{', '.join(unreleased)} at {UNRELEASED} {verb} for a first release."
    flux = "Flux first: `flux install`, and a deploy key for it, which README.md shows how to make,"
    return SetUpStep(
        title="Prepare the cluster, as its administrator",
        text=(
            *((f"{flux} under “A new cluster”.",) if answers.engine == "flux" else ()),
            *((waiting,) if unreleased else ()),
        ),
        commands=tuple(f"kubectl apply -k {folder}" for folder in folders),
    )


def _access(answers: Answers) -> SetUpStep:
    """The credentials of each environment's jobs, for runs of the main branch alone."""
    single = answers.layout == "minimal"
    environments = ("default",) if single else answers.environments
    flux = answers.engine == "flux"
    clouds = "On EKS, GKE and AKS nothing needs to be stored: docs/cloud-credentials.md"
    notify = "where GitHub cannot reach it, leave this out: README.md has `access: none`"
    return SetUpStep(
        title="Let the workflow reach the cluster, with an account that can do little",
        text=(
            f"{clouds} of gitops-action{f'; {notify}' if flux else ''}.",
            "The kubeconfig has the account's token, and leads where your current context does.",
        ),
        commands=tuple(
            command
            for name in environments
            for command in (
                *_key_environment(answers, name),
                *_kubeconfig(answers, name, "applications" if single else name),
            )
        ),
    )


def _kubeconfig(answers: Answers, environment: str, namespace: str) -> tuple[str, ...]:
    account = (
        f"{namespace}-waiter --account-namespace flux-system"
        if answers.engine == "flux"
        else f"{namespace}-deployer"
    )
    named = "" if environment == namespace else f" --name {environment}"
    file = f"{environment}.kubeconfig"
    return (
        f"gitops-action init kubeconfig --account {account} --namespace {namespace}{named}",
        (
            f"gh secret set KUBECONFIG --repo {answers.repository} --env {environment}"
            f" < {file} && rm {file}"
        ),
    )


def _gates(answers: Answers) -> SetUpStep:
    """Nothing posts `gitops/ready` before the gate runs, so nothing may require it before."""
    if answers.identity == "job-token":
        return SetUpStep(
            title="Once the gate has run: require its verdict",
            text=(
                (
                    "Not before: until something posts gitops/ready, this blocks every merge. It is"
                    " advisory: every workflow of the repository can post it with the same account."
                ),
            ),
            commands=(_ruleset(answers, READY_FILE),),
        )
    return SetUpStep(
        title="Once the gate has run: require its verdict",
        text=(
            (
                "Not before: until something posts gitops/ready, this blocks every merge."
                f" Put the number of the gate's App, its settings' *App ID*, in place of {GATE_APP}"
                " after the first slash."
            ),
            (
                "Then see what can still go around it: gitops-action config check --remote"
                f" --repository {answers.repository}"
            ),
        ),
        commands=(
            (
                f"""sed 's/"{GATE_APP}"/{GATE_APP}/' {READY_FILE}"""
                f" | gh api --method POST repos/{answers.repository}/rulesets --input -"
            ),
        ),
    )


def _application_app(answers: Answers) -> SetUpStep:
    dispatch = answers.handover == "dispatch"
    rights = _rights(answers.handover)
    why = (
        "It may start the environment repository's workflow, and write nothing there."
        if dispatch
        else "With the environment repository's rulesets it can propose, and nothing else."
    )
    secrets = (
        ()
        if answers.registry == "ghcr.io"
        else (
            f"gh secret set REGISTRY_USERNAME --repo {answers.written}",
            f"gh secret set REGISTRY_PASSWORD --repo {answers.written}",
        )
    )
    return SetUpStep(
        title="Make a GitHub App that hands releases over",
        text=(
            (
                "Settings → Developer settings → GitHub Apps → New GitHub App: no webhook;"
                f" repository permissions: {rights}. Install it on {answers.repository} alone."
                f" {why}"
            ),
        ),
        commands=(*_keys(answers.written), *secrets),
    )


def _release(answers: Answers) -> SetUpStep:
    name = answers.application.name
    newer = "Take a version that is newer than the one that runs: a lower one is refused."
    return SetUpStep(
        title="Release",
        text=(
            (
                f"{answers.repository} has to use the image {answers.application.image}, in the"
                f" folder of an application {name!r} or of none. `applications` of its"
                " .github/gitops.yaml has the names where the folders do not."
            ),
            *((newer,) if answers.subject == "workflow" else ()),
        ),
        commands=("git tag v0.1.0 && git push origin main v0.1.0",),
    )


def _rights(mode: Handover) -> str:
    """What a bump in this mode always needs, in the words of an App's settings."""
    names = [
        right.permission.replace("-", " ").capitalize()
        for right in RIGHTS
        if (right.command, right.held_by, right.level) == ("bump", "token", "write")
        and right.when.startswith(f"`mode: {mode}`")
        and "dispatch-event" not in right.when
    ]
    return ", ".join(f"{name}: read and write" for name in names)


def _keys(repository: str, options: str = "") -> tuple[str, ...]:
    """A variable and a secret; the key comes from a file, never from an argument."""
    place = f"--repo {repository}{options}"
    return (
        f"gh variable set GITOPS_CLIENT_ID {place} --body CLIENT_ID",
        f"gh secret set GITOPS_PRIVATE_KEY {place} < private-key.pem",
    )
