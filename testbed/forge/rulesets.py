"""Branch protections and rulesets: what they ask for, of which branches, and who may bypass them.

In a test:

    repository.ruleset("main", required_statuses=(RequiredStatus("gitops/ready", app_id),),
        strict=True, required_reviews=1, code_owners=True, dismiss_stale=True,
        merge_methods=("squash",), bypass=(Bypass("root", "pull_request"),))
    repository.ruleset("~ALL", exclude=("main", "gitops/**/*"), pull_request=False,
        restrict_creations=True, restrict_updates=True, restrict_deletions=True)

`repository.protect(…)` makes a classic branch protection of the same. Patterns are Ruby's
`File.fnmatch` with FNM_PATHNAME, as GitHub documents: `*` stops at a slash, and only `**/` crosses
one, so that `gitops/**` does not match `gitops/staging/web` and `gitops/**/*` does.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

BypassMode = Literal["always", "pull_request", "exempt"]
MergeMethod = Literal["merge", "squash", "rebase"]
METHODS: tuple[MergeMethod, ...] = ("merge", "squash", "rebase")


@dataclass(frozen=True)
class RequiredStatus:
    """A status or check that has to pass; with `app_id` only that App's counts."""

    context: str
    app_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class RequiredReviewers:
    """Approvals of a team that changes to some files need."""

    team: str
    patterns: tuple[str, ...]
    minimum: int = 1


@dataclass(frozen=True)
class Bypass:
    """Who may go around a rule: a login, `role:admin`, or `team:SLUG`.

    Mode "pull_request" lets one merge without what is required, and push nothing directly.
    """

    actor: str
    mode: BypassMode = "always"


@dataclass(frozen=True, kw_only=True)
class MergeQueueRule:
    """A ruleset's merge queue, with GitHub's defaults."""

    method: MergeMethod = "merge"
    strategy: Literal["ALLGREEN", "HEADGREEN"] = "ALLGREEN"
    build: int = 5
    minimum: int = 1
    maximum: int = 5
    wait_minutes: int = 5
    timeout_minutes: int = 60


@dataclass(kw_only=True)
class Protection:
    """A branch protection or a ruleset.

    Attributes:
        pattern: branches it covers; `~ALL` and `~DEFAULT_BRANCH` as in rulesets.
        allow: logins that may bypass it always (short for `bypass`).
        pull_request: changes must be made through a pull request.
        restrict_updates, restrict_creations: nobody moves or makes such a branch.
        restrict_deletions, block_force_push: GitHub's defaults.
    """

    pattern: str
    via: Literal["protection", "ruleset"] = "protection"
    id: int = 0
    name: str = "rules"
    enforcement: Literal["active", "evaluate", "disabled"] = "active"
    exclude: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    bypass: tuple[Bypass, ...] = ()
    pull_request: bool = True
    required_statuses: tuple[str | RequiredStatus, ...] = ()
    strict: bool = False
    required_reviews: int = 0
    code_owners: bool = False
    dismiss_stale: bool = False
    last_push_approval: bool = False
    required_reviewers: tuple[RequiredReviewers, ...] = ()
    merge_methods: tuple[MergeMethod, ...] = METHODS
    merge_queue: MergeQueueRule | None = None
    restrict_updates: bool = False
    restrict_creations: bool = False
    restrict_deletions: bool = True
    block_force_push: bool = True

    def covers(self, branch: str, default_branch: str) -> bool:
        """Return whether the branch falls under it."""
        if self.enforcement != "active":
            return False
        special = {"~ALL": True, "~DEFAULT_BRANCH": branch == default_branch}
        inside = special.get(self.pattern, matches(self.pattern, branch))
        return inside and not any(matches(pattern, branch) for pattern in self.exclude)

    def statuses(self) -> Iterator[RequiredStatus]:
        """The required statuses and checks."""
        for given in self.required_statuses:
            yield RequiredStatus(given) if isinstance(given, str) else given

    def bypasses(self) -> tuple[Bypass, ...]:
        """Who may go around it."""
        return (*self.bypass, *(Bypass(login) for login in self.allow))

    def said(self, reason: str) -> str:
        """Word a refusal as GitHub does for this kind of rule."""
        if self.via == "ruleset":
            return f"Repository rule violations found\n\n{reason}\n\n"
        return reason


def matches(pattern: str, branch: str) -> bool:
    """Compare a branch's name with a pattern."""
    return _compiled(pattern).fullmatch(branch) is not None


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    found, at = "", 0
    while at < len(pattern):
        here = pattern[at]
        if pattern.startswith("**/", at) and (at == 0 or pattern[at - 1] == "/"):
            found += "(?:[^/]+/)*"
            at += 3
            continue
        if here == "[" and (end := pattern.find("]", at + 2)) > 0:
            inside = pattern[at + 1 : end].replace("\\", "\\\\")
            found += f"[{'^' + inside[1:] if inside[0] in '!^' else inside}]"
            at = end + 1
            continue
        found += {"*": "[^/]*", "?": "[^/]"}.get(here, re.escape(here))
        at += 1
    return re.compile(found)
