"""Fields that others decide: an autoscaler, a controller, a person. An apply lets go of them.

An apply that leaves out a field that nobody else owns removes it, or sets it back to its default
(Kubernetes documentation, "Server-Side Apply", "Transferring ownership"). So a field of ours keeps
its live value until another manager owns it, and only then it is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeAlias

from gitops_action.core.config.resolved import IgnoredFields
from gitops_action.core.deploy.field_managers import list_key
from gitops_action.core.manifests.fields import items, mapping, text
from gitops_action.core.manifests.model import Body, ObjectId

REPLICAS = "/spec/replicas"

_Step: TypeAlias = str | int | Mapping[str, object]
"""A key of a mapping, a position in a list, or what a list item is known by."""
_NAME = "name"


def ignored_fields(item: ObjectId, rules: Iterable[IgnoredFields]) -> Mapping[str, str]:
    """The fields of an object that the configuration ignores, as JSON pointers with reasons."""
    return {
        pointer: rule.reason
        for rule in rules
        if rule.kind == item.kind and rule.name in {"", item.name}
        for pointer in rule.fields
    }


def let_go(body: Body, live: Body | None, pointers: Collection[str], *, manager: str) -> Body:
    """What is applied, so that these fields stay as they live.

    Args:
        body: the object as it is described.
        live: as it lives; where nothing does, it is created as described.
        pointers: JSON pointers (RFC 6901). A token that meets a list is a position, or the `name`
            of an item.
        manager: our field manager.
    """
    if live is None:
        return body
    for pointer in pointers:
        body = _let_go(body, live, pointer, manager)
    return body


def owns(live: Body, pointer: str, *, manager: str) -> bool:
    """Whether a field is ours by server-side apply."""
    steps = _steps(live, pointer)
    return steps is not None and any(
        _owned(mapping(entry, "fieldsV1"), steps)
        for entry in items(live, "metadata", "managedFields")
        if _is_ours(entry, manager)
    )


def _let_go(body: Body, live: Body, pointer: str, manager: str) -> Body:
    steps = _steps(body, pointer) or _steps(live, pointer)
    if steps is None:
        return body
    entries = items(live, "metadata", "managedFields")
    ours = [one for one in entries if _is_ours(one, manager)]
    others = [one for one in entries if one not in ours]
    found, value = _get(live, steps)
    shared = any(_owned(mapping(one, "fieldsV1"), steps) for one in others)
    if found and not shared and any(_owned(mapping(one, "fieldsV1"), steps) for one in ours):
        return _as_mapping(_with(body, steps, value))
    return _as_mapping(_without(body, steps))


def _is_ours(entry: Body, manager: str) -> bool:
    return (
        text(entry, "manager") == manager
        and text(entry, "operation") == "Apply"
        and not text(entry, "subresource")
    )


def _steps(body: Body, pointer: str) -> Sequence[_Step] | None:
    """The way to a field; None where a list on the way has no such item."""
    tokens = [one.replace("~1", "/").replace("~0", "~") for one in pointer.split("/")[1:]]
    steps: list[_Step] = []
    here: object = body
    for token in tokens:
        step = _step(here, token)
        if step is None:
            return None
        steps.append(step)
        here = _child(here, step)[1]
    return steps


def _step(here: object, token: str) -> _Step | None:
    if not isinstance(here, list | tuple):
        return token
    named = [one for one in here if isinstance(one, Mapping) and one.get(_NAME) == token]
    if named:
        return {_NAME: token}
    if not token.isdigit() or int(token) >= len(here):
        return None
    item = here[int(token)]
    name = item.get(_NAME) if isinstance(item, Mapping) else None
    return {_NAME: name} if isinstance(name, str) else int(token)


def _child(here: object, step: _Step) -> tuple[bool, object]:
    if isinstance(step, str):
        return (True, here[step]) if isinstance(here, Mapping) and step in here else (False, None)
    position = _position(here, step)
    if position is None or not isinstance(here, list | tuple):
        return False, None
    return True, here[position]


def _position(here: object, step: int | Mapping[str, object]) -> int | None:
    if not isinstance(here, list | tuple):
        return None
    if isinstance(step, int):
        return step if step < len(here) else None
    return next((at for at, one in enumerate(here) if _is_item(one, step)), None)


def _is_item(item: object, key: Mapping[str, object]) -> bool:
    return isinstance(item, Mapping) and all(item.get(name) == key[name] for name in key)


def _get(body: object, steps: Sequence[_Step]) -> tuple[bool, object]:
    for step in steps:
        found, body = _child(body, step)
        if not found:
            return False, None
    return True, body


def _without(here: object, steps: Sequence[_Step]) -> object:
    step, rest = steps[0], steps[1:]
    found, child = _child(here, step)
    if not found:
        return here
    if rest:
        return _put(here, step, _without(child, rest))
    if isinstance(here, Mapping):
        return {key: value for key, value in here.items() if key != step}
    position = _position(here, step) if not isinstance(step, str) else None
    listed = list(here) if isinstance(here, list | tuple) else []
    return [one for at, one in enumerate(listed) if at != position]


def _with(here: object, steps: Sequence[_Step], value: object) -> object:
    """The same with this value there; a list gets no new item on the way."""
    step, rest = steps[0], steps[1:]
    found, child = _child(here, step)
    if not rest:
        return _put(here, step, value)
    if not found and not isinstance(step, str):
        return here
    return _put(here, step, _with(child if found else {}, rest, value))


def _put(here: object, step: _Step, value: object) -> object:
    if isinstance(step, str):
        return {**here, step: value} if isinstance(here, Mapping) else here
    position = _position(here, step)
    if position is None or not isinstance(here, list | tuple):
        return here
    return [*here[:position], value, *here[position + 1 :]]


def _owned(fields: Mapping[str, object], steps: Sequence[_Step]) -> bool:
    """Whether managed fields name this one, something below it, or all that it is part of."""
    here: object = fields
    for step in steps:
        if not isinstance(here, Mapping):
            return False
        if not here:
            return True
        here = _field(here, step)
    return here is not None


def _field(fields: Mapping[str, object], step: _Step) -> object:
    if isinstance(step, str):
        return fields.get(f"f:{step}")
    if isinstance(step, int):
        return fields.get(f"i:{step}")
    for written, below in fields.items():
        key = list_key(written)
        if key is not None and all(key.get(name) == step[name] for name in step):
            return below
    return None


def _as_mapping(value: object) -> Body:
    return value if isinstance(value, Mapping) else {}
