"""The living pull request: every row of its table, on a real forge."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gitops_action.commands.bump.plan import HoldError
from gitops_action.errors import GitOpsError, UsageError
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


def test_a_base_that_was_force_pushed_does_not_come_back(stage: Stage) -> None:
    """One commit of ours on the new base, for the same version and for a newer one."""
    root = stage.repository.head("main")
    stage.repository.commit(files={"secret.txt": "leaked\n"})
    stage.web("v1.1.0")
    stage.repository.move("main", root)
    tip = stage.repository.commit(files={"README.md": "# rewritten\n"})
    outcome = stage.bump(f"{WEB}:v1.1.0")
    assert pull_requests(outcome)[0]["operation"] == "updated"
    assert any("force-pushed" in notice.text for notice in outcome.notices)
    for version in ("v1.1.0", "v1.2.0"):
        stage.web(version)
        assert stage.repository.log(BRANCH)[0].parents == (tip,)
        assert "secret.txt" not in stage.repository.files(BRANCH)


def test_a_squash_of_ours_in_the_former_history_is_no_start_of_our_branch(stage: Stage) -> None:
    """Our own commits stand in base's former history too; only base's moves tell them apart."""
    root = stage.repository.head("main")
    first = stage.web("v1.1.0")
    stage.repository.merge(first["number"], method="squash", by="alice")
    stage.repository.delete_branch(BRANCH)
    stage.repository.commit(files={"secret.txt": "leaked\n"})
    stage.web("v1.2.0")
    stage.repository.commit(files={"later.txt": "not on the branch\n"})
    stage.repository.move("main", root)
    stage.web("v1.3.0")
    assert stage.repository.log(BRANCH)[0].parents == (root,)
    assert "secret.txt" not in stage.repository.files(BRANCH)


def test_over_a_hundred_former_commits_are_recognised(stage: Stage) -> None:
    root = stage.repository.head("main")
    for number in range(103):
        stage.repository.commit(files={"notes.txt": f"{number}\n"})
    stage.web("v1.1.0")
    stage.repository.move("main", root)
    stage.web("v1.2.0")
    assert stage.repository.log(BRANCH)[0].parents == (root,)


def test_a_force_push_of_base_takes_no_persons_commits_away(stage: Stage) -> None:
    """With a person's commit nothing is rewritten; what merging brings back is named."""
    root = stage.repository.head("main")
    stage.repository.commit(files={"secret.txt": "leaked\n"})
    first = stage.web("v1.1.0")
    stage.repository.commit(branch=BRANCH, files={"by-hand.txt": "mine\n"})
    stage.repository.move("main", root)
    assert stage.web("v1.1.0")["operation"] == "unchanged"
    assert "rebase it onto main" in stage.repository.comments(first["number"])[0]
    outcome = stage.bump(f"{WEB}:v1.2.0")
    assert pull_requests(outcome)[0]["operation"] == "updated"
    assert any("rebase it onto main" in notice.text for notice in outcome.notices)
    assert stage.repository.read(BRANCH, "by-hand.txt") == b"mine\n"


def test_a_persons_commits_below_ours_stay_after_a_force_push_of_base(stage: Stage) -> None:
    """A person began the branch: below our first commit lies their work, not base's history."""
    stage.repository.commit(branch=BRANCH, files={"by-hand.txt": "mine\n"})
    stage.repository.open(head=BRANCH, by="alice")
    stage.web("v1.1.0")
    root = stage.repository.head("main")
    stage.repository.commit(files={"secret.txt": "leaked\n"})
    stage.repository.move("main", root)
    stage.web("v1.2.0")
    assert stage.repository.read(BRANCH, "by-hand.txt") == b"mine\n"


@pytest.mark.parametrize("base_moves", [False, True])
def test_an_older_version_leaves_a_newer_proposal_as_it_is(stage: Stage, base_moves: bool) -> None:
    first = stage.web("v1.4.0")
    if base_moves:
        stage.repository.commit(files={FILE: deployment(pinned(f"{WEB}:v1.3.0"))})
    before = stage.repository.head(BRANCH)
    outcome = stage.bump(f"{WEB}:v1.3.0")
    (found,) = pull_requests(outcome)
    assert (found["operation"], found["number"]) == ("superseded", first["number"])
    assert outcome.exit_code == 0
    assert outcome.outputs["changed"] == "false"
    assert stage.repository.head(BRANCH) == before
    assert stage.repository.pull(first["number"]).closed_at is None
    (notice,) = [n for n in outcome.notices if "v1.4.0" in n.text]
    assert notice.level == "notice"


def test_allow_downgrade_replaces_a_newer_proposal(stage: Stage) -> None:
    stage.web("v1.4.0")
    assert stage.web("v1.3.0", allow_downgrade=True)["operation"] == "updated"
    assert pinned(f"{WEB}:v1.3.0") in stage.image_line(BRANCH)


