"""The gate `windows`: whether a merge is allowed now, and when it will be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from gitops_action.core.config.resolved import Window
from gitops_action.core.config.windows import last_start, never_open, next_start
from gitops_action.core.gates.model import GateResult, utc

_HORIZON = timedelta(days=400)
"""How far ahead an opening is looked for; every day of a year comes in it."""
_MOST_STEPS = 500


def evaluate(environment: str, windows: Sequence[Window], now: datetime) -> GateResult | None:
    """None where the environment has no windows."""
    if not windows:
        return None
    opens = next_opening(windows, now)
    if opens == now:
        return GateResult(
            gate="windows", environment=environment, word="pass", reason="open", code="window-open"
        )
    if opens is None and never_open(windows):
        return GateResult(
            gate="windows",
            environment=environment,
            word="refuse",
            reason="the windows leave no moment to merge in",
            code="window-never-opens",
        )
    said = f"window until {utc(opens)}" if opens else "window closed, no opening is in sight"
    return GateResult(
        gate="windows",
        environment=environment,
        word="wait",
        reason=said,
        code="window-closed",
        opens=opens,
        found=f"closed by {_closing(windows, now)}",
    )


def next_opening(windows: Sequence[Window], now: datetime) -> datetime | None:
    """The first moment from now on at which a merge is allowed; None when none is in sight.

    A denial wins. Where windows allow, one of them must be open.
    """
    allowing = [window for window in windows if window.effect == "allow"]
    denying = [window for window in windows if window.effect == "deny"]
    at = now
    for _ in range(_MOST_STEPS):
        if at > now + _HORIZON:
            return None
        ends = [end for window in denying if (end := _end(window, at))]
        if ends:
            at = max(ends)
        elif allowing and not any(_end(window, at) for window in allowing):
            starts = [start for window in allowing if (start := next_start(window, at))]
            if not starts:
                return None
            at = min(starts)
        else:
            return at
    return None


def _end(window: Window, at: datetime) -> datetime | None:
    """The end of the window's span around a moment; None outside of its spans.

    A span contains its start, not its end. Of spans that overlap the last counts, as all have
    one length.
    """
    start = last_start(window, at, within=window.duration)
    return start + window.duration if start else None


def _closing(windows: Sequence[Window], now: datetime) -> str:
    """The denial that holds now; else what nothing allows."""
    for window in windows:
        if window.effect == "deny" and _end(window, now):
            return f"`deny: {window.cron}` ({window.timezone})"
    crons = [f"`allow: {one.cron}` ({one.timezone})" for one in windows if one.effect == "allow"]
    return f"{' and '.join(crons)}, which is not open"
