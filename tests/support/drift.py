"""Drift on the test bed's control plane: comparisons of a place, later than its deployment."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from gitops_action.commands.drift.push import drift_of_push
from gitops_action.core.drift.report import ObjectDrift, TargetDrift
from testbed.action import StepResult
from tests.support.deploy_forge import Deploying
from tests.support.pruning import Place
from tests.support.push import again
from tests.support.wait import RealClock

Body = dict[str, object]
STAGING = (
    "version: 1\nenvironments:\n  staging:\n    path: environments/staging\n"
    "    deploy: {engine: push, health: {timeout: 60s}}\n"
)
"""The configuration of one environment that is deployed by push."""


@dataclass
class LaterClock(RealClock):
    """The time, some minutes from now: a deployment has settled."""

    minutes: float = 10

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(minutes=self.minutes)


def drift(here: Place, *described: Body, minutes: float = 10) -> TargetDrift:
    """Compare these objects with what lives."""
    run = replace(again(here, *described).run, clock=LaterClock(minutes))
    found = TargetDrift(environment=run.environment.name, target="default")
    return drift_of_push(run, found, lambda _: run.rendering)


def drift_step(stage: Deploying, minutes: float = 10, **given: str) -> StepResult:
    """Compare as a step of a job, some minutes from now."""
    later = str(int(time.time() + 60 * minutes))
    return stage.deploy(at=later, command="drift", **given)


def fields(found: TargetDrift) -> dict[str, list[str]]:
    """`Kind/name` of each object, with its fields that differ."""
    return {
        f"{one.id.kind}/{one.id.name}": [each.path for each in one.fields] for one in found.objects
    }


def only(found: TargetDrift) -> ObjectDrift:
    assert len(found.objects) == 1, found.objects
    return found.objects[0]
