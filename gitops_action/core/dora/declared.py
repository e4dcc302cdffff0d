"""What commits of the environment repository declare: where images were built from, what they undo.

Trailers are hints. A wrong one changes a figure; nothing else is decided by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gitops_action.core.config import Application
from gitops_action.core.dataclass import dataclass
from gitops_action.core.history.rows import read_image, version_key
from gitops_action.core.images.oci import ImageSource, read_source
from gitops_action.core.pattern import pattern
from gitops_action.core.trailers import IMAGE, ROLLBACK_OF, SOURCE, parse_trailers

_REVERTS = pattern(r"This reverts commit ([0-9a-f]{40}(?:[0-9a-f]{24})?)")
"""What git-revert(1) writes."""
_OID = pattern(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_MOST_OF_A_BRANCH = 20
"""Commits of a merged branch that are looked through."""


@dataclass(frozen=True, kw_only=True)
class CommitMessage:
    """A commit with its parents, first parent first."""

    oid: str
    parents: tuple[str, ...]
    text: str


@dataclass(frozen=True, kw_only=True)
class DeclaredCommit:
    """What a first-parent commit declares, or the branch that it merged."""

    images: tuple[str, ...] = ()
    sources: tuple[ImageSource, ...] = ()
    undoes: tuple[str, ...] = ()
    """Commits of the environment repository that it takes back."""


def declared_commits(
    first_parents: Sequence[str], messages: Mapping[str, CommitMessage]
) -> Mapping[str, DeclaredCommit]:
    """By first-parent commit what it declares; commits that declare nothing are left out.

    A squashed or rebased proposal is the commit itself; of a merged one the branch's newest commit
    with trailers counts.
    """
    on_branch = frozenset(first_parents)
    found = {}
    for oid in first_parents:
        for text in _texts(oid, messages, on_branch):
            if (declared := _declared(text)) is not None:
                found[oid] = declared
                break
    return found


def _texts(
    oid: str, messages: Mapping[str, CommitMessage], on_branch: frozenset[str]
) -> Iterator[str]:
    """The commit's message, then those of the branch that it merged, newest first."""
    commit = messages.get(oid)
    if commit is None:
        return
    yield commit.text
    for merged in commit.parents[1:]:
        here, left = merged, _MOST_OF_A_BRANCH
        while left and here not in on_branch and here in messages:
            yield messages[here].text
            here = next(iter(messages[here].parents), "")
            left -= 1


def _declared(text: str) -> DeclaredCommit | None:
    trailers = parse_trailers(text)
    named = (one for one in trailers.get(ROLLBACK_OF, ()) if _OID.fullmatch(one))
    sources = (read_source(one) for one in trailers.get(SOURCE, ()))
    found = DeclaredCommit(
        images=trailers.get(IMAGE, ()),
        sources=tuple(one for one in sources if one is not None),
        undoes=tuple(dict.fromkeys((*named, *_REVERTS.findall(text)))),
    )
    return found if found != DeclaredCommit() else None


def image_sources(
    first_parents: Sequence[str],
    declared: Mapping[str, DeclaredCommit],
    applications: Sequence[Application],
) -> Mapping[object, ImageSource]:
    """Which commit each version was built from, by `version_key`; the newest word counts.

    Args:
        first_parents: newest first.
        declared: what they declare.
        applications: whose `source` says which of several sources is an image's.
    """
    repositories = {image: one.source for one in applications for image in one.images}
    found: dict[object, ImageSource] = {}
    for oid in first_parents:
        one = declared.get(oid)
        if one is None or not one.sources:
            continue
        for text in one.images:
            image = read_image(text)
            own = repositories.get(image.repository) if image else None
            fitting = [each for each in one.sources if own in (None, each.repository)]
            if len(fitting) == 1:
                found.setdefault(version_key(text), fitting[0])
    return found
