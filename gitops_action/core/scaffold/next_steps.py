"""What is left to do by hand once the files are written, as commands to copy."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping

from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs.permissions import RIGHTS
from gitops_action.core.scaffold.questions import UNRELEASED, Answers, Handover

# What GitHub is asked to enforce, as its REST API takes it.

Payload = Mapping[str, object]

GATE_APP = "GATE_APP_ID"
"""Stands for the App's number, which is known once the App is made."""

_MACHINES = ("refs/heads/gitops/**/*", "refs/heads/dependabot/**/*")
"""Where Apps may write: proposals of ours, and Dependabot's."""

_ADMIN, _MAINTAIN, _WRITE = 5, 2, 4
"""Numbers of GitHub's repository roles, as rulesets name them."""


def proposals_only() -> Payload:
    """Branches other than `gitops/**` are for people: an App with the bump's key cannot push.

    People may by their role; an App has none.
    """
    people = [
        {"actor_id": role, "actor_type": "RepositoryRole", "bypass_mode": "always"}
        for role in (_ADMIN, _MAINTAIN, _WRITE)
    ]
    return {
        "name": "gitops: proposals only",
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": people,
        "conditions": {"ref_name": {"include": ["~ALL"], "exclude": list(_MACHINES)}},
        "rules": [{"type": "creation"}, {"type": "update"}, {"type": "deletion"}],
    }


def reviewed_default_branch() -> Payload:
    """The default branch changes by pull requests that are reviewed and valid, nobody excepted."""
    return {
        "name": "gitops: default branch",
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": [],
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [
            {"type": "deletion"},
            {"type": "non_fast_forward"},
            {
                "type": "pull_request",
                "parameters": {
                    "required_approving_review_count": 1,
                    "require_code_owner_review": True,
                    "dismiss_stale_reviews_on_push": True,
                    "require_last_push_approval": False,
                    "required_review_thread_resolution": False,
                },
            },
        ],
    }


def ready_required(app: object = GATE_APP) -> Payload:
    """Only the gate's own `gitops/ready` lets a pull request into the default branch."""
    return {
        "name": "gitops: ready",
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": [],
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [
            {
                "type": "required_status_checks",
                "parameters": {
                    "strict_required_status_checks_policy": False,
                    "required_status_checks": [
                        {"context": "gitops/ready", "integration_id": app},
                    ],
                },
            }
        ],
    }


def merge_settings() -> Payload:
    """A squashed commit's message is the body of its pull request, which holds the trailers."""
    return {
        "allow_squash_merge": True,
        "squash_merge_commit_title": "PR_TITLE",
        "squash_merge_commit_message": "PR_BODY",
        "delete_branch_on_merge": True,
    }


def key_environment() -> Payload:
    """The GitHub environment that holds the App's key is for chosen branches alone."""
    return {
        "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}
    }


def default_branch_policy() -> Payload:
    """The branch it is for."""
    return {"name": "main", "type": "branch"}


KEY_ENVIRONMENT = "gitops"
"""The GitHub environment that holds the App's key."""


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
            _environment_app(answers),
            _proposals(answers),
            _review(answers),
            _cluster(answers),
            _gates(answers),
        )
    begin = _create if answers.subject == "application" else _commit
    return (begin(answers, folder), _application_app(answers), _release(answers))


def _create(answers: Answers, folder: str) -> SetUpStep:
    place = () if folder == "." else (f"cd {shlex.quote(folder)}",)
    return SetUpStep(
        title="Create the repository",
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
    where = f"repos/{answers.repository}/environments/{KEY_ENVIRONMENT}"
    return SetUpStep(
        title="Make a GitHub App that opens pull requests, and keep its key for the main branch",
        text=(
            (
                "Settings → Developer settings → GitHub Apps → New GitHub App: no webhook;"
                f" repository permissions: {_rights('pull-request')}."
                f" Install it on {answers.repository} alone."
            ),
            (
                "Without it the job's token does the work, and GitHub starts no checks on its pull"
                " requests. Let it be another App than the one whose key application repositories"
                " hold: this one will merge, once there are gates."
            ),
        ),
        commands=(
            _api("PUT", where, key_environment()),
            _api("POST", f"{where}/deployment-branch-policies", default_branch_policy()),
            *_keys(answers.repository, f" --env {KEY_ENVIRONMENT}"),
        ),
    )


def _proposals(answers: Answers) -> SetUpStep:
    return SetUpStep(
        title="Let Apps write to gitops/** alone",
        text=("People may write by their role; whoever holds an App's key can only propose.",),
        commands=(_api("POST", f"repos/{answers.repository}/rulesets", proposals_only()),),
    )


def _review(answers: Answers) -> SetUpStep:
    text = "Pull requests are reviewed by the code owners, and keep their trailers when squashed."
    alone = f"@{answers.repository.partition('/')[0]}" in answers.code_owners.split()
    hint = "CODEOWNERS names the owner: put a team there when that is an organisation."
    repository = f"repos/{answers.repository}"
    return SetUpStep(
        title="Protect the default branch",
        text=(text, hint) if alone else (text,),
        commands=(
            _api("PATCH", repository, merge_settings()),
            _api("POST", f"{repository}/rulesets", reviewed_default_branch()),
        ),
    )


def _cluster(answers: Answers) -> SetUpStep:
    folders = (
        ["cluster-config"]
        if answers.layout == "minimal"
        else [f"cluster-config/{name}" for name in answers.environments]
    )
    unreleased = [item.name for item in answers.applications if item.tag == UNRELEASED]
    waiting = f"{', '.join(unreleased)} at {UNRELEASED} wait for a first release."
    return SetUpStep(
        title="Prepare the cluster, as its administrator",
        text=(
            "README.md has the rest, under “A new cluster”.",
            *((waiting,) if unreleased else ()),
        ),
        commands=tuple(f"kubectl apply -k {folder}" for folder in folders),
    )


def _gates(answers: Answers) -> SetUpStep:
    """Nothing posts `gitops/ready` before the gate runs, so nothing may require it before."""
    return SetUpStep(
        title="Later, once a gate decides what is merged: require its verdict",
        text=(
            (
                "Not before: until something posts gitops/ready, this blocks every merge."
                f" Put the number of the gate's App in place of {GATE_APP}."
            ),
        ),
        commands=(_api("POST", f"repos/{answers.repository}/rulesets", ready_required()),),
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
    return SetUpStep(
        title="Release",
        text=(
            (
                f"{answers.repository} has to know the application {name!r} with the image"
                f" {answers.application.image}."
            ),
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


def _api(method: str, path: str, payload: Payload) -> str:
    """A call of GitHub's API with its body as a here-document."""
    text = _json(payload).replace(f'"{GATE_APP}"', GATE_APP)
    return f"gh api --method {method} {path} --input - <<'JSON'\n{text}\nJSON"


def _json(payload: Payload) -> str:
    """A line for each key, and for each item of a list of objects."""
    lines = []
    for key, value in payload.items():
        text = json.dumps(value)
        if isinstance(value, list) and value:
            text = "[\n    " + ",\n    ".join(json.dumps(item) for item in value) + "\n  ]"
        lines.append(f"  {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}"
