"""From a path to the scalar it names, with a helpful error when it names none."""

from __future__ import annotations

from gitops_action.core.yaml.nodes import MappingNode, Node, Scalar, SequenceNode, YamlFile
from gitops_action.core.yaml.path import Match, PathNotFoundError, Step, YamlPath
from gitops_action.errors import Location

_SHOWN = 8


def find(file: YamlFile, path: YamlPath) -> Scalar:
    """The scalar that `path` names; through an alias or merge key, the anchored one.

    Raises:
        PathNotFoundError: there is none, several fit, or it is no scalar.
    """
    node = find_node(file, path)
    if isinstance(node, Scalar):
        return node
    raise _error(
        file,
        node,
        f"{str(path)!r} is {_what(node)}, not a single value",
        f"go on to one of: {_offers(node)}",
    )


def find_node(file: YamlFile, path: YamlPath) -> Node:
    """The node that `path` names, of whatever kind.

    Raises:
        PathNotFoundError: there is none, or several fit.
    """
    return resolve(file, path)[0]


def resolve(file: YamlFile, path: YamlPath) -> tuple[Node, YamlPath]:
    """The node that `path` names, and the same path made concrete (no `[field=value]`).

    The concrete path is the place as asked for: where an alias is passed, the node's own path is
    that of the anchor and differs from it.

    Raises:
        PathNotFoundError: there is none, or several fit.
    """
    node = _document(file, path)
    place = YamlPath(document=path.document)
    for step in path.steps:
        concrete = _concrete(file, node, place, step)
        found = _step(node, concrete)
        if found is None:
            raise _missing(file, node, place, step)
        node, place = found, place.child(concrete)
    return node, place


def _document(file: YamlFile, path: YamlPath) -> Node:
    count = len(file.documents)
    root = file.documents[path.document] if path.document < count else None
    if root is not None:
        return root
    filled = [f"[[{n}]]" for n, node in enumerate(file.documents) if node is not None]
    state = "is empty" if path.document < count else "does not exist"
    raise PathNotFoundError(
        f"document {path.document} {state}",
        cause=f"documents with content: {', '.join(filled) or 'none'}",
        fix=f"start the path with {filled[0]}" if filled else "fill the file first",
        location=Location(file=file.path),
    )


def _step(node: Node, step: Step) -> Node | None:
    if isinstance(node, MappingNode) and isinstance(step, str):
        return node.get(step)
    if isinstance(node, SequenceNode) and isinstance(step, int):
        return node.items[step] if step < len(node.items) else None
    return None


def _concrete(file: YamlFile, node: Node, place: YamlPath, step: Step) -> Step:
    if not isinstance(step, Match) or not isinstance(node, SequenceNode):
        return step
    fits = [index for index, item in enumerate(node.items) if _fits(item, step)]
    if len(fits) > 1:
        raise _error(
            file,
            node,
            f"{step} fits {len(fits)} items of {str(place)!r}",
            f"name one of them: {', '.join(str(place.child(n)) for n in fits[:_SHOWN])}",
        )
    return fits[0] if fits else step


def _fits(item: Node, match: Match) -> bool:
    field = item.get(match.field) if isinstance(item, MappingNode) else None
    return isinstance(field, Scalar) and field.value == match.value


def _missing(file: YamlFile, node: Node, place: YamlPath, step: Step) -> PathNotFoundError:
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    close = get_close_matches(step, node.names(), n=1) if (
        isinstance(step, str) and isinstance(node, MappingNode)
    ) else []  # fmt: skip
    offer = f"did you mean {str(place.child(close[0]))!r}?" if close else _others(file, node, place)
    return _error(
        file,
        node,
        f"path {str(place.child(step))!r} does not exist",
        offer,
        f"the nearest existing path is {str(place)!r}, {_what(node)}" if place.steps else "",
    )


def _others(file: YamlFile, node: Node, place: YamlPath) -> str:
    more = [f"[[{n}]]" for n, root in enumerate(file.documents) if root is not None]
    hint = f" (or in another document: {', '.join(more[:_SHOWN])})" if len(more) > 1 else ""
    where = repr(str(place)) if place.steps else "the document"
    return f"there are: {_offers(node)} in {where}{hint}; keys are never created"


def _what(node: Node) -> str:
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return f"a list of {len(node.items)}"
    return "a single value"


def _offers(node: Node) -> str:
    if isinstance(node, MappingNode):
        steps = [str(YamlPath(steps=(name,))) for name in node.names()]
    elif isinstance(node, SequenceNode):
        steps = [f"[{index}]" for index in range(len(node.items))]
    else:
        steps = []
    return ", ".join(steps[:_SHOWN]) + (", …" if len(steps) > _SHOWN else "") or "nothing"


def _error(file: YamlFile, node: Node, title: str, fix: str, cause: str = "") -> PathNotFoundError:
    return PathNotFoundError(
        title,
        cause=cause,
        fix=fix,
        location=Location(file=file.path, line=node.line, column=node.column),
    )
