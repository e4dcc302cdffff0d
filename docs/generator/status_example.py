"""The status page of an example repository, by the real view."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gitops_action.adapters.status_page import HtmlPage
from gitops_action.core.config import Hold
from gitops_action.core.config.holds import Holds
from gitops_action.core.dora.deployments import ApplicationDeployments, CountedDeployment, Outage
from gitops_action.core.dora.metrics import WEEK, DoraReport, Period, dora_report
from gitops_action.core.images import parse_reference
from gitops_action.core.status.drift import DriftStatus
from gitops_action.core.status.model import (
    EnvironmentChange,
    EnvironmentStatus,
    StatusReport,
    VersionState,
    VersionStatus,
)

_NOW = datetime(2026, 11, 27, 12, 47, tzinfo=UTC)
_PAGES = "https://github.com/acme/environment"
_WEEKS = 12
_FAILED = {3, 8}
"""Weeks, counted back, whose deployment failed."""


def status_page() -> str:
    """Two environments: one runs a new version, which waits for approval in the other."""
    return HtmlPage().page(_report())


def _report() -> StatusReport:
    hold = Hold(
        environment="production",
        application="web",
        image=parse_reference("ghcr.io/acme/web:v1.2.1"),
        reason="errors after start",
        author="bob",
        since=_NOW - timedelta(days=3),
    )
    return StatusReport(
        repository="acme/environment",
        branch="main",
        commit="8d1f4c2a7be0" * 3 + "8d1f",
        now=_NOW,
        environments=_environments(hold),
        holds=Holds(holds=(hold,)),
        dora=_metrics(),
        pages=_PAGES,
    )


def _environments(hold: Hold) -> tuple[EnvironmentStatus, ...]:
    waiting = EnvironmentChange(
        number=7,
        url=f"{_PAGES}/pull/7",
        title="Promote web to v1.2.3",
        environment="production",
        versions=(("web", "v1.2.3"),),
        word="waiting",
        text="soak until 2026-11-27 13:05Z; 1 more",
        opens=_NOW + timedelta(minutes=18),
    )
    staging = EnvironmentStatus(
        name="staging",
        drift=DriftStatus(word="clean", at=_NOW - timedelta(hours=1)),
        versions=(
            _version("web", "v1.2.3", "runs", 1),
            _version("web", "v1.2.2", "was here", 30),
            _version("web", "v1.2.1", "was here", 80),
            _version("api", "v4.0.1", "runs", 50),
        ),
    )
    production = EnvironmentStatus(
        name="production",
        after=("staging",),
        drift=DriftStatus(word="clean", at=_NOW - timedelta(hours=1)),
        production=True,
        url="https://acme.example",
        versions=(
            _version("web", "v1.2.3", "proposed", 0),
            _version("web", "v1.2.2", "runs", 26),
            _version("web", "v1.2.1", "held", 75, hold),
            _version("api", "v4.0.1", "runs", 28),
        ),
        proposals=(waiting,),
    )
    return staging, production


def _version(
    application: str, name: str, state: VersionState, hours: int, hold: Hold | None = None
) -> VersionStatus:
    return VersionStatus(
        application=application,
        version=name,
        image=f"ghcr.io/acme/{application}:{name}",
        state=state,
        since=_NOW - timedelta(hours=hours) if hours else None,
        health="healthy" if state == "runs" else None,
        hold=hold,
    )


def _metrics() -> DoraReport:
    weeks = [
        CountedDeployment(
            number=week,
            ended=_NOW - week * WEEK - timedelta(hours=26),
            images=(f"ghcr.io/acme/web:v1.{week}",),
            failed=week in _FAILED,
            rework=week + 1 in _FAILED,
            lead_times=(timedelta(hours=20 + 3 * (week % 4)),),
        )
        for week in range(_WEEKS)
    ]
    outages = tuple(
        Outage(began=one.ended, ended=one.ended + timedelta(minutes=9 + one.number))
        for one in weeks
        if one.failed
    )
    web = ApplicationDeployments(
        application="web",
        environment="production",
        deployments=tuple(reversed(weeks)),
        outages=tuple(reversed(outages)),
    )
    return dora_report([web], (), ["production"], Period(end=_NOW, weeks=_WEEKS))
