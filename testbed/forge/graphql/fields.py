"""The table of served GraphQL fields, and how a field finds its resolver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, GraphQLResolveInfo

from testbed.forge.actors import Actor
from testbed.forge.errors import ApiError, not_served
from testbed.forge.graphql.connections import Connection, Payload, demand_bounds
from testbed.forge.graphql.cost import Cost
from testbed.forge.tokens import Token
from testbed.forge.world import World

Arguments = Mapping[str, Any]
Resolver = Callable[[Any, "Context", Arguments], Any]
FIELDS: dict[str, tuple[Resolver, frozenset[str]]] = {}
_BOUNDS = frozenset({"first", "last", "after", "before"})
TYPES: dict[type, Callable[[Any], str]] = {}


@dataclass(frozen=True, kw_only=True)
class Context:
    """What every resolver is given beside its source."""

    world: World
    token: Token
    cost: Cost

    @property
    def actor(self) -> Actor:
        """Who asks."""
        return Actor.of(self.token)


def field(name: str, *takes: str) -> Callable[[Resolver], Resolver]:
    """Declare a function as the resolver of "Type.field" that honours these arguments."""

    def declare(resolver: Resolver) -> Resolver:
        FIELDS[name] = (resolver, frozenset(takes))
        return resolver

    return declare


def plain(kind: str, getters: Mapping[str, Callable[[Any], Any]]) -> None:
    """Declare fields that need nothing but the object itself."""
    for name, getter in getters.items():
        FIELDS[f"{kind}.{name}"] = (_alone(getter), frozenset())


def _alone(getter: Callable[[Any], Any]) -> Resolver:
    def resolver(source: Any, _context: Context, _arguments: Arguments) -> Any:
        return getter(source)

    return resolver


def named(kind: type, name: str | Callable[[Any], str]) -> None:
    """Declare which GraphQL type a Python class stands for."""
    TYPES[kind] = name if callable(name) else _always(name)


def _always(name: str) -> Callable[[Any], str]:
    return lambda _source: name


def type_name(value: Any, *_context: Any) -> str | None:
    """Return the GraphQL type of an object where the schema has an interface or a union."""
    known = TYPES.get(type(value))
    return known(value) if known else None


def resolve(source: Any, info: GraphQLResolveInfo[Context], **arguments: Any) -> Any:
    """Resolve any field; one that is not served is an error, never null."""
    name = f"{info.parent_type.name}.{info.field_name}"
    context = info.context
    if isinstance(source, Connection):
        return source.get(info.field_name)
    if isinstance(source, Payload) and info.field_name in source.values:
        return _paged(source.values[info.field_name], info, arguments)
    if name not in FIELDS:
        _unserved(context, name)
    resolver, takes = FIELDS[name]
    written = {argument.name.value for argument in info.field_nodes[0].arguments or ()}
    for argument in written - takes - _BOUNDS:
        if arguments.get(argument) is not None:
            _unserved(context, f"{name}({argument}:)")
    return _paged(resolver(source, context, arguments), info, arguments)


def _paged(result: Any, info: GraphQLResolveInfo[Context], arguments: Arguments) -> Any:
    if not isinstance(result, Connection):
        return result
    if _shows_items(info):
        demand_bounds(info.field_name, arguments)
    return result.cut(arguments)


def _shows_items(info: GraphQLResolveInfo[Context]) -> bool:
    """Return whether more than a connection's `totalCount` is asked; that needs no bounds."""
    chosen = info.field_nodes[0].selection_set
    fields = chosen.selections if chosen else ()
    return any(not isinstance(f, FieldNode) or f.name.value != "totalCount" for f in fields)


def _unserved(context: Context, name: str) -> None:
    refusal: ApiError = not_served(f"GraphQL {name}")
    context.world.problem(refusal.message)
    raise refusal
