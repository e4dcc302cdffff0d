"""What Flux's notification-controller reported on commits, for clusters that nobody reaches.

Sources: notification-controller's documentation, "Provider", "Git commit status updates": the
context is `<kind>/<name>/<start of the Provider's uid>` in lower case, the description is the
reason of the event in words; every event of severity `info` is posted as a success.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gitops_action.core.deployments.model import CommitStatus

_PASSING = re.compile(r"not ready|cancell?ed|progressing|retry|waiting", re.IGNORECASE)
"""Reasons of info events that say nothing about the end."""
_CERTAIN = re.compile(r"(?:health check|build|prune|test) failed|stalled", re.IGNORECASE)
"""Reasons of failures that do not mend themselves on the same commit."""
_FLUX = re.compile(r"[a-z]+/[a-z0-9.-]+/[0-9a-f]{8}")
_NAME = 1
"""Which part of a context is the object's name."""


class Said(StrEnum):
    """What is reported. `failing`: Flux tries again, so it may still pass."""

    NOTHING = "nothing"
    SUCCESS = "success"
    FAILING = "failing"
    FAILURE = "failure"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What is reported about one object.

    Attributes:
        said: the verdict.
        context: of the status that decided; empty where there is none.
        commit: which commit it is on.
        words: Flux's description.
    """

    said: Said
    context: str = ""
    commit: str = ""
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which statuses count.

    Attributes:
        prefix: of their contexts.
        names: of the Kustomizations that each need one; none: any context with the prefix.
    """

    prefix: str
    names: tuple[str, ...] = ()

    def matches(self, context: str, name: str = "") -> bool:
        """Whether a context counts, for the Kustomization of that name if one is given."""
        if not context.casefold().startswith(self.prefix.casefold()):
            return False
        parts = context.split("/")
        return not name or (len(parts) > _NAME and parts[_NAME] == name.casefold())


OnCommit = tuple[str, Sequence[CommitStatus]]
"""A commit and its statuses, the newest of each context."""


def reports(commits: Sequence[OnCommit], wanted: Wanted) -> tuple[Report, ...]:
    """What is reported about each object that is wanted.

    A success on any of these commits counts: each of them contains the one that is waited for. Of
    failures the newest commit's counts.

    Args:
        commits: the one that is waited for first, then those that contain it, newest first.
        wanted: which statuses count.
    """
    if wanted.names:
        return tuple(_about(commits, wanted, name) for name in wanted.names)
    contexts = {
        status.context
        for _, statuses in commits
        for status in statuses
        if wanted.matches(status.context)
    }
    found = tuple(_of(commits, name.__eq__) for name in sorted(contexts))
    return found or (Report(said=Said.NOTHING),)


def others(commits: Iterable[OnCommit], wanted: Wanted) -> tuple[str, ...]:
    """Contexts that do not count but look as if Flux had written them."""
    contexts = {status.context for _, statuses in commits for status in statuses}
    return tuple(
        sorted(one for one in contexts if _FLUX.fullmatch(one) and not wanted.matches(one))
    )


def _about(commits: Sequence[OnCommit], wanted: Wanted, name: str) -> Report:
    return _of(commits, lambda context: wanted.matches(context, name))


def _of(commits: Sequence[OnCommit], counts: Callable[[str], bool]) -> Report:
    found = [
        _read(status, commit)
        for commit, statuses in commits
        for status in statuses
        if counts(status.context)
    ]
    good = [report for report in found if report.said is Said.SUCCESS]
    bad = [report for report in found if report.said in {Said.FAILURE, Said.FAILING}]
    newer = [report for report in bad if report.commit != commits[0][0]]
    return next(iter((*good, *newer, *bad)), Report(said=Said.NOTHING))


def _read(status: CommitStatus, commit: str) -> Report:
    return Report(
        said=_said(status), context=status.context, commit=commit, words=status.description
    )


def _said(status: CommitStatus) -> Said:
    if status.state == "pending" or _PASSING.search(status.description):
        return Said.NOTHING
    if status.state == "success":
        return Said.SUCCESS
    return Said.FAILURE if _CERTAIN.search(status.description) else Said.FAILING
