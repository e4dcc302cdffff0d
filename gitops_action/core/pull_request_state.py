"""The living pull request: what its branch's state means for the next bump.

One pull request per environment and branch lives through many bumps. `survey` reads the state;
`settled` shows whether the branch already has what is requested. Deciding is pure; the step in
`commands/bump/propose.py` acts on it. The truth is content and commit authorship: titles, bodies
and branch names are hints that people edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.images import (
    ImageChange,
    ImageReference,
    ImageReferenceError,
    parse_reference,
)
from gitops_action.core.pull_requests import (
    ABSENT,
    BranchFacts,
    CommitFacts,
    Identity,
    PullRequestFacts,
)
from gitops_action.core.trailers import ROLLBACK_OF, parse_trailers

CLOSED_BY_US = "<!-- gitops-action: closed -->"
"""Stands in the body of a pull request that we closed ourselves, with any token."""

_WEB_FLOW = frozenset({"web-flow", "noreply@github.com"})

Situation = Literal["restart", "ours", "shared", "refused", "reopen"]


@dataclass(frozen=True, kw_only=True)
class BranchState:
    """What the branch's state means.

    Attributes:
        situation: `restart`: the branch starts again from base; `ours`: an open pull request
            with only our commits is rebuilt; `shared`: people's commits stay, ours goes on top;
            `refused`: a person closed this very proposal; `reopen`: the same, but asked for.
        pull_request: the open one, or the closed one that `refused` and `reopen` are about.
        pending: what our commits on the branch propose, the newest of each repository.
        pending_sets: the same of explicit edits, as lines of the `set` input.
        former: how many commits of base's former history the branch still stands on.
        reason: why, as a sentence's part for people.
    """

    situation: Situation
    pull_request: PullRequestFacts | None = None
    pending: tuple[ImageChange, ...] = ()
    pending_sets: tuple[str, ...] = ()
    former: int = 0
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class ProposedChange:
    """What a pull request is about.

    Attributes:
        images: that it proposes.
        sets: explicit edits, as lines of the `set` input.
        undone: the commit whose deployment a rollback undoes, in place of both.
    """

    images: tuple[ImageReference, ...] = ()
    sets: tuple[str, ...] = ()
    undone: str = ""


def discovered(
    facts: BranchFacts, *, base: str, requested: ProposedChange, reopen: bool
) -> BranchState:
    """Read the branch's state for a bump of the branch `base` to what is `wanted`."""
    found = tuple(request for request in facts.pull_requests if request.base_ref == base)
    facts = replace(facts, pull_requests=found)
    opened = next((request for request in found if request.state == "open"), None)
    if opened is None:
        return replace(_without_open(facts, requested, reopen=reopen), former=facts.former)
    foreign = _foreign(facts, opened)
    ours = _our_commits(facts, opened)
    return BranchState(
        situation="shared" if foreign else "ours",
        pull_request=opened,
        pending=_pending(ours),
        pending_sets=_pending_sets(ours),
        former=facts.former,
        reason=_by(foreign) if foreign else "",
    )


def _without_open(facts: BranchFacts, requested: ProposedChange, *, reopen: bool) -> BranchState:
    declined = _declined_before(facts, requested)
    if declined:
        reason = f"@{declined.closed_by} closed #{declined.number}, which proposed the same"
        if not reopen:
            return BranchState(situation="refused", pull_request=declined, reason=reason)
        if facts.head == declined.head_oid:
            return BranchState(situation="reopen", pull_request=declined, reason=reason)
    last = facts.pull_requests[0] if facts.pull_requests else None
    if last and facts.head == last.head_oid and last.state == "merged":
        return BranchState(situation="restart", reason=f"#{last.number} was merged")
    if facts.head and (foreign := _foreign(facts, None)):
        return BranchState(situation="shared", reason=_by(foreign))
    return BranchState(situation="restart", reason="no pull request is open")


def _declined_before(facts: BranchFacts, requested: ProposedChange) -> PullRequestFacts | None:
    """The newest one that a person closed although it proposed all of this, since the last merge.

    A merge begins a new story: what was declined before it may be right after it.
    """
    for request in facts.pull_requests:
        if request.state == "merged":
            return None
        if _declined(request, facts.viewer) and _proposes(request, requested):
            return request
    return None


def _declined(closed: PullRequestFacts, viewer: Identity) -> bool:
    """Whether a person said no. A bot's own closing, or a branch's deletion, is no judgement."""
    if closed.state != "closed" or closed.closed_by_deletion or CLOSED_BY_US in closed.body:
        return False
    by_us = closed.closed_by == viewer.login and viewer.login.endswith("[bot]")
    return bool(closed.closed_by) and not by_us


