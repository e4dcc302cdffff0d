"""Appending an item to a list, in block or flow style; the list is created where it is missing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from gitops_action.core.dataclass import dataclass
from gitops_action.core.pattern import pattern
from gitops_action.core.yaml.find import resolve
from gitops_action.core.yaml.nodes import Entry, MappingNode, Node, Scalar, SequenceNode, YamlFile
from gitops_action.core.yaml.path import EditRefusedError, PathNotFoundError
from gitops_action.core.yaml.proof import (
    AddListItem,
    Expected,
    Planned,
    Reads,
    ScalarChange,
    end_of,
)
from gitops_action.core.yaml.render import Span, double, render
from gitops_action.errors import Location

# Appending in flow style (`[ ]`, `{ }`) and JSON, in the spacing of what is there.

_COMMA = pattern(r"\s*,")
_LEAD = pattern(r"(?:\r\n|\r|\n)?[ \t]*\Z")
_REACH = 400  # an indentation wider than this is not copied


@dataclass(frozen=True, kw_only=True)
class _Style:
    """How the flow collections around look.

    `unit` is what a level of indentation adds; a `line` is a line break and its indentation, None
    where everything stands on one line.
    """

    quoted: bool
    tight: bool
    pad: str
    unit: str

    def item(self, edit: AddListItem, line: str | None) -> str:
        """The item; `line` is where its closing brace stands."""
        fields = [self.pair(name, self.text(value)) for name, value in edit.item]
        if line is None:
            comma = "," if self.tight else ", "
            return "{" + self.pad + comma.join(fields) + self.pad + "}"
        inner = line + self.unit
        return "{" + inner + f",{inner}".join(fields) + line + "}"

    def list(self, edit: AddListItem, line: str | None) -> str:
        """The list with this one item, and its key; `line` is where its bracket closes."""
        inner = None if line is None else line + self.unit
        item = self.item(edit, inner)
        return self.pair(edit.key, f"[{item}]" if line is None else f"[{inner}{item}{line}]")

    def pair(self, name: str, value: str) -> str:
        """A key and its value."""
        return f"{self.text(name)}{':' if self.tight else ': '}{value}"

    def text(self, value: str) -> str:
        """A string."""
        return double(value) if self.quoted else render(value, "plain", flow=True)


def flow_into_list(file: YamlFile, sequence: SequenceNode, edit: AddListItem) -> Span:
    """The span that appends the item to a flow list."""
    index = len(sequence.items) - 1
    if index < 0:
        written = _style(file, None).item(edit, None)
        return Span(start=sequence.end - 1, end=sequence.end - 1, text=written)
    last = sequence.items[index]
    if index in sequence.aliased or not isinstance(last, MappingNode) or not last.entries:
        end = sequence.aliased.get(index, last.end)
        return _after(file, end, _style(file, None).item(edit, None), " ")
    lead = _lead(file, last.start)
    line = _line(_lead(file, last.end - 1)) if _line(_first_lead(file, last)) else None
    return _after(file, last.end, _style(file, last).item(edit, line), _line(lead) or " ")


def flow_into_mapping(file: YamlFile, mapping: MappingNode, edit: AddListItem) -> Span:
    """The span that creates the list at the end of a flow mapping."""
    style = _style(file, mapping)
    if not mapping.entries:
        return Span(start=mapping.end - 1, end=mapping.end - 1, text=style.list(edit, None))
    last = mapping.entries[-1]
    line = _line(_lead(file, last.key.start))
    return _after(file, last.end, style.list(edit, line), line or " ")


def _after(file: YamlFile, end: int, written: str, lead: str) -> Span:
    """The span behind what ends at `end`, whether or not a comma stands there already."""
    comma = _COMMA.match(file.text, end)
    position = comma.end() if comma else end
    tight = lead == " " and file.is_json and not _spaced(file)
    text = ("" if comma else ",") + ("" if tight else lead) + written
    return Span(start=position, end=position, text=text)


def _style(file: YamlFile, mapping: MappingNode | None) -> _Style:
    """The style of `mapping`; without one, that of the file."""
    quoted = file.is_json
    if mapping is None or not mapping.entries:
        return _Style(quoted=quoted, tight=quoted and not _spaced(file), pad="", unit="  ")
    first = mapping.entries[0]
    quoted = quoted or (isinstance(first.key, Scalar) and first.key.style == "double")
    inner, outer = _first_lead(file, mapping), _lead(file, mapping.end - 1)
    unit = inner.removeprefix(outer) if inner.startswith(outer) else ""
    return _Style(
        quoted=quoted,
        tight=quoted and file.text[first.key.end : first.key.end + 2].rstrip() != ":",
        pad=inner if not _line(inner) else "",
        unit=unit if unit and _line(inner) else "  ",
    )


def _spaced(file: YamlFile) -> bool:
    """Whether the JSON file puts blanks or line breaks between its parts."""
    return '": ' in file.text or '":\t' in file.text or not re.search(r'":\S', file.text)


def _first_lead(file: YamlFile, mapping: MappingNode) -> str:
    return _lead(file, mapping.entries[0].key.start)


def _lead(file: YamlFile, position: int) -> str:
    """The blanks before a position, with the line break before them if nothing else is."""
    found = _LEAD.search(file.text[max(0, position - _REACH) : position])
    return found.group() if found else ""


def _line(lead: str) -> str | None:
    return lead if lead.startswith(("\n", "\r")) else None


# How a file lays out its lists and lines, so that what is added looks like the rest.

_BREAK = pattern(r"\r\n|\r|\n")
_REST = pattern(r"[ \t]*(?:#[^\r\n]*)?(\r\n|\r|\n|$)")
_COMMENT_LINE = pattern(r"([ \t]*)#[^\r\n]*(\r\n|\r|\n|$)")


@dataclass(frozen=True, kw_only=True)
class ListLayout:
    """`dash`: how far a list's `-` stands right of its key; `gap`: from the `-` to its content."""

    dash: int
    gap: int
    line_break: str


