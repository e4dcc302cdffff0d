"""Whether a live object already is what is desired, so that it need not be written at all.

Unchanged only when three witnesses agree: the recorded hash of what was applied, our entry in the
managed fields, and the live values of every field that is desired. In doubt the API server
decides by a dry run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from decimal import Decimal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.field_managers import applied_entries, list_key, set_value
from gitops_action.core.deploy.inventory import InventoryEntry
from gitops_action.core.manifests.fields import items, mapping, text
from gitops_action.core.manifests.model import Body
from gitops_action.core.pattern import pattern

# Lists in the managed fields: items by key (`k:`), members of sets (`v:`).

SCALARS = (str, int, float)

DEFAULT_KEYS: Mapping[str, object] = {"protocol": "TCP"}
"""Keys of list items that the API server fills in (ports of containers and Services)."""


@dataclass(frozen=True, kw_only=True)
class Walk:
    """A comparison under way: what differs, what is undetermined, and how nodes are compared."""

    compare: Callable[[Walk, object, object, Body, str], None]
    changed: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def compare_list(walk: Walk, desired: list[object], live: object, fields: Body, path: str) -> None:
    """A list whose items are owned one by one; their order has to agree as well."""
    owned = [key for key in fields if key != "."]
    if not isinstance(live, list | tuple):
        walk.changed.append(path)
    elif all(key.startswith("v:") for key in owned):
        _compare_set(walk, desired, list(live), owned, path)
    elif all(key.startswith("k:") for key in owned):
        _compare_items(walk, desired, list(live), fields, path)
    else:
        walk.doubts.append(f"{path} is owned by positions")


def _compare_set(
    walk: Walk, desired: list[object], live: list[object], owned: list[str], path: str
) -> None:
    ours = [set_value(key) for key in owned]
    if sorted(map(repr, ours)) != sorted(map(repr, desired)):
        walk.doubts.append(f"{path} is desired with other members than are ours")
    elif [value for value in live if value in desired] != desired:
        walk.changed.append(path)


def _compare_items(
    walk: Walk, desired: list[object], live: list[object], fields: Body, path: str
) -> None:
    keys = [key for key in fields if key != "."]
    order = []
    for item in desired:
        found = [key for key in keys if _is_item(item, list_key(key))]
        if len(found) != 1:
            walk.doubts.append(f"{path} has an item that is desired, but not ours")
            return
        order.append(found[0])
    if sorted(order) != sorted(keys):
        walk.doubts.append(f"{path} has an item that is ours, but not desired")
        return
    positions = []
    for item, key in zip(desired, order, strict=True):
        position = _compare_item(walk, item, live, (key, fields[key]), path)
        positions.append(position)
    if positions != sorted(positions):
        walk.changed.append(path)


def _compare_item(
    walk: Walk, item: object, live: list[object], owned: tuple[str, object], path: str
) -> int:
    """Compare one item with its live one; where that stands in the list."""
    key = list_key(owned[0]) or {}
    where = f"{path}[{','.join(f'{name}={value}' for name, value in key.items())}]"
    for position, found in enumerate(live):
        if isinstance(found, Mapping) and all(found.get(k) == v for k, v in key.items()):
            _compare_owned(walk, item, found, (key, owned[1]), where)
            return position
    walk.changed.append(where)
    return -1


def _compare_owned(
    walk: Walk,
    item: object,
    live: Body,
    owned: tuple[Mapping[str, object], object],
    where: str,
) -> None:
    """A key that the API server filled in may be owned, and is not desired."""
    key, fields = owned
    filled = {name: value for name, value in key.items() if name in DEFAULT_KEYS}
    requested = {**filled, **item} if isinstance(item, Mapping) else item
    ours = dict(fields) if isinstance(fields, Mapping) else {}
    for name in filled:
        ours.setdefault(f"f:{name}", {})
    walk.compare(walk, requested, live, ours, where)


def _is_item(item: object, key: Mapping[str, object] | None) -> bool:
    if not isinstance(item, Mapping) or key is None:
        return False
    return all(item.get(name, DEFAULT_KEYS.get(name)) == value for name, value in key.items())


# Quantities of Kubernetes: `1`, `1000m` and `1e0` are the same amount.

_GRAMMAR = pattern(
    r"(?P<number>[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40}))"
    r"(?P<suffix>[numkMGTPE]|[KMGTPE]i|[eE][+-]?\d{1,3})?"
)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def quantity(written: object) -> Decimal | None:
    """The amount, or None when it is no quantity."""
    if isinstance(written, bool) or not isinstance(written, str | int | float):
        return None
    found = _GRAMMAR.fullmatch(str(written))
    if not found:
        return None
    number, suffix = Decimal(found["number"]), found["suffix"] or ""
    if suffix in _BINARY:
        return number * Decimal(2) ** _BINARY[suffix]
    if suffix in _DECIMAL:
        return number.scaleb(_DECIMAL[suffix])
    return number.scaleb(int(suffix[1:]))


def same_quantity(one: object, other: object) -> bool:
    """Whether two values are the same amount; False when one is none."""
    first, second = quantity(one), quantity(other)
    return first is not None and first == second


@dataclass(frozen=True, kw_only=True)
class Unchanged:
    """It is what is desired; nothing has to be written."""


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """It may be what is desired; only the API server can decide. `reason` is for people."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class ChangedFields:
    """Live values of ours differ from what is desired, at these paths."""

    paths: tuple[str, ...]


