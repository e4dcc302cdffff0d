"""A YAML document as plain values that remember where in the file they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field

from gitops_action.core.dataclass import dataclass
from gitops_action.errors import GitOpsError, Location

Step = str | int
Path = tuple[Step, ...]


@dataclass(kw_only=True)
class Document:
    """One YAML document as plain values.

    Attributes:
        file: the file's name, for locations.
        data: dicts with string keys, lists and scalars.
        problems: what is wrong with the text although it could be read: duplicate keys and such.
        keys: where each mapping key stands, by its path; sequences have no keys.
        values: where each value stands, by its path.
    """

    file: str
    data: object = None
    problems: list[GitOpsError] = field(default_factory=list)
    keys: dict[Path, Location] = field(default_factory=dict)
    values: dict[Path, Location] = field(default_factory=dict)

    def value(self, path: Path) -> Location:
        """Where the value stands; where it is missing, the nearest place around it."""
        return self.values.get(path) or self.key(path)

    def key(self, path: Path) -> Location:
        """Where the key stands; where there is none, the nearest place around it."""
        for end in range(len(path), 0, -1):
            found = self.keys.get(path[:end]) or self.values.get(path[:end])
            if found:
                return found
        return self.values.get((), Location(file=self.file))


def written(path: Path) -> str:
    """A path the way people say it: `environments.staging.gates.windows[0].deny`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


# Where each value of a resolved configuration comes from: a line of the file, or a default.

DEFAULT = "default"


def leaves(values: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every value that is not a mapping and no list of mappings, with its path."""
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
