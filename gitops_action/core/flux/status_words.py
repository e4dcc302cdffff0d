"""Sentences about what Flux reported on commits, for a person who cannot look into the cluster."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_action.core.flux.statuses import Report, Said

SEE_CLUSTER = "see the Kustomization in the cluster: `flux get kustomizations`, `flux events`"
SEE_PROVIDER = (
    "compare `status-prefix` with the contexts on the commit, and see in the cluster whether a"
    " Provider of type `github` and an Alert report this Kustomization (docs/flux.md)"
)
NO_OBJECTS = "which objects it applied is not known here: the cluster is not asked"
_LISTED = 8
"""Contexts that are listed at most."""


def failed_sentence(report: Report, commit: str) -> str:
    """A failure in Flux's words, and on which commit it is where it is another one."""
    newer = report.commit != commit
    where = f" on {report.commit[:12]}, which contains {commit[:12]}" if newer else ""
    return f"Flux reports a failure{where}: {report.context}: {said(report)}"


def silent_sentence(found: Sequence[Report], elsewhere: Sequence[str], commit: str) -> str:
    """What was looked for and is not there, and what is there instead."""
    missing = " or ".join(f"`{one.context}`" for one in found if one.said is Said.NOTHING)
    listed = ", ".join(f"`{one}`" for one in elsewhere[:_LISTED])
    more = f" and {len(elsewhere) - _LISTED} more" if len(elsewhere) > _LISTED else ""
    seen = f"other contexts there: {listed}{more}" if elsewhere else "no other context is there"
    return (
        f"Flux reported nothing: there is no commit status {missing} on {commit[:12]} or a newer"
        f" commit that contains it; {seen}"
    )


def passing_sentence(found: Sequence[Report]) -> str:
    """What Flux said last where it said nothing final."""
    last = "; ".join(f"{one.context}: {said(one)}" for one in found if one.said is Said.PASSING)
    return f"Flux reported nothing final, last {last}"


def newer_note(report: Report, commit: str) -> str:
    """Which newer commit proves it."""
    newer = report.commit[:12]
    return f"{report.context} succeeded on {newer}, which is newer and contains {commit[:12]}"


def now_note(report: Report) -> str:
    """What is reported at the moment."""
    return f"{report.context}: {said(report)}"


def said(report: Report) -> str:
    """Flux's words; our own where it used none."""
    if report.said is Said.NOTHING:
        return "nothing is reported yet"
    return report.words or f"{report.said} without a reason"
