"""The reusable workflow that validates pull requests, under act: no secret, no right to write."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from testbed.act import RunResult, WorkflowRun, run_workflow
from testbed.cache import ROOT
from testbed.demo.stage import action_folder
from tests.support.github_forge import REPOSITORY
from tests.support.validate_forge import BUMP, STAGING, Validation, overlay, validation

LIBRARY = "OWNER/gitops-action@v1"
CALLER = ".github/workflows/validate.yml"
WORKFLOW = """\
name: validate
on:
  pull_request:
  merge_group:
permissions: {}
jobs:
  validate:
    uses: OWNER/gitops-action/.github/workflows/validate.yml@v1
    permissions:
      contents: read
    with:
      verify: "off"
"""

Images = tuple[str, str]
"""The action's image, and the one that jobs run in."""


@pytest.fixture
def on_forge(tmp_path: Path) -> Iterator[Validation]:
    with validation(tmp_path) as stage:
        stage.repository.commit(files={CALLER: WORKFLOW})
        yield stage


def git(folder: Path, *arguments: str, token: str = "") -> str:
    header = ("-c", f"http.extraHeader=Authorization: bearer {token}") if token else ()
    done = subprocess.run(
        ["git", *header, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def checked_out(stage: Validation, ref: str) -> Path:
    """What actions/checkout leaves of this ref with `fetch-depth: 2`."""
    folder = stage.root / "checkout"
    folder.mkdir()
    git(folder, "init", "--quiet")
    address = stage.repository.clone_url
    git(folder, "fetch", "--quiet", "--depth=2", address, ref, token=stage.token)
    git(folder, "checkout", "--quiet", "--detach", "FETCH_HEAD")
    git(folder, "remote", "add", "origin", address)
    return folder


def validated(
    stage: Validation, event_name: str, event: Mapping[str, object], ref: str, images: Images
) -> RunResult:
    checkout = checked_out(stage, ref)
    library = action_folder(stage.root / "library", images[0])
    shutil.copytree(ROOT / ".github/workflows", library / ".github/workflows")
    permissions = {"contents": "read", "metadata": "read"}
    token = stage.forge.token(kind="job", home=REPOSITORY, permissions=permissions)
    return run_workflow(
        WorkflowRun(
            checkout=checkout,
            workflow=CALLER,
            image=images[1],
            event=event,
            event_name=event_name,
            env={
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_SHA": git(checkout, "rev-parse", "HEAD"),
                "GITHUB_API_URL": stage.forge.api_url,
                "GITHUB_GRAPHQL_URL": stage.forge.graphql_url,
                "GITHUB_SERVER_URL": stage.forge.server_url,
            },
            secrets={"GITHUB_TOKEN": token},
            repositories={LIBRARY: library},
        )
    )


def pull_request_event(stage: Validation, number: int) -> dict[str, object]:
    pull = stage.repository.pull(number)
    pull_request = {
        "number": number,
        "head": {"sha": pull.head_oid, "ref": pull.head},
        "base": {"ref": "main", "sha": stage.repository.resolve("main")},
        "body": "",
    }
    repository = {"full_name": REPOSITORY, "default_branch": "main"}
    return {"number": number, "pull_request": pull_request, "repository": repository}


@pytest.mark.parametrize(("files", "code"), [(BUMP, 0), ({STAGING: overlay("v2") + "a: [\n"}, 1)])
def test_a_pull_request_is_validated(
    on_forge: Validation, action: str, runner: str, files: dict[str, str], code: int
) -> None:
    number = on_forge.propose(files)
    event = pull_request_event(on_forge, number)
    images = (action, runner)
    result = validated(on_forge, "pull_request", event, f"refs/pull/{number}/merge", images)
    assert result.exit_code == code, result.log[-6000:]
    if code:
        assert f"file={STAGING}" in result.log
    else:
        assert "Valid in staging: objects 0 added, 1 changed, 0 removed" in result.log
    assert on_forge.comments(number) == []


def test_a_merge_group_is_validated(on_forge: Validation, action: str, runner: str) -> None:
    base = on_forge.repository.resolve("main")
    branch = "gh-readonly-queue/main/pr-1"
    head = on_forge.repository.commit(branch=branch, files=BUMP)
    group = {"base_ref": "refs/heads/main", "base_sha": base, "head_sha": head}
    event = {"merge_group": group, "repository": {"full_name": REPOSITORY}}
    ref = f"refs/heads/{branch}"
    result = validated(on_forge, "merge_group", event, ref, (action, runner))
    assert result.exit_code == 0, result.log[-6000:]
    assert "Valid in staging: objects 0 added, 1 changed, 0 removed" in result.log
