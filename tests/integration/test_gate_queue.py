"""The gate and a merge queue on a real forge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.forge import MergeQueueRule
from testbed.forge.merge_queue import QueueEntry, entry_of
from testbed.forge.rulesets import RequiredStatus
from tests.support.comments import Conversation
from tests.support.gate_forge import (
    APP,
    FILES,
    NEW,
    OLD,
    PRODUCTION,
    RIGHTS,
    GateStage,
    config,
    gate_stage,
    overlay,
)
from tests.support.github_forge import REPOSITORY

VALIDATE = ".github/workflows/validate.yml"
FREEZE = ".github/gitops/holds/production._.freeze.yaml"
WORKFLOW = "name: validate\non: [pull_request, merge_group]\njobs: {}\n"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[GateStage]:
    with gate_stage(tmp_path, {**FILES, VALIDATE: WORKFLOW}) as made:
        made.token = made.forge.token(
            login=APP, repositories=[REPOSITORY], permissions={**RIGHTS, "merge_queues": "write"}
        )
        pinned = RequiredStatus("gitops/ready", made.forge.app_id(APP))
        made.repository.ruleset(
            "main", required_statuses=(pinned,), merge_queue=MergeQueueRule(wait_minutes=0)
        )
        yield made


def entry(stage: GateStage, number: int) -> QueueEntry | None:
    return entry_of(stage.repository.pull(number))


def said(stage: GateStage, oid: str) -> tuple[str, str | None]:
    """The newest `gitops/ready` of a commit."""
    found = [
        one
        for one in stage.repository.repository.statuses.get(oid, [])
        if one.context == "gitops/ready"
    ]
    return found[-1].state, found[-1].description


def left(stage: GateStage, number: int) -> list[str]:
    return [one.reason for one in stage.repository.pull(number).timeline if one.reason]


def test_a_bump_goes_through_the_queue(stage: GateStage) -> None:
    """The status is required of the pull request and of its group: neither waits for the other."""
    number = stage.bump()
    stage.gate()
    waiting = entry(stage, number)
    assert waiting is not None
    assert not stage.merged(number)
    group = waiting.oid
    outcome = stage.gate()
    assert (outcome.exit_code, said(stage, group)) == (0, ("success", "ready: 2 of 2 gates"))
    assert stage.merged(number)
    assert NEW in stage.repository.read("main", PRODUCTION).decode()


def test_two_that_are_valid_alone_and_not_together(stage: GateStage) -> None:
    """One removes an object, the other patches it."""
    removes = stage.propose(
        {"base/kustomization.yaml": "resources: [namespace.yaml]\n", "base/web.yaml": None},
        branch="removes",
    )
    patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: web}\n"
    patches = stage.propose(
        {
            PRODUCTION: f"{overlay(OLD)}patches: [{{path: patch.yaml}}]\n",
            "environments/production/patch.yaml": f"{patch}spec: {{replicas: 2}}\n",
        },
        branch="patches",
    )
    stage.repository.ruleset("main", required_statuses=("ci",))
    for branch in ("removes", "patches"):
        stage.repository.status(stage.repository.resolve(branch), "ci")
    stage.gate()
    assert stage.ready(removes)[0] == stage.ready(patches)[0] == "success"
    first, second = (stage.repository.enqueue(one) for one in (removes, patches))
    group = second.oid
    stage.gate()
    state, text = said(stage, group)
    assert state == "failure"
    assert str(text).startswith("invalid: in the merge group")
    assert left(stage, patches) == ["failed_checks"]
    assert not stage.merged(removes)
    stage.repository.status(first.oid, "ci")
    assert (stage.merged(removes), stage.merged(patches)) == (True, False)


def test_what_the_queue_rejects_comes_back_only_after_a_change(stage: GateStage) -> None:
    number = stage.bump()
    stage.gate()
    stage.forge.advance_clock(3601)
    assert left(stage, number) == ["checks_timed_out"]
    stage.gate()
    assert entry(stage, number) is None
    assert "taken out of the merge queue (checks timed out)" in stage.comment(number)
    stage.gate()
    assert entry(stage, number) is None
    stage.forge.advance_clock(600)
    stage.repository.commit(files={"README.md": "# changed\n"})
    stage.gate()
    assert entry(stage, number) is not None


def test_a_freeze_takes_an_entry_out_and_its_end_puts_it_in_again(stage: GateStage) -> None:
    number = stage.bump()
    stage.gate()
    assert entry(stage, number) is not None
    hold = stage.propose(
        {FREEZE: "environment: production\nreason: sale\n"},
        branch="gitops/hold/production._.freeze",
        by="alice",
    )
    stage.forge.advance_clock(600)
    stage.gate()
    assert entry(stage, number) is None
    assert left(stage, number) == ["manual"]
    assert stage.ready(number)[1].startswith("held: frozen")
    stage.repository.close(hold)
    stage.gate()
    assert entry(stage, number) is not None


def test_an_override_puts_a_change_into_the_queue_and_merge_off_takes_it_out(
    stage: GateStage, tmp_path: Path
) -> None:
    talk = Conversation(forge=stage.forge, root=tmp_path)
    rules = "merge: auto\ngates: {approvals: {count: 1}, override: {users: [bob]}}"
    stage.configure(config(production=rules))
    number = stage.bump()
    stage.gate()
    assert entry(stage, number) is None
    stage.forge.advance_clock(5)
    (_, _, digits) = stage.comment(number).partition("· change `")
    talk.say(f"/gitops override approvals {digits[:12]} because hotfix", by="bob")
    stage.gate()
    waiting = entry(stage, number)
    assert waiting is not None
    talk.say("/gitops merge off", by="alice")
    stage.gate()
    assert entry(stage, number) is None
    assert not stage.merged(number)
    assert "Merging is switched off for this pull request. `/gitops merge`" in stage.comment(number)
    talk.say("/gitops merge because it is needed now", by="alice")
    for _ in range(2):  # into the queue, and the group's status
        stage.gate()
    assert stage.merged(number)


def test_a_change_that_removes_the_validation_fails_in_the_queue(stage: GateStage) -> None:
    number = stage.propose({VALIDATE: None})
    stage.gate()
    assert stage.ready(number)[0] == "success"
    made = stage.repository.enqueue(number)
    group = made.oid
    stage.gate()
    assert said(stage, group) == ("failure", "invalid: no workflow has validated the merge group")
    assert left(stage, number) == ["failed_checks"]
    assert not stage.merged(number)


def test_a_group_that_no_workflow_reports_on_fails_before_the_queue_s_time_is_up(
    stage: GateStage,
) -> None:
    number = stage.bump()
    stage.gate()
    waiting = entry(stage, number)
    assert waiting is not None
    group = waiting.oid
    stage.forge.advance_clock(20 * 60)
    stage.gate()
    assert said(stage, group)[0] == "failure"
    assert left(stage, number) == ["failed_checks"]


def test_without_the_right_to_queues_the_gate_says_so(stage: GateStage) -> None:
    number = stage.bump()
    token = stage.forge.token(login=APP, repositories=[REPOSITORY], permissions=RIGHTS)
    outcome = stage.gate(token=token)
    assert outcome.exit_code == 1
    assert any("merge_queues: write" in notice.text for notice in outcome.notices)
    assert entry(stage, number) is None
    assert stage.ready(number)[0] == "success"
