"""Fields that others decide: an autoscaler, a controller, a person. An apply lets go of them.

An apply that leaves out a field that nobody else owns removes it, or sets it back to its default
(Kubernetes documentation, "Server-Side Apply", "Transferring ownership"). So a field of ours keeps
its live value until another manager owns it, and only then it is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from gitops_action.core.config.resolved import IgnoredFields
from gitops_action.core.deploy import field_paths
from gitops_action.core.manifests.fields import items, mapping, text
from gitops_action.core.manifests.model import Body, ObjectId

REPLICAS = "/spec/replicas"

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
        field_paths.owns_field(mapping(entry, "fieldsV1"), steps)
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
    found, value = field_paths.value_at(live, steps)
    shared = any(field_paths.owns_field(mapping(one, "fieldsV1"), steps) for one in others)
    if (
        found
        and not shared
        and any(field_paths.owns_field(mapping(one, "fieldsV1"), steps) for one in ours)
    ):
        return _as_mapping(_with(body, steps, value))
    return _as_mapping(_without(body, steps))


def _is_ours(entry: Body, manager: str) -> bool:
    return (
        text(entry, "manager") == manager
        and text(entry, "operation") == "Apply"
        and not text(entry, "subresource")
    )


def _steps(body: Body, pointer: str) -> Sequence[field_paths.Step] | None:
    """The way to a field; None where a list on the way has no such item."""
    tokens = [one.replace("~1", "/").replace("~0", "~") for one in pointer.split("/")[1:]]
    steps: list[field_paths.Step] = []
    here: object = body
    for token in tokens:
        step = _step(here, token)
        if step is None:
            return None
        steps.append(step)
        here = field_paths.child_of(here, step)[1]
    return steps


def _step(here: object, token: str) -> field_paths.Step | None:
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


def _without(here: object, steps: Sequence[field_paths.Step]) -> object:
    step, rest = steps[0], steps[1:]
    found, child = field_paths.child_of(here, step)
    if not found:
        return here
    if rest:
        return _put(here, step, _without(child, rest))
    if isinstance(here, Mapping):
        return {key: value for key, value in here.items() if key != step}
    position = field_paths.position_of(here, step) if not isinstance(step, str) else None
    listed = list(here) if isinstance(here, list | tuple) else []
    return [one for at, one in enumerate(listed) if at != position]


def _with(here: object, steps: Sequence[field_paths.Step], value: object) -> object:
    """The same with this value there; a list gets no new item on the way."""
    step, rest = steps[0], steps[1:]
    found, child = field_paths.child_of(here, step)
    if not rest:
        return _put(here, step, value)
    if not found and not isinstance(step, str):
        return here
    return _put(here, step, _with(child if found else {}, rest, value))


def _put(here: object, step: field_paths.Step, value: object) -> object:
    if isinstance(step, str):
        return {**here, step: value} if isinstance(here, Mapping) else here
    position = field_paths.position_of(here, step)
    if position is None or not isinstance(here, list | tuple):
        return here
    return [*here[:position], value, *here[position + 1 :]]


def _as_mapping(value: object) -> Body:
    return value if isinstance(value, Mapping) else {}
