"""The facts that tags are computed from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

_ALWAYS_ON_DEFAULT_BRANCH = ("create", "discussion", "issues", "schedule")
"""Events that GitHub documents to run on the newest commit of the default branch."""


@dataclass(frozen=True, kw_only=True)
class RepositoryFacts:
    """What labels tell about the application repository; empty where it is not known."""

    name: str = ""
    description: str = ""
    html_url: str = ""
    default_branch: str = ""
    license: str = ""


@dataclass(frozen=True, kw_only=True)
class TagContext:
    """One Git event.

    Attributes:
        ref: the full ref, `refs/heads/…`, `refs/tags/…` or `refs/pull/N/merge`.
        sha: the full commit id.
        event_name: the event that started the run.
        event: its payload.
        now: when tags are computed.
        commit_date: when the commit was made.
        repository: facts about the repository.
        short_length: how many characters a short commit id has.
    """

    ref: str
    sha: str
    event_name: str
    event: Mapping[str, object]
    now: datetime
    commit_date: datetime
    repository: RepositoryFacts
    short_length: int = 7

    @property
    def branch(self) -> str:
        """The branch, empty when the event is not about one."""
        return _after("refs/heads/", self.ref)

    @property
    def tag(self) -> str:
        """The Git tag, empty when the event is not about one."""
        return _after("refs/tags/", self.ref)

    @property
    def pull_request(self) -> str:
        """The pull request's number, empty when the event is not about one."""
        return re.sub(r"/merge$", "", _after("refs/pull/", self.ref))

    @property
    def short_sha(self) -> str:
        """The short commit id."""
        return self.sha[: self.short_length]

    @property
    def base_ref(self) -> str:
        """The branch a tag was pushed from or a pull request goes to, where the event says so."""
        if self.tag:
            return str(self.event.get("base_ref") or "").removeprefix("refs/heads/")
        base = _inner(_inner(self.event, "pull_request"), "base")
        return str(base.get("ref") or "") if self.pull_request else ""

    @property
    def is_default_branch(self) -> bool:
        """Whether the run is about the default branch."""
        if not self.ref:
            return False
        if self.branch and self.branch == self.repository.default_branch:
            return True
        return any(word in self.event_name for word in _ALWAYS_ON_DEFAULT_BRANCH)


def _after(prefix: str, text: str) -> str:
    return text[len(prefix) :] if text.startswith(prefix) else ""


def _inner(payload: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = payload.get(key)
    return value if isinstance(value, Mapping) else {}
