"""Status pages that are hard to lay out: of many environments, and of long names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from gitops_action.adapters.status_page import HtmlPage
from gitops_action.core.config import Hold
from gitops_action.core.config.holds import Holds
from gitops_action.core.dora.deployments import ApplicationDeployments, CountedDeployment
from gitops_action.core.dora.metrics import WEEK, DoraReport, Period, dora_report
from gitops_action.core.status.drift import DriftStatus
from gitops_action.core.status.model import (
    EnvironmentChange,
    EnvironmentStatus,
    StatusReport,
    VersionState,
    VersionStatus,
)
from tests.support.nasty import NASTY

NOW = datetime(2026, 11, 28, 9, 5, tzinfo=UTC)
_PAGES = "https://github.com/acme/environment"
_MOST, _SHORT = 10, 1_000
"""Environments of such a page, and characters of its names: a picture has limits."""
_STATES: tuple[VersionState, ...] = (
    *("proposed", "deploying", "waits", "failed", "unknown"),
    *("held", "runs", "was here", "skipped"),
)


def report_of(
    *environments: EnvironmentStatus,
    holds: Iterable[Hold] = (),
    dora: DoraReport | None = None,
    repository: str = "acme/environment",
    notes: tuple[str, ...] = (),
) -> StatusReport:
    """What is known of these environments."""
    return StatusReport(
        repository=repository,
        branch="main",
        commit="3fa9c1d0" * 5,
        now=NOW,
        environments=environments,
        holds=Holds(holds=tuple(holds)),
        dora=dora,
        pages=_PAGES,
        notes=notes,
    )


def versions(application: str, tag: str = "v1.2.") -> tuple[VersionStatus, ...]:
    """A version in each state, and older ones."""
    states = (*_STATES, *(("was here",) * 9))
    hold = Hold(environment="x", application=application, reason="errors after the start")
    return tuple(
        VersionStatus(
            application=application,
            version=f"{tag}{len(states) - number}",
            image=f"ghcr.io/acme/web:{tag}{number}",
            state=state,
            since=NOW - timedelta(days=number),
            health="failing" if state == "runs" else None,
            number=number,
            hold=hold if state == "held" else None,
        )
        for number, state in enumerate(states)
    )


def proposal(title: str, text: str) -> EnvironmentChange:
    """A pull request that a gate keeps back."""
    return EnvironmentChange(
        number=4711,
        url=f"{_PAGES}/pull/4711",
        title=title,
        environment="x",
        word="waiting",
        text=text,
        opens=NOW + timedelta(days=2),
    )


def metrics(applications: Iterable[str], environment: str) -> DoraReport:
    """Twelve weeks in which each application was deployed every week."""
    deployments = tuple(
        CountedDeployment(
            number=week, ended=NOW - week * WEEK, images=("x",), lead_times=(WEEK * (week + 1),)
        )
        for week in range(12)
    )
    found = [
        ApplicationDeployments(application=one, environment=environment, deployments=deployments)
        for one in applications
    ]
    return dora_report(found, (), [environment], Period(end=NOW, weeks=12))


def crowded_page() -> str:
    """Six environments, three beside each other, with edges that pass others by."""
    wait = proposal("Promote web", "soak until 2026-11-30 09:05Z; 1 of 2 approvals; 3 more")
    frozen = Hold(environment="asia", reason="audit", until=NOW + timedelta(days=9))
    after = {
        "dev": (),
        "staging": ("dev",),
        "europe": ("staging", "dev"),
        "america": ("staging",),
        "asia": ("dev",),
        "backup": ("europe", "america", "asia", "dev"),
    }
    environments = [
        EnvironmentStatus(
            name=name,
            after=before,
            production=number > 1,
            url="https://web.acme.example/" if number > 1 else "",
            versions=(*versions("web"), *versions("api", "v2.0.")),
            proposals=(wait,) * (number % 3),
            frozen=frozen if name == "asia" else None,
            closed="window until 2026-11-30 08:00Z" if name == "backup" else "",
            opens=NOW + timedelta(days=2) if name == "backup" else None,
            drift=DriftStatus(word="drifted", at=NOW, url=f"{_PAGES}/issues/1"),
        )
        for number, (name, before) in enumerate(after.items())
    ]
    return HtmlPage().page(
        report_of(*environments, holds=[frozen], dora=metrics(("web", "api"), "europe"))
    )


_STRANGE = (
    *("שלום עולם", "مرحبا بالعالم", "ويب-٣", "環境" * 20, "한국어 환경"),
    *("🚀🔥 release 👩‍💻 party 🏳️‍🌈", "e\u0301" * 60, "x" + "\u0301" * 40, "a\tb"),
)


def strange_page() -> str:
    """Names in scripts that run to the left, of broad letters, of emoji and of many marks."""
    return _page_named(_STRANGE)


def hostile_page() -> str:
    """Names that would be HTML, Markdown, commands or templates elsewhere."""
    return _page_named([name for name in NASTY if len(name) <= _SHORT])


def _page_named(names: Sequence[str]) -> str:
    """Everything that has a name, named so; the second of two environments follows the first."""
    environments = [
        EnvironmentStatus(
            name=f"e{number} {name}",
            after=(f"e{number - 1} {names[number - 1]}",) if number % 2 else (),
            versions=versions(name or "x", f"{name[:60]}-")[:9],
            proposals=(proposal(name, name),),
            drift=DriftStatus(word="drifted", at=NOW, reason=name),
        )
        for number, name in enumerate(names[:_MOST])
    ]
    holds = [Hold(environment="e", application=one, reason=one, author=one) for one in names]
    return HtmlPage().page(
        report_of(
            *environments,
            holds=holds,
            dora=metrics(names, "e"),
            repository=names[0],
            notes=(*names,),
        )
    )


def long_page() -> str:
    """Names, titles and reasons as long as they may be, without a space to break a line at."""
    environments = [f"{place}-{'of-the-north-west-' * 3}region" for place in "ab"]
    name, tag = "application-" + "w" * 88, "v1.2-" + "0123456789" * 12
    wait = proposal("Promote_" + "x" * 240, "approvals_" + "y" * 120)
    hold = Hold(environment=environments[0], application=name, reason="r" * 500, author="a" * 39)
    found = [
        EnvironmentStatus(
            name=environment,
            after=tuple(environments[:number]),
            production=True,
            url="https://" + "sub." * 40 + "example",
            versions=versions(name, tag),
            proposals=(wait,),
            drift=DriftStatus(word="drifted", at=NOW, url=f"{_PAGES}/issues/1", reason="z" * 200),
        )
        for number, environment in enumerate(environments)
    ]
    return HtmlPage().page(
        report_of(
            *found,
            holds=[hold],
            dora=metrics([name], environments[1]),
            repository=f"{'o' * 39}/{'r' * 100}",
            notes=("n" * 300,),
        )
    )
