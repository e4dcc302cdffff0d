"""Act on the living pull request: one compare-and-swap, then the pull request around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gitops_action.commands.ports import ContentStore, Forge
from gitops_action.core.branches import (
    BranchFacts,
    Decoration,
    MergeMethod,
    NewCommit,
    NewPullRequest,
    Operation,
    PullRequestFacts,
)
from gitops_action.core.files import blob_id
from gitops_action.core.living import CLOSED_BY_US, Survey, expected_head, settled
from gitops_action.errors import GitOpsError

COMMENT_MARKER = "gitops-action:bump"


@dataclass(frozen=True, kw_only=True)
class Texts:
    """The words of one proposal, already rendered and made harmless."""

    title: str
    body: str
    commit_message: str


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the pull request gets beside its text."""

    decoration: Decoration = Decoration()
    draft: bool = False
    auto_merge: MergeMethod | None = None


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """What became of the pull request; `operation` is None where there is none and never was."""

    operation: Operation | None
    branch: str
    commit: str = ""
    pull_request: PullRequestFacts | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()


def is_settled(facts: BranchFacts, found: Survey, edits: Mapping[str, bytes]) -> bool:
    """Whether the open pull request already proposes exactly these edits."""
    desired = {path: blob_id(data) for path, data in edits.items()}
    return found.situation == "ours" and settled(facts, desired)


def unchanged(facts: BranchFacts, found: Survey, reason: str = "") -> Proposed:
    """Leave everything as it is."""
    return Proposed(
        operation="unchanged" if found.pull_request else None,
        branch=facts.name,
        commit=facts.head or "",
        pull_request=found.pull_request,
        reason=reason,
    )


def write_branch(
    store: ContentStore,
    facts: BranchFacts,
    *,
    parent: str,
    edits: Mapping[str, bytes],
    message: str,
) -> str:
    """Write our one commit on `parent` and move the branch to it, whatever it was before.

    Raises:
        ConflictError: the branch has moved since `facts` were read; nothing was moved.
    """
    commit = NewCommit(
        branch=facts.name,
        expected=expected_head(facts),
        parent=parent,
        changes=edits,
        message=message,
    )
    return store.write(commit)


def publish(
    forge: Forge, facts: BranchFacts, found: Survey, *, base: str, commit: str, texts: Texts
) -> Proposed:
    """Open the pull request for the branch, or bring the open one's words up to date."""
    if found.pull_request is None or found.situation == "restart":
        request = NewPullRequest(branch=facts.name, base=base, title=texts.title, body=texts.body)
        opened = forge.open(request)
        return Proposed(
            operation="created", branch=facts.name, commit=commit, pull_request=opened
        )
    forge.edit(found.pull_request.number, title=texts.title, body=texts.body)
    return Proposed(
        operation="updated", branch=facts.name, commit=commit, pull_request=found.pull_request
    )
