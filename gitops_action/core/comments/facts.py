"""A comment as GitHub reports it."""

from __future__ import annotations

from datetime import datetime

from gitops_action.core.dataclass import dataclass


@dataclass(frozen=True, kw_only=True)
class CommentFacts:
    """One comment, and what it stands on.

    Attributes:
        number: of the comment.
        body: as it was written, whatever was edited since.
        created: when it was written.
        login: of its author.
        person: number of the author's account.
        is_person: the account is a person's, not a bot's.
        issue: number of the issue or pull request.
        is_pull_request: it stands on a pull request.
        is_open: that is open.
        url: the comment's page.
    """

    number: int
    body: str
    created: datetime
    login: str
    person: int
    is_person: bool
    issue: int
    is_pull_request: bool
    is_open: bool
    url: str = ""
