"""Every text in a YAML file with its place: what a kustomization may refer to by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitops_action.core.manifests.reader import PLAIN_TAG, TEXT_TAG, compose_nodes

if TYPE_CHECKING:
    from yaml.nodes import Node

Keys = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Text:
    """A scalar: its text, the keys that lead to it, and its line.

    `plain` tells that it is written without quotes, `tagged` that it wears a tag of its own.
    """

    value: str
    keys: Keys
    line: int
    plain: bool = False
    tagged: bool = False


def texts_in(path: str, data: bytes) -> tuple[Text, ...]:
    """Every scalar value of every document, those of repeated keys and of merges as well.

    Raises:
        ManifestError: the file is no YAML.
    """
    return tuple(text for node in compose_nodes(path, data) for text in _walk(node, (), ()))


def _walk(node: Node, keys: Keys, above: tuple[int, ...]) -> Iterator[Text]:
    from yaml.nodes import MappingNode, ScalarNode, SequenceNode  # noqa: PLC0415 - only when used

    if id(node) in above:
        return
    inside = (*above, id(node))
    if isinstance(node, ScalarNode):
        line = node.start_mark.line + 1
        yield Text(
            value=node.value,
            keys=keys,
            line=line,
            plain=node.tag == PLAIN_TAG,
            tagged=node.tag not in {PLAIN_TAG, TEXT_TAG},
        )
    elif isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(item, (*keys, index), inside)
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else ""
            yield from _walk(value, keys if name == "<<" else (*keys, name), inside)
