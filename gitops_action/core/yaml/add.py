"""Appending an item to a list, in block or flow style; the list is created where it is missing."""

from __future__ import annotations

from dataclasses import dataclass

from gitops_action.core.yaml.add_flow import flow_into_list, flow_into_mapping
from gitops_action.core.yaml.edits import AddListItem
from gitops_action.core.yaml.errors import EditRefusedError, PathNotFoundError
from gitops_action.core.yaml.find import resolve
from gitops_action.core.yaml.layout import Layout, after_line, item_gap, layout_of
from gitops_action.core.yaml.nodes import Entry, MappingNode, Node, Scalar, SequenceNode, YamlFile
from gitops_action.core.yaml.planned import Planned
from gitops_action.core.yaml.proof import Change, Expected, Reads, end_of
from gitops_action.core.yaml.quote import render
from gitops_action.core.yaml.splice import Span
from gitops_action.errors import Location


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
        EditRefusedError: the list is no list, is shared through an anchor, or stands where
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
    return Planned(span=span, event=entry.value.event, change=Change(removed=1, added=added))


def _list_lines(edit: AddListItem, column: int, layout: Layout) -> list[str]:
    return _item_lines(edit, " " * (column + layout.dash), layout.gap)


def _item_lines(edit: AddListItem, indent: str, gap: int) -> list[str]:
    lines = [
        f"{indent}{' ' * gap}{render(name, 'plain', flow=False)}: "
        f"{render(value, 'plain', flow=False)}"
        for name, value in edit.item
    ]
    return [f"{indent}-{lines[0][len(indent) + 1 :]}", *lines[1:]]


def _lines_span(file: YamlFile, above: _Above, lines: list[str], layout: Layout) -> Span:
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


def _change(added: tuple[Expected, ...]) -> Change:
    return Change(removed=0, added=added)


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
