"""What a deployment did, object by object, whichever engine did it; and its JSON for outputs."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.diff import ObjectDiff
from gitops_action.core.deploy.inventory import inventory_id
from gitops_action.core.health.model import Health, Status
from gitops_action.core.manifests.model import ObjectId
from gitops_action.errors import Location

Json = dict[str, object]


class Action(StrEnum):
    """What was done to an object.

    Unverified: written without the API server's dry run. Applied: by Flux, which does not report
    whether it changed.
    """

    CREATED = "created"
    CONFIGURED = "configured"
    UNCHANGED = "unchanged"
    PRUNED = "pruned"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNVERIFIED = "unverified"
    APPLIED = "applied"


class Result(StrEnum):
    """How a deployment ended; `unknown` is never taken for a failure."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SUPERSEDED = "superseded"
    NOTHING = "nothing"


_WORST = (Result.FAILED, Result.UNKNOWN, Result.SUPERSEDED, Result.SUCCEEDED)
"""What decides of several; a failure is certain, whatever could not be determined beside it."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Something that went wrong, for a person on call.

    Attributes:
        sentence: what, in a sentence or two.
        object_id: the object it is about; None when it is about the whole target.
        events: the last warnings.
        log: the last lines of the failing container's log, masked.
        fix: what the reader can do.
        lasting: the cause is the described content, so that the same content fails again.
        location: the line that is wrong, where it is known; it starts the sentence then.
    """

    sentence: str
    object_id: ObjectId | None = None
    events: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    fix: str = ""
    lasting: bool = False
    location: Location | None = None

    @property
    def about(self) -> str:
        """The object, to be shown before the sentence; empty where the sentence names it."""
        name = str(self.object_id) if self.object_id else ""
        return "" if name in self.sentence else name

    def to_json(self, target: str = "") -> Json:
        """The failure for outputs; empty parts are left out."""
        found: Json = {
            "target": target,
            "object": inventory_id(self.object_id) if self.object_id else "",
            "message": self.sentence,
            "fix": self.fix,
            "events": list(self.events),
            "log": list(self.log),
        }
        return {key: value for key, value in found.items() if value}


@dataclass(frozen=True, kw_only=True)
class ObjectResult:
    """One object: what was done, how it is, how many seconds it took to be healthy."""

    id: ObjectId
    action: Action
    health: Health | None = None
    seconds: float | None = None
    note: str = ""

    def to_json(self, target: str = "") -> Json:
        """The object for outputs; empty parts are left out."""
        found: Json = {
            "target": target,
            "id": inventory_id(self.id),
            "kind": self.id.kind,
            "namespace": self.id.namespace,
            "name": self.id.name,
            "action": self.action.value,
            "health": self.health.status.value if self.health else "",
            "reason": self.health.reason if self.health else "",
            "note": self.note,
        }
        kept: Json = {key: value for key, value in found.items() if value}
        return kept if self.seconds is None else {**kept, "seconds": round(self.seconds, 1)}


@dataclass(frozen=True, kw_only=True)
class TargetResult:
    """One cluster of an environment; `differences`, live to described, only of a dry run."""

    target: str
    result: Result
    objects: tuple[ObjectResult, ...] = ()
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    differences: tuple[ObjectDiff, ...] = ()

    @property
    def counts(self) -> Counter[Action]:
        """How many objects of each action."""
        return Counter(item.action for item in self.objects)


@dataclass(frozen=True, kw_only=True)
class EnvironmentResult:
    """An environment in all of its targets."""

    environment: str
    commit: str
    targets: tuple[TargetResult, ...] = ()

    @property
    def result(self) -> Result:
        """Succeeded when every target has; what failed outweighs what could not be determined."""
        return combined(tuple(target.result for target in self.targets))

    @property
    def retry(self) -> bool:
        """Whether it failed for causes outside its content alone: another try may succeed."""
        failures = [one for target in self.targets for one in target.failures]
        return self.result is Result.FAILED and not any(one.lasting for one in failures)

    def objects_json(self) -> list[Json]:
        """Every object of every target."""
        return [item.to_json(target.target) for target in self.targets for item in target.objects]

    def failures_json(self) -> list[Json]:
        """Every failure of every target."""
        return [item.to_json(target.target) for target in self.targets for item in target.failures]


def combined(results: tuple[Result, ...]) -> Result:
    """The result of several targets or environments; of none: nothing."""
    return next((result for result in _WORST if result in results), Result.NOTHING)


def result_of(objects: tuple[ObjectResult, ...], failures: tuple[Failure, ...]) -> Result:
    """A target's result from its objects; one undetermined status makes it unknown."""
    statuses = {item.health.status for item in objects if item.health}
    if failures or Status.FAILED in statuses or any(o.action is Action.FAILED for o in objects):
        return Result.FAILED
    told = statuses <= {Status.CURRENT}
    return Result.SUCCEEDED if told else Result.UNKNOWN


# What happens while a target is deployed, for observers.

ProgressTone = Literal["plain", "good", "bad", "quiet"]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Something that happened, for observers.

    Attributes:
        text: what, a few words; with an object they read on after its name: `configured`.
        object_id: the object it is about; None for the whole target.
        tone: whether it is good news, bad news, or of little interest.
    """

    text: str
    object_id: ObjectId | None = None
    tone: ProgressTone = "plain"
