"""The metrics in words and as small charts; a dash where there is nothing to measure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from gitops_action.core.config.values import format_duration
from gitops_action.core.dataclass import dataclass
from gitops_action.core.dora.metrics import METRICS, DoraReport, Figures, MetricKey
from gitops_action.core.gates.model import plural, utc

NOTHING = "\N{EN DASH}"
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60
_WIDTH, _HEIGHT, _GAP = 228.0, 48.0, 3.0


def duration(span: timedelta | None) -> str:
    """By its two largest units: `2d5h`, `1h20m`; at least one minute is written as such."""
    if span is None:
        return NOTHING
    seconds = int(span.total_seconds())
    unit = _HOUR if seconds >= _DAY else _MINUTE if seconds >= _HOUR else 1
    return format_duration(timedelta(seconds=seconds - seconds % unit))


def value(key: MetricKey, figures: Figures) -> str:
    """One metric, as short as a cell of a table."""
    found = _measured(key, figures)
    if found is None or isinstance(found, timedelta):
        return duration(found)
    return f"{found:.1f} a week" if key == "frequency" else f"{found:.0%}"


def _measured(key: MetricKey, figures: Figures) -> float | timedelta | None:
    found: dict[MetricKey, float | timedelta | None] = {
        "frequency": figures.frequency,
        "lead-time": figures.lead_time,
        "change-fail-rate": figures.change_fail_rate,
        "recovery": figures.recovery,
        "rework-rate": figures.rework_rate,
    }
    return found[key]


def basis(key: MetricKey, figures: Figures) -> str:
    """What a figure stands on, and what it leaves out."""
    if key == "lead-time":
        parts = [f"90th percentile {duration(figures.lead_time_p90)}"] if figures.commits else []
        parts += [plural(figures.commits, "commit")]
        if figures.commits_left_out:
            parts.append(f"{plural(figures.commits_left_out, 'commit')} left out")
        if figures.unmeasured:
            parts.append(f"commits of {plural(figures.unmeasured, 'deployment')} not known")
        return ", ".join(parts)
    if key == "recovery":
        going_on = f", {figures.ongoing} going on" if figures.ongoing else ""
        return f"{plural(figures.outages, 'outage')} ended{going_on}"
    return plural(figures.deployments, "deployment")


def heading(report: DoraReport) -> str:
    """What was counted, and what was not."""
    where = ", ".join(report.environments)
    weeks = plural(report.period.weeks, "week")
    left = [f"{number} {why}" for why, number in report.left_out.items()]
    without = f"; records left out: {', '.join(left)}" if left else ""
    return f"{where}, {weeks} to {utc(report.period.end)}{without}"


# Small charts: a bar a week. A week with nothing to measure has none.


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One week, in pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True)
class MetricChart:
    """A metric over weeks; `words` say the same as the bars."""

    width: float
    height: float
    bars: tuple[Bar, ...]
    words: str


def chart(key: MetricKey, weekly: Sequence[Figures]) -> MetricChart:
    """The bars of one metric, oldest week first."""
    numbers = [_number(key, one) for one in weekly]
    most = max((number for number in numbers if number is not None), default=0.0)
    return MetricChart(
        width=_WIDTH,
        height=_HEIGHT + 2,
        bars=tuple(_bars(numbers, most)),
        words="By week, oldest first: " + ", ".join(value(key, one) for one in weekly),
    )


def _bars(numbers: Sequence[float | None], most: float) -> Iterator[Bar]:
    step = _WIDTH / max(1, len(numbers))
    for place, number in enumerate(numbers):
        if number is None:
            continue
        height = max(1.0, _HEIGHT * number / most) if most else 1.0
        yield Bar(
            x=round(place * step, 1),
            y=round(_HEIGHT - height, 1),
            width=round(max(1.0, step - _GAP), 1),
            height=round(height, 1),
        )


def _number(key: MetricKey, one: Figures) -> float | None:
    number = _measured(key, one)
    return number.total_seconds() if isinstance(number, timedelta) else number


def page_metrics(report: DoraReport) -> list[dict[str, object]]:
    """Each metric for the status page."""
    return [
        {
            "name": one.name,
            "definition": one.definition,
            "value": value(one.key, report.total),
            "basis": basis(one.key, report.total),
            "chart": chart(one.key, report.weekly),
        }
        for one in METRICS
    ]
