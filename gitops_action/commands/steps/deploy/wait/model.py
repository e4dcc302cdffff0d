"""What is waited for, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gitops_action.core.deploy.result import Failure
from gitops_action.core.health.model import Health
from gitops_action.core.manifests.model import Body, ObjectId


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
            credentials ran out, the job was cancelled, or the health of something cannot be told.
        objects: every awaited object, in the order given.
        failures: with pod, events and masked log lines; of `unknown`, why it could not be told.
        notes: what a person should know.
    """

    ending: Ending
    objects: tuple[Waited, ...]
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
