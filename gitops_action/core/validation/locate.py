"""From a place in an object to the line of the file that it is written on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests.fields import value
from gitops_action.core.repository import RepositoryFile
from gitops_action.core.validation.objects import ObjectProblem, Step, Steps
from gitops_action.core.yaml import MappingNode, Node, Scalar, SequenceNode, YamlSyntaxError, parse
from gitops_action.errors import GitOpsError, Location

_LARGEST = 1024 * 1024
"""Bytes of a file that is looked into; finding a line is not worth seconds."""

_Problem = TypeVar("_Problem", bound=GitOpsError)


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A node, and the line on which whatever is said of it starts (its key's, where it has one)."""

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
    try:
        documents = parse(file.path, file.data).documents
    except YamlSyntaxError:
        return ()
    found: list[Node] = []
    for root in documents:
        items = root.get("items") if isinstance(root, MappingNode) else None
        if isinstance(items, SequenceNode):
            found += items.items
        elif root is not None:
            found.append(root)
    return tuple(found)


def _location(problem: ObjectProblem, roots: tuple[Node, ...]) -> Location | None:
    root = _root(problem, roots)
    if root is None or problem.location is None:
        return None
    place = _follow(problem, _Place(node=root, line=root.line, column=root.column))
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
    if isinstance(node, MappingNode) and isinstance(step, str):
        entry = node.entry(step)
        if entry is not None:
            return _Place(node=entry.value, line=entry.key.line, column=entry.key.column)
        merged = node.get(step)
        return _at(merged) if merged is not None else None
    if isinstance(node, SequenceNode) and isinstance(step, int):
        item = _item(node, step, _name(problem, (*passed, step)))
        return _at(item) if item is not None else None
    return None


def _item(node: SequenceNode, index: int, name: str) -> Node | None:
    """The item of that name: patches may have put others before it; else the one at the index."""
    if name:
        return next((item for item in node.items if _text(item, "name") == name), None)
    return node.items[index] if index < len(node.items) else None


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


def _at(node: Node) -> _Place:
    return _Place(node=node, line=node.line, column=node.column)


def _text(node: Node, *keys: str) -> str:
    here: Node | None = node
    for key in keys:
        here = here.get(key) if isinstance(here, MappingNode) else None
    return here.value if isinstance(here, Scalar) else ""
