"""Values as Helm sees them: several layers merged into one tree, each leaf knowing its place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from gitops_action.core.discovery.cursor import Cursor

Tree: TypeAlias = "dict[str, Tree] | list[Tree] | Cursor"


def tree_of(cursor: Cursor) -> Tree:
    """A value with everything below it."""
    sum(1 for _ in cursor.walk())  # refuses what its aliases blow up
    return _tree(cursor)


def _tree(cursor: Cursor) -> Tree:
    if cursor.is_mapping:
        return {key: _tree(value) for key, value in cursor.entries()}
    items = [_tree(item) for item in cursor.items()]
    return cursor if cursor.spot else items


def merge(layers: Iterable[Tree]) -> Tree:
    """Later layers win, mappings are merged key by key, as Helm does with several values."""
    merged: Tree = {}
    for layer in layers:
        merged = _over(merged, layer)
    return merged


def _over(below: Tree, above: Tree) -> Tree:
    if isinstance(below, dict) and isinstance(above, dict):
        both = dict(below)
        for key, value in above.items():
            both[key] = _over(both[key], value) if key in both else value
        return both
    return above


def put(tree: dict[str, Tree], dotted: str, leaf: Cursor) -> None:
    """Set one leaf by the dotted name that `helm --set` and Argo CD parameters use."""
    *parents, last = [part.replace("\0", ".") for part in dotted.replace("\\.", "\0").split(".")]
    here = tree
    for parent in parents:
        below = here.get(parent)
        if not isinstance(below, dict):
            below = here[parent] = {}
        here = below
    here[last] = leaf