def layout_of(file: YamlFile) -> ListLayout:
    """What most block lists of the file do; where there is none, what kustomize writes."""
    dashes: Counter[int] = Counter()
    gaps: Counter[int] = Counter()
    for key_column, sequence in _block_lists(file):
        if sequence.anchor is None and sequence.tag is None:  # else it begins with these
            dashes[sequence.column - key_column] += 1
        gap = item_gap(sequence)
        if gap is not None:
            gaps[gap] += 1
    found = _BREAK.search(file.text)
    return ListLayout(
        dash=_most(dashes, 0), gap=_most(gaps, 2), line_break=found.group() if found else "\n"
    )


def item_gap(sequence: SequenceNode) -> int | None:
    """How far the content of a block list's last mapping stands right of its dash."""
    for index, item in reversed(list(enumerate(sequence.items))):
        if isinstance(item, MappingNode) and index not in sequence.aliased and not item.flow:
            gap = item.entries[0].key.column - sequence.column if item.entries else 0
            return gap if gap > 1 else None
    return None


def after_line(file: YamlFile, end: int, deeper_than: int) -> int | None:
    """Where the line of what ends at `end` is over, with the comments that belong to it.

    Comment lines below belong to it when they are indented by more than `deeper_than` columns.
    None: something else stands on that line.
    """
    text = file.text
    if end and text[end - 1] in "\r\n":  # a block scalar ends with its line
        return end
    rest = _REST.match(text, end)
    if rest is None:
        return None
    position = rest.end()
    while comment := _COMMENT_LINE.match(text, position):
        if len(comment[1]) <= deeper_than or position == len(text):
            break
        position = comment.end()
    return position


def _block_lists(file: YamlFile) -> Iterator[tuple[int, SequenceNode]]:
    waiting: list[Node] = [root for root in file.documents if root is not None]
    while waiting:
        node = waiting.pop()
        if isinstance(node, MappingNode):
            for entry in node.entries:
                value = entry.value
                if isinstance(value, SequenceNode) and not (entry.alias or value.flow):
                    yield entry.key.column, value
            waiting += [entry.value for entry in node.entries if not entry.alias]
        elif not isinstance(node, Scalar):
            waiting += [item for i, item in enumerate(node.items) if i not in node.aliased]


def _most(counts: Counter[int], otherwise: int) -> int:
    best = max(counts.values(), default=0)
    return min((value for value, count in counts.items() if count == best), default=otherwise)


@dataclass(frozen=True, kw_only=True)
class _Above:
    """What new lines go below: a node, where it ends, and the column (from 0) of its siblings."""

    node: Node
    end: int
    column: int


def addition(file: YamlFile, edit: AddListItem) -> Planned | None:
    """Where and how `edit.item` is written; None when the list has such an item already.

    Raises:
        PathNotFoundError: there is no mapping at the path.
        EditRefusedError: the list is not a list, is shared through an anchor, or stands where
            nothing can be added without moving something else.
    """
    mapping = _mapping(file, edit)
    entry = mapping.entry(edit.key)
    if entry is None:
        return _new_list(file, mapping, edit)
    if entry.alias:
        raise _refused(file, mapping, f"{edit.key} is an alias")
    value = entry.value
    if isinstance(value, SequenceNode):
        return None if _has(value, edit) else _append(file, value, edit)
    if isinstance(value, Scalar) and value.start == value.end and value.anchor is None:
        return _fill(file, mapping, entry, edit)
    raise _refused(file, value, f"{edit.key} is not a list")


def _mapping(file: YamlFile, edit: AddListItem) -> MappingNode:
    node, place = resolve(file, edit.path)
    if not isinstance(node, MappingNode):
        raise PathNotFoundError(
            f"{str(edit.path)!r} is not a mapping",
            fix="name the mapping that holds the list",
            location=Location(file=file.path, line=node.line, column=node.column),
        )
    if place != node.path or _shared(node):
        raise _refused(file, node, "it is shared through an anchor")
    if edit.key in node.names() and node.entry(edit.key) is None:
        raise _refused(file, node, f"{edit.key} comes in through a merge key")
    return node


