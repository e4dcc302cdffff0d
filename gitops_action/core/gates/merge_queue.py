"""Merge queues: what waits in one, and when a pull request may be put in again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime, timedelta

from gitops_action.core.dataclass import dataclass

NO_WORKFLOW_AFTER = timedelta(minutes=15)
"""How long a group may wait for the first report of a workflow: runners may be busy."""
_SLACK = timedelta(minutes=2)
"""What moved so shortly before may be why it was taken out: GitHub does so a little later."""


@dataclass(frozen=True, kw_only=True)
class QueueEntry:
    """A pull request in a merge queue.

    Attributes:
        number: of the pull request.
        group: the commit of its merge group; empty while there is none.
        base: the commit that the group stands on: the base's tip, or the group before it.
        at: when it was put in.
    """

    number: int
    group: str = ""
    base: str = ""
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class QueueRemoval:
    """The last time that a pull request left the queue without being merged."""

    at: datetime
    reason: str = ""
    by: str = ""

    def blocks(self, *, viewer: str, moved: Iterable[datetime]) -> bool:
        """Whether it has to stay out.

        The queue would come to the same again, until the head or the base has changed. What the
        gate took out itself, for a hold for example, comes back when its gates are open.

        Args:
            viewer: our own login.
            moved: when the head and the base changed last.
        """
        return self.by != viewer and all(at <= self.at - _SLACK for at in moved)


@dataclass(frozen=True, kw_only=True)
class MergeQueueState:
    """The queue of a branch; its entries by number."""

    entries: Mapping[int, QueueEntry] = field(default_factory=dict)
