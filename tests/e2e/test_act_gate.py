"""The environment repository's own workflows under act, with the gate's App: what `init` writes.

Gate, promotion, comments and rollback of one version; the deployments are recorded, not made.
"""

from __future__ import annotations

from datetime import timedelta

from gitops_action.core.deploy.result import Result
from testbed.demo.layouts import BAD_TAG, NEW_TAG, OVERLAYS
from testbed.demo.policy import CLOSED, SOAK
from testbed.demo.stage import Stage
from testbed.forge import MergeQueueRule
from testbed.forge.merge_queue import entry_of
from testbed.forge.model import PullRequest
from testbed.forge.rulesets import RequiredStatus
from tests.support.act_environment import Workflows

APP = "gitops-gate[bot]"


def newest(stage: Stage) -> PullRequest:
    return stage.environment.pull_requests()[-1]


def test_a_version_is_merged_promoted_held_approved_and_rolled_back(workflows: Workflows) -> None:
    stage, repository = workflows.stage, workflows.stage.environment
    stage.run_processes(stage.release(NEW_TAG))
    bump = newest(stage)
    assert workflows.run("gate", "workflow_dispatch", {"inputs": {}}) == 0, workflows.log[-6000:]
    assert bump.merged_at
    workflows.record("staging", NEW_TAG)

    workflows.comment(bump, "/gitops promote web to production")
    promotion = newest(stage)
    assert promotion.head == "gitops/production/web"
    assert not promotion.merged_at
    (comment,) = repository.comments(promotion.number)
    for gate in ("soak", "windows", "approvals"):
        assert f"| ⏳ waits | {gate} |" in comment.replace("`", "")
    repository.review(promotion.number, by="bob")
    stage.forge.advance_clock(int((SOAK + CLOSED + timedelta(minutes=1)).total_seconds()))
    assert workflows.run("promote", "schedule", {}) == 0, workflows.log[-6000:]
    assert workflows.run("gate", "schedule", {}) == 0, workflows.log[-6000:]
    assert promotion.merged_at
    workflows.record("production", NEW_TAG)

    stage.run_processes(stage.release(BAD_TAG))
    broken = newest(stage)
    assert workflows.run("gate", "schedule", {}) == 0, workflows.log[-6000:]
    assert broken.merged_at
    workflows.record("staging", BAD_TAG, Result.FAILED)
    workflows.roll_back()
    rollback = newest(stage)
    assert rollback.head == "gitops/staging/rollback/web"
    assert rollback.merged_at  # by the gate job of the same run
    described = repository.read("main", OVERLAYS.deployed).decode()
    assert NEW_TAG in described
    assert BAD_TAG not in described
    assert [path for path in repository.files("main") if "/holds/staging.web." in path]
    assert workflows.key not in workflows.log


def test_a_version_goes_through_the_merge_queue(workflows: Workflows) -> None:
    """The base requires the gate's status of pull requests and of the queue's groups alike."""
    stage, repository = workflows.stage, workflows.stage.environment
    pinned = RequiredStatus("gitops/ready", stage.forge.app_id(APP))
    repository.ruleset(
        "main", required_statuses=(pinned,), merge_queue=MergeQueueRule(wait_minutes=0)
    )
    stage.run_processes(stage.release(NEW_TAG))
    bump = newest(stage)
    assert workflows.run("gate", "workflow_dispatch", {"inputs": {}}) == 0, workflows.log[-6000:]
    entry = entry_of(bump)
    assert entry is not None
    group = entry.oid
    assert not bump.merged_at
    assert workflows.run("gate", "schedule", {}) == 0, workflows.log[-6000:]
    said = {one.context: one.state for one in repository.repository.statuses[group]}
    assert said == {"gitops/ready": "success"}
    assert bump.merged_at
    assert NEW_TAG in repository.read("main", OVERLAYS.deployed).decode()
