"""Lists in the managed fields: items by key (`k:`), members of sets (`v:`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gitops_action.core.deploy.managed import list_key, set_value
from gitops_action.core.manifests.model import Body

SCALARS = (str, int, float)

_DEFAULT_KEYS: Mapping[str, object] = {"protocol": "TCP"}
"""Keys of list items that the API server fills in (ports of containers and Services)."""


@dataclass(frozen=True, kw_only=True)
class Walk:
    """A comparison under way: what differs, what cannot be told, and how nodes are compared."""

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
    filled = {name: value for name, value in key.items() if name in _DEFAULT_KEYS}
    wanted = {**filled, **item} if isinstance(item, Mapping) else item
    ours = dict(fields) if isinstance(fields, Mapping) else {}
    for name in filled:
        ours.setdefault(f"f:{name}", {})
    walk.compare(walk, wanted, live, ours, where)


def _is_item(item: object, key: Mapping[str, object] | None) -> bool:
    if not isinstance(item, Mapping) or key is None:
        return False
    return all(item.get(name, _DEFAULT_KEYS.get(name)) == value for name, value in key.items())
