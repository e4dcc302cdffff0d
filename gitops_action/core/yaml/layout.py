"""How a file lays out its lists and lines, so that what is added looks like the rest."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from gitops_action.core.yaml.nodes import MappingNode, Node, Scalar, SequenceNode, YamlFile

_BREAK = re.compile(r"\r\n|\r|\n")
_REST = re.compile(r"[ \t]*(?:#[^\r\n]*)?(\r\n|\r|\n|$)")
_COMMENT_LINE = re.compile(r"([ \t]*)#[^\r\n]*(\r\n|\r|\n|$)")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """`dash`: how far a list's `-` stands right of its key; `gap`: from the `-` to its content."""

    dash: int
    gap: int
    line_break: str


def layout_of(file: YamlFile) -> Layout:
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
    return Layout(
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
