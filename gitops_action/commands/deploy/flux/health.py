"""Our own look at the health of what a Kustomization has applied, while Flux still looks."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import timedelta

from gitops_action.commands.deploy.flux.state import Scene
from gitops_action.commands.deploy.target import Stop, TargetRun
from gitops_action.commands.deploy.wait import Awaited, Ending, WaitResult, wait_healthy
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.deploy.result import Failure
from gitops_action.core.flux.status import inventory_of, is_elsewhere
from gitops_action.core.manifests.fields import flag, text
from gitops_action.core.manifests.model import ObjectId

Inventory = tuple[tuple[ObjectId, str], ...]
"""Objects with the versions of their kinds."""
_PLAIN_GROUPS = frozenset({"rbac.authorization.k8s.io"})
_PLAIN = frozenset({("", "ConfigMap"), ("", "Secret"), ("", "ServiceAccount"), ("", "LimitRange")})
_GLANCE = 0.1
_LAST = 1.0
_EXPLAIN = timedelta(seconds=3)


@dataclass(frozen=True)
class _Either:
    """A stop that the run or the engine gives."""

    run: Stop
    own: threading.Event

    def is_set(self) -> bool:
        return self.own.is_set() or self.run.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait in glances: two events have no common wait."""
        left = timeout
        while not self.is_set() and (left is None or left > 0):
            step = _GLANCE if left is None else min(_GLANCE, left)
            self.own.wait(step)
            left = None if left is None else left - step
        return self.is_set()


@dataclass
class HealthCheck:
    """The wait for one inventory's health, in a thread of its own."""

    run: TargetRun
    inventory: Inventory
    timeout: timedelta
    result: WaitResult | None = None
    bug: BaseException | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread = field(init=False)

    def start(self) -> None:
        """Begin; the cluster is only read."""
        self._thread = threading.Thread(target=self._go, name="gitops-flux-health", daemon=True)
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait until it has ended, no longer than that."""
        self._thread.join(seconds)

    def stop(self) -> None:
        """Let it end."""
        self._stop.set()

    def close(self) -> None:
        """End it, whatever is known."""
        self.stop()
        self.join(_LAST)

    def _go(self) -> None:
        try:
            self.result = check(
                replace(self.run, stop=_Either(self.run.stop, self._stop)),
                self.inventory,
                self.timeout,
            )
        except BaseException as error:  # noqa: BLE001 - raised by the thread that waits
            self.bug = error


def check(run: TargetRun, inventory: Inventory, timeout: timedelta) -> WaitResult:
    """Wait for the health of these objects."""
    awaited = [_awaited(one, version) for one, version in inventory]
    return wait_healthy(run, awaited, timeout=timeout)


def _awaited(one: ObjectId, version: str) -> Awaited:
    """Of what is healthy as soon as it is there, Flux's word is enough: no right to read it."""
    if one.group in _PLAIN_GROUPS or (one.group, one.kind) in _PLAIN:
        metadata = {"namespace": one.namespace, "name": one.name}
        api_version = f"{one.group}/{version}" if one.group else version
        live = {"apiVersion": api_version, "kind": one.kind, "metadata": metadata}
        return Awaited(id=one, version=version, live=live)
    return Awaited(id=one, version=version)


def explain(run: TargetRun, inventory: Inventory) -> WaitResult:
    """What is wrong with what Flux gave up on, in the time of a few looks."""
    return check(run, inventory, _EXPLAIN)


# Our own looks at health, one for each Kustomization that has applied the commit.

Key = tuple[str, Inventory]
_ILL = frozenset({Ending.FAILED, Ending.TIMEOUT})
_NOT_SEEN = frozenset({Ending.HEALTHY, Ending.UNKNOWN})
"""Of what is elsewhere nothing was looked at, and that is healthy too."""
_RETRY_POLICY = 3.0
"""Seconds that a look may take to say what it knows when time is over."""


class Checks:
    """Starts them, and starts them again where a newer revision was applied meanwhile."""

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
        """All is healthy, or the controller looked itself where this cannot be seen from here."""
        found = self.result(one)
        if found is None:
            return False
        if found.ending is Ending.HEALTHY and not is_elsewhere(self._scene.bodies[one]):
            return True
        return found.ending in _NOT_SEEN and self._waits(one)

    def undetermined(self, one: ObjectId) -> tuple[Failure, ...]:
        """Why the health of what is applied cannot be determined, by us or by the controller."""
        found = self.result(one)
        if found is None or self._waits(one):
            return ()
        if is_elsewhere(self._scene.bodies[one]):
            sentence = (
                "it applies to another cluster and does not wait: health cannot be determined"
            )
            return (Failure(sentence=sentence, object_id=one, fix="set `spec.wait: true`"),)
        return found.failures if found.ending is Ending.UNKNOWN else ()

    def _waits(self, one: ObjectId) -> bool:
        return bool(flag(self._scene.bodies[one], "spec", "wait"))

    def late(self) -> tuple[Failure, ...]:
        """Time is over: what the looks that go on have to say."""
        for _, check in self._open.values():
            check.join(_RETRY_POLICY)
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
