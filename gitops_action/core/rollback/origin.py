"""Where a version came from: the pull requests and commits that brought it, and who is notified."""

from __future__ import annotations

from collections.abc import Iterable

from gitops_action.core.dataclass import dataclass
from gitops_action.core.markdown import code
from gitops_action.core.pattern import pattern

_LOGIN = pattern(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38})")
"""GitHub's logins of people; those of enterprise-managed accounts have an underscore."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """A commit that brought what failed.

    Attributes:
        commit: of the environment repository.
        pull_request: its number; None for a commit that was pushed.
        url: the pull request's page.
        people: logins of those who proposed, merged or pushed it; Apps are none.
    """

    commit: str
    pull_request: int | None = None
    url: str = ""
    people: tuple[str, ...] = ()


def people_of(origins: Iterable[Origin], *others: str) -> tuple[str, ...]:
    """Who is notified, each once; Apps are not."""
    logins = [login for one in origins for login in one.people] + list(others)
    return tuple(dict.fromkeys(one for one in logins if one and not one.endswith("[bot]")))


def mentions(logins: Iterable[str]) -> str:
    """`@alice, @bob`; what is no login of GitHub's pings nobody."""
    return ", ".join(f"@{one}" if _LOGIN.fullmatch(one) else code(one) for one in logins)
