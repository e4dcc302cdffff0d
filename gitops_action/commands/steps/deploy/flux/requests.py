"""Asks Flux's controllers to look again, by the annotation that they wait for."""

from __future__ import annotations

from gitops_action.commands.steps.deploy.run import TargetRun
from gitops_action.core.cluster.errors import AccessDeniedError, ClusterError, ExpiredError
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.flux.facts import REQUEST, id_of
from gitops_action.core.flux.sources import Asked
from gitops_action.core.manifests.fields import mapping, text
from gitops_action.core.manifests.model import ObjectId

_AGAIN = 5.0
"""Seconds before a request that could not be sent is sent again."""


class Requests:
    """What was asked, and whether an object has changed since the beginning."""

    def __init__(self, run: TargetRun) -> None:
        """Nothing is asked yet."""
        self._run = run
        self._stamps: dict[ObjectId, str] = {}
        self._begun: dict[ObjectId, LiveObject] = {}
        self._next: dict[ObjectId, float] = {}
        self._refused: set[ObjectId] = set()
        self.notes: dict[str, None] = {}

    def begin(self, one: ObjectId, body: LiveObject) -> None:
        """Remember an object as it was before anything was asked."""
        self._begun[one] = mapping(body, "status")

    def asked(self, one: ObjectId, body: LiveObject) -> Asked:
        """What was asked of an object, for the verdict about it."""
        changed = dict(mapping(body, "status")) != dict(self._begun.get(one, {}))
        return Asked(stamp=self._stamps.get(one, ""), changed=changed)

    def since(self, one: ObjectId) -> LiveObject:
        """An object's status when the wait began."""
        return self._begun.get(one, {})

    def ask(self, one: ObjectId, body: LiveObject, *, pause: float) -> None:
        """Ask, but not within `pause` seconds of the last time.

        Raises:
            ExpiredError: the credentials do not count any more.
        """
        now = self._run.clock.monotonic()
        if one in self._refused or now < self._next.get(one, 0.0):
            return
        stamp = self._run.clock.now().isoformat()
        try:
            self._send(one, body, stamp)
        except ExpiredError:
            raise
        except AccessDeniedError:
            self._may_not(one, body)
        except ClusterError:
            self._next[one] = now + _AGAIN
        else:
            self._stamps[one] = stamp
            self._next[one] = now + pause

    def _send(self, one: ObjectId, body: LiveObject, stamp: str) -> None:
        resource = self._run.cluster.resource(text(body, "apiVersion"), one.kind)
        self._run.cluster.annotate(
            resource, namespace=one.namespace, name=one.name, annotations={REQUEST: stamp}
        )

    def _may_not(self, one: ObjectId, body: LiveObject) -> None:
        self._refused.add(one)
        interval = text(body, "spec", "interval")
        self.notes[
            f"The account may not ask Flux to reconcile {id_of(body)} (patch): it is waited for"
            f" its interval, {interval}"
        ] = None
