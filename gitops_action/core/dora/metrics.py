"""The five metrics over a period, as sums and weeks, with the definitions that are printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.dora.deployments import (
    ApplicationDeployments,
    CountedDeployment,
    LeftOut,
)

WEEK = timedelta(days=7)
_MEDIAN, _HIGH = 0.5, 0.9

MetricKey = Literal["frequency", "lead-time", "change-fail-rate", "recovery", "rework-rate"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric with its definition. An event belongs to the period in which it ended."""

    key: MetricKey
    name: str
    definition: str


METRICS = (
    Metric(
        key="frequency",
        name="Deployment frequency",
        definition="Deployments a week: the mean over weeks of 7 times 24 hours, those without any"
        " included. A failure counts when its images differ from those of the finished deployment"
        " before it, a success when they differ from that one's or from the last success's."
        " Configuration alone is no deployment; several clusters are one.",
    ),
    Metric(
        key="lead-time",
        name="Lead time for changes",
        definition="From a commit's committer time to the end of the first deployment that"
        " succeeded with it: median and 90th percentile by nearest rank. Merges are left out. The"
        " first recorded success has none, since what it brought is not known.",
    ),
    Metric(
        key="change-fail-rate",
        name="Change fail rate",
        definition="Of all deployments those that failed, and those that a later rollback names and"
        " takes back.",
    ),
    Metric(
        key="recovery",
        name="Recovery time",
        definition="From the end of the first failure in a row to the next success: the median. A"
        " failure of configuration alone begins no outage.",
    ),
    Metric(
        key="rework-rate",
        name="Rework rate",
        definition="Of all deployments the rollbacks, and the other first successes after a"
        " failure.",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Period:
    """Whole weeks up to a moment."""

    end: datetime
    weeks: int

    @property
    def start(self) -> datetime:
        """Where it begins; the moment itself does not belong to it."""
        return self.end - self.weeks * WEEK

    def has(self, moment: datetime) -> bool:
        """Whether something that ended then belongs to it."""
        return self.start < moment <= self.end

    def each_week(self) -> tuple[Period, ...]:
        """Its weeks, oldest first."""
        ends = (self.end - number * WEEK for number in reversed(range(self.weeks)))
        return tuple(Period(end=end, weeks=1) for end in ends)


def period_of(start: datetime | None, now: datetime) -> Period:
    """The whole weeks since, at least one; twelve where nothing says since when."""
    weeks = (now - start) // WEEK if start else 12
    return Period(end=now, weeks=max(1, weeks))


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The metrics of one application, or of several added up. None: nothing to measure.

    Attributes:
        deployments: how many count.
        frequency: deployments a week.
        lead_time: the median.
        lead_time_p90: the 90th percentile.
        commits: that have a lead time.
        change_fail_rate: from 0 to 1.
        recovery: the median.
        outages: that ended.
        ongoing: outages that go on.
        rework_rate: from 0 to 1.
        commits_left_out: without a lead time: negative, or not readable.
        unmeasured: deployments of which the commits are not known.
    """

    deployments: int = 0
    frequency: float | None = None
    lead_time: timedelta | None = None
    lead_time_p90: timedelta | None = None
    commits: int = 0
    change_fail_rate: float | None = None
    recovery: timedelta | None = None
    outages: int = 0
    ongoing: int = 0
    rework_rate: float | None = None
    commits_left_out: int = 0
    unmeasured: int = 0


def figures(histories: Sequence[ApplicationDeployments], period: Period) -> Figures:
    """The metrics of what ended in the period."""
    counted = [one for each in histories for one in each.deployments if period.has(one.ended)]
    lead_times = [time for one in counted for time in one.lead_times]
    outages = [one for each in histories for one in each.outages]
    ended = [one.ended - one.began for one in outages if one.ended and period.has(one.ended)]
    return Figures(
        deployments=len(counted),
        frequency=len(counted) / period.weeks if histories else None,
        lead_time=nearest_rank(lead_times, _MEDIAN),
        lead_time_p90=nearest_rank(lead_times, _HIGH),
        commits=len(lead_times),
        change_fail_rate=_share(counted, (one.failed or one.undone for one in counted)),
        recovery=nearest_rank(ended, _MEDIAN),
        outages=len(ended),
        ongoing=sum(one.ended is None and one.began <= period.end for one in outages),
        rework_rate=_share(counted, (one.rework for one in counted)),
        commits_left_out=sum(one.commits_left_out for one in counted),
        unmeasured=sum(one.unmeasured for one in counted),
    )


def _share(counted: Sequence[CountedDeployment], those: Iterable[bool]) -> float | None:
    return sum(those) / len(counted) if counted else None


def nearest_rank(values: Iterable[timedelta], rank: float) -> timedelta | None:
    """The smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[ceil(rank * len(ordered)) - 1] if ordered else None


@dataclass(frozen=True, kw_only=True)
class ApplicationFigures:
    """The metrics of one application in one environment."""

    application: str
    environment: str
    figures: Figures


@dataclass(frozen=True, kw_only=True)
class DoraReport:
    """The metrics of production.

    Attributes:
        period: what is counted.
        environments: the production environments.
        total: of all applications.
        weekly: the same by week, oldest first.
        applications: by application and environment.
        left_out: how many records do not count, by reason.
    """

    period: Period
    environments: tuple[str, ...]
    total: Figures
    weekly: tuple[Figures, ...] = ()
    applications: tuple[ApplicationFigures, ...] = ()
    left_out: Mapping[str, int]


def dora_report(
    histories: Sequence[ApplicationDeployments],
    left_out: Iterable[LeftOut],
    environments: Sequence[str],
    period: Period,
) -> DoraReport:
    """Everything that is shown."""
    reasons = [one.why for one in left_out if period.has(min(one.at, period.end))]
    ordered = sorted(histories, key=lambda one: (one.application, one.environment))
    return DoraReport(
        period=period,
        environments=tuple(environments),
        total=figures(histories, period),
        weekly=tuple(figures(histories, week) for week in period.each_week()),
        applications=tuple(
            ApplicationFigures(
                application=one.application,
                environment=one.environment,
                figures=figures([one], period),
            )
            for one in ordered
        ),
        left_out={why: reasons.count(why) for why in sorted(set(reasons))},
    )
