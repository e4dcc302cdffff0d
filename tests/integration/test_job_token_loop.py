"""The whole loop with the job's token, on a GitHub that starts nothing for what it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_action.core.deploy.result import Result
from testbed.forge import MergeQueueRule
from testbed.registry import Registry
from tests.support.job_token_loop import (
    CONFIG,
    DEPLOY,
    JobTokenLoop,
    job_token_loop,
    rights,
)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with Registry.start(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def loop(tmp_path: Path, registry: Registry) -> Iterator[JobTokenLoop]:
    with job_token_loop(tmp_path, registry) as made:
        yield made


def test_from_a_bump_to_the_next_environment_and_back(loop: JobTokenLoop) -> None:
    """The base requires `gitops/ready`, and no run is waited for that GitHub does not start."""
    assert loop.bump("v2").exit_code == 0
    bump = loop.newest()
    assert (bump.head, bump.author.login) == ("gitops/staging/web", "github-actions[bot]")
    gate = loop.gate(".github/workflows/new-application-version.yml")
    assert (gate.exit_code, bool(bump.merged_at)) == (0, True), gate.log
    (deploy,) = loop.waiting()  # by dispatch: the merge itself starts nothing
    assert (deploy.event, deploy.oid) == ("workflow_dispatch", loop.repository.resolve("main"))

    loop.deploy("staging")
    promoted = loop.promote()
    assert promoted.exit_code == 0, promoted.log
    promotion = loop.newest()
    assert promotion.head == "gitops/production/web", promoted.log
    assert loop.gate(DEPLOY).exit_code == 0
    assert not promotion.merged_at
    assert loop.waiting() == []
    (comment,) = loop.repository.comments(promotion.number)
    assert "by the job's token: any workflow of this repository can write" in comment

    loop.repository.review(promotion.number, by="bob")
    loop.forge.advance_clock(2)
    assert [run.event for run in loop.waiting(".github/workflows/review.yml")] == [
        "pull_request_review"
    ]
    assert loop.gate().exit_code == 0
    assert promotion.merged_at
    loop.deploy("production", Result.FAILED)
    back = loop.roll_back()
    assert back.exit_code == 0, back.log
    rollback = loop.newest()
    assert rollback.head == "gitops/production/rollback/web"
    gate = loop.gate(DEPLOY)
    assert (gate.exit_code, bool(rollback.merged_at)) == (0, True), gate.log
    assert loop.described("production") == loop.overlay("v1")
    assert len(loop.waiting()) == 1


def test_teams_are_refused_with_the_fix(tmp_path: Path, registry: Registry) -> None:
    config = CONFIG.replace("users: [bob]", "teams: [acme/sre]").replace(
        "after: [staging]\n    merge", "merge"
    )
    with job_token_loop(tmp_path, registry, config) as loop:
        loop.bump("v2")
        loop.repository.commit(
            branch="topic",
            files={"environments/production/kustomization.yaml": loop.overlay("v2")},
            author="alice",
        )
        pull = loop.repository.open(head="topic", by="alice")
        gate = loop.gate()
        assert gate.exit_code == 1
        fix = "the job's token cannot read the teams acme/sre: name `users` instead"
        assert f"environments.production.gates.approvals.teams: {fix}" in gate.log
        assert loop.ready(pull).startswith("refused: the job's token cannot read the teams")
        assert loop.repository.pull_requests()[0].merged_at  # staging names nobody


def test_a_merge_queue_is_refused(loop: JobTokenLoop) -> None:
    loop.repository.ruleset("main", merge_queue=MergeQueueRule(wait_minutes=0))
    loop.bump("v2")
    gate = loop.gate()
    assert gate.exit_code == 1
    assert "a merge queue needs an App" in gate.log
    assert loop.ready(loop.newest()).startswith("ready")
    assert not loop.newest().merged_at


def test_a_merge_that_cannot_be_deployed_is_an_error(loop: JobTokenLoop) -> None:
    loop.bump("v2")
    loop.forge.fail("POST .*dispatches", status=403, times=9)
    gate = loop.gate()
    assert loop.newest().merged_at
    assert gate.exit_code == 1
    assert "actions: write" in gate.log


def test_people_decide_by_comments_that_nobody_edited(loop: JobTokenLoop) -> None:
    """Nothing that a workflow of the repository could have written decides anything."""
    loop.bump("v2")
    bump = loop.newest()
    off = loop.comment(bump.number, "/gitops merge off", by="alice")
    assert loop.gate().exit_code == 0
    assert not bump.merged_at
    loop.edit(off, "/gitops merge off because of lunch", by="carol")
    loop.gate()
    assert bump.merged_at


def test_an_override_is_for_one_change_and_of_those_named(loop: JobTokenLoop) -> None:
    files = {"environments/production/kustomization.yaml": loop.overlay("v1") + "namePrefix: a-\n"}
    loop.repository.commit(branch="topic", files=files, author="alice")
    pull = loop.repository.open(head="topic", by="alice")
    loop.forge.advance_clock(2)
    loop.gate()
    assert loop.ready(pull).startswith("waiting: 0 of 1 approval")
    (comment,) = loop.repository.comments(pull.number)
    digits = comment.partition("· change `")[2][:12]
    command = f"/gitops override approvals {digits} because it burns"
    loop.comment(pull.number, command, by="bob")  # is not named
    loop.comment(pull.number, command.replace(digits, "0" * 12), by="carol")
    edited = loop.comment(pull.number, command, by="carol")
    loop.edit(edited, f"{command}!", by="alice")
    loop.gate()
    (comment, *_) = [one for one in loop.repository.comments(pull.number) if "| gate |" in one]
    for reason in ("not in carol", "it is for the change", "the comment was edited"):
        assert reason in comment
    loop.comment(pull.number, command, by="carol")
    loop.gate()
    assert loop.ready(pull).startswith("ready")
    loop.repository.commit(
        branch="topic", files={**files, "base/namespace.yaml": "{}"}, author="alice"
    )
    loop.gate()
    assert not loop.ready(pull).startswith("ready")


def test_a_rollback_that_a_person_asks_for_is_merged_by_their_comment(loop: JobTokenLoop) -> None:
    """Nothing failed: without an App the cause is the person's comment on the pull request."""
    files = {"environments/production/kustomization.yaml": loop.overlay("v2")}
    loop.repository.commit(files=files, author="alice")
    loop.forge.advance_clock(2)
    for run in loop.waiting():
        run.status = "completed"
    loop.record("production")
    may = rights("rollback", "rollback")
    given = {"environment": "production", "reason": "it is slow"}
    back = loop.step("rollback", may, path=".github/workflows/rollback.yml", **given)
    assert back.exit_code == 0, back.log
    rollback = loop.newest()
    loop.gate()
    assert not rollback.merged_at
    loop.repository.collaborator("dora", "read")
    loop.comment(rollback.number, "/gitops merge", by="dora")  # has no write access
    loop.gate()
    assert not rollback.merged_at
    loop.comment(rollback.number, "/gitops merge", by="bob")
    gate = loop.gate()
    assert rollback.merged_at, gate.log
    assert loop.described("production") == loop.overlay("v1")
