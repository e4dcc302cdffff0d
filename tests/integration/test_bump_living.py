"""The living pull request: every row of its table, on a real forge."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gitops_action.commands.bump.plan import HoldError
from gitops_action.errors import GitOpsError
from tests.support.bump_stage import (
    API,
    WEB,
    Stage,
    bump_stage,
    deployment,
    pinned,
    pull_requests,
)

BRANCH = "gitops/default/web"
FILE = "applications/web/deployment.yaml"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with bump_stage(tmp_path) as made:
        yield made


def test_first_bump_opens_a_pull_request_that_changes_one_line(stage: Stage) -> None:
    made = stage.web("v1.1.0")
    assert made["operation"] == "created"
    assert made["branch"] == BRANCH
    pull = stage.repository.pull(made["number"])
    assert pull.title == "Bump web to v1.1.0"
    before = stage.repository.read("main", FILE)
    expected = before.replace(b"v1.0.0", pinned(f"{WEB}:v1.1.0").partition(":")[2].encode())
    assert stage.repository.read(BRANCH, FILE) == expected
    changed = {
        p
        for p, d in stage.repository.files(BRANCH).items()
        if d != stage.repository.files("main")[p]
    }
    assert changed == {FILE}


def test_same_bump_again_touches_nothing(stage: Stage) -> None:
    first = stage.web("v1.1.0")
    stage.forge.requests.clear()
    outcome = stage.bump(f"{WEB}:v1.1.0")
    assert pull_requests(outcome) == [{**first, "operation": "unchanged"}]
    assert outcome.outputs["changed"] == "false"
    assert not [r for r in stage.forge.requests if r.content_creating]


def test_newer_bump_rebuilds_the_branch_as_one_commit_on_the_new_base(stage: Stage) -> None:
    first = stage.web("v1.1.0")
    tip = stage.repository.commit(files={"README.md": "# moved\n"})
    second = stage.web("v1.2.0")
    assert (second["operation"], second["number"]) == ("updated", first["number"])
    head = stage.repository.log(BRANCH)[0]
    assert head.parents == (tip,)
    assert stage.image_line(BRANCH).startswith(f"image: {pinned(f'{WEB}:v1.2.0')} ")
    assert stage.repository.pull(first["number"]).title == "Bump web to v1.2.0"


def test_rebuilding_keeps_what_an_earlier_bump_proposed_on_the_same_branch(
    stage: Stage,
) -> None:
    branch = "gitops/all"
    stage.bump(f"{API}:v1.3.0", branch=branch)
    made = pull_requests(stage.bump(f"{WEB}:v1.1.0", branch=branch))[0]
    assert made["operation"] == "updated"
    api = stage.image_line(branch, "applications/api/deployment.yaml")
    assert pinned(f"{API}:v1.3.0") in api
    assert pinned(f"{WEB}:v1.1.0") in stage.image_line(branch)
    assert len(stage.repository.log(branch)) == 2


def test_explicit_edits_of_an_earlier_bump_are_kept_too(stage: Stage) -> None:
    stage.repository.commit(files={"values.yaml": "replicas: 1\nlevel: info\n"})
    branch = "gitops/values"
    stage.bump(set="values.yaml: replicas = 3", branch=branch)
    stage.bump(set="values.yaml: level = debug", branch=branch)
    assert stage.repository.read(branch, "values.yaml") == b"replicas: 3\nlevel: debug\n"
    assert len(stage.repository.log(branch)) == 3


def test_an_earlier_proposal_that_no_longer_fits_is_dropped_with_a_note(stage: Stage) -> None:
    branch = "gitops/all"
    stage.bump(f"{API}:v1.3.0", branch=branch)
    stage.repository.commit(files={"applications/api/deployment.yaml": None})
    outcome = stage.bump(f"{WEB}:v1.1.0", branch=branch)
    assert pull_requests(outcome)[0]["operation"] == "updated"
    assert any("no longer fits" in notice.text for notice in outcome.notices)
    assert pinned(f"{WEB}:v1.1.0") in stage.image_line(branch)


@pytest.mark.parametrize("shared", [False, True])
def test_trouble_with_reading_never_passes_for_a_misfit(stage: Stage, shared: bool) -> None:
    branch = "gitops/all"
    stage.bump(f"{API}:v1.3.0", branch=branch)
    if shared:
        stage.repository.commit(branch=branch, files={"by-hand.txt": "mine\n"})
    before = stage.repository.head(branch)
    stage.forge.fail("tarball", status=500, times=99, skip=1)
    with pytest.raises(GitOpsError, match="500"):
        stage.bump(f"{WEB}:v1.1.0", branch=branch)
    assert stage.repository.head(branch) == before
    assert stage.repository.comments(1) == []


def test_a_persons_commits_stay_and_ours_goes_on_top(stage: Stage) -> None:
    first = stage.web("v1.1.0")
    theirs = stage.repository.commit(branch=BRANCH, files={"notes.txt": "by hand\n"})
    second = stage.web("v1.2.0")
    assert (second["operation"], second["number"]) == ("updated", first["number"])
    assert stage.repository.log(BRANCH)[0].parents == (theirs,)
    assert stage.repository.read(BRANCH, "notes.txt") == b"by hand\n"
    assert pinned(f"{WEB}:v1.2.0") in stage.image_line(BRANCH)


def test_a_person_who_changed_the_same_line_is_told_and_nothing_moves(stage: Stage) -> None:
    first = stage.web("v1.1.0")
    theirs = stage.repository.commit(branch=BRANCH, files={FILE: deployment(f"{WEB}:hotfix")})
    second = stage.web("v1.2.0")
    assert second["operation"] == "unchanged"
    assert stage.repository.head(BRANCH) == theirs
    (comment,) = stage.repository.comments(first["number"])
    assert "hotfix" in comment
    stage.web("v1.2.0")
    assert len(stage.repository.comments(first["number"])) == 1


def test_a_persons_file_that_does_not_parse_is_told_and_nothing_moves(stage: Stage) -> None:
    first = stage.web("v1.1.0")
    theirs = stage.repository.commit(branch=BRANCH, files={FILE: f"a: [\nimage: {WEB}:v1\n"})
    assert stage.web("v1.2.0")["operation"] == "unchanged"
    assert stage.repository.head(BRANCH) == theirs
    assert FILE in stage.repository.comments(first["number"])[0]


def test_an_amended_commit_of_ours_counts_as_a_persons(stage: Stage) -> None:
    stage.web("v1.1.0")
    ours = stage.repository.log(BRANCH)[0]
    message = stage.repository.repository.git.commit(ours.oid).message
    amended = stage.repository.commit(branch=BRANCH, files={"extra.txt": "x\n"}, message=message)
    stage.web("v1.2.0")
    assert stage.repository.log(BRANCH)[0].parents == (amended,)


def test_base_that_has_it_already_closes_the_pull_request_with_the_reason(
    stage: Stage,
) -> None:
    first = stage.web("v1.1.0")
    stage.repository.commit(files={FILE: deployment(pinned(f"{WEB}:v1.1.0"))})
    second = stage.web("v1.1.0")
    assert (second["operation"], second["number"]) == ("closed", first["number"])
    pull = stage.repository.pull(first["number"])
    assert pull.closed_at is not None
    assert "describes this already" in stage.repository.comments(first["number"])[0]


def test_base_that_has_it_already_without_a_pull_request_is_nothing_to_do(
    stage: Stage,
) -> None:
    stage.repository.commit(files={FILE: deployment(pinned(f"{WEB}:v1.1.0"))})
    outcome = stage.bump(f"{WEB}:v1.1.0")
    assert pull_requests(outcome) == []
    assert outcome.outputs["changed"] == "false"
    assert stage.repository.branches() == {"main"}


def test_closed_by_a_person_is_not_reopened_for_this_version(stage: Stage) -> None:
    first = stage.web("v1.1.0")
    stage.repository.close(first["number"], by="alice")
    again = stage.web("v1.1.0")
    assert again["operation"] == "unchanged"
    assert len(stage.repository.pull_requests()) == 1
    newer = stage.web("v1.2.0")
    assert newer["operation"] == "created"
    assert newer["number"] != first["number"]


def test_closed_by_a_person_with_the_branch_deleted_after_it_stays_refused(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = stage.web("v1.1.0")
    stage.repository.close(first["number"], by="alice")
    later = datetime.now(UTC) + timedelta(minutes=1)
    monkeypatch.setattr(stage.forge.world, "now", lambda: later)
    stage.repository.delete_branch(BRANCH)
    assert stage.web("v1.1.0")["operation"] == "unchanged"
    assert BRANCH not in stage.repository.branches()


def test_reopen_opens_what_a_person_closed(stage: Stage) -> None:
    first = stage.web("v1.1.0")
    stage.repository.close(first["number"], by="alice")
    again = stage.web("v1.1.0", reopen=True)
    assert (again["operation"], again["number"]) == ("updated", first["number"])
    assert stage.repository.pull(first["number"]).closed_at is None


def test_what_we_closed_ourselves_is_proposed_again(stage: Stage) -> None:
    stage.web("v1.1.0")
    stage.repository.commit(files={FILE: deployment(pinned(f"{WEB}:v1.1.0"))})
    assert stage.web("v1.1.0")["operation"] == "closed"
    stage.repository.commit(files={FILE: deployment(f"{WEB}:v1.0.0")})
    assert stage.web("v1.1.0")["operation"] == "created"


def test_branch_deleted_meanwhile_is_recreated(stage: Stage) -> None:
    first = stage.web("v1.1.0")
    stage.repository.delete_branch(BRANCH)
    second = stage.web("v1.1.0")
    assert second["operation"] == "created"
    assert second["number"] != first["number"]
    assert pinned(f"{WEB}:v1.1.0") in stage.image_line(BRANCH)


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
@pytest.mark.parametrize("keep_branch", [True, False])
def test_after_a_merge_the_branch_starts_again_from_base(
    stage: Stage, method: str, keep_branch: bool
) -> None:
    first = stage.web("v1.1.0")
    tip = stage.repository.merge(first["number"], method=method, by="alice")
    if not keep_branch:
        stage.repository.delete_branch(BRANCH)
    second = stage.web("v1.2.0")
    assert second["operation"] == "created"
    assert second["number"] != first["number"]
    assert stage.repository.log(BRANCH)[0].parents == (tip,)
    assert stage.web("v1.2.0")["operation"] == "unchanged"


def test_commits_pushed_to_the_branch_after_its_merge_are_not_lost(stage: Stage) -> None:
    first = stage.web("v1.1.0")
    stage.repository.merge(first["number"], method="squash", by="alice")
    theirs = stage.repository.commit(branch=BRANCH, files={"late.txt": "late\n"})
    stage.web("v1.2.0")
    assert theirs in {commit.oid for commit in stage.repository.log(BRANCH)}
    assert stage.repository.read(BRANCH, "late.txt") == b"late\n"


def hold(image: str) -> dict[str, str]:
    text = f"environment: default\napplication: web\nimage: {image}\nreason: leaks memory\n"
    return {".github/gitops/holds/default-web-v1.yaml": text + "author: alice\n"}


def test_a_held_version_is_refused_and_its_open_pull_request_closed(stage: Stage) -> None:
    first = stage.web("v1.1.0")
    stage.repository.commit(files=hold(f"{WEB}:v1.1.0"))
    with pytest.raises(HoldError, match="under hold") as caught:
        stage.web("v1.1.0")
    assert "leaks memory" in caught.value.cause
    assert stage.repository.pull(first["number"]).closed_at is not None
    assert "leaks memory" in stage.repository.comments(first["number"])[0]
    assert stage.web("v1.2.0")["operation"] == "created"


def test_a_held_version_never_opens_one(stage: Stage) -> None:
    stage.repository.commit(files=hold(f"{WEB}:v1.1.0"))
    with pytest.raises(HoldError):
        stage.web("v1.1.0")
    assert stage.repository.pull_requests() == []
    assert stage.repository.branches() == {"main"}
