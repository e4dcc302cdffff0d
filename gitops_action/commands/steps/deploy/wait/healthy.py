"""Waits for the health of objects on one cluster."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from gitops_action.commands.steps.deploy.run import TargetRun
from gitops_action.commands.steps.deploy.wait.board import Board, Rules
from gitops_action.commands.steps.deploy.wait.endings import concluded
from gitops_action.commands.steps.deploy.wait.model import Awaited, WaitResult
from gitops_action.commands.steps.deploy.wait.story import Story
from gitops_action.core.health.conventions import BUILT_IN
from gitops_action.core.health.diagnose import Tolerance
from gitops_action.errors import GitOpsError


def wait_healthy(run: TargetRun, objects: Sequence[Awaited], *, timeout: timedelta) -> WaitResult:
    """Wait until all objects are healthy, one is certain not to become so, or time is over.

    What is healthy by what the caller knows of it costs no request. The rest is followed by one
    watch a kind; pods, ReplicaSets and warnings only where a workload is not healthy. Nothing that
    the cluster answers is raised: what cannot be told is `unknown`.

    Args:
        run: the target; its stop ends the wait within a second, its teller shows progress.
        objects: what has to be healthy, in the order of the answer.
        timeout: for all of them together.
    """
    health = run.environment.deploy.health
    rules = Rules(
        kinds=health.kinds,
        tolerance=Tolerance(restarts=health.tolerate_restarts),
        begun=run.clock.now(),
        reporting=_reporting(run, objects),
    )
    story = Story(run, Board(objects, rules), timeout)
    return concluded(story, objects, story.run_out())


def _reporting(run: TargetRun, objects: Sequence[Awaited]) -> frozenset[tuple[str, str]]:
    """Which kinds have a status subresource; asked only where custom kinds are waited for.

    When the cluster does not answer, no object gets time to report: the wait itself meets the same
    error and tells it.
    """
    if all(one.id.group in BUILT_IN for one in objects):
        return frozenset()
    try:
        return run.cluster.resources().reporting
    except GitOpsError:
        return frozenset()
