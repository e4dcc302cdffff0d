"""Where the base branch stood at a moment: by GitHub's records, never by the dates of commits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.open_pull_request import Push
from gitops_action.core.pull_requests import ABSENT
from gitops_action.errors import GitOpsError

BY_MERGES = (
    "this GitHub keeps no record of pushes: what the base was at a review follows from merged pull"
    " requests"
)
"""What the comment says where the weaker source is used."""
_SECOND = timedelta(seconds=1)


class NoActivityError(GitOpsError):
    """GitHub has no record of pushes: Enterprise Server has it from 3.17 on."""


@dataclass(frozen=True, kw_only=True)
class BaseMerge:
    """A merged pull request: the commit that it made, its first parent, and when."""

    commit: str
    parent: str
    at: datetime


def pushes_of_merges(tip: str, merges: Iterable[BaseMerge]) -> tuple[Push, ...]:
    """The base's newest changes as far as merges prove them, newest first.

    A merge says where the base stood from then on until the next one, whose first parent it is. The
    list ends at the first commit that no merge made, such as a push of a person's or a rebase of
    several commits: nobody knows when it came, so that nothing before it is known.
    """
    return tuple(_chain(tip, {one.commit: one for one in merges}))


def _chain(tip: str, merges: dict[str, BaseMerge]) -> Iterator[Push]:
    while (merge := merges.pop(tip, None)) is not None:
        yield Push(before=merge.parent, after=merge.commit, at=merge.at, kind="merge")
        tip = merge.parent


def bases_at(pushes: Iterable[Push], moment: datetime) -> tuple[str, ...]:
    """Where the base stood; empty where the pushes do not reach back to it.

    GitHub's times are whole seconds: of a push in the very second nobody knows whether it came
    before, so that both bases have to give the same.

    Args:
        pushes: of the base, newest first.
        moment: such as that of a review.
    """
    found: list[str] = []
    for push in pushes:
        if push.at > moment:
            continue
        if push.after != ABSENT:
            found.append(push.after)
        if push.creates or push.at <= moment - _SECOND:
            return tuple(found)
    return ()
