"""What kustomizations refer to: paths of this repository, or places elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_action.core.discovery.cursor import Cursor
from gitops_action.core.discovery.source import Source
from gitops_action.errors import GitOpsError

_REMOTE = ("://", "git@", "github.com/", "gitlab.com/", "bitbucket.org/", "?ref=", "git::")


def resolved(source: Source, folder: str, item: Cursor, *, keyed: bool = False) -> str | None:
    """The path that an entry means; None for what is elsewhere or leads out (which is told).

    Generators may write it `key=path` (`keyed`).
    """
    text = (item.text or "").rpartition("=" if keyed else "\0")[2]
    if not text or is_remote(text):
        source.skip(item.file, item.line, f"{text} is remote: it is not read")
        return None
    try:
        return source.resolve(folder, text, item.location)
    except GitOpsError as error:
        source.fail(item.file, error)
        return None


def is_remote(text: str) -> bool:
    """Whether an entry names a place outside the repository, by the marks kustomize knows."""
    return any(mark in text for mark in _REMOTE)


def items(cursor: Cursor | None) -> Iterator[Cursor]:
    """The items of a list that may not be there."""
    return cursor.items() if cursor else iter(())
