"""Every text in a YAML file with its place: what a kustomization may refer to by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from gitops_action.core.manifests.errors import ManifestError
from gitops_action.core.manifests.reader import (
    MAPPING_TAG,
    PLAIN_TAG,
    SEQUENCE_TAG,
    TEXT_TAG,
    compose_nodes,
)
from gitops_action.errors import Location

if TYPE_CHECKING:
    from yaml.nodes import Node

Keys = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Text:
    """A scalar: its text, the keys that lead to it, and its line.

    `folded` are the keys as kustomize matches them: Go's JSON reader ignores case.

    `plain` tells that it is written without quotes, `tagged` that it, or something around it,
    wears a tag of its own.
    """

    value: str
    keys: Keys
    folded: Keys
    line: int
    plain: bool = False
    tagged: bool = False


_OWN_TAGS = frozenset({PLAIN_TAG, TEXT_TAG, MAPPING_TAG, SEQUENCE_TAG})
_MERGE = "<<"

MAX_TEXTS = 100_000
"""How many values a file may come to, its aliases written out."""


def texts_in(path: str, data: bytes) -> tuple[Text, ...]:
    """Every scalar value of every document, those of repeated keys and of merges as well.

    Raises:
        ManifestError: the file is no YAML, or its aliases blow it up.
    """
    nodes = compose_nodes(path, data)
    found = (text for node in nodes for text in _walk(node, _Place()))
    texts = tuple(islice(found, MAX_TEXTS + 1))
    if len(texts) > MAX_TEXTS:
        raise ManifestError(
            f"file comes to over {MAX_TEXTS} values",
            fix="write it shorter, or with fewer aliases",
            location=Location(file=path),
        )
    return texts


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a node stands: the keys to it, the nodes around it, and whether one wears a tag."""

    keys: Keys = ()
    folded: Keys = ()
    around: tuple[int, ...] = ()
    tagged: bool = False

    def inside(self, node: Node, key: str | int, *, tagged: bool = False) -> _Place:
        """The place of what `node` holds below `key`; what is merged in stands one higher."""
        more: Keys = () if key == _MERGE else (key,)
        folded: Keys = tuple(name.casefold() if isinstance(name, str) else name for name in more)
        return _Place(
            keys=(*self.keys, *more),
            folded=(*self.folded, *folded),
            around=(*self.around, id(node)),
            tagged=self.tagged or tagged or node.tag not in _OWN_TAGS,
        )


def _walk(node: Node, place: _Place) -> Iterator[Text]:
    from yaml.nodes import MappingNode, ScalarNode, SequenceNode  # noqa: PLC0415 - only when used

    if id(node) in place.around:
        return
    if isinstance(node, ScalarNode):
        yield Text(
            value=node.value,
            keys=place.keys,
            folded=place.folded,
            line=node.start_mark.line + 1,
            plain=node.tag == PLAIN_TAG,
            tagged=place.tagged or node.tag not in _OWN_TAGS,
        )
    elif isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(item, place.inside(node, index))
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else ""
            tagged = key.tag not in _OWN_TAGS
            yield from _walk(value, place.inside(node, name, tagged=tagged))
