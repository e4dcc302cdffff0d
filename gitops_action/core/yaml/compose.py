"""From events to nodes: paths, anchors resolved, duplicate keys refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from gitops_action.core.yaml.encoding import join_surrogates
from gitops_action.core.yaml.nodes import (
    Entry,
    Fact,
    MappingNode,
    Node,
    Notes,
    Scalar,
    SequenceNode,
    Style,
)
from gitops_action.core.yaml.path import ComposeError, Step, YamlPath
from gitops_action.core.yaml.scanner import MAX_DEPTH, Events

_STYLES: dict[str | None, Style] = {
    None: "plain",
    "'": "single",
    '"': "double",
    "|": "literal",
    ">": "folded",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _NodePlace:
    """Where the next node stands: its path and how deep it is."""

    path: YamlPath
    depth: int
    flow: bool

    def child(self, step: Step, *, flow: bool) -> _NodePlace:
        return _NodePlace(path=self.path.child(step), depth=self.depth + 1, flow=flow)


class Composer:
    """Builds the documents of one text, and the facts that the proof compares."""

    def __init__(self, events: Events, text: str, stand_ins: Mapping[int, str]) -> None:
        """Take events from `events`, which reads `text` with `stand_ins` put in."""
        self._restore = {ord(new): chr(old) for old, new in stand_ins.items()}
        self.notes = Notes()
        self.facts: list[Fact] = []
        self._events: Iterator[Event] = iter(events)
        self._starts = events.scanner.starts
        self._text = text
        self._anchors: dict[str, Node | None] = {}

    def documents(self) -> list[Node | None]:
        """Every document of the stream.

        Raises:
            ComposeError: duplicate keys, unknown aliases, too deep.
        """
        found: list[Node | None] = []
        next(self._events)  # stream start
        while not isinstance(event := next(self._events), StreamEndEvent):
            if isinstance(event, DocumentStartEvent):
                self._fact("document", event.explicit, event.version, str(event.tags))
                self._anchors = {}
                found.append(self._root(len(found)))
            elif isinstance(event, DocumentEndEvent):
                self._fact("end of document", event.explicit)
        return found

    def _root(self, document: int) -> Node | None:
        root = _NodePlace(path=YamlPath(document=document), depth=0, flow=False)
        node, _ = self._node(_node_event(next(self._events)), root)
        empty = isinstance(node, Scalar) and node.style == "plain" and not node.value
        bare = empty and node.anchor is None and node.tag is None
        return None if bare else node

    def _fact(self, *fact: object) -> int:
        self.facts.append(fact)
        return len(self.facts) - 1

    def _node(self, event: NodeEvent, place: _NodePlace) -> tuple[Node, int | None]:
        """The node that begins with `event`; where an alias stands there, also its end."""
        if isinstance(event, AliasEvent):
            return self._alias(event), event.end_mark.index
        if event.anchor is not None:
            self._anchors[event.anchor] = None  # not complete yet
        if isinstance(event, ScalarEvent):
            node: Node = self._scalar(event, place)
        elif place.depth >= MAX_DEPTH:
            raise ComposeError(
                "collections are nested too deep",
                f"nest at most {MAX_DEPTH} levels",
                event.start_mark.index,
            )
        elif isinstance(event, MappingStartEvent):
            node = self._mapping(event, place)
        elif isinstance(event, SequenceStartEvent):
            node = self._sequence(event, place)
        else:
            raise TypeError(event)  # the grammar has no other node
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node, None

    def _alias(self, event: AliasEvent) -> Node:
        self._fact("alias", event.anchor)
        node = self._anchors.get(event.anchor)
        if node is None:
            inside = event.anchor in self._anchors
            raise ComposeError(
                f"alias *{event.anchor} "
                + ("stands inside its own anchor" if inside else "has no anchor before it"),
                f"set the anchor &{event.anchor} before the alias, or write the value out",
                event.start_mark.index,
            )
        return node

    def _value(self, event: ScalarEvent) -> str:
        value = join_surrogates(event.value)
        return value.translate(self._restore) if self._restore else value

    def _scalar(self, event: ScalarEvent, place: _NodePlace) -> Scalar:
        tag = str(event.ctag) if event.ctag is not None else None
        value, style = self._value(event), _STYLES[event.style]
        number = self._fact("scalar", event.anchor, tag, value, style == "plain")
        start, end = event.start_mark, event.end_mark
        begin = start.index
        line, column = start.line, start.column
        if event.anchor is not None or tag is not None:
            begin = self._starts.get(end.index, end.index)
            between = self._text[start.index : begin].replace("\r\n", "\n").replace("\r", "\n")
            line += between.count("\n")
            column = len(between) - between.rfind("\n") - 1 + (0 if "\n" in between else column)
        return Scalar(
            path=place.path,
            value=value,
            style=style,
            start=begin,
            end=end.index,
            line=line + 1,
            column=column + 1,
            last_line=end.line + 1,
            anchor=event.anchor,
            tag=tag,
            flow=place.flow,
            event=number,
            notes=self.notes,
        )

    def _sequence(self, event: SequenceStartEvent, place: _NodePlace) -> SequenceNode:
        tag = str(event.ctag) if event.ctag is not None else None
        number = self._fact("sequence", event.anchor, tag, bool(event.flow_style))
        flow = bool(event.flow_style)
        items: list[Node] = []
        aliased: dict[int, int] = {}
        while not isinstance(item := next(self._events), SequenceEndEvent):
            node, alias = self._node(_node_event(item), place.child(len(items), flow=flow))
            if alias is not None:
                aliased[len(items)] = alias
            items.append(node)
        end = item.end_mark.index
        if items and not flow:
            end = aliased.get(len(items) - 1, items[-1].end)
        self._fact("end")
        return SequenceNode(
            path=place.path,
            items=tuple(items),
            aliased=aliased,
            start=event.start_mark.index,
            end=end,
            line=event.start_mark.line + 1,
            column=event.start_mark.column + 1,
            flow=flow,
            anchor=event.anchor,
            tag=tag,
            event=number,
        )

    def _mapping(self, event: MappingStartEvent, place: _NodePlace) -> MappingNode:
        tag = str(event.ctag) if event.ctag is not None else None
        number = self._fact("mapping", event.anchor, tag, bool(event.flow_style))
        flow = bool(event.flow_style)
        entries: dict[str, Entry] = {}
        while not isinstance(key := next(self._events), MappingEndEvent):
            entry = self._entry(_node_event(key), place, flow=flow)
            name = entry.name
            if name in entries:
                raise ComposeError(
                    f"key {name!r} stands twice in this mapping",
                    "remove one of the two; parsers differ in which one they take",
                    key.start_mark.index,
                )
            entries[name] = entry
        end = entry.end if entries and not flow else key.end_mark.index
        self._fact("end")
        return MappingNode(
            path=place.path,
            entries=tuple(entries.values()),
            start=event.start_mark.index,
            end=end,
            line=event.start_mark.line + 1,
            column=event.start_mark.column + 1,
            flow=flow,
            anchor=event.anchor,
            tag=tag,
            event=number,
        )

    def _entry(self, event: NodeEvent, place: _NodePlace, *, flow: bool) -> Entry:
        key, aliased = self._node(event, place.child("?", flow=flow))
        name = key.value if isinstance(key, Scalar) else self._text[key.start : key.end].strip()
        value, alias = self._node(_node_event(next(self._events)), place.child(name, flow=flow))
        merge = isinstance(key, Scalar) and not aliased and name == "<<" and key.style == "plain"
        return Entry(
            name=name,
            key=key,
            value=value,
            alias=alias is not None,
            end=value.end if alias is None else alias,
            merge=merge,
        )


def _node_event(event: Event) -> NodeEvent:
    if isinstance(event, NodeEvent):
        return event
    raise TypeError(event)  # the parser's grammar has a node here
