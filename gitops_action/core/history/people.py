"""Who stands behind the versions of a history: the author, else approvers and who asked for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gitops_action.core.dataclass import dataclass
from gitops_action.core.history.rows import HistoryRow


@dataclass(frozen=True, kw_only=True)
class PullRequestPeople:
    """The people of one merged pull request, by login.

    Attributes:
        author: who opened it; empty for an App or a bot.
        approvers: whose approval was the newest word of theirs.
        asked: who asked for it, or for its merge, by a command in a comment.
    """

    author: str = ""
    approvers: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The author; where that is no person, everyone who let it pass."""
        if self.author:
            return (self.author,)
        return tuple(dict.fromkeys((*self.approvers, *self.asked)))


def with_people(
    rows: Iterable[HistoryRow], found: Mapping[str, PullRequestPeople]
) -> tuple[HistoryRow, ...]:
    """The rows with the people of their commits' pull requests; else with the commit's author."""
    return tuple(
        replace(row, people=people.names)
        if (people := found.get(row.commit)) and people.names
        else row
        for row in rows
    )