Comparison = Unchanged | Doubt | ChangedFields

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
    desired: Body, live: Body, *, manager: str, recorded: InventoryEntry | None, desired_hash: str
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
    return ChangedFields(paths=tuple(walk.changed)) if walk.changed else Unchanged()


def _recorded_doubt(live: Body, recorded: InventoryEntry | None, desired_hash: str) -> str:
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
    if isinstance(desired, str) and desired == live:  # most values: nothing else need be asked
        return
    if isinstance(desired, Mapping) and any(key.startswith("f:") for key in fields):
        _mapping(walk, desired, live, fields, path)
    elif isinstance(desired, list | tuple) and any(key != "." for key in fields):
        compare_list(walk, list(desired), live, fields, path)
    elif not _equal(desired, live, path):
        walk.changed.append(path)


def _mapping(walk: Walk, desired: Body, live: object, fields: Body, path: str) -> None:
    if not isinstance(live, (dict, Mapping)):  # dict first: asking the abstract class takes long
        walk.changed.append(path)
        return
    for key, value in desired.items():
        where = f"{path}.{key}" if path else key
        owned = fields.get(f"f:{key}")
        if value is None:
            continue
        if isinstance(owned, (dict, Mapping)):
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
    return holds_quantity([part.split("[")[0] for part in path.split(".")])


def holds_quantity(names: Sequence[str]) -> bool:
    """Whether the field, or the mapping it stands in, is one of quantities."""
    return any(name in _QUANTITIES for name in names[-3:])


# What a dry run of the API server says: whether anything would change, and how it would look.

_SERVER_SIDE = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)


def would_change(live: Body, answer: Body) -> bool:
    """Whether applying would write anything: content, or who owns which field.

    Args:
        live: the object as it is.
        answer: as the dry run gave it.
    """
    return described(live) != described(answer) or _owners(live) != _owners(answer)


def described(body: Body) -> Body:
    """The object without what only the server writes, for comparison and for people."""
    metadata = {
        key: value for key, value in mapping(body, "metadata").items() if key not in _SERVER_SIDE
    }
    return {**{key: value for key, value in body.items() if key != "status"}, "metadata": metadata}


def _owners(body: Body) -> list[Mapping[str, object]]:
    entries = items(body, "metadata", "managedFields")
    return [{key: value for key, value in one.items() if key != "time"} for one in entries]
