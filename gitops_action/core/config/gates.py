"""What has to be true before a change to an environment merges, as resolved values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Window:
    """A recurring span of time in which merging is denied, or outside of which it is.

    `cron` (five fields) gives each start in `timezone` (IANA name), `duration` how long it lasts.
    """

    effect: Literal["deny", "allow"]
    cron: str
    duration: timedelta
    timezone: str = "UTC"


@dataclass(frozen=True, kw_only=True)
class Approvals:
    """How many people have to approve, and who counts; nobody named means anyone who may write."""

    count: int = 0
    teams: tuple[str, ...] = ()
    users: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class HttpGate:
    """An address that is asked, and the expression its response has to satisfy."""

    url: str
    expect: str


@dataclass(frozen=True, kw_only=True)
class Gates:
    """Every gate of an environment.

    Attributes:
        soak: how long the images must have run, verified, in every environment of `after`.
        windows: when merging is denied or allowed.
        approvals: who has to approve.
        checks: names of checks or statuses that must have succeeded on the head commit.
        http: addresses that have to answer as expected.
    """

    soak: timedelta = timedelta(0)
    windows: tuple[Window, ...] = ()
    approvals: Approvals = Approvals()
    checks: tuple[str, ...] = ()
    http: tuple[HttpGate, ...] = ()
