"""From a place in an object to the line of the file that it is written on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gitops_action.core.manifests import ManifestError
from gitops_action.core.manifests.fields import value
from gitops_action.core.manifests.reader import compose_nodes
from gitops_action.core.repository import RepositoryFile
from gitops_action.core.validation.objects import ObjectProblem, Step, Steps
from gitops_action.errors import GitOpsError, Location

_LARGEST = 1024 * 1024
"""Bytes of a file that is looked into; finding a line is not worth seconds."""

_Problem = TypeVar("_Problem", bound=GitOpsError)


_MERGE = "<<"
_MERGES = 8
"""Merge keys one behind another that are followed."""


class _Place(NamedTuple):
    """A node, and the line on which its text starts (its key's, where it has one)."""

    node: Node
    line: int
    column: int


def locate_all(
    problems: Iterable[_Problem], files: Mapping[str, RepositoryFile]
) -> tuple[_Problem, ...]:
    """The same problems, those of an object with the line and column they are about.

    The object is looked for in the file that it comes from, by kind and name (a kustomization may
    have put something before or behind the name). Where a part of the path is not in the file,
    because a patch or a generator wrote it, the line is that of what holds it.

    Args:
        problems: each is changed in place and given back.
        files: by path; those that problems come from. A file that is not there, is too large or
            is not YAML leaves its problems as they are.
    """
    roots: dict[str, tuple[Node, ...]] = {}
    located = tuple(problems)
    for problem in located:
        origin = problem.location
        if isinstance(problem, ObjectProblem) and origin is not None and origin.column is None:
            if origin.file not in roots:
                roots[origin.file] = _objects(files.get(origin.file))
            problem.location = _location(problem, roots[origin.file]) or origin
    return located


def locate(problem: _Problem, files: Mapping[str, RepositoryFile]) -> _Problem:
    """One problem with its line; see `locate_all`, which reads a file of several only once."""
    return locate_all((problem,), files)[0]


def _objects(file: RepositoryFile | None) -> tuple[Node, ...]:
    """The objects of a file, those of lists too."""
    if file is None or len(file.data) > _LARGEST:
        return ()
    found: list[Node] = []
    try:
        for root in compose_nodes(file.path, file.data):
            listed = _value(root, "items")
            found += _items(listed) if _is_list(listed) else [root]
    except ManifestError:
        return ()
    return tuple(found)


def _location(problem: ObjectProblem, roots: tuple[Node, ...]) -> Location | None:
    root = _root(problem, roots)
    if root is None or problem.location is None:
        return None
    place = _follow(problem, _at(root))
    return Location(file=problem.location.file, line=place.line, column=place.column)


def _root(problem: ObjectProblem, roots: tuple[Node, ...]) -> Node | None:
    """The object itself; the only one of its kind; or the one whose name is part of its name."""
    identity = problem.manifest.id
    same = [root for root in roots if _text(root, "kind") == identity.kind]
    names = [(_text(root, "metadata", "name"), root) for root in same]
    space = identity.namespace
    exact = [root for name, root in names if name == identity.name]
    inside = [root for root in exact if _text(root, "metadata", "namespace") in {space, ""}]
    partly = [root for name, root in names if name and name in identity.name]
    return next((found[0] for found in (inside, exact) if found), None) or _only(partly, same)


def _only(*choices: list[Node]) -> Node | None:
    return next((found[0] for found in choices if len(found) == 1), None)


def _follow(problem: ObjectProblem, place: _Place) -> _Place:
    """As far along the path as the file goes."""
    passed: Steps = ()
    for step in problem.steps:
        found = _next(problem, place.node, passed, step)
        if found is None:
            break
        place, passed = found, (*passed, step)
    return place


def _next(problem: ObjectProblem, node: Node, passed: Steps, step: Step) -> _Place | None:
    if isinstance(step, str):
        entry = _entry(node, step)
        if entry is not None:
            return _Place(node=entry[1], line=_at(entry[0]).line, column=_at(entry[0]).column)
        merged = _value(node, step)
        return _at(merged) if merged is not None else None
    if _is_list(node):
        item = _item(_items(node), step, _name(problem, (*passed, step)))
        return _at(item) if item is not None else None
    return None


def _item(items: list[Node], index: int, name: str) -> Node | None:
    """The item of that name: patches may have put others before it; else the one at the index."""
    if name:
        return next((item for item in items if _text(item, "name") == name), None)
    return items[index] if index < len(items) else None


def _name(problem: ObjectProblem, steps: Steps) -> str:
    """The `name` of what stands at a place of the object, where it has one."""
    here: object = problem.manifest.body
    for step in steps:
        if isinstance(here, Mapping):
            here = here.get(step)
        elif isinstance(here, list | tuple) and isinstance(step, int) and step < len(here):
            here = here[step]
        else:
            return ""
    name = value(here, "name") if isinstance(here, Mapping) else None
    return name if isinstance(name, str) else ""


# LibYAML's nodes. They carry their place, and cost a tenth of those that keep every byte.


def _at(node: Node) -> _Place:
    mark = node.start_mark
    return _Place(node=node, line=mark.line + 1, column=mark.column + 1)


def _is_list(node: Node | None) -> bool:
    return isinstance(node, SequenceNode)


def _items(node: Node | None) -> list[Node]:
    return node.value if isinstance(node, SequenceNode) else []


def _entries(node: Node) -> Iterator[tuple[Node, Node]]:
    if isinstance(node, MappingNode):
        yield from node.value


def _entry(node: Node, key: str) -> tuple[Node, Node] | None:
    """The entry that the mapping itself writes; of a repeated key the last, which counts."""
    found = [entry for entry in _entries(node) if entry[0].value == key]
    return found[-1] if found else None


def _value(node: Node, key: str, depth: int = 0) -> Node | None:
    """What a key leads to, also through merge keys; a mapping that merges itself has an end."""
    own = _entry(node, key)
    if own is not None:
        return own[1]
    merge = _entry(node, _MERGE) if depth < _MERGES else None
    sources = (_items(merge[1]) or [merge[1]]) if merge else []
    merged = (_value(item, key, depth + 1) for item in sources)
    return next((found for found in merged if found is not None), None)


def _text(node: Node, *keys: str) -> str:
    here: Node | None = node
    for key in keys:
        here = _value(here, key) if here is not None else None
    return here.value if isinstance(here, ScalarNode) else ""
