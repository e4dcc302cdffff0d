"""What another process may ask of a running forge: `/_testbed/…`, on loopback only."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from testbed.forge.http import HttpReply, HttpRequest
from testbed.forge.world import World

PREFIX = "/_testbed/"


def serve(world: World, request: HttpRequest) -> HttpReply:
    """Answer with requests, events, problems or pull requests so far; DELETE clears a list."""
    name = request.path.removeprefix(PREFIX)
    if name not in _LISTS:
        return HttpReply(status=404, body=b"no such list")
    with world.lock:
        body = json.dumps(_LISTS[name](world), default=str).encode()
        if request.method == "DELETE" and name in _CLEARED:
            getattr(world, name).clear()
    return HttpReply(status=200, body=body, headers={"Content-Type": "application/json"})


def _events(world: World) -> list[dict[str, Any]]:
    return [
        {
            **asdict(event),
            "suppressed": event.suppressed,
            "awaits_approval": event.awaits_approval,
        }
        for event in world.events
    ]


def _pulls(world: World) -> list[dict[str, Any]]:
    return [
        {
            "repository": repository.full_name,
            "url": f"{world.url}/{repository.full_name}/pull/{pull.number}",
            "number": pull.number,
            "state": "merged" if pull.merged_at else pull.state,
            "title": pull.title,
            "body": pull.body,
            "head": pull.head,
            "base": pull.base,
        }
        for repository in world.repositories.values()
        for pull in repository.pulls.values()
    ]


_LISTS: Mapping[str, Callable[[World], Any]] = {
    "requests": lambda world: [asdict(request) for request in world.requests],
    "events": _events,
    "problems": lambda world: list(world.problems),
    "pulls": _pulls,
}
_CLEARED = frozenset({"requests", "events", "problems"})
