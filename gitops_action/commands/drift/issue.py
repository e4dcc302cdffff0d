"""One issue for each environment: opened on the second sight, brought up to date, closed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from gitops_action.commands.drift.report import as_markdown
from gitops_action.commands.issues import Issues, keep_issue, settle_issue
from gitops_action.core.dataclass import dataclass
from gitops_action.core.drift.report import DriftReport, DriftState, TargetDrift
from gitops_action.core.drift.sights import Sights, confirmed, drift_issue, place_of, subject_of
from gitops_action.core.issues import KnownIssue
from gitops_action.core.redaction.known import Redactor

_SETTLED = "Every described object is as it was deployed."
_CLOSED = "was closed by a person, and stays closed until the drift changes"
_SAID = {"open": "opened", "update": "brought up to date", "unchanged": "open already"}


def keep_issues(
    issues: Issues, report: DriftReport, before: Sights, redactor: Redactor
) -> Iterator[str]:
    """Keep the issues; gives a line on each that matters.

    What is unknown opens, changes and closes nothing.

    Args:
        issues: of the environment repository.
        report: what was found.
        before: what was seen last time.
        redactor: knows the secrets of this run.

    Raises:
        GitOpsError: issues cannot be read or written.
    """
    kept = _Kept(issues=issues, known=issues.own(), before=before, redactor=redactor)
    for environment, members in groupby(report.targets, key=lambda one: one.environment):
        yield from kept.environment(environment, tuple(members))


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """The issues as they are, and what was seen last time."""

    issues: Issues
    known: tuple[KnownIssue, ...]
    before: Sights
    redactor: Redactor

    def environment(self, environment: str, targets: tuple[TargetDrift, ...]) -> Iterator[str]:
        if all(one.state is DriftState.CLEAN for one in targets):
            subject = subject_of(environment)
            closed = settle_issue(self.issues, self.known, subject, reason=_SETTLED)
            if closed is not None:
                yield f"issue #{closed.number} closed: {environment} has no drift"
            return
        seen = frozenset(
            f"{place_of(one)} {each}" for one in targets for each in confirmed(one, self.before)
        )
        if not seen:
            return
        sections = self.redactor.clean(as_markdown(targets))
        new = drift_issue(environment, seen, sections=sections)
        step, issue = keep_issue(self.issues, self.known, new)
        if issue is not None:
            said = _SAID.get(step, _CLOSED)
            yield f"issue #{issue.number} {said}"
