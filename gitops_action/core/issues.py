"""An issue that is kept up to date: one for each subject, never opened twice for one occasion."""

from __future__ import annotations

from typing import Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.pattern import pattern

_MARK = pattern(r"\A<!-- gitops-action: issue ([^\n>]{1,200}) ([^\s>]{1,100}) -->(?:\r?\n|\Z)")
_SETTLED = "<!-- gitops-action: settled -->"

IssueStep = Literal["open", "update", "unchanged", "closed-by-a-person"]


@dataclass(frozen=True, kw_only=True)
class NewIssue:
    """An issue as it should read.

    Attributes:
        subject: what it is about; at most one issue is open for a subject.
        occasion: what happened, without a space; one that a person closed is not opened again
            for it.
        title: one line, harmless.
        body: Markdown, harmless.
    """

    subject: str
    occasion: str
    title: str
    body: str

    @property
    def text(self) -> str:
        """The body with the hidden line by which the issue is found again."""
        return f"<!-- gitops-action: issue {self.subject} {self.occasion} -->\n{self.body}"


@dataclass(frozen=True, kw_only=True)
class KnownIssue:
    """An issue that our own account has opened."""

    number: int
    url: str
    title: str
    body: str
    is_open: bool

    @property
    def subject(self) -> str:
        """What it is about; empty for one that is not kept up to date."""
        found = _MARK.match(self.body)
        return found[1] if found else ""

    @property
    def occasion(self) -> str:
        """What it was opened or updated for."""
        found = _MARK.match(self.body)
        return found[2] if found else ""

    @property
    def settled(self) -> bool:
        """Whether it was closed by us, because what it is about is over."""
        return _SETTLED in self.body

    def settled_body(self) -> str:
        """The body that says that the issue is closed by us."""
        return self.body if self.settled else f"{self.body}\n{_SETTLED}"


def newest_of(subject: str, known: tuple[KnownIssue, ...]) -> KnownIssue | None:
    """The subject's open issue, else its newest closed one."""
    found = [one for one in known if one.subject == subject]
    return max(found, key=lambda one: (one.is_open, one.number), default=None)


def issue_step(known: KnownIssue | None, new: NewIssue) -> IssueStep:
    """What is to be done with the subject's newest issue."""
    if known is None:
        return "open"
    if known.is_open:
        return "unchanged" if (known.title, known.body) == (new.title, new.text) else "update"
    person = not known.settled and known.occasion == new.occasion
    return "closed-by-a-person" if person else "open"
