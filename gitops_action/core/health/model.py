"""Whether an object is what it was meant to become, in kstatus' words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime
from enum import StrEnum

from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests.fields import items, number, text
from gitops_action.core.manifests.model import Body


class Status(StrEnum):
    """The statuses of kstatus (kubernetes-sigs/cli-utils, `pkg/kstatus`)."""

    CURRENT = "Current"
    IN_PROGRESS = "InProgress"
    FAILED = "Failed"
    TERMINATING = "Terminating"
    NOT_FOUND = "NotFound"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A condition that kstatus would put on the object; abnormal when `True`, as all of them."""

    type: str
    status: str
    reason: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Health:
    """An object's status with its reason.

    Attributes:
        status: one of kstatus' words.
        reason: one word in CamelCase, empty for what is current by kstatus' rules.
        message: a sentence for people.
    """

    status: Status
    reason: str = ""
    message: str = ""

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Kstatus' standard conditions: `Reconciling` in progress, `Stalled` when failed."""
        names = {Status.IN_PROGRESS: "Reconciling", Status.FAILED: "Stalled"}
        name = names.get(self.status)
        if name is None:
            return ()
        return (Condition(type=name, status="True", reason=self.reason, message=self.message),)


IMMEDIATE = "Immediate"
WAIT_FOR_FIRST_CONSUMER = "WaitForFirstConsumer"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What an object's body does not say but its health depends on.

    Attributes:
        now: the time, with a time zone.
        binding_modes: `volumeBindingMode` of each storage class by its name.
        default_storage_class: the class of claims that name none; empty when there is none.
        reporting: group and kind of what has a status subresource, to which someone writes a
            status; None where that is not known, which counts as every custom kind.
    """

    now: datetime
    binding_modes: Mapping[str, str] = field(default_factory=dict)
    default_storage_class: str = ""
    reporting: frozenset[tuple[str, str]] | None = None


def current(message: str, reason: str = "") -> Health:
    """It is what it was meant to become."""
    return Health(status=Status.CURRENT, reason=reason, message=message)


def in_progress(reason: str, message: str) -> Health:
    """It is on its way, or looks as if it were."""
    return Health(status=Status.IN_PROGRESS, reason=reason, message=message)


def failed(reason: str, message: str) -> Health:
    """It will not get there by itself."""
    return Health(status=Status.FAILED, reason=reason, message=message)


# Reads `status.conditions` and times, the way the API writes them.


def condition(body: Body, kind: str) -> Body:
    """The condition of that type, or an empty mapping."""
    for found in items(body, "status", "conditions"):
        if found.get("type") == kind:
            return found
    return {}


def condition_status(body: Body, kind: str) -> str:
    """`True`, `False`, `Unknown`, or empty when there is no such condition."""
    return text(condition(body, kind), "status")


def said(found: Body, fallback: str) -> str:
    """The condition's message, else its reason, else `fallback`."""
    return text(found, "message") or text(found, "reason") or fallback


def count(body: Body, *keys: str, default: int = 0) -> int:
    """A number of the object with its default."""
    found = number(body, *keys)
    return default if found is None else found


def moment(written: str) -> datetime | None:
    """A time as the API writes it (RFC 3339), or None."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def group_of(body: Body) -> str:
    """The API group of an object; empty for the core group."""
    group, slash, _ = text(body, "apiVersion").partition("/")
    return group if slash else ""
