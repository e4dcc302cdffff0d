"""Our own look at the health of what a Kustomization has applied, while Flux still looks."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import timedelta

from gitops_action.commands.steps.deploy.run import Stop, TargetRun
from gitops_action.commands.steps.deploy.wait import Awaited, WaitResult, wait_healthy
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
