"""The table of served REST operations, and how a path finds its operation."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from testbed.forge.actors import Actor
from testbed.forge.errors import ApiError, bad_credentials, not_found
from testbed.forge.model import Repository
from testbed.forge.tokens import Token
from testbed.forge.world import World

Rights = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One REST request, understood."""

    world: World
    base: str
    token: Token | None
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]
    accept: str
    repository_: Repository | None = None

    @property
    def repository(self) -> Repository:
        """The repository in the path."""
        if self.repository_ is None:
            raise not_found()
        return self.repository_

    @property
    def actor(self) -> Actor:
        """Who calls; a write without a token never comes so far."""
        if self.token is None:
            raise bad_credentials()
        return Actor.of(self.token)

    def number(self, name: str) -> int:
        """Return a numeric path parameter."""
        text = self.parameters[name]
        if not text.isdigit():
            raise not_found()
        return int(text)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer; `body` is JSON unless it is bytes."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


Handler = Callable[[Call], Any]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A served operation, named by method and path template as GitHub describes it."""

    route: str
    handler: Handler
    rights: Rights
    status: int
    creates: bool
    paged: bool


OPERATIONS: dict[str, Operation] = {}


def serves(
    route: str,
    *rights: tuple[str, str],
    status: int = 200,
    creates: bool = False,
    paged: bool = False,
) -> Callable[[Handler], Handler]:
    """Declare a function as the operation at `route`.

    Args:
        route: method and path template.
        *rights: permissions of which any one suffices (documentation "Permissions required
            for GitHub Apps").
        status: status of the answer unless the function returns a `Reply`.
        creates: it creates content and counts for the secondary rate limit.
        paged: it returns a list that is cut into pages.
    """

    def declare(handler: Handler) -> Handler:
        OPERATIONS[route] = Operation(
            route=route, handler=handler, rights=rights, status=status, creates=creates, paged=paged
        )
        return handler

    return declare


class Router:
    """Finds the operation for a method and a path."""

    def __init__(self, routes: Mapping[str, frozenset[str]]) -> None:
        """Compile the routes; each has the parameters that may hold slashes."""
        ordered = sorted(routes, key=lambda route: (route.count("{"), -route.count("/")))
        self._patterns = [(route, _pattern(route, routes[route])) for route in ordered]

    def find(self, method: str, path: str) -> tuple[str, dict[str, str]] | None:
        """Return the route and its path parameters."""
        for route, pattern in self._patterns:
            if route.startswith(method + " ") and (match := pattern.fullmatch(path)):
                return route, {key: unquote(value) for key, value in match.groupdict().items()}
        return None


def _pattern(route: str, greedy: frozenset[str]) -> re.Pattern[str]:
    path = re.escape(route.split(" ", 1)[1]).replace(r"\{", "{").replace(r"\}", "}")
    return re.compile(
        re.sub(
            r"\{(\w+)\}",
            lambda m: f"(?P<{m[1]}>{'.+' if m[1] in greedy else '[^/]+'})",
            path,
        )
    )


def page(call: Call, route_url: str, items: list[Any]) -> tuple[list[Any], dict[str, str]]:
    """Cut one page out of a list; the headers hold the links to the others.

    Raises:
        ApiError: 422, the page asked for is no number.
    """
    try:
        size = min(max(int(call.query.get("per_page", "30")), 1), 100)
        at = max(int(call.query.get("page", "1")), 1)
    except ValueError as error:
        raise ApiError(status=422, message="Invalid page") from error
    last = max(-(-len(items) // size), 1)
    requested = {"prev": at - 1, "next": at + 1, "last": last, "first": 1}
    if at >= last:
        requested = {name: n for name, n in requested.items() if name in {"prev", "first"}}
    if at == 1:
        requested = {name: n for name, n in requested.items() if name in {"next", "last"}}
    rest = "".join(f"&{k}={v}" for k, v in call.query.items() if k not in {"per_page", "page"})
    links = [
        f'<{route_url}?per_page={size}&page={n}{rest}>; rel="{name}"'
        for name, n in requested.items()
    ]
    return items[(at - 1) * size : at * size], {"Link": ", ".join(links)} if links else {}
