"""What is known of each awaited object, and what it means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum

from gitops_action.commands.deploy.wait.related import Neighbours
from gitops_action.core.config import KindRule
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import Failure
from gitops_action.core.health import Facts, Health, Status, assess, missing
from gitops_action.core.health.conventions import NO_STATUS
from gitops_action.core.health.diagnose import Diagnosis, Tolerance, diagnose
from gitops_action.core.health.diagnose.workload import WITH_PODS, counts
from gitops_action.core.manifests.fields import mapping, text
from gitops_action.core.manifests.model import Body, ObjectId
from gitops_action.errors import GitOpsError

# What is waited for, and what came of it.


@dataclass(frozen=True, kw_only=True)
class Awaited:
    """An object that has to become healthy.

    Attributes:
        id: which object; cluster-scoped ones have no namespace.
        version: of its API, such as `v1`.
        desired: as it was applied, for a Job that removes itself; None where that is not known.
        live: as the apply's answer gave it; None where it has to be read.
    """

    id: ObjectId
    version: str
    desired: Body | None = None
    live: Body | None = None


@dataclass(frozen=True, kw_only=True)
class Waited:
    """What became of one object.

    Attributes:
        id: which object.
        health: the last that is known of it.
        seconds: from the start of the wait until it was healthy; None where it is not.
    """

    id: ObjectId
    health: Health
    seconds: float | None = None


class Ending(StrEnum):
    """Why a wait ended."""

    HEALTHY = "healthy"
    FAILED = "failed"
    TIMEOUT = "timeout"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class WaitResult:
    """How a wait ended.

    Attributes:
        ending: `failed` and `timeout` are failures; `unknown` is none: the cluster was away, the
            credentials ran out, the job was cancelled, or some health cannot be determined.
        objects: every awaited object, in the order given.
        failures: with pod, events and masked log lines; of `unknown`, why it is unknown.
        notes: what a person should know.
    """

    ending: Ending
    objects: tuple[Waited, ...]
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()


RETURN = timedelta(seconds=5)
"""How long an object may be gone: others delete and make again, Flux and `kubectl replace` do."""

_UNREAD = Health(
    status=Status.IN_PROGRESS, reason="NotRead", message="It has not been read from the cluster"
)
_NOTHING: Body = {}
_REFUSED = frozenset({"FailedCreate", "QuotaExceeded"})
"""Reasons about no pod that are tolerated for a while."""


@dataclass(kw_only=True)
class Tracked:
    """One awaited object.

    Attributes:
        awaited: what was asked for.
        live: as it was last seen; None before, and when it is gone.
        gone: since when it is missing.
        health: what its own status says.
        well: its health when it was healthy last.
        verdict: why it is not healthy; None for what is.
        certain: waiting does not help.
        seconds: from the start until it was healthy; None before.
    """

    awaited: Awaited
    live: Body | None
    gone: datetime | None = None
    health: Health = _UNREAD
    well: Health | None = None
    verdict: Diagnosis | None = None
    certain: bool = False
    seconds: float | None = None

    @property
    def id(self) -> ObjectId:
        """Which object."""
        return self.awaited.id

    @property
    def has_pods(self) -> bool:
        """Whether its pods explain it."""
        return (self.id.group, self.id.kind) in WITH_PODS

    @property
    def undetermined(self) -> bool:
        """Its health cannot be determined any more."""
        return self.health.status is Status.UNKNOWN and self.live is None

    @property
    def open(self) -> bool:
        """Whether there is something to wait for."""
        return self.seconds is None and not self.certain and not self.undetermined

    @property
    def timed(self) -> bool:
        """Whether time alone may change what it means."""
        found = self.verdict
        waits = found is not None and (found.certain or bool(found.pod) or found.reason in _REFUSED)
        away = self.gone is not None and not self.certain
        new = self.health.reason == NO_STATUS
        return away or (self.open and (waits or new or self.id.kind == "Pod"))

    @property
    def shown(self) -> Health:
        """Its health with the reason that its pods give."""
        if self.well and not self.certain:
            return self.well
        found = self.verdict
        if found is None:
            return self.health
        return Health(
            status=Status.FAILED if self.certain else self.health.status,
            reason=found.reason or self.health.reason,
            message=found.sentence or self.health.message,
        )


@dataclass(kw_only=True)
class Rules:
    """What health is judged by; storage classes are learnt later, when a claim needs them."""

    kinds: tuple[KindRule, ...]
    tolerance: Tolerance
    begun: datetime
    binding_modes: dict[str, str] = field(default_factory=dict)
    default_storage_class: str = ""
    reporting: frozenset[tuple[str, str]] = frozenset()

    def facts(self, now: datetime) -> Facts:
        """What objects do not say themselves."""
        return Facts(
            now=now,
            binding_modes=self.binding_modes,
            default_storage_class=self.default_storage_class,
            reporting=self.reporting,
        )


class WaitState:
    """All awaited objects, each once."""

    def __init__(self, objects: Sequence[Awaited], rules: Rules) -> None:
        """Judge what the applies gave; nothing is read."""
        self.rules = rules
        self.all = {one.id: Tracked(awaited=one, live=one.live) for one in objects}
        self.neighbours = Neighbours()
        self._by_uid: dict[str, ObjectId] = {}
        for tracked in self.all.values():
            if tracked.live is not None:
                self._know(tracked, tracked.live)
                self.evaluate(tracked, rules.begun, 0.0)

    def open(self) -> list[Tracked]:
        """Those that are neither healthy nor certain."""
        return [tracked for tracked in self.all.values() if tracked.open]

    def of_uids(self, uids: Iterable[str]) -> Iterator[ObjectId]:
        """The awaited objects with these UIDs."""
        return (self._by_uid[uid] for uid in uids if uid in self._by_uid)

    def seen(self, one: ObjectId, body: Body) -> bool:
        """An object is so now; whether it is one of ours."""
        tracked = self.all.get(one)
        if tracked is None:
            return False
        self._know(tracked, body)
        return True

    def absent(self, one: ObjectId, now: datetime) -> bool:
        """An object is not there; whether it is one of ours."""
        tracked = self.all.get(one)
        if tracked is None:
            return False
        if tracked.gone is None:
            desired = tracked.awaited.desired or tracked.live or _NOTHING
            tracked.health = missing(desired, self._last(tracked, now))
            tracked.live, tracked.gone = None, now
        return True

    def refuse(self, ids: Iterable[ObjectId], error: GitOpsError) -> None:
        """Objects that may not be read: how they are cannot be determined."""
        for one in ids:
            tracked = self.all[one]
            tracked.live, tracked.gone, tracked.verdict = None, None, None
            message = error.cause or error.title
            tracked.health = Health(
                status=Status.UNKNOWN, reason="AccessDenied", message=f"Not to be read: {message}"
            )

    def evaluate(self, tracked: Tracked, now: datetime, seconds: float) -> bool:
        """Look at an object again; whether something about it is new for people.

        What was healthy once counts as such, unless it is certain that it will not be so again.
        """
        before = tracked.shown.reason, tracked.certain, tracked.open
        if tracked.live is None:
            self._evaluate_absent(tracked, now)
        else:
            tracked.health = assess(tracked.live, self.rules.facts(now), self.rules.kinds)
            self._evaluate_live(tracked, tracked.live, now)
        if tracked.health.status is Status.CURRENT:
            tracked.well = tracked.health
            tracked.seconds = seconds if tracked.seconds is None else tracked.seconds
        return before != (tracked.shown.reason, tracked.certain, tracked.open)

    def _evaluate_live(self, tracked: Tracked, live: Body, now: datetime) -> None:
        if tracked.health.status is Status.CURRENT:
            tracked.verdict, tracked.certain = None, False
            return
        around = self.neighbours.of(live)
        found = diagnose(
            live, around, health=tracked.health, now=now, tolerance=self.rules.tolerance
        )
        tracked.verdict = found
        tracked.certain = counts(found, live, around, begun=self.rules.begun, now=now)

    def _evaluate_absent(self, tracked: Tracked, now: datetime) -> None:
        tracked.verdict = None
        late = tracked.gone is not None and now - tracked.gone >= RETURN
        ended = tracked.health.status is Status.FAILED
        tracked.certain = ended or (late and tracked.health.status is Status.NOT_FOUND)

    def _last(self, tracked: Tracked, now: datetime) -> Health | None:
        """Its health when it was last seen, had it not been on its way out then."""
        if tracked.live is None:
            return None
        meta = mapping(tracked.live, "metadata")
        kept = {key: found for key, found in meta.items() if key != "deletionTimestamp"}
        body = {**tracked.live, "metadata": kept}
        return assess(body, self.rules.facts(now), self.rules.kinds)

    def _know(self, tracked: Tracked, body: Body) -> None:
        uid = text(body, "metadata", "uid")
        if uid:
            self._by_uid[uid] = tracked.id
        tracked.live, tracked.gone = body, None