def test_an_older_image_does_not_stop_the_others_of_its_run(stage: Stage) -> None:
    branch = "gitops/all"
    stage.bump(f"{WEB}:v1.4.0", branch=branch)
    outcome = stage.bump(f"{WEB}:v1.3.0", f"{API}:v1.1.0", branch=branch)
    assert pull_requests(outcome)[0]["operation"] == "updated"
    assert pinned(f"{WEB}:v1.4.0") in stage.image_line(branch)
    api = stage.image_line(branch, "applications/api/deployment.yaml")
    assert pinned(f"{API}:v1.1.0") in api
    assert any("v1.3.0" in notice.text and "v1.4.0" in notice.text for notice in outcome.notices)


def test_an_ancestor_of_the_proposed_commit_is_the_older_version(stage: Stage) -> None:
    """Tags that are no versions are ordered by the commits they were built from."""
    source = stage.forge.create_repository("acme/web", files={"app": "1"}, private=False)
    commits = [source.head("main") or "", source.commit(files={"app": "2"})]
    for commit in commits:
        stage.registry.tags.add(f"{WEB}:main-{commit[:7]}")
        stage.registry.revisions[f"{WEB}:main-{commit[:7]}"] = commit
    older, newer = (f"main-{commit[:7]}" for commit in commits)
    reader = stage.as_token(repositories=["acme/web"], permissions={"contents": "read"})
    stage.source_token = reader.token
    stage.web(newer)
    assert stage.web(older)["operation"] == "superseded"
    assert pinned(f"{WEB}:{newer}") in stage.image_line(BRANCH)


@pytest.mark.parametrize("shared", [False, True])
def test_an_unchanged_pull_request_gets_what_is_requested_beside_its_content(
    stage: Stage, shared: bool
) -> None:
    first = stage.web("v1.1.0")
    if shared:
        stage.repository.commit(branch=BRANCH, files={"by-hand.txt": "mine\n"})
    stage.repository.protect(required_reviews=1)
    stage.repository.repository.collaborators["alice"] = "write"
    head = stage.repository.head(BRANCH)
    again = stage.web(
        "v1.1.0",
        pull_request_labels=("deploy",),
        pull_request_assignees=("alice",),
        auto_merge="squash",
    )
    assert again["operation"] == "unchanged"
    pull = stage.repository.pull(first["number"])
    assert stage.repository.head(BRANCH) == head
    assert [label.name for label in pull.labels] == ["deploy"]
    assert [account.login for account in pull.assignees] == ["alice"]
    assert pull.auto_merge is not None


def test_a_left_over_branch_of_ours_gets_its_pull_request(stage: Stage) -> None:
    """A run that was cut off between the branch and the pull request."""
    stage.forge.fail(r"POST .*/pulls$", status=422)
    with pytest.raises(GitOpsError):
        stage.web("v1.1.0")
    assert BRANCH in stage.repository.branches()
    assert stage.web("v1.1.0")["operation"] == "created"


def test_a_left_over_branch_that_does_not_fit_is_a_warning_with_the_way_out(stage: Stage) -> None:
    theirs = stage.repository.commit(branch=BRANCH, files={FILE: deployment(f"{WEB}:hotfix")})
    outcome = stage.bump(f"{WEB}:v1.1.0")
    assert stage.repository.head(BRANCH) == theirs
    (warning,) = [n for n in outcome.notices if n.level == "warning"]
    assert BRANCH in warning.text
    assert "hotfix" in warning.text
    assert "delete the branch" in warning.text


@pytest.mark.parametrize("other", ["gitops", "gitops/default", f"{BRANCH}/old"])
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_branch_in_the_way_is_named_with_the_fix(stage: Stage, other: str, dry_run: bool) -> None:
    stage.repository.commit(branch=other, files={"note.txt": "x\n"})
    with pytest.raises(UsageError) as caught:
        stage.web("v1.1.0", dry_run=dry_run)
    assert f"`{other}`" in caught.value.title
    assert f"`{other}`" in (caught.value.fix or "")
    assert stage.repository.pull_requests() == []


def hold(image: str) -> dict[str, str]:
    text = f"environment: default\napplication: web\nimage: {image}\nreason: leaks memory\n"
    return {".github/gitops/holds/default-web-v1.yaml": text + "author: alice\n"}


def test_a_held_version_is_refused_and_its_open_pull_request_closed(stage: Stage) -> None:
    first = stage.web("v1.1.0")
    stage.repository.commit(files=hold(f"{WEB}:v1.1.0"))
    with pytest.raises(HoldError, match="on hold") as caught:
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
