"""What `init` prints can be copied: each command is run, with a `gh` that tells its calls."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_action.core.scaffold import Answers, next_steps
from gitops_action.core.scaffold.next_steps import SetUpStep
from gitops_action.core.scaffold.rulesets import DEFAULT_BRANCH_FILE, READY_FILE, ruleset_files
from testbed.forge.schema_openapi import Description
from tests.support.scaffold import combinations, files_of, name_of, written

ROUTES = {
    "PUT repos/{}/environments/gitops": "PUT /repos/{owner}/{repo}/environments/{environment_name}",
    "POST repos/{}/environments/gitops/deployment-branch-policies": (
        "POST /repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies"
    ),
    "POST repos/{}/rulesets": "POST /repos/{owner}/{repo}/rulesets",
    "PATCH repos/{}": "PATCH /repos/{owner}/{repo}",
}
IDENTITY = ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL")
_GH = """\
import json, os, sys
given = sys.argv[1:]
source = given[given.index("--input") + 1] if "--input" in given else "-"
text = sys.stdin.read() if source == "-" else open(source).read()
with open(os.environ["TOLD"], "a") as told:
    told.write(json.dumps([given, text]) + "\\n")
"""


@pytest.fixture(scope="session")
def github() -> Description:
    return Description(ROUTES.values())


def told(steps: tuple[SetUpStep, ...], folder: Path) -> list[tuple[list[str], str]]:
    """Run every command in a shell, as someone who copies them; gives what `gh` was called with.

    Other programs are answered for: they have no cluster and no server here.
    """
    programs = folder.parent / "bin"
    programs.mkdir()
    (programs / "gh.py").write_text(_GH)
    (programs / "gh").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{programs}/gh.py" "$@"\n')
    (programs / "kubectl").write_text('#!/bin/sh\ntest "$1 $2" = "apply -k" && test -d "$3"\n')
    (programs / "gitops-action").write_text(
        '#!/bin/sh\ntest "$1 $2" = "init kubeconfig"\n'
        'for last; do :; done\nprintf credentials > "$last.kubeconfig"\n'
    )
    (programs / "git").write_text('#!/bin/sh\ntest "$1" = push || exec /usr/bin/git "$@"\n')
    for program in programs.iterdir():
        program.chmod(0o755)
    for name in ("private-key.pem", "gate-private-key.pem"):
        (folder / name).write_text("a key")
    (programs.parent / "told").touch()
    environ = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(programs),
        "TOLD": str(programs.parent / "told"),
        **{f"GIT_{who}": "a@b.c" for who in IDENTITY},
    }
    script = "\n".join(command for step in steps for command in step.commands)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("/GATE_APP_ID/", "/123/")],
        cwd=folder.parent,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = (programs.parent / "told").read_text().splitlines()
    return [(arguments, stdin) for arguments, stdin in map(json.loads, lines)]


def calls(found: list[tuple[list[str], str]]) -> Iterator[tuple[str, str, dict[str, object]]]:
    for arguments, stdin in found:
        if arguments[0] == "api":
            assert arguments[1] == "--method"
            body = json.loads(stdin) if "--input" in arguments else fields(arguments[4:])
            yield arguments[2], arguments[3], body


def fields(options: list[str]) -> dict[str, object]:
    """The body that `gh api` makes of `-f` (texts) and `-F` (booleans) options."""
    body: dict[str, object] = {}
    for flag, pair in zip(options[::2], options[1::2], strict=True):
        name, _, text = pair.partition("=")
        outer, _, inner = name.rstrip("]").partition("[")
        value = {"true": True, "false": False}[text] if flag == "-F" else text
        if inner:
            nested = body.setdefault(outer, {})
            assert isinstance(nested, dict)
            nested[inner] = value
        else:
            body[outer] = value
    return body


@pytest.mark.parametrize("answers", combinations()[::3], ids=name_of)
def test_github_takes_every_call(answers: Answers, tmp_path: Path, github: Description) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    written(answers, folder)
    if answers.subject == "workflow":
        subprocess.run(["git", "init", "-q", folder], check=True)
    found = told(next_steps(answers, "a folder"), folder)
    for method, path, body in calls(found):
        name = re.sub(r"(?<=/environments/)[^/]+", "gitops", path.replace(answers.written, "{}"))
        assert github.check_request(ROUTES[f"{method} {name}"], {}, body) == []
    sent = [(arguments, stdin) for arguments, stdin in found if arguments[:2] == ["secret", "set"]]
    assert any(stdin == "a key" for _, stdin in sent)
    assert not any("a key" in " ".join(arguments) for arguments, _ in found)


@pytest.mark.parametrize("engine", ["flux", "push"])
@pytest.mark.parametrize("layout", ["overlays", "minimal"])
def test_each_environment_gets_the_credentials_of_its_own_account(
    engine: str, layout: str, tmp_path: Path
) -> None:
    answers = next(
        item
        for item in combinations()
        if (item.subject, item.engine, item.layout) == ("environment", engine, layout)
    )
    folder = written(answers, tmp_path / "repository")
    steps = next_steps(answers, "repository")
    sent = {
        arguments[arguments.index("--env") + 1]
        for arguments, stdin in told(steps, folder)
        if arguments[:3] == ["secret", "set", "KUBECONFIG"] and stdin == "credentials"
    }
    assert sent == ({"default"} if layout == "minimal" else set(answers.environments))
    assert not list(folder.glob("*.kubeconfig"))
    access = "".join(path.read_text() for path in (folder / "cluster-config").rglob("*.yaml"))
    for command in (one for step in steps for one in step.commands):
        if command.startswith("gitops-action init kubeconfig"):
            assert f"name: {command.split()[4]}\n" in access
            first = answers.environments[0] if layout == "overlays" else "default"
            shown = command in (folder / "README.md").read_text()
            assert shown == (first in command)


def test_rulesets_limit_apps_and_require_the_gate_last(tmp_path: Path) -> None:
    answers = combinations()[0]
    folder = written(answers, tmp_path / "repository")
    found = list(calls(told(next_steps(answers, "repository"), folder)))
    rulesets = {str(body["name"]): body for _, path, body in found if path.endswith("/rulesets")}
    assert list(rulesets) == ["gitops: proposals only", "gitops: default branch", "gitops: ready"]
    limits = rulesets["gitops: proposals only"]
    assert limits["conditions"] == {
        "ref_name": {
            "include": ["~ALL"],
            "exclude": [
                "~DEFAULT_BRANCH",
                "refs/heads/gitops/**/*",
                "refs/heads/dependabot/**/*",
                "refs/heads/gh-readonly-queue/**/*",
            ],
        }
    }
    assert "Integration" not in json.dumps(limits)  # no App may pass, whatever its rights
    ready = json.dumps(rulesets["gitops: ready"])
    assert '"context": "gitops/ready", "integration_id": 123' in ready
    assert "gitops/ready" not in json.dumps([*rulesets.values()][:2])
    (squash,) = (body for method, _, body in found if method == "PATCH")
    assert squash["squash_merge_commit_message"] == "PR_BODY"
    policies = {path: body for _, path, body in found if path.endswith("branch-policies")}
    names = [path.split("/")[-2] for path in policies]
    assert names == ["gitops", "gitops-gate", *answers.environments]
    assert all(body == {"name": "main", "type": "branch"} for body in policies.values())


@pytest.mark.parametrize(
    ("answers", "rights"),
    [
        (combinations()[0], "Contents: read and write, Pull requests: read and write"),
        (combinations()[-1], "Actions: read and write"),
    ],
    ids=["environment", "dispatch"],
)
def test_the_app_gets_what_it_needs_and_no_more(answers: Answers, rights: str) -> None:
    text = " ".join(part for step in next_steps(answers, ".") for part in step.text)
    found = re.search(r"repository permissions: ([^.]+)\.", text)
    assert found
    assert found[1] == rights


def test_the_gate_gets_its_own_app_key_and_rights(tmp_path: Path) -> None:
    answers = combinations()[0]
    steps = next_steps(answers, "repository")
    (gate,) = (step for step in steps if step.title.startswith("Make the gate's App"))
    found = re.search(r"repository permissions: ([^;]+);", " ".join(gate.text))
    assert found
    assert set(found[1].split(", ")) == {
        *(f"{name}: read and write" for name in ("Contents", "Pull requests", "Statuses")),
        *(f"{name}: read and write" for name in ("Issues", "Actions")),
        *(f"{name}: read" for name in ("Deployments", "Checks")),
    }
    folder = written(answers, tmp_path / "repository")
    keys = [words for words, _ in told(steps, folder) if words[:2] == ["secret", "set"]]
    assert [(words[2], words[-1]) for words in keys] == [
        ("GITOPS_PRIVATE_KEY", "gitops"),
        ("GITOPS_GATE_PRIVATE_KEY", "gitops-gate"),
        *(("KUBECONFIG", name) for name in answers.environments),
    ]


def test_the_default_branch_lets_unattended_merges_pass_and_nothing_be_pushed() -> None:
    """One review of every pull request would stop automatic merges and rollbacks."""
    ruleset = json.loads(ruleset_files()[DEFAULT_BRANCH_FILE])
    rules = {rule["type"]: rule.get("parameters", {}) for rule in ruleset["rules"]}
    assert set(rules) == {"deletion", "non_fast_forward", "pull_request"}
    assert rules["pull_request"]["required_approving_review_count"] == 0
    assert rules["pull_request"]["dismiss_stale_reviews_on_push"] is False
    assert rules["pull_request"]["require_code_owner_review"] is True
    for path in (DEFAULT_BRANCH_FILE, READY_FILE):
        (role,) = json.loads(ruleset_files()[path])["bypass_actors"]
        assert role == {
            "actor_id": 5,  # administrators, who can break the glass
            "actor_type": "RepositoryRole",
            "bypass_mode": "pull_request",
        }


def test_the_ready_ruleset_cannot_be_applied_without_an_app(github: Description) -> None:
    body = json.loads(ruleset_files()[READY_FILE])
    assert github.check_request(ROUTES["POST repos/{}/rulesets"], {}, body)


@pytest.mark.parametrize(
    "answers", [item for item in combinations() if item.subject == "environment"], ids=name_of
)
def test_code_owners_leave_environments_to_the_gate_and_holds_to_everyone(answers: Answers) -> None:
    text = files_of(answers)[".github/CODEOWNERS"]
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    assert [line[0] for line in lines] == [
        "/.github/",
        "/cluster-config/",
        "/.github/gitops/holds/",
    ]
    assert [line[1:] for line in lines] == [*[answers.code_owners.split()] * 2, []]
