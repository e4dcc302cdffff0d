"""A YAML file as we see it: nodes that know their exact place in the text.

Positions `start` and `end` count code points of `YamlFile.text`; lines and columns count from 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gitops_action.core.yaml.encoding import Decoded
from gitops_action.core.yaml.path import YamlPath
from gitops_action.core.yaml.scalars import Kind, kinds

Style = Literal["plain", "single", "double", "literal", "folded"]
_TAG = "tag:yaml.org,2002:"
_TAGGED: dict[str, Kind] = {
    f"{_TAG}int": "int",
    f"{_TAG}float": "float",
    f"{_TAG}bool": "bool",
    f"{_TAG}null": "null",
    f"{_TAG}timestamp": "timestamp",
}


def kinds_of(value: str, tag: str | None, *, plain: bool) -> tuple[Kind, Kind]:
    """What YAML 1.1 and YAML 1.2 read a scalar as, by its text, explicit tag and style."""
    if tag is not None:
        kind = _TAGGED.get(tag, "string")
        return kind, kind
    return kinds(value) if plain else ("string", "string")


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment: its text without `#` and surrounding blanks, and where its `#` stands."""

    text: str
    line: int
    column: int
    start: int
    end: int
    trailing: bool  # something else stands before it on its line


@dataclass(kw_only=True)
class Notes:
    """What is known of a file only once it is read to the end; shared by its nodes."""

    comments: dict[int, Comment] = field(default_factory=dict)  # by line
    readers: dict[YamlPath, list[YamlPath]] = field(default_factory=dict)
    too_many_readers: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Scalar:
    """A scalar as found.

    Attributes:
        path: where it stands; keys and indexes only.
        value: its text after YAML's unquoting and unfolding.
        style: how it is written.
        start: position of its first character, its quote or block indicator included; an anchor
            and a tag stand before.
        end: position after its last character.
        last_line: the line it ends on.
        anchor: the anchor that is set on it.
        tag: its explicit tag, resolved.
        flow: whether it stands inside `[ ]` or `{ }`.
        event: its number in the file's sequence of events, which the proof compares.
    """

    path: YamlPath
    value: str
    style: Style
    start: int
    end: int
    line: int
    column: int
    last_line: int
    anchor: str | None
    tag: str | None
    flow: bool
    event: int
    notes: Notes = field(repr=False, compare=False)

    @property
    def kinds(self) -> tuple[Kind, Kind]:
        """What YAML 1.1 and YAML 1.2 read it as, by its tag, style and text."""
        return kinds_of(self.value, self.tag, plain=self.style == "plain")

    @property
    def kind(self) -> Kind:
        """What YAML 1.2 reads it as; where that is a string, what YAML 1.1 does."""
        older, newer = self.kinds
        return older if newer == "string" else newer

    @property
    def comment(self) -> str:
        """The comment behind it on its line (a block scalar's: on its first line), or nothing."""
        block = self.style in {"literal", "folded"}
        comment = self.notes.comments.get(self.line if block else self.last_line)
        if comment is None or comment.start < (self.start if block else self.end):
            return ""
        return comment.text

    @property
    def aliases(self) -> tuple[YamlPath, ...]:
        """The other places that read this very scalar, through an alias or a merge key."""
        return tuple(self.notes.readers.get(self.path, ()))


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A key and its value. `alias`: the value is an alias, `value` the anchored node."""

    name: str
    key: Node
    value: Node
    alias: bool
    end: int  # of the value as it is written here
    merge: bool  # the key is a plain `<<`


@dataclass(frozen=True, kw_only=True, slots=True)
class MappingNode:
    """A mapping. In block style it ends where its last value does, comments left aside."""

    path: YamlPath
    entries: tuple[Entry, ...]
    start: int
    end: int
    line: int
    column: int
    flow: bool
    anchor: str | None
    tag: str | None
    event: int

    def entry(self, name: str) -> Entry | None:
        """The entry that is written here under `name`, merge keys left aside."""
        return next((e for e in self.entries if e.name == name and not e.merge), None)

    def get(self, name: str) -> Node | None:
        """What `name` reads as: written here, else merged in by `<<`.

        For an alias this is the anchored node, whose span is where an edit has to go.
        """
        chain = (mapping.entry(name) for mapping in (self, *self.merged()))
        return next((entry.value for entry in chain if entry is not None), None)

    def merged(self) -> tuple[MappingNode, ...]:
        """The mappings that `<<` merges in, also through others, the one that wins first."""
        found: dict[int, MappingNode] = {}
        waiting = list(reversed(self._sources()))
        while waiting:
            mapping = waiting.pop()
            if mapping.event not in found:  # a second time it can add nothing
                found[mapping.event] = mapping
                waiting += reversed(mapping._sources())  # noqa: SLF001 - its own kind
        return tuple(found.values())

    def names(self) -> tuple[str, ...]:
        """The keys it reads as having, merged ones last."""
        chain = (self, *self.merged())
        return tuple(dict.fromkeys(e.name for m in chain for e in m.entries if not e.merge))

    def _sources(self) -> list[MappingNode]:
        values = [entry.value for entry in self.entries if entry.merge]
        nodes = [n for v in values for n in (v.items if isinstance(v, SequenceNode) else (v,))]
        return [node for node in nodes if isinstance(node, MappingNode)]


@dataclass(frozen=True, kw_only=True, slots=True)
class SequenceNode:
    """A list; `aliased` holds the indexes of items that are aliases, and where these end."""

    path: YamlPath
    items: tuple[Node, ...]
    aliased: Mapping[int, int]
    start: int
    end: int
    line: int
    column: int
    flow: bool
    anchor: str | None
    tag: str | None
    event: int


Node = MappingNode | SequenceNode | Scalar

Fact = tuple[object, ...]
"""One parsing event as the proof compares it: what it is, anchor, tag, value, whether plain."""


@dataclass(frozen=True, kw_only=True)
class YamlFile:
    """A parsed file. A document without content is None."""

    path: str
    decoded: Decoded
    documents: tuple[Node | None, ...]
    comments: tuple[Comment, ...]
    facts: tuple[Fact, ...] = field(repr=False)
    is_json: bool
    ambiguous: bool  # YAML 1.1 and 1.2 see different line breaks in it

    @property
    def text(self) -> str:
        """The decoded text, without the byte order mark."""
        return self.decoded.text

    @property
    def bom(self) -> bool:
        """Whether it starts with a byte order mark."""
        return bool(self.decoded.mark)

    @property
    def encoding(self) -> str:
        """`utf-8`, `utf-16-le` or `utf-16-be`."""
        return self.decoded.encoding
