"""Whether a live object already is what is desired, so that it need not be written at all.

Unchanged only when three witnesses agree: the recorded hash of what was applied, our entry in the
managed fields, and the live values of every field that is desired. Any doubt is told as such: the
API server then decides by a dry run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gitops_action.core.deploy.lists import SCALARS, Walk, compare_list
from gitops_action.core.deploy.managed import applied_entries
from gitops_action.core.deploy.quantity import same_quantity
from gitops_action.core.inventory.model import Entry
from gitops_action.core.manifests.fields import mapping, text
from gitops_action.core.manifests.model import Body


@dataclass(frozen=True, kw_only=True)
class Unchanged:
    """It is what is desired; nothing has to be written."""


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """It may be what is desired; only the API server can tell. `reason` is for people."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Changed:
    """Live values of ours differ from what is desired, at these paths."""

    paths: tuple[str, ...]


Comparison = Unchanged | Doubt | Changed

_QUANTITIES = frozenset(
    {
        "averageValue",
        "capacity",
        "default",
        "defaultRequest",
        "divisor",
        "hard",
        "limits",
        "max",
        "min",
        "podFixed",
        "requests",
        "sizeLimit",
    }
)
"""Fields that hold quantities, or mappings of them."""

_IDENTITY = frozenset({"apiVersion", "kind"})
_IDENTITY_METADATA = frozenset({"name", "namespace"})


def compare(
    desired: Body, live: Body, *, manager: str, recorded: Entry | None, desired_hash: str
) -> Comparison:
    """Whether the live object is what would be applied.

    Args:
        desired: exactly what would be applied.
        live: the object as the cluster holds it, managed fields included.
        manager: our field manager.
        recorded: what the inventory says of it.
        desired_hash: hash of `desired`, as it is recorded after an apply.
    """
    doubt = _recorded_doubt(live, recorded, desired_hash)
    if doubt:
        return Doubt(reason=doubt)
    entries = applied_entries(live, manager)
    if len(entries) != 1:
        return Doubt(reason=f"{len(entries)} entries of {manager} in its managed fields")
    if text(entries[0], "apiVersion") != text(desired, "apiVersion"):
        return Doubt(reason="applied before in another version of its API")
    walk = Walk(compare=_node)
    _top(walk, desired, live, mapping(entries[0], "fieldsV1"))
    if walk.doubts:
        return Doubt(reason=walk.doubts[0])
    return Changed(paths=tuple(walk.changed)) if walk.changed else Unchanged()


def _recorded_doubt(live: Body, recorded: Entry | None, desired_hash: str) -> str:
    if recorded is None or not recorded.hash:
        return "not recorded as applied"
    if recorded.hash != desired_hash:
        return "what is desired has changed"
    if not recorded.uid or recorded.uid != text(live, "metadata", "uid"):
        return "another object of the same name than the one recorded"
    if text(live, "metadata", "deletionTimestamp"):
        return "being deleted"
    return ""


def _top(walk: Walk, desired: Body, live: Body, fields: Body) -> None:
    """The identity of an object is no field that anybody owns."""
    rest = {key: value for key, value in desired.items() if key not in _IDENTITY}
    metadata = mapping(desired, "metadata")
    rest["metadata"] = {
        key: value for key, value in metadata.items() if key not in _IDENTITY_METADATA
    }
    _mapping(walk, rest, live, fields, "")


def _node(walk: Walk, desired: object, live: object, fields: Body, path: str) -> None:
    if isinstance(desired, Mapping) and any(key.startswith("f:") for key in fields):
        _mapping(walk, desired, live, fields, path)
    elif isinstance(desired, list | tuple) and any(key != "." for key in fields):
        compare_list(walk, list(desired), live, fields, path)
    elif not _equal(desired, live, path):
        walk.changed.append(path)


def _mapping(walk: Walk, desired: Body, live: object, fields: Body, path: str) -> None:
    if not isinstance(live, Mapping):
        walk.changed.append(path)
        return
    for key, value in desired.items():
        where = f"{path}.{key}" if path else key
        owned = fields.get(f"f:{key}")
        if value is None:
            continue
        if isinstance(owned, Mapping):
            _node(walk, value, live.get(key), owned, where)
        else:
            walk.doubts.append(f"{where} is desired, but not ours in the live object")
    extra = [key for key in fields if key.startswith("f:") and desired.get(key[2:]) is None]
    walk.doubts.extend(f"{path}.{key[2:]} is ours, but not desired" for key in extra)


def _equal(desired: object, live: object, path: str) -> bool:
    """Equal values; quantities are compared as amounts where quantities stand."""
    if isinstance(desired, Mapping) and isinstance(live, Mapping):
        return set(desired) == set(live) and all(
            _equal(value, live[key], f"{path}.{key}") for key, value in desired.items()
        )
    if isinstance(desired, list | tuple) and isinstance(live, list | tuple):
        pairs = zip(desired, live, strict=False)
        return len(desired) == len(live) and all(_equal(a, b, path) for a, b in pairs)
    if isinstance(desired, bool) or isinstance(live, bool):
        return desired is live
    if desired == live:
        return True
    return isinstance(desired, SCALARS) and _holds_quantity(path) and same_quantity(desired, live)


def _holds_quantity(path: str) -> bool:
    """Whether the field, or the mapping it stands in, is one of quantities."""
    return any(part.split("[")[0] in _QUANTITIES for part in path.split(".")[-3:])
