"""The last events about some objects, in a line each."""

from __future__ import annotations

from gitops_action.core.health.conditions import count
from gitops_action.core.health.diagnose.containers import shortened
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import Body

SHOWN = 5
"""Events in a report: enough for a cause and its consequence."""


def warnings_of(names: tuple[str, ...], events: tuple[Body, ...]) -> tuple[Body, ...]:
    """The warnings about objects of these names, oldest first."""
    found = [event for event in events if event.get("type") == "Warning" and _name(event) in names]
    return tuple(sorted(found, key=_time))


def event_line(event: Body) -> str:
    """`BackOff: Back-off restarting failed container (7 times)`."""
    times = max(count(event, "count"), count(event, "series", "count"))
    often = f" ({times} times)" if times > 1 else ""
    message = shortened(text(event, "message") or text(event, "note"))
    return f"{text(event, 'reason')}: {message}{often}"


def last_lines(names: tuple[str, ...], events: tuple[Body, ...]) -> tuple[str, ...]:
    """The last few warnings about these objects, each line once."""
    lines = [event_line(event) for event in warnings_of(names, events)]
    unique = list(dict.fromkeys(reversed(lines)))[:SHOWN]
    return tuple(reversed(unique))


def _name(event: Body) -> str:
    return text(event, "involvedObject", "name") or text(event, "regarding", "name")


def _time(event: Body) -> str:
    """RFC 3339 in UTC sorts as text; events have their time in one of several fields."""
    return (
        text(event, "series", "lastObservedTime")
        or text(event, "lastTimestamp")
        or text(event, "eventTime")
        or text(event, "metadata", "creationTimestamp")
    )
