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
from testbed.forge.schema_openapi import Description
from tests.support.scaffold import combinations, name_of, written

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
with open(os.environ["TOLD"], "a") as told:
    told.write(json.dumps([sys.argv[1:], "" if sys.stdin.isatty() else sys.stdin.read()]) + "\\n")
"""


@pytest.fixture(scope="session")
def github() -> Description:
    return Description(ROUTES.values())


def told(steps: tuple[SetUpStep, ...], folder: Path) -> list[tuple[list[str], str]]:
    """Run every command in a shell, as somebody who copies them; gives what `gh` was called with.

    Other programs are answered for: they have no cluster and no server here.
    """
    programs = folder.parent / "bin"
    programs.mkdir()
    (programs / "gh.py").write_text(_GH)
    (programs / "gh").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{programs}/gh.py" "$@"\n')
    (programs / "kubectl").write_text('#!/bin/sh\ntest "$1 $2" = "apply -k" && test -d "$3"\n')
    (programs / "git").write_text('#!/bin/sh\ntest "$1" = push || exec /usr/bin/git "$@"\n')
    for program in programs.iterdir():
        program.chmod(0o755)
    (folder / "private-key.pem").write_text("a key")
    (programs.parent / "told").touch()
    environ = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(programs),
        "TOLD": str(programs.parent / "told"),
        **{f"GIT_{who}": "a@b.c" for who in IDENTITY},
    }
    script = "\n".join(command for step in steps for command in step.commands)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("GATE_APP_ID", "123")],
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
            assert arguments[4:] == ["--input", "-"]
            yield arguments[2], arguments[3], json.loads(stdin)


@pytest.mark.parametrize("answers", combinations()[::3], ids=name_of)
def test_github_takes_every_call(answers: Answers, tmp_path: Path, github: Description) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    written(answers, folder)
    if answers.subject == "workflow":
        subprocess.run(["git", "init", "-q", folder], check=True)
    found = told(next_steps(answers, "a folder"), folder)
    for method, path, body in calls(found):
        name = path.replace(answers.written, "{}")
        assert github.check_request(ROUTES[f"{method} {name}"], {}, body) == []
    sent = [(arguments, stdin) for arguments, stdin in found if arguments[:2] == ["secret", "set"]]
    assert any(stdin == "a key" for _, stdin in sent)
    assert not any("a key" in " ".join(arguments) for arguments, _ in found)


def test_rulesets_limit_apps_and_require_the_gate_last(tmp_path: Path) -> None:
    answers = combinations()[0]
    folder = written(answers, tmp_path / "repository")
    found = list(calls(told(next_steps(answers, "repository"), folder)))
    rulesets = {str(body["name"]): body for _, path, body in found if path.endswith("/rulesets")}
    assert list(rulesets) == ["gitops: proposals only", "gitops: default branch", "gitops: ready"]
    limits = json.dumps(rulesets["gitops: proposals only"])
    assert "refs/heads/gitops/**/*" in limits
    assert "Integration" not in limits  # no App may pass, whatever its rights
    ready = json.dumps(rulesets["gitops: ready"])
    assert '"context": "gitops/ready", "integration_id": 123' in ready
    assert "gitops/ready" not in json.dumps([*rulesets.values()][:2])
    (squash,) = (body for method, _, body in found if method == "PATCH")
    assert squash["squash_merge_commit_message"] == "PR_BODY"
    (policy,) = (body for _, path, body in found if path.endswith("deployment-branch-policies"))
    assert policy == {"name": "main", "type": "branch"}


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
