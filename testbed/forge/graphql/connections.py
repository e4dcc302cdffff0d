"""Lists cut into pages, with GitHub's bounds (documentation "Rate limits and node limits")."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from testbed.forge.errors import ApiError

MOST = 100


def demand_bounds(name: str, arguments: Mapping[str, Any]) -> None:
    """Refuse a connection that is asked for without `first` or `last`, or for too much.

    Raises:
        ApiError: as GitHub's node limits say.
    """
    for bound in ("first", "last"):
        asked = arguments.get(bound)
        if asked is not None and asked > MOST:
            text = (
                f"Requesting {asked} records on the `{name}` connection exceeds the `{bound}` "
                f"limit of {MOST} records."
            )
            raise ApiError(status=200, message=text, kind="EXCESSIVE_PAGINATION")
    if arguments.get("first") is None and arguments.get("last") is None:
        text = (
            f"You must provide a `first` or `last` value to properly paginate the `{name}` "
            "connection."
        )
        raise ApiError(status=200, message=text, kind="MISSING_PAGINATION_BOUNDARIES")


@dataclass(frozen=True)
class Payload:
    """A mutation's result, or another small object that has just these fields."""

    values: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A list of nodes and the page that was asked for.

    `extra` holds fields of this connection alone, e.g. `commentEdge`'s node.
    """

    items: Sequence[Any]
    start: int = 0
    end: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def cut(self, arguments: Mapping[str, Any]) -> Connection:
        """Return the page that `first`, `after`, `last` and `before` ask for."""
        start = _position(arguments.get("after"), -1) + 1
        end = min(_position(arguments.get("before"), len(self.items)), len(self.items))
        if arguments.get("first") is not None:
            end = min(end, start + arguments["first"])
        if arguments.get("last") is not None:
            start = max(start, end - arguments["last"])
        return Connection(items=self.items, start=start, end=end, extra=self.extra)

    def get(self, name: str) -> Any:
        """Return a field of the connection.

        Raises:
            ApiError: not served.
        """
        shown = self.items[self.start : self.end]
        if name == "nodes":
            return shown
        if name == "totalCount":
            return len(self.items)
        if name == "edges":
            return [_edge(item, self.start + at) for at, item in enumerate(shown)]
        if name == "pageInfo":
            return _page_info(self.start, self.start + len(shown), len(self.items))
        if name in self.extra:
            return self.extra[name]
        raise ApiError(status=501, message=f"GraphQL {name} is not served by the double")


def _edge(item: Any, at: int) -> Payload:
    return Payload({"node": item, "cursor": _cursor(at)})


def _page_info(start: int, end: int, total: int) -> Payload:
    return Payload(
        {
            "hasNextPage": end < total,
            "hasPreviousPage": start > 0,
            "startCursor": _cursor(start) if end > start else None,
            "endCursor": _cursor(end - 1) if end > start else None,
        }
    )


def _cursor(at: int) -> str:
    return base64.b64encode(f"cursor:{at}".encode()).decode()


def _position(cursor: str | None, otherwise: int) -> int:
    if cursor is None:
        return otherwise
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("cursor:"))
    except (binascii.Error, ValueError) as error:
        text = f"`{cursor}` does not appear to be a valid cursor."
        raise ApiError(status=200, message=text, kind="INVALID_CURSOR_ARGUMENTS") from error
