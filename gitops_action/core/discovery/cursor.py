"""Walking a parsed file while remembering the way: what recognisers read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gitops_action.core.discovery.errors import OvergrownDocumentError
from gitops_action.core.discovery.spots import Spot
from gitops_action.core.yaml import (
    MappingNode,
    Node,
    Scalar,
    SequenceNode,
    Step,
    YamlFile,
    YamlPath,
    YamlSyntaxError,
    parse,
)
from gitops_action.errors import Location

_MOST_NODES = 200_000


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """A value and the way to it, which stays the way that was gone where it leads over an alias.

    Attributes:
        file: path in the repository.
        document: index of the document, from 0.
        steps: keys and indexes from the document's top.
        node: the value.
        outer: the scalar whose text this document was read from.
    """

    file: str
    document: int
    steps: tuple[Step, ...]
    node: Node
    outer: Spot | None = None

    @property
    def line(self) -> int:
        """The line in the repository's file; inside a block of text it is counted on."""
        return self.node.line + (self.outer.line if self.outer else 0)

    @property
    def location(self) -> Location:
        """File and line."""
        return Location(file=self.file, line=self.line)

    @property
    def last(self) -> Step:
        """The key or index that led here."""
        return self.steps[-1] if self.steps else ""

    @property
    def is_mapping(self) -> bool:
        """Whether it has keys."""
        return isinstance(self.node, MappingNode)

    @property
    def text(self) -> str | None:
        """The text of a scalar that is not null, else None."""
        if isinstance(self.node, Scalar) and self.node.kind != "null":
            return self.node.value
        return None

    @property
    def spot(self) -> Spot | None:
        """The scalar as a spot; None for mappings and sequences."""
        if not isinstance(self.node, Scalar):
            return None
        return Spot(
            file=self.file,
            path=YamlPath(document=self.document, steps=self.steps),
            value=self.node.value,
            line=self.line,
            kind=self.node.kind,
            comment=self.node.comment,
            outer=self.outer,
        )

    def get(self, *keys: str) -> Cursor | None:
        """The value below these keys, or None."""
        here: Cursor | None = self
        for key in keys:
            node = here.node if here else None
            found = node.get(key) if isinstance(node, MappingNode) else None
            here = _down(here, key, found) if here and found is not None else None
        return here

    def say(self, *keys: str) -> str:
        """The text below these keys; empty when it is not there."""
        found = self.get(*keys)
        return (found.text or "") if found else ""

    def items(self) -> Iterator[Cursor]:
        """The items of a sequence; nothing for anything else."""
        if isinstance(self.node, SequenceNode):
            for index, node in enumerate(self.node.items):
                yield _down(self, index, node)

    def entries(self) -> Iterator[tuple[str, Cursor]]:
        """Keys and values of a mapping, merged ones included; nothing for anything else."""
        if isinstance(self.node, MappingNode):
            seen: set[str] = set()
            for mapping in (self.node, *self.node.merged()):
                for entry in mapping.entries:
                    if not entry.merge and entry.name not in seen:
                        seen.add(entry.name)
                        yield entry.name, _down(self, entry.name, entry.value)

    def children(self) -> Iterator[Cursor]:
        """What is directly below."""
        yield from (child for _, child in self.entries())
        yield from self.items()

    def walk(self) -> Iterator[Cursor]:
        """This and everything below, parents first.

        Raises:
            OvergrownDocumentError: aliases expand beyond any real manifest.
        """
        waiting, seen = [self], 0
        while waiting:
            here = waiting.pop()
            seen += 1
            if seen > _MOST_NODES:
                raise OvergrownDocumentError(self.location)
            yield here
            waiting.extend(reversed(list(here.children())))

    def inside(self) -> tuple[Cursor, ...]:
        """The documents of the YAML that this scalar's text holds; none when it holds none."""
        spot = self.spot
        if spot is None or self.outer is not None:
            return ()
        try:
            file = parse(self.file, spot.value.encode())
        except YamlSyntaxError:
            return ()
        # Content of a block starts on the line after its indicator, that of a quote on its own.
        first = 0 if isinstance(self.node, Scalar) and self.node.style in _BLOCKS else 1
        outer = replace(spot, line=spot.line - first)
        return documents(file, outer=outer)


def _down(here: Cursor, step: Step, node: Node) -> Cursor:
    """Built in full: `dataclasses.replace` takes most of the time of a walk."""
    return Cursor(
        file=here.file,
        document=here.document,
        steps=(*here.steps, step),
        node=node,
        outer=here.outer,
    )


_BLOCKS = ("literal", "folded")


def documents(file: YamlFile, outer: Spot | None = None) -> tuple[Cursor, ...]:
    """A cursor at the top of each document that is not empty."""
    return tuple(
        Cursor(file=file.path, document=index, steps=(), node=node, outer=outer)
        for index, node in enumerate(file.documents)
        if node is not None
    )
