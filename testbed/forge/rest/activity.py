"""The activity of a repository: every move of a branch, with who moved it."""

from __future__ import annotations

from datetime import timedelta

from testbed.forge.records import Activity
from testbed.forge.rest.routing import Call, Reply, serves
from testbed.forge.rest.views import Json, node_id, user

_PERIODS = {
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
    "quarter": timedelta(days=90),
    "year": timedelta(days=365),
}
MOST = 100


@serves("GET /repos/{owner}/{repo}/activity", ("contents", "read"))
def list_activity(call: Call) -> Reply:
    """List moves, newest first unless asked otherwise; pages go by cursor, not by number."""
    found = [move for move in call.repository.activity if _asked(call, move)]
    if call.query.get("direction", "desc") == "desc":
        found.reverse()
    size = min(int(call.query.get("per_page", "30")), MOST)
    start, end = _bounds(call, found, size)
    headers = {}
    if links := _links(call, found, start, end):
        headers["Link"] = ", ".join(links)
    return Reply(body=[_view(call, move) for move in found[start:end]], headers=headers)


def _asked(call: Call, move: Activity) -> bool:
    query = call.query
    ref = query.get("ref")
    if ref and not ref.startswith("refs/"):
        ref = f"refs/heads/{ref}"
    period = _PERIODS.get(query.get("time_period", ""))
    return (
        ref in {None, move.ref}
        and query.get("activity_type") in {None, move.kind}
        and query.get("actor") in {None, move.actor.login if move.actor else ""}
        and (period is None or call.world.now() - move.at <= period)
    )


def _bounds(call: Call, found: list[Activity], size: int) -> tuple[int, int]:
    numbers = [str(move.id) for move in found]
    if (after := call.query.get("after")) in numbers:
        start = numbers.index(str(after)) + 1
        return start, start + size
    if (before := call.query.get("before")) in numbers:
        end = numbers.index(str(before))
        return max(end - size, 0), end
    return 0, size


def _links(call: Call, found: list[Activity], start: int, end: int) -> list[str]:
    kept = {k: v for k, v in call.query.items() if k not in {"after", "before"}}
    base = f"{call.base}/repos/{call.repository.full_name}/activity"
    query = "".join(f"&{key}={value}" for key, value in kept.items())
    links = []
    if end < len(found):
        links.append(f'<{base}?after={found[end - 1].id}{query}>; rel="next"')
    if start > 0:
        links.append(f'<{base}?before={found[start].id}{query}>; rel="prev"')
    return links


def _view(call: Call, move: Activity) -> Json:
    return {
        "id": move.id,
        "node_id": node_id("PSH", move.id),
        "before": move.before,
        "after": move.after,
        "ref": move.ref,
        "timestamp": move.at.isoformat().replace("+00:00", "Z"),
        "activity_type": move.kind,
        "actor": user(call.world, move.actor) if move.actor else None,
    }
