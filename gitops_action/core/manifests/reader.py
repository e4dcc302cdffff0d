"""Documents of a YAML or JSON file as plain values, each mapping and item with its line.

LibYAML reads, through PyYAML, because renders run to megabytes; values are made here, since PyYAML
reads scalars by YAML 1.1 and Kubernetes does not (see `scalars`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests.model import ManifestError
from gitops_action.core.pattern import pattern
from gitops_action.errors import Location

if TYPE_CHECKING:
    import yaml

MAX_DEPTH = 200
"""How deep values may be nested; real objects stay below 60."""

PLAIN_TAG = "plain"
TEXT_TAG = "text"
MAPPING_TAG = "map"
SEQUENCE_TAG = "seq"
"""The tags of nodes that wear none of their own."""

# What LibYAML would read but what makes the reader of its nodes recurse deeper than a stack holds.
_STEEP = pattern(rb"(?:[-?][ \t]+){%d}|(?m:^[ ]{%d})" % (MAX_DEPTH, 2 * MAX_DEPTH))
_BRACKETS = pattern(rb"[\[\]{}]")


@dataclass(frozen=True, kw_only=True)
class ManifestDocument:
    """One document: its value, where it starts, and where the items of its list `items` start."""

    value: object
    line: int
    items: tuple[int, ...] = ()


def read_documents(path: str, data: bytes) -> tuple[ManifestDocument, ...]:
    """The documents of a file that are not empty.

    Raises:
        ManifestError: it is not YAML or JSON, repeats a key, has a key that is not text, is nested
            too deep, or its aliases blow it up.
    """
    if data.lstrip()[:1] in {b"{", b"["}:
        as_json = _json(data)
        if as_json is not None:
            return (as_json,)
    _check_depth(path, data)
    return tuple(_yaml(path, data))


def compose_nodes(path: str, data: bytes) -> Iterator[yaml.Node]:
    """The nodes of a file's documents, where places count more than values.

    A plain scalar has the tag `plain`, a quoted one `text`, unless it wears one of its own.

    Raises:
        ManifestError: it is not YAML, or nested too deep.
    """
    from yaml import YAMLError  # noqa: PLC0415 - only what reads manifests pays for it

    _check_depth(path, data)
    try:
        yield from _nodes(data)
    except YAMLError as error:
        raise _syntax_error(path, error) from None


def _json(data: bytes) -> ManifestDocument | None:
    """JSON read as such: YAML knows neither its surrogate escapes nor its tabs."""
    try:
        value: object = json.loads(data, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None  # flow style, or a mistake that the YAML reader can place
    items = value.get("items") if isinstance(value, dict) else None
    count = len(items) if isinstance(items, list) else 0
    return ManifestDocument(value=value, line=1, items=(1,) * count)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key is there twice")
    return value


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def _yaml(path: str, data: bytes) -> Iterator[ManifestDocument]:
    from yaml import YAMLError  # noqa: PLC0415 - only what reads manifests pays for it

    from gitops_action.core.manifests.nodes import CanonicalValues, DeepError  # noqa: PLC0415 - same

    values = CanonicalValues(path)
    try:
        for node in _nodes(data):
            value = values.of(node)
            if value is not None:
                items = values.lines(node, "items")
                yield ManifestDocument(value=value, line=node.start_mark.line + 1, items=items)
    except YAMLError as error:
        raise _syntax_error(path, error) from None
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise ManifestError(
            "file is not text in UTF-8",
            cause=error.reason,
            fix="save it as UTF-8",
            location=Location(file=path),
        ) from None
    except DeepError as error:
        raise ManifestError(
            str(error), fix="write it flatter", location=Location(file=path)
        ) from None


def _nodes(data: bytes) -> Iterator[yaml.Node]:
    loader = loader_class()(data)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is not None:
                yield node
    finally:
        loader.dispose()


@lru_cache(maxsize=1)
def loader_class() -> type[yaml.CSafeLoader]:
    """The loader: LibYAML's, with nothing decided about scalars but whether they are plain."""
    import yaml  # noqa: PLC0415 - only what reads manifests pays for it

    class Loader(yaml.CSafeLoader):
        """Composes nodes; plain scalars are marked, for `Values` to read."""

        def resolve(self, kind: type[yaml.Node], value: str | None, implicit: object) -> str:
            """The tag of what has none."""
            del value
            if kind is yaml.ScalarNode:
                plain = isinstance(implicit, tuple) and implicit[0]
                return PLAIN_TAG if plain else TEXT_TAG
            return MAPPING_TAG if kind is yaml.MappingNode else SEQUENCE_TAG

    return Loader


def _check_depth(path: str, data: bytes) -> None:
    """Refuse what is nested so deep that composing it would overflow the stack."""
    brackets = data.count(b"[") + data.count(b"{")
    if not _STEEP.search(data) and (brackets < MAX_DEPTH or _bracket_depth(data) < MAX_DEPTH):
        return
    if _depth(path, data) >= MAX_DEPTH:
        raise ManifestError(
            f"file is nested deeper than {MAX_DEPTH} levels",
            fix="write it flatter",
            location=Location(file=path),
        )


def _bracket_depth(data: bytes) -> int:
    """How deep brackets are nested, those in text counted as well."""
    depth = deepest = 0
    for found in _BRACKETS.finditer(data):
        depth += 1 if found[0] in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _depth(path: str, data: bytes) -> int:
    """How deep values are nested, by LibYAML's events, which need no stack."""
    import yaml  # noqa: PLC0415 - only what reads manifests pays for it

    depth = deepest = 0
    try:
        for event in yaml.parse(data, Loader=loader_class()):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            deepest = max(deepest, depth)
            if deepest >= MAX_DEPTH:
                break
    except yaml.YAMLError as error:
        raise _syntax_error(path, error) from None
    return deepest


def _syntax_error(path: str, error: yaml.YAMLError) -> ManifestError:
    facts: Mapping[str, object] = vars(error)
    mark = facts.get("problem_mark") or facts.get("context_mark")
    line = getattr(mark, "line", None)
    column = getattr(mark, "column", None)
    problem = str(facts.get("problem") or facts.get("reason") or error)
    context = facts.get("context")
    return ManifestError(
        "file is not valid YAML",
        cause=f"{context}, {problem}" if context else problem,
        fix="fix the syntax at this place",
        location=Location(
            file=path,
            line=line + 1 if isinstance(line, int) else None,
            column=column + 1 if isinstance(column, int) else None,
        ),
    )
