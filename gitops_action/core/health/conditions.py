"""Reads `status.conditions` and times, the way the API writes them."""

from __future__ import annotations

from datetime import UTC, datetime

from gitops_action.core.manifests.fields import items, number, text
from gitops_action.core.manifests.model import Body


def condition(body: Body, kind: str) -> Body:
    """The condition of that type, or an empty mapping."""
    for found in items(body, "status", "conditions"):
        if found.get("type") == kind:
            return found
    return {}


def condition_status(body: Body, kind: str) -> str:
    """`True`, `False`, `Unknown`, or empty when there is no such condition."""
    return text(condition(body, kind), "status")


def said(found: Body, fallback: str) -> str:
    """The condition's message, else its reason, else `fallback`."""
    return text(found, "message") or text(found, "reason") or fallback


def count(body: Body, *keys: str, default: int = 0) -> int:
    """A number of the object with its default."""
    found = number(body, *keys)
    return default if found is None else found


def moment(written: str) -> datetime | None:
    """A time as the API writes it (RFC 3339), or None."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def group_of(body: Body) -> str:
    """The API group of an object; empty for the core group."""
    group, slash, _ = text(body, "apiVersion").partition("/")
    return group if slash else ""
