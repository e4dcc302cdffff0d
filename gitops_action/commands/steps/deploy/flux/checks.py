"""Our own looks at health, one for each Kustomization that has applied the commit."""

from __future__ import annotations

from datetime import timedelta

from gitops_action.commands.steps.deploy.flux.health import HealthCheck, Inventory, explain
from gitops_action.commands.steps.deploy.flux.scene import Scene
from gitops_action.commands.steps.deploy.run import TargetRun
from gitops_action.commands.steps.deploy.wait import Ending, WaitResult
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.deploy.result import Failure
from gitops_action.core.flux.facts import inventory_of, is_elsewhere
from gitops_action.core.manifests.fields import flag, text
from gitops_action.core.manifests.model import ObjectId

Key = tuple[str, Inventory]
_ILL = frozenset({Ending.FAILED, Ending.TIMEOUT})
_NOT_SEEN = frozenset({Ending.HEALTHY, Ending.UNKNOWN})
"""Of what is elsewhere nothing was looked at, and that is healthy too."""
_PATIENCE = 3.0
"""Seconds that a look may take to say what it knows when time is over."""


class Checks:
    """Starts them, and starts them anew where a newer revision was applied meanwhile."""

    def __init__(self, run: TargetRun, scene: Scene, until: float) -> None:
        """No look yet; `until` is by the run's monotonic clock."""
        self._run = run
        self._scene = scene
        self._until = until
        self._open: dict[ObjectId, tuple[Key, HealthCheck]] = {}
        self._explained: dict[ObjectId, WaitResult] = {}

    def follow(self, one: ObjectId) -> None:
        """Look at what this Kustomization holds now."""
        body = self._scene.bodies[one]
        key = (text(body, "status", "lastAttemptedRevision"), inventory_of(body))
        known = self._open.get(one)
        if known and known[0] == key:
            return
        if known:
            known[1].close()
        left = timedelta(seconds=max(self._until - self._run.clock.monotonic(), 0.1))
        check = HealthCheck(run=self._run, inventory=_here(body), timeout=left)
        self._open[one] = (key, check)
        check.start()

    def result(self, one: ObjectId) -> WaitResult | None:
        """What was found; None while it goes on."""
        if one in self._explained:
            return self._explained[one]
        known = self._open.get(one)
        if known is None:
            return None
        if known[1].bug is not None:
            raise known[1].bug
        return known[1].result

    def failures(self) -> tuple[Failure, ...]:
        """What is certain not to become healthy."""
        return self._ill(_ILL)

    def satisfied(self, one: ObjectId) -> bool:
        """All is healthy; or it cannot be told from here, and the controller has looked itself."""
        found = self.result(one)
        if found is None:
            return False
        if found.ending is Ending.HEALTHY and not is_elsewhere(self._scene.bodies[one]):
            return True
        return found.ending in _NOT_SEEN and self._waits(one)

    def untold(self, one: ObjectId) -> tuple[Failure, ...]:
        """Why nobody can tell the health of what is applied: neither we nor the controller."""
        found = self.result(one)
        if found is None or self._waits(one):
            return ()
        if is_elsewhere(self._scene.bodies[one]):
            sentence = "it applies to another cluster and does not wait: health cannot be told"
            return (Failure(sentence=sentence, object_id=one, fix="set `spec.wait: true`"),)
        return found.failures if found.ending is Ending.UNKNOWN else ()

    def _waits(self, one: ObjectId) -> bool:
        return bool(flag(self._scene.bodies[one], "spec", "wait"))

    def late(self) -> tuple[Failure, ...]:
        """Time is over: what the looks that go on have to say."""
        for _, check in self._open.values():
            check.join(_PATIENCE)
        return self._ill(_ILL)

    def explained(self, one: ObjectId) -> tuple[Failure, ...]:
        """What is wrong with what the controller gave up on."""
        known = self._open.pop(one, None)
        if known:
            known[1].close()
            found = known[1].result
            if found is not None and found.ending in _ILL:
                self._explained[one] = found
                return found.failures
        found = explain(self._run, _here(self._scene.bodies[one]))
        self._explained[one] = found
        return found.failures if found.ending in _ILL else ()

    def close(self) -> None:
        """End all looks, at the same time."""
        for _, check in self._open.values():
            check.stop()
        for _, check in self._open.values():
            check.close()

    def _ill(self, endings: frozenset[Ending]) -> tuple[Failure, ...]:
        found = [self.result(one) for one in self._open]
        return tuple(
            failure
            for result in found
            if result is not None and result.ending in endings
            for failure in result.failures
        )


def _here(body: LiveObject) -> Inventory:
    """What can be looked at: nothing of a Kustomization that applies to another cluster."""
    return () if is_elsewhere(body) else inventory_of(body)