def _shared(node: Node) -> bool:
    """Whether something else reads what `node` holds."""
    if isinstance(node, Scalar):
        return bool(node.aliases)
    if isinstance(node, MappingNode):
        return any(_shared(entry.value) for entry in node.entries if not entry.alias)
    return any(_shared(item) for i, item in enumerate(node.items) if i not in node.aliased)


def _has(sequence: SequenceNode, edit: AddListItem) -> bool:
    return any(
        isinstance(item, MappingNode)
        and all(
            isinstance(field := item.get(name), Scalar) and field.value == value
            for name, value in edit.item
        )
        for item in sequence.items
    )


def _append(file: YamlFile, sequence: SequenceNode, edit: AddListItem) -> Planned:
    at = end_of(file.facts, sequence.event)
    if sequence.flow:
        span = flow_into_list(file, sequence, edit)
        return Planned(span=span, event=at, change=_change(_item_facts(edit, flow=True)))
    if sequence.anchor is not None or sequence.tag is not None:
        raise _refused(file, sequence, "the list carries an anchor or a tag")
    layout = layout_of(file)
    column = sequence.column - 1
    gap = item_gap(sequence) or layout.gap
    lines = _item_lines(edit, " " * column, gap)
    span = _lines_span(file, _Above(node=sequence, end=sequence.end, column=column), lines, layout)
    return Planned(span=span, event=at, change=_change(_item_facts(edit, flow=False)))


def _new_list(file: YamlFile, mapping: MappingNode, edit: AddListItem) -> Planned:
    at = end_of(file.facts, mapping.event)
    if mapping.flow:
        span = flow_into_mapping(file, mapping, edit)
        return Planned(span=span, event=at, change=_change(_list_facts(edit, flow=True)))
    layout = layout_of(file)
    column = mapping.entries[0].key.column - 1
    key = render(edit.key, "plain", flow=False)
    lines = [" " * column + f"{key}:", *_list_lines(edit, column, layout)]
    span = _lines_span(file, _Above(node=mapping, end=mapping.end, column=column), lines, layout)
    return Planned(span=span, event=at, change=_change(_list_facts(edit, flow=False)))


def _fill(file: YamlFile, mapping: MappingNode, entry: Entry, edit: AddListItem) -> Planned:
    """Put the list below a key that stands there without a value."""
    if mapping.flow:
        raise _refused(file, mapping, f"{edit.key} has no value")
    layout = layout_of(file)
    column = entry.key.column - 1
    lines = _list_lines(edit, column, layout)
    span = _lines_span(
        file, _Above(node=entry.value, end=entry.value.end, column=column), lines, layout
    )
    added = _list_facts(edit, flow=False)[1:]
    return Planned(span=span, event=entry.value.event, change=ScalarChange(removed=1, added=added))


def _list_lines(edit: AddListItem, column: int, layout: ListLayout) -> list[str]:
    return _item_lines(edit, " " * (column + layout.dash), layout.gap)


def _item_lines(edit: AddListItem, indent: str, gap: int) -> list[str]:
    lines = [
        f"{indent}{' ' * gap}{render(name, 'plain', flow=False)}: "
        f"{render(value, 'plain', flow=False)}"
        for name, value in edit.item
    ]
    return [f"{indent}-{lines[0][len(indent) + 1 :]}", *lines[1:]]


def _lines_span(file: YamlFile, above: _Above, lines: list[str], layout: ListLayout) -> Span:
    """The span that puts `lines` below; a missing final line break stays missing."""
    position = after_line(file, above.end, above.column)
    if position is None:
        raise _refused(file, above.node, "something else stands on the line where it ends")
    text = layout.line_break.join(lines)
    if position < len(file.text) or file.text.endswith(("\n", "\r")):
        return Span(start=position, end=position, text=text + layout.line_break)
    if _ends_in_block(above.node):
        raise _refused(file, above.node, "it ends in a block scalar without a line break")
    return Span(start=position, end=position, text=layout.line_break + text)


def _ends_in_block(node: Node) -> bool:
    """Whether the last thing in `node` is a block scalar, to which a line break would add."""
    if isinstance(node, Scalar):
        return node.style in {"literal", "folded"}
    if isinstance(node, MappingNode):
        return bool(node.entries) and _ends_in_block(node.entries[-1].value)
    return bool(node.items) and _ends_in_block(node.items[-1])


def _change(added: tuple[Expected, ...]) -> ScalarChange:
    return ScalarChange(removed=0, added=added)


def _item_facts(edit: AddListItem, *, flow: bool) -> tuple[Expected, ...]:
    pairs = [Reads(value=text) for pair in edit.item for text in pair]
    return ("mapping", None, None, flow), *pairs, ("end",)


def _list_facts(edit: AddListItem, *, flow: bool) -> tuple[Expected, ...]:
    item = _item_facts(edit, flow=flow)
    return Reads(value=edit.key), ("sequence", None, None, flow), *item, ("end",)


def _refused(file: YamlFile, node: Node, cause: str) -> EditRefusedError:
    return EditRefusedError(
        "no item can be added here",
        cause=cause,
        fix="add the entry by hand once; it is edited from then on",
        location=Location(file=file.path, line=node.line, column=node.column),
    )
