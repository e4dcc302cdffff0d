"""The living pull request with Git as transport, built as the action builds it."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_action.adapters.git import GitTarget
from gitops_action.core.outcome import Outcome
from gitops_action.core.pull_requests import Identity
from gitops_action.errors import GitOpsError
from testbed.forge import Forge
from tests.support.app_bump import app_bump
from tests.support.bump_stage import (
    CLASSIC,
    WEB,
    Stage,
    bump_stage,
    deployment,
    pull_requests,
)
from tests.support.git_spy import spy_on_git

BRANCH = "gitops/default/web"
FILE = "applications/web/deployment.yaml"
NO_UPDATE_REFS = "Field 'updateRefs' doesn't exist on type 'Mutation'"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with bump_stage(tmp_path / "forge") as made:
        yield made


def bump(stage: Stage, version: str, **given: str) -> dict[str, object]:
    made = pull_requests(app_bump(stage, f"{WEB}:{version}", transport="git", **given))
    return made[0] if made else {}


def writes(stage: Stage) -> list[str]:
    """Requests that change content, by what was asked."""
    asked = [f"{r.method} {r.path} {r.operation}" for r in stage.forge.requests]
    return [a for a in asked if "git-receive-pack" in a or "updateRefs" in a or "/git/" in a]


def test_a_bump_creates_updates_and_leaves_alone(stage: Stage) -> None:
    stage.forge.requests.clear()
    first = bump(stage, "v1.1.0")
    assert (first["operation"], first["branch"]) == ("created", BRANCH)
    assert all("git-receive-pack" in asked for asked in writes(stage))
    assert bump(stage, "v1.1.0") == {**first, "operation": "unchanged"}
    tip = stage.repository.commit(files={"README.md": "# moved\n"})
    second = bump(stage, "v1.2.0")
    assert (second["operation"], second["number"]) == ("updated", first["number"])
    assert stage.repository.log(BRANCH)[0].parents == (tip,)
    assert stage.image_line(BRANCH).startswith(f"image: {WEB}:v1.2.0 ")
    assert stage.repository.read(BRANCH, FILE) == CLASSIC[FILE].replace("v1.0", "v1.2").encode()


def test_both_transports_give_the_same_tree_and_message(stage: Stage, tmp_path: Path) -> None:
    bump(stage, "v1.1.0")
    with bump_stage(tmp_path / "other") as other:
        app_bump(other, f"{WEB}:v1.1.0", transport="api")
        assert other.repository.tree(BRANCH) == stage.repository.tree(BRANCH)
        one, two = stage.repository.log(BRANCH)[0], other.repository.log(BRANCH)[0]
        assert one.message == two.message
        assert one.author.name == two.author.name


def test_either_transport_goes_on_where_the_other_was(stage: Stage) -> None:
    first = bump(stage, "v1.1.0")
    again = pull_requests(app_bump(stage, f"{WEB}:v1.1.0", transport="api"))[0]
    assert again == {**first, "operation": "unchanged"}
    newer = pull_requests(app_bump(stage, f"{WEB}:v1.2.0", transport="api"))[0]
    assert newer["operation"] == "updated"
    assert bump(stage, "v1.3.0")["operation"] == "updated"
    assert len(stage.repository.log(BRANCH)) == 2


def test_a_persons_commits_stay_and_ours_goes_on_top(stage: Stage) -> None:
    first = bump(stage, "v1.1.0")
    theirs = stage.repository.commit(branch=BRANCH, files={"notes.txt": "by hand\n"})
    second = bump(stage, "v1.2.0")
    assert (second["operation"], second["number"]) == ("updated", first["number"])
    assert stage.repository.log(BRANCH)[0].parents == (theirs,)
    assert stage.repository.read(BRANCH, "notes.txt") == b"by hand\n"


def test_a_person_who_changed_the_same_line_is_told_and_nothing_moves(stage: Stage) -> None:
    first = bump(stage, "v1.1.0")
    theirs = stage.repository.commit(branch=BRANCH, files={FILE: deployment(f"{WEB}:hotfix")})
    assert bump(stage, "v1.2.0")["operation"] == "unchanged"
    assert stage.repository.head(BRANCH) == theirs
    assert "hotfix" in stage.repository.comments(int(str(first["number"])))[0]


def test_base_that_moves_under_a_commit_is_planned_again(stage: Stage) -> None:
    def move() -> None:
        stage.repository.commit(files={FILE: deployment(f"{WEB}:v1.0.5"), "x": "1\n"})

    stage.forge.fail("POST .*git-receive-pack", when="before", action=move)
    outcome = app_bump(stage, f"{WEB}:v1.1.0", transport="git", mode="commit")
    assert outcome.outputs["changed"] == "true"
    assert stage.repository.read("main", "x") == b"1\n"
    assert f"{WEB}:v1.1.0 " in stage.image_line("main")
    assert len(stage.repository.log("main")) == 3


def test_a_branch_that_moves_between_read_and_write_keeps_the_other_commit(stage: Stage) -> None:
    bump(stage, "v1.1.0")

    def push() -> None:
        stage.repository.commit(branch=BRANCH, files={"by-hand.txt": "mine\n"})

    stage.forge.fail("POST .*git-receive-pack", when="before", action=push)
    assert bump(stage, "v1.2.0")["operation"] == "updated"
    assert stage.repository.read(BRANCH, "by-hand.txt") == b"mine\n"
    assert f"{WEB}:v1.2.0 " in stage.image_line(BRANCH)


def test_a_branch_that_is_gone_is_made_again_expecting_absence(stage: Stage) -> None:
    first = bump(stage, "v1.1.0")
    stage.repository.delete_branch(BRANCH)
    second = bump(stage, "v1.1.0")
    assert second["operation"] == "created"
    assert second["number"] != first["number"]
    assert f"{WEB}:v1.1.0 " in stage.image_line(BRANCH)


def test_a_branch_deleted_between_read_and_write_is_made_again(stage: Stage) -> None:
    bump(stage, "v1.1.0")

    def delete() -> None:
        stage.repository.delete_branch(BRANCH)

    stage.forge.fail("POST .*git-receive-pack", when="before", action=delete)
    assert bump(stage, "v1.2.0")["operation"] == "created"
    assert f"{WEB}:v1.2.0 " in stage.image_line(BRANCH)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_cut_push_never_writes_twice(stage: Stage, when: str) -> None:
    stage.forge.fail("POST .*git-receive-pack", cut=True, when=when)
    assert bump(stage, "v1.1.0")["operation"] == "created"
    assert len(stage.repository.log(BRANCH)) == 2
    assert len(stage.repository.pull_requests()) == 1


def test_the_token_is_nowhere(
    stage: Stage,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    caplog.set_level(logging.DEBUG)
    spy = spy_on_git(tmp_path / "spy", monkeypatch)
    monkeypatch.setenv("INPUT_TOKEN", stage.token)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    held: list[bytes] = []

    def look() -> None:
        held.extend(path.read_bytes() for path in scratch.rglob("*") if path.is_file())

    stage.forge.fail("POST .*git-receive-pack", when="before", action=look)
    outcome = app_bump(stage, f"{WEB}:v1.1.0", transport="git")
    target = GitTarget(
        server_url="https://h",
        repository="a/b",
        token=stage.token,
        identity=Identity(login="", name="", email=""),
    )
    secrets = (stage.token, target.authorization.split()[1])
    said = [str(outcome), caplog.text, spy.arguments(), *(r.path for r in stage.forge.requests)]
    said += [p.body + p.title for p in stage.repository.pull_requests()]
    assert not [s for s in secrets for text in said if s in text]
    assert held
    assert not [s for s in secrets for data in held if s.encode() in data]
    holders = {
        name
        for name, values in spy.environment().items()
        if any(secret in value for value in values for secret in secrets)
    }
    assert holders == {"GIT_CONFIG_VALUE_0"}
    assert not list(scratch.iterdir())


# `auto`: the API as long as it can.


def without_update_refs(forge: Forge, message: str = NO_UPDATE_REFS) -> None:
    forge.fail("updateRefs", status=200, message=message, times=99)


def notes(outcome: Outcome) -> list[str]:
    return [notice.text for notice in outcome.notices if "Git" in notice.text]


def test_auto_writes_by_git_where_the_api_has_no_call_for_it(stage: Stage) -> None:
    without_update_refs(stage.forge)
    outcome = app_bump(stage, f"{WEB}:v1.1.0")
    assert pull_requests(outcome)[0]["operation"] == "created"
    assert [NO_UPDATE_REFS in note for note in notes(outcome)] == [True]
    assert f"{WEB}:v1.1.0 " in stage.image_line(BRANCH)
    assert len(stage.repository.log(BRANCH)) == 2
    again = app_bump(stage, f"{WEB}:v1.1.0")
    assert pull_requests(again)[0]["operation"] == "unchanged"
    assert notes(again) == []


def test_auto_plans_again_when_the_branch_moves_under_git(stage: Stage) -> None:
    app_bump(stage, f"{WEB}:v1.1.0")
    without_update_refs(stage.forge)

    def push() -> None:
        stage.repository.commit(branch=BRANCH, files={"by-hand.txt": "mine\n"})

    stage.forge.fail("POST .*git-receive-pack", when="before", action=push)
    outcome = app_bump(stage, f"{WEB}:v1.2.0")
    assert pull_requests(outcome)[0]["operation"] == "updated"
    assert stage.repository.read(BRANCH, "by-hand.txt") == b"mine\n"
    assert len(notes(outcome)) == 1


def test_auto_takes_the_api_where_it_can(stage: Stage) -> None:
    stage.forge.requests.clear()
    outcome = app_bump(stage, f"{WEB}:v1.1.0")
    assert notes(outcome) == []
    assert not [asked for asked in writes(stage) if "receive-pack" in asked]


def test_auto_does_not_go_around_a_refusal(stage: Stage) -> None:
    stage.repository.protect("main", required_statuses=("ci",))
    before = stage.repository.head("main")
    with pytest.raises(GitOpsError):
        app_bump(stage, f"{WEB}:v1.1.0", mode="commit")
    assert stage.repository.head("main") == before
    assert not [asked for asked in writes(stage) if "receive-pack" in asked]


def test_api_alone_tells_what_to_set(stage: Stage) -> None:
    without_update_refs(stage.forge)
    with pytest.raises(GitOpsError, match="transport: git"):
        app_bump(stage, f"{WEB}:v1.1.0", transport="api")
    assert stage.repository.branches() == {"main"}
