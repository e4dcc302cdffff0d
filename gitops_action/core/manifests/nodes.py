"""Values made of the nodes of a YAML document; imports PyYAML, so import it where it is used."""

from __future__ import annotations

import base64
import binascii
from typing import TypeAlias

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gitops_action.core.manifests.model import ManifestError
from gitops_action.core.manifests.scalars import read_plain, whole
from gitops_action.errors import Location

MAX_EXPANDED = 5_000_000
"""How many values a document may come to when its aliases are written out."""

_YAML = "tag:yaml.org,2002:"
_TEXTS = ("text", f"{_YAML}str")
_MERGE = "<<"

Value: TypeAlias = object


class DeepError(Exception):
    """A document's aliases make it endless, or larger than anyone means."""


class CanonicalValues:
    """Turns nodes into values; keys sorted, for that is the canonical form."""

    def __init__(self, path: str) -> None:
        """Keep the file's name for errors."""
        self._path = path
        self._made: dict[int, Value] = {}
        self._sizes: dict[int, int] = {}
        self._open: set[int] = set()
        self._size = 0

    def of(self, node: Node) -> Value:
        """The value of a document.

        Raises:
            ManifestError: a key is repeated or is not text, or a value has no place in JSON.
            DeepError: aliases make it endless or blow it up.
        """
        self._made.clear()
        self._sizes.clear()
        self._size = 0
        return self._value(node)

    def lines(self, node: Node, key: str) -> tuple[int, ...]:
        """The lines on which the items of the document's list `key` start."""
        pairs = node.value if isinstance(node, MappingNode) else ()
        for name, value in pairs:
            if name.value == key and isinstance(value, SequenceNode):
                return tuple(item.start_mark.line + 1 for item in value.value)
        return ()

    def _value(self, node: Node) -> Value:
        self._size += 1
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        known = id(node)
        if known in self._made:
            self._count(self._sizes[known])
            return self._made[known]
        if known in self._open:
            raise DeepError("an alias stands inside of what it names")
        self._open.add(known)
        before = self._size
        made: Value
        if isinstance(node, SequenceNode):
            made = [self._value(item) for item in node.value]
        elif isinstance(node, MappingNode):
            made = self._mapping(node)
        else:
            made = None
        self._open.discard(known)
        self._made[known] = made
        self._sizes[known] = self._size - before
        return made

    def _count(self, more: int) -> None:
        self._size += more
        if self._size > MAX_EXPANDED:
            raise DeepError(f"aliases blow the document up to over {MAX_EXPANDED} values")

    def _mapping(self, node: MappingNode) -> dict[str, Value]:
        own: dict[str, Value] = {}
        merged: dict[str, Value] = {}
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value == _MERGE and key.tag == "plain":
                self._merge(merged, value)
                continue
            name = self._key(key)
            if name in own:
                raise self._error(f"key {name!r} is there twice", "remove one of the two", key)
            own[name] = self._value(value)
        every = {**merged, **own} if merged else own
        return {name: every[name] for name in sorted(every)}

    def _merge(self, into: dict[str, Value], node: Node) -> None:
        """Take over the keys of `<<`; of several mappings the earlier one wins."""
        sources = node.value if isinstance(node, SequenceNode) else [node]
        for source in sources:
            value = self._value(source)
            if not isinstance(value, dict):
                raise self._error("`<<` takes in what is not a mapping", "name a mapping", source)
            for name, item in value.items():
                into.setdefault(name, item)

    def _key(self, node: Node) -> str:
        value = self._value(node)
        if not isinstance(value, str):
            shown = node.value if isinstance(node, ScalarNode) else "that holds others"
            raise self._error(f"key {shown!s} is not text", "put it in quotes", node)
        return value

    def _scalar(self, node: Node) -> Value:
        try:
            return _scalar(node.tag, node.value)
        except (ValueError, binascii.Error) as error:
            raise self._error(str(error), "write another value, or quote it", node) from None

    def _error(self, title: str, fix: str, node: Node) -> ManifestError:
        mark = node.start_mark
        place = Location(file=self._path, line=mark.line + 1, column=mark.column + 1)
        return ManifestError(title, fix=fix, location=place)


def _scalar(tag: str, text: str) -> Value:
    """A scalar by its tag; one that only an application knows is read as if it had none."""
    if tag in _TEXTS:
        return text
    if tag == f"{_YAML}binary":
        return base64.b64decode(text).decode()
    if tag == f"{_YAML}float":
        return whole(float(text.replace("_", "")))
    return read_plain(text)
