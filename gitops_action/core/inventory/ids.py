"""Ids of objects as Flux and cli-utils write them: `namespace_name_group_kind`.

Namespaces, groups and kinds have no underscore, so the name is what stands between. Names of RBAC
objects may have colons, which no key of a ConfigMap may: they are written `__`.
"""

from __future__ import annotations

from gitops_action.core.manifests.model import ObjectId

_SEPARATOR = "_"
_COLON = "__"
_PARTS = 3


def inventory_id(object_id: ObjectId) -> str:
    """The object's id; an empty namespace or group leaves its place empty."""
    name = object_id.name.replace(":", _COLON)
    return _SEPARATOR.join((object_id.namespace, name, object_id.group, object_id.kind))


def parse_inventory_id(written: str) -> ObjectId:
    """The object that an id names; `__` in a name reads as a colon, as it does for Flux.

    Raises:
        ValueError: it is no such id.
    """
    namespace, _, rest = written.partition(_SEPARATOR)
    parts = rest.rsplit(_SEPARATOR, 2)
    if len(parts) != _PARTS or not parts[0] or not parts[2]:
        raise ValueError(f"not namespace_name_group_kind: {written!r}")
    name, group, kind = parts
    return ObjectId(group=group, kind=kind, namespace=namespace, name=name.replace(_COLON, ":"))
