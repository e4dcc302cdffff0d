"""One issue for each environment: opened on the second sight, brought up to date, closed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from gitops_action.commands.drift.report import as_markdown
from gitops_action.commands.issues import Issues, keep_issue, settle_issue
from gitops_action.core.drift.report import DriftReport, DriftState, TargetDrift
from gitops_action.core.drift.sights import Sights, confirmed, drift_issue, place_of, subject_of
from gitops_action.core.issues import KnownIssue

_SETTLED = "Every described object is as it was deployed."
_SAID = {"open": "opened", "update": "brought up to date", "unchanged": "open already"}


def keep_issues(issues: Issues, report: DriftReport, before: Sights) -> Iterator[str]:
    """Keep the issues; gives a line on each that matters.

    What is unknown opens, changes and closes nothing.

    Raises:
        GitOpsError: issues cannot be read or written.
    """
    known = issues.own()
    for environment, members in groupby(report.targets, key=lambda one: one.environment):
        yield from _environment(issues, known, environment, tuple(members), before)


def _environment(
    issues: Issues,
    known: tuple[KnownIssue, ...],
    environment: str,
    targets: tuple[TargetDrift, ...],
    before: Sights,
) -> Iterator[str]:
    if all(one.state is DriftState.CLEAN for one in targets):
        closed = settle_issue(issues, known, subject_of(environment), reason=_SETTLED)
        if closed is not None:
            yield f"issue #{closed.number} closed: {environment} has no drift"
        return
    seen = frozenset(
        f"{place_of(one)} {each}" for one in targets for each in confirmed(one, before)
    )
    if not seen:
        return
    sections = as_markdown(targets)
    step, issue = keep_issue(issues, known, drift_issue(environment, seen, sections=sections))
    if issue is not None:
        said = _SAID.get(step, "was closed by a person, and stays closed until the drift changes")
        yield f"issue #{issue.number} {said}"
