"""What was deployed, by GitHub's Deployments. Fulfils the port `Baselines`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gitops_action.commands.deploy.ports import Deployments
from gitops_action.commands.ports import Clock
from gitops_action.core.config import Environment
from gitops_action.core.deployments.records import DeploymentFacts, content_of, was_verified
from gitops_action.core.drift.deployed import Baseline, baseline

_LOOKED_THROUGH = 30
"""How many Deployments of an environment are looked through for a success."""


class RecordedBaselines:
    """Reads an environment's Deployments as far back as its newest success."""

    def __init__(self, deployments: Deployments, clock: Clock) -> None:
        """Nothing is asked yet."""
        self._deployments = deployments
        self._clock = clock

    def of(self, environment: Environment) -> Baseline | None:
        """What to compare with: by its name, else by the names that it had before."""
        for name in (environment.name, *environment.formerly):
            found = baseline(tuple(self._history(name)), self._clock.now())
            if found is not None:
                return found
        return None

    def _history(self, environment: str) -> Iterator[DeploymentFacts]:
        for facts in self._deployments.newest(environment, limit=_LOOKED_THROUGH):
            read = replace(facts, statuses=self._deployments.statuses(facts.number))
            yield read
            if content_of(read) is not None and was_verified(read):
                return
