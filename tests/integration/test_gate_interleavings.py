"""What happens between the gate's requests on a real forge: nothing merges by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitops_action.core.outcome import Outcome
from gitops_action.errors import GitOpsErrors
from tests.support.gate_forge import (
    BUMPER,
    FILES,
    NEW,
    OLD,
    PRODUCTION,
    STAGING,
    GateStage,
    codes,
    config,
    gate_stage,
    overlay,
)
from tests.support.github_forge import REPOSITORY

BRANCH = "gitops/production/web"
FREEZE = ".github/gitops/holds/production._.freeze.yaml"
ONE = config(production="merge: auto\ngates: {approvals: {count: 1}}")
OTHER = f"v3@sha256:{'3' * 64}"
READ = "POST .*/graphql .*GatedPullRequest"
"""The request that reads a pull request again before its merge."""
MERGE = r"PUT .*/merge "


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[GateStage]:
    with gate_stage(tmp_path) as made:
        yield made


def once(happens: Callable[[], object]) -> Callable[[], None]:
    """Once, although requests are sent again."""
    done: list[bool] = []

    def action() -> None:
        if not done:
            done.append(True)
            happens()

    return action


def merges(stage: GateStage) -> int:
    """How many merges the base has."""
    return sum(1 for one in stage.repository.log("main") if len(one.parents) > 1)


def test_two_runs_at_once_merge_once(stage: GateStage) -> None:
    """A second run does all its work while the first one's request to merge is on its way."""
    number = stage.bump()
    second: list[Outcome] = []
    stage.forge.fail(MERGE, action=lambda: second.append(stage.gate()))
    first = stage.gate()
    assert [one.exit_code for one in (first, *second)] == [0, 0]
    assert [one.outputs["merged"] for one in (first, *second)] == [f"[{number}]"] * 2
    assert stage.merged(number)
    assert merges(stage) == 1
    assert stage.comment(number)


def test_statuses_that_fail_half_way_are_completed_by_the_next_run(stage: GateStage) -> None:
    number = stage.bump()
    stage.forge.fail(r"POST .*/statuses/", status=502, skip=1, times=99)
    outcome = stage.gate()
    assert outcome.exit_code == 1
    assert not stage.merged(number)
    assert set(stage.statuses(number)) == {"gitops/production"}
    stage.forge.world.faults.clear()
    assert stage.gate().exit_code == 0
    assert stage.merged(number)
    assert stage.ready(number) == ("success", "ready: 2 of 2 gates")
    assert stage.comment(number)


def test_a_comment_whose_answer_is_lost_is_not_written_twice(stage: GateStage) -> None:
    stage.configure(ONE)
    number = stage.bump()
    stage.forge.fail(r"POST .*/issues/\d+/comments", cut=True, when="after")
    stage.gate()
    stage.gate()
    assert stage.comment(number)


def test_an_approval_that_is_withdrawn_before_the_merge(stage: GateStage) -> None:
    stage.configure(ONE)
    number = stage.bump()
    review = stage.approve(number)
    stage.forge.fail(READ, action=once(lambda: stage.repository.dismiss(review)))
    assert codes(stage.gate()) == ["approvals-missing"]
    assert not stage.merged(number)


def test_a_freeze_that_comes_before_the_merge(stage: GateStage) -> None:
    number = stage.bump()
    hold = {FREEZE: "environment: production\nreason: sale\n"}
    stage.forge.fail(READ, action=once(lambda: stage.repository.commit(files=hold)))
    assert codes(stage.gate()) == ["frozen"]
    assert not stage.merged(number)


def test_a_head_that_moves_at_the_merge_is_evaluated_again(stage: GateStage) -> None:
    stage.configure(ONE)
    number = stage.bump()
    stage.approve(number)
    other = {PRODUCTION: overlay(OTHER)}
    move = once(lambda: stage.repository.commit(branch=BRANCH, files=other, author="alice"))
    stage.forge.fail(MERGE, action=move)
    assert codes(stage.gate())[-1] == "approvals-missing"
    assert not stage.merged(number)


@pytest.mark.parametrize(
    ("path", "level"), [("README.md", "notice"), ("base/namespace.yaml", "error")]
)
def test_a_base_that_moves_at_the_merge_is_reported(
    stage: GateStage, path: str, level: str
) -> None:
    number = stage.bump()
    text = f"{FILES[path]}# moved\n"
    stage.forge.fail(MERGE, action=once(lambda: stage.repository.commit(files={path: text})))
    outcome = stage.gate()
    assert stage.merged(number)
    assert [one.level for one in outcome.notices] == [level]
    assert "the base moved in between" in outcome.notices[0].text


def test_a_merge_that_another_merge_disturbs_is_tried_again(stage: GateStage) -> None:
    number = stage.bump()
    text = "Base branch was modified. Review and try the merge again."
    stage.forge.fail(MERGE, status=405, message=text)
    assert stage.gate().exit_code == 0
    assert stage.merged(number)


def test_one_that_a_person_merges_meanwhile_counts_as_merged(stage: GateStage) -> None:
    number = stage.bump()
    stage.forge.fail(MERGE, action=once(lambda: stage.repository.merge(number)))
    outcome = stage.gate()
    assert (outcome.exit_code, outcome.outputs["merged"]) == (0, f"[{number}]")
    assert merges(stage) == 1


