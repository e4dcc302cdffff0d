"""Where each value of a resolved configuration comes from: a line of the file, or a default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gitops_action.core.config.document import Document, Path

DEFAULT = "default"


def leaves(values: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every value that is no mapping and no list of mappings, with its path."""
    if isinstance(values, Mapping) and values:
        for key, value in values.items():
            yield from leaves(value, (*path, key))
    elif isinstance(values, list) and any(isinstance(item, Mapping) for item in values):
        for index, item in enumerate(values):
            yield from leaves(item, (*path, index))
    else:
        yield path, values


def origin(path: Path, document: Document | None) -> str:
    """Where the value at a path of the resolved configuration stands: `file:line`, or `default`."""
    if document is None:
        return DEFAULT
    for written in _spellings(path):
        if place := document.values.get(written):
            return f"{place.file}:{place.line}"
    return DEFAULT


def _spellings(path: Path) -> Iterator[Path]:
    """The path, and the short one of a single target, which stands in `deploy` itself."""
    yield path
    if path[2:5] == ("deploy", "targets", 0):
        yield (*path[:3], *path[5:])