def _proposes(closed: PullRequestFacts, requested: ProposedChange) -> bool:
    """Whether all that is wanted now was in the closed pull request already."""
    if requested.undone:
        return requested.undone in parse_trailers(closed.body).get(ROLLBACK_OF, ())
    images = _images(closed.body)
    sets = set(parse_trailers(closed.body).get("GitOps-Set", ()))
    known = all(any(_same(image, old) for old in images) for image in requested.images)
    return known and sets.issuperset(requested.sets) and bool(requested.images or requested.sets)


def _same(one: ImageReference, other: ImageReference) -> bool:
    """The same version: by digest where both name one, as tags move; else by tag."""
    if one.repository != other.repository:
        return False
    if one.digest and other.digest:
        return one.digest == other.digest
    return one.tag is not None and one.tag == other.tag


def _foreign(facts: BranchFacts, opened: PullRequestFacts | None) -> CommitFacts | None:
    """The newest commit that is not ours; with an unread rest, the oldest one read is suspect."""
    ours = _our_commits(facts, opened)
    foreign = [commit for commit in facts.commits if commit not in ours]
    if not foreign and not facts.complete:
        return next(iter(facts.commits), None)
    return foreign[-1] if foreign else None


def _our_commits(facts: BranchFacts, opened: PullRequestFacts | None) -> tuple[CommitFacts, ...]:
    us = {facts.viewer.login, facts.viewer.email, opened.author_login if opened else ""} - {""}
    return tuple(commit for commit in facts.commits if _is_ours(commit, us))


def _by(commit: CommitFacts) -> str:
    return (
        f"commit {commit.oid[:7]} on the branch is by {commit.author_login or commit.author_email}"
    )


def _is_ours(commit: CommitFacts, ours: set[str]) -> bool:
    """Ours carries our trailer, was written by us, and nobody amended it afterwards."""
    author = {commit.author_login, commit.author_email}
    committer = {commit.committer_login, commit.committer_email}
    signed = "GitOps-Action" in parse_trailers(commit.message)
    return signed and bool(author & ours) and bool(committer & (ours | _WEB_FLOW))


def _pending(commits: tuple[CommitFacts, ...]) -> tuple[ImageChange, ...]:
    newest: dict[str, ImageChange] = {}
    for commit in commits:
        images = _images(commit.message)
        previous = _images(commit.message, "GitOps-Previous")
        paired = previous if len(previous) == len(images) else images
        for old, new in zip(paired, images, strict=True):
            renamed = old.repository != new.repository
            change = ImageChange(repository=old.repository, target=new, rename=renamed)
            newest[new.repository] = change
    return tuple(newest.values())


def _pending_sets(commits: tuple[CommitFacts, ...]) -> tuple[str, ...]:
    lines = [line for c in commits for line in parse_trailers(c.message).get("GitOps-Set", ())]
    newest = {line.partition(" = ")[0]: line for line in lines}
    return tuple(newest.values())


def _images(text: str, trailer: str = "GitOps-Image") -> tuple[ImageReference, ...]:
    found = []
    for value in parse_trailers(text).get(trailer, ()):
        try:
            found.append(parse_reference(value))
        except ImageReferenceError:
            continue  # people edit bodies: a trailer is a hint, and this one hints at nothing
    return tuple(found)


def pending_of(found: BranchState, change: ImageChange) -> ImageReference | None:
    """What the open pull request proposes of this image."""
    names = (item.target for item in found.pending)
    return next((n for n in names if n.repository == change.target.repository), None)


def other_versions(
    opened: PullRequestFacts, changes: Iterable[ImageChange]
) -> tuple[ImageReference, ...]:
    """Versions of the same images that a pull request proposes, by its body, in place of these."""
    proposed = {image.repository: image for image in _images(opened.body)}
    pairs = ((proposed.get(change.target.repository), change.target) for change in changes)
    return tuple(one for one, target in pairs if one is not None and not _same(one, target))


def settled(facts: BranchFacts, desired: Mapping[str, str]) -> bool:
    """Whether the branch already changes exactly the `desired` paths to exactly those blobs.

    A branch that stands on base's former history is not: merging it would bring that back.
    """
    if facts.former:
        return False
    changed = facts.changed_paths == frozenset(desired)
    return changed and all(facts.head_blobs.get(path) == blob for path, blob in desired.items())


def expected_head(facts: BranchFacts) -> str:
    """What a compare-and-swap of the branch expects to find."""
    return facts.head or ABSENT
