"""Keep an issue up to date, so that a person sees what needs one, once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gitops_action.core.issues import IssueStep, KnownIssue, NewIssue, issue_step, newest_of


class Issues(Protocol):
    """Issues of the environment repository that our own account has opened."""

    def own(self) -> tuple[KnownIssue, ...]:
        """Those that are kept up to date, open and closed."""
        ...

    def open(self, new: NewIssue) -> KnownIssue:
        """Open an issue, or return the one that a cut-off earlier try opened."""
        ...

    def update(self, issue: KnownIssue, new: NewIssue) -> KnownIssue:
        """Change what it says."""
        ...

    def close(self, issue: KnownIssue, *, reason: str) -> None:
        """Comment with the reason, and close it as settled."""
        ...


def keep_issue(
    issues: Issues, known: Sequence[KnownIssue], new: NewIssue
) -> tuple[IssueStep, KnownIssue | None]:
    """Open the subject's issue, or bring the open one up to date.

    One that a person closed stays closed until something else happens.

    Raises:
        GitOpsError: it cannot be written.
    """
    newest = newest_of(new.subject, tuple(known))
    step = issue_step(newest, new)
    if step == "open":
        return step, issues.open(new)
    if step == "update" and newest is not None:
        return step, issues.update(newest, new)
    return step, newest


def settle_issue(
    issues: Issues, known: Sequence[KnownIssue], subject: str, *, reason: str
) -> KnownIssue | None:
    """Close the subject's open issue; None where none is open.

    Raises:
        GitOpsError: it cannot be written.
    """
    newest = newest_of(subject, tuple(known))
    if newest is None or not newest.is_open:
        return None
    issues.close(newest, reason=reason)
    return newest
