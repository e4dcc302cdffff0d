"""What Flux's notification-controller reported on commits, for clusters that nobody reaches.

Sources: notification-controller's documentation, "Provider", "Git commit status updates": the
context is `<kind>/<name>/<start of the Provider's uid>` in lower case, the description is the
reason of the event in words; every event of severity `info` is posted as a success.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

from gitops_action.core.dataclass import dataclass
from gitops_action.core.deployments.records import CommitStatus
from gitops_action.core.pattern import pattern

_PASSING = pattern(
    r"not ready|cancell?ed|progressing|retry|waiting|(?:rollback|uninstall) succeeded",
    re.IGNORECASE,
)
"""Reasons of info events that say nothing about the end, or that the version does not run."""
_CERTAIN = pattern(r"(?:health check|build) failed|stalled|retries exceeded", re.IGNORECASE)
"""Reasons of failures that do not fix themselves on the same commit; Flux tries others again."""
_FLUX = pattern(r"[a-z]+/[a-z0-9.-]+/[0-9a-f]{8}", re.IGNORECASE)


class Said(StrEnum):
    """What is reported. `failing`: Flux tries again, so it may still pass."""

    NOTHING = "nothing"
    PASSING = "passing"
    SUCCESS = "success"
    FAILING = "failing"
    FAILURE = "failure"


@dataclass(frozen=True, kw_only=True)
class ReportedStatus:
    """What is reported about one object.

    Attributes:
        said: the verdict.
        context: of the status that decided; where there is none, how one would begin.
        commit: which commit it is on; empty where there is none.
        words: Flux's description.
    """

    said: Said
    context: str
    commit: str = ""
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class RequestedStatuses:
    """Which statuses count.

    Attributes:
        prefix: of their contexts.
        names: of the Kustomizations that each need one; none: any context with the prefix.
    """

    prefix: str
    names: tuple[str, ...] = ()

    def matches(self, context: str, name: str = "") -> bool:
        """Whether a context counts, for the Kustomization of that name if one is given."""
        folded = context.casefold()
        if not folded.startswith(self.prefix.casefold()):
            return False
        return not name or name.casefold() in folded.split("/")[1:]


OnCommit = tuple[str, Sequence[CommitStatus]]
"""A commit and its statuses, the newest of each context."""


def reports(
    commits: Sequence[OnCommit], requested: RequestedStatuses
) -> tuple[ReportedStatus, ...]:
    """What is reported in each context that is wanted; never empty.

    A success on any of these commits counts: each of them contains the one that is waited for. Of
    failures the newest commit's counts. Several contexts for one name are several clusters.

    Args:
        commits: the one that is waited for first, then those that contain it, newest first.
        requested: which statuses count.
    """
    found = (_about(commits, requested, name) for name in requested.names or ("",))
    return tuple(dict.fromkeys(report for each in found for report in each))


def others(commits: Iterable[OnCommit], requested: RequestedStatuses) -> tuple[str, ...]:
    """Contexts that do not count; where some look as if Flux had written them, only those."""
    contexts = {status.context for _, statuses in commits for status in statuses}
    rest = sorted(one for one in contexts if not requested.matches(one))
    return tuple(one for one in rest if _FLUX.fullmatch(one)) or tuple(rest)


def _about(
    commits: Sequence[OnCommit], requested: RequestedStatuses, name: str
) -> tuple[ReportedStatus, ...]:
    contexts = {
        status.context
        for _, statuses in commits
        for status in statuses
        if requested.matches(status.context, name)
    }
    found = tuple(_in(commits, context) for context in sorted(contexts))
    start = f"kustomization/{name}" if name else requested.prefix
    return found or (ReportedStatus(said=Said.NOTHING, context=f"{start}…"),)


def _in(commits: Sequence[OnCommit], context: str) -> ReportedStatus:
    found = [
        _read(status, commit)
        for commit, statuses in commits
        for status in statuses
        if status.context == context
    ]
    good = [report for report in found if report.said is Said.SUCCESS]
    bad = [report for report in found if report.said in {Said.FAILURE, Said.FAILING}]
    newer = [report for report in bad if report.commit != commits[0][0]]
    return next(iter((*good, *newer, *bad, *found)))


def _read(status: CommitStatus, commit: str) -> ReportedStatus:
    return ReportedStatus(
        said=_said(status), context=status.context, commit=commit, words=status.description
    )


def _said(status: CommitStatus) -> Said:
    if status.state == "pending" or _PASSING.search(status.description):
        return Said.PASSING
    if status.state == "success":
        return Said.SUCCESS
    return Said.FAILURE if _CERTAIN.search(status.description) else Said.FAILING


# Sentences about what Flux reported on commits, for a person who cannot look into the cluster.

SEE_CLUSTER = "see the Kustomization in the cluster: `flux get kustomizations`, `flux events`"
SEE_PROVIDER = (
    "compare `status-prefix` with the contexts on the commit, and see in the cluster whether a"
    " Provider of type `github` and an Alert report this Kustomization (docs/flux.md)"
)
NO_OBJECTS = "which objects it applied is not known here: the cluster is not asked"
_LISTED = 8
"""Contexts that are listed at most."""


def failed_sentence(report: ReportedStatus, commit: str) -> str:
    """A failure in Flux's words, and on which commit it is where it is another one."""
    newer = report.commit != commit
    where = f" on {report.commit[:12]}, which contains {commit[:12]}" if newer else ""
    return f"Flux reports a failure{where}: {report.context}: {said(report)}"


def silent_sentence(found: Sequence[ReportedStatus], elsewhere: Sequence[str], commit: str) -> str:
    """What was looked for and is not there, and what is there instead."""
    missing = " or ".join(f"`{one.context}`" for one in found if one.said is Said.NOTHING)
    listed = ", ".join(f"`{one}`" for one in elsewhere[:_LISTED])
    more = f" and {len(elsewhere) - _LISTED} more" if len(elsewhere) > _LISTED else ""
    seen = f"other contexts there: {listed}{more}" if elsewhere else "no other context is there"
    return (
        f"Flux reported nothing: there is no commit status {missing} on {commit[:12]} or a newer"
        f" commit that contains it; {seen}"
    )


def passing_sentence(found: Sequence[ReportedStatus]) -> str:
    """What Flux said last where it said nothing final."""
    last = "; ".join(f"{one.context}: {said(one)}" for one in found if one.said is Said.PASSING)
    return f"Flux reported nothing final, last {last}"


def newer_note(report: ReportedStatus, commit: str) -> str:
    """Which newer commit proves it."""
    newer = report.commit[:12]
    return f"{report.context} succeeded on {newer}, which is newer and contains {commit[:12]}"


def now_note(report: ReportedStatus) -> str:
    """What is reported at the moment."""
    return f"{report.context}: {said(report)}"


def said(report: ReportedStatus) -> str:
    """Flux's words; our own where it used none."""
    if report.said is Said.NOTHING:
        return "nothing is reported yet"
    return report.words or f"{report.said} without a reason"