def test_a_fork_that_pretends_to_be_a_bump_is_a_persons(stage: GateStage) -> None:
    trailers = (
        "GitOps-Environment: production\nGitOps-Application: web\n"
        f"GitOps-Image: ghcr.io/acme/web:{NEW}"
    )
    fork = stage.forge.fork(REPOSITORY, owner="mallory")
    fork.commit(
        branch=BRANCH,
        files={PRODUCTION: overlay(NEW)},
        author="mallory",
        message=f"B\n\n{trailers}",
    )
    pull = stage.repository.open(head=f"mallory:{BRANCH}", title="Bump web", by="mallory")
    pull.body = f"A bump.\n\n{trailers}"
    assert stage.gate().exit_code == 0
    assert stage.ready(pull.number)[0] == "success"
    assert not stage.merged(pull.number)
    assert "A person merges: this is not exactly what a bump" in stage.comment(pull.number)


def test_a_conflicted_bump_is_planned_again_and_merged(stage: GateStage) -> None:
    trailers = (
        "GitOps-Action: bump\nGitOps-Environment: production\nGitOps-Application: web\n"
        f"GitOps-Image: ghcr.io/acme/web:{NEW}"
    )
    files = {PRODUCTION: overlay(NEW)}
    stage.repository.commit(
        branch=BRANCH, files=files, author=BUMPER, message=f"Bump web\n\n{trailers}"
    )
    pull = stage.repository.open(head=BRANCH, title="Bump web", by=BUMPER)
    pull.body, number = f"A bump.\n\n{trailers}", pull.number
    pinned = overlay(OLD).replace(f"newTag: {OLD}", f"newTag: {OLD} # pinned")
    stage.repository.commit(files={PRODUCTION: pinned})
    outcome = stage.gate()
    assert codes(outcome) == ["merge-conflict"]
    assert f"#{number} was in conflict, and was planned again" in outcome.notices[0].text
    stage.gate()
    assert stage.merged(number)
    assert f"newTag: {NEW} # pinned" in stage.repository.read("main", PRODUCTION).decode()


def test_a_person_s_conflict_is_reported_and_left_alone(stage: GateStage) -> None:
    number = stage.propose({PRODUCTION: overlay(NEW)})
    head = stage.repository.pull(number).head_oid
    stage.repository.commit(files={PRODUCTION: overlay(OTHER)})
    assert codes(stage.gate()) == ["merge-conflict"]
    assert stage.repository.pull(number).head_oid == head
    assert stage.ready(number) == (
        "failure",
        f"conflict: {PRODUCTION} cannot be merged into the base",
    )


def test_with_a_window_that_never_opens_the_configuration_is_refused(stage: GateStage) -> None:
    always = '{deny: "0 * * * *", for: 2h}'
    stage.configure(config(production=f"merge: auto\ngates: {{windows: [{always}]}}"))
    number = stage.bump()
    with pytest.raises(GitOpsErrors):
        stage.gate()
    assert not stage.merged(number)


def test_a_hold_that_cannot_be_read_blocks_all_but_its_repair(stage: GateStage) -> None:
    stage.repository.commit(files={FREEZE: "environment: [\n"})
    number = stage.bump()
    repair = stage.propose({FREEZE: None}, branch="repair")
    found = stage.gate()
    assert codes(found) == ["hold-unreadable"]
    assert "production._.freeze.yaml:2" in stage.comment(number), stage.comment(number)
    assert stage.ready(repair)[0] == "success"


def test_an_environment_that_is_configured_no_longer_does_not_block(stage: GateStage) -> None:
    stage.configure(ONE)
    number = stage.propose({PRODUCTION: overlay(NEW), "README.md": "# changed\n"})
    stage.gate()
    assert stage.statuses(number)["gitops/production"][0] == "pending"
    text = "version: 1\nenvironments:\n  staging: {path: environments/staging}\n"
    stage.configure(text)
    stage.gate()
    assert stage.statuses(number)["gitops/production"] == ("success", "ready: not touched")
    assert stage.ready(number)[0] == "success"


def test_without_a_record_of_pushes_merges_say_where_the_base_stood(stage: GateStage) -> None:
    """Enterprise Server before 3.17, where GitHub answers 404."""
    weaker = "merge: auto\ngates:\n  approvals: {count: 1, not-by: [author]}"
    topic = stage.propose({".github/gitops.yaml": config(production=weaker)}, branch="rules")
    stage.repository.merge(topic)
    stage.forge.advance_clock(2)
    stage.forge.fail(r"GET .*/activity", status=404, times=99)
    number = stage.bump()
    stage.approve(number)
    later = stage.propose({STAGING: overlay(OTHER)}, branch="later")
    stage.repository.merge(later)
    stage.gate()
    assert stage.merged(number)


def test_without_a_record_of_pushes_a_push_to_the_base_voids_older_approvals(
    stage: GateStage,
) -> None:
    weaker = "merge: auto\ngates:\n  approvals: {count: 1, not-by: [author]}"
    stage.configure(config(production=weaker))
    stage.forge.fail(r"GET .*/activity", status=404, times=99)
    number = stage.bump()
    stage.approve(number)
    assert codes(stage.gate()) == ["approvals-missing"]
    assert "approve again" in stage.comment(number)
    assert "keeps no record of pushes" in stage.comment(number)


def test_without_a_record_of_pushes_who_pushed_is_unknown(stage: GateStage) -> None:
    stage.configure(ONE)
    topic = stage.propose({"README.md": "# changed\n"})
    stage.repository.merge(topic)
    stage.forge.advance_clock(2)
    stage.forge.fail(r"GET .*/activity", status=404, times=99)
    number = stage.bump()
    stage.approve(number)
    assert codes(stage.gate()) == ["approvals-unknown"]
    assert "keeps no record of pushes" in stage.ready(number)[1]
