"""Which other places read a value: through an alias, or through a merge key."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_action.core.yaml.nodes import Entry, MappingNode, Node, Notes, Scalar, SequenceNode
from gitops_action.core.yaml.path import Step, YamlPath

MAX_PLACES = 10_000
"""More readings than this are not followed ("billion laughs"); their values are not edited."""


def note_readers(root: Node, notes: Notes) -> None:
    """Fill `notes.readers` for every scalar of a document that something else reads too."""
    budget = MAX_PLACES
    waiting: list[tuple[Node, YamlPath, bool]] = [(root, root.path, False)]
    while waiting:
        node, place, borrowed = waiting.pop()
        if borrowed and isinstance(node, Scalar):
            notes.readers.setdefault(node.path, []).append(place)
        for child, step, alias in _children(node):
            inside = borrowed or alias
            budget -= inside
            waiting.append((child, place.child(*step), inside))
        if budget < 0:
            notes.too_many_readers = True
            return


def _children(node: Node) -> Iterator[tuple[Node, tuple[Step, ...], bool]]:
    """What `node` reads as holding; what merge keys bring counts as borrowed."""
    if isinstance(node, SequenceNode):
        for index, item in enumerate(node.items):
            yield item, (index,), index in node.aliased
    elif isinstance(node, MappingNode):
        taken = {entry.name for entry in node.entries if not entry.merge}
        for entry in node.entries:
            if not entry.merge:
                yield entry.value, (entry.name,), entry.alias
            else:
                yield from _written_out(entry)
        for source in node.merged():
            for entry in source.entries:
                if not entry.merge and entry.name not in taken:
                    taken.add(entry.name)
                    yield entry.value, (entry.name,), True


def _written_out(merge: Entry) -> Iterator[tuple[Node, tuple[Step, ...], bool]]:
    """What stands under a `<<` itself rather than behind an alias."""
    if isinstance(merge.value, SequenceNode) and not merge.alias:
        for index, item in enumerate(merge.value.items):
            if index not in merge.value.aliased:
                yield item, (merge.name, index), False
    elif not merge.alias:
        yield merge.value, (merge.name,), False
