"""The DORA metrics of production, from what `status` has read and the application's commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from gitops_action.commands.history import EnvironmentHistory
from gitops_action.core.config import Config
from gitops_action.core.dora.declared import CommitMessage, declared_commits, image_sources
from gitops_action.core.dora.deployments import (
    ApplicationDeployments,
    BranchCommits,
    environment_deployments,
    records_left_out,
)
from gitops_action.core.dora.lead_time import (
    CommitGraph,
    Sources,
    wanted_sources,
    with_lead_times,
)
from gitops_action.core.dora.metrics import DoraReport, dora_report, period_of


class BranchMessages(Protocol):
    """The messages of the environment repository's commits."""

    def messages(self) -> Mapping[str, CommitMessage]:
        """Every commit behind the branch by its id, merged ones too."""
        ...


class CommitGraphs(Protocol):
    """Commits of application repositories."""

    def read(
        self, wanted: Mapping[str, Sequence[str]]
    ) -> tuple[Mapping[str, CommitGraph], tuple[str, ...]]:
        """By repository the commits behind the wanted ones; and what cannot be read."""
        ...


def measure(  # noqa: PLR0913 - what the metrics are made of
    pasts: Iterable[EnvironmentHistory],
    first_parents: Sequence[str],
    config: Config,
    commits: BranchMessages,
    sources: CommitGraphs | None,
    *,
    start: datetime | None,
    now: datetime,
) -> tuple[DoraReport | None, tuple[str, ...]]:
    """The metrics and notes; no metrics where no environment is production.

    Args:
        pasts: of every environment.
        first_parents: of the branch, newest first.
        config: the configuration at the tip.
        commits: of the environment repository.
        sources: commits of applications; None where they may not be read.
        start: since when; whole weeks count.
        now: the moment.
    """
    production = [one for one in pasts if one.environment.is_production]
    if not production:
        return None, ("no environment is production, so that there are no DORA metrics",)
    period = period_of(start, now)
    declared = declared_commits(first_parents, commits.messages())
    branch = BranchCommits(
        places={oid: place for place, oid in enumerate(first_parents)}, declared=declared
    )
    histories = [
        history
        for one in production
        for history in environment_deployments(
            one.environment.name, one.records, config.applications, branch, now
        )
    ]
    built_from = image_sources(first_parents, declared, config.applications)
    graphs, notes = _graphs(histories, built_from, sources, period.start)
    return dora_report(
        [with_lead_times(one, built_from, graphs) for one in histories],
        [left for one in production for left in records_left_out(one.records)],
        [one.environment.name for one in production],
        period,
    ), notes


def _graphs(
    histories: Sequence[ApplicationDeployments],
    built_from: Sources,
    sources: CommitGraphs | None,
    start: datetime,
) -> tuple[Mapping[str, CommitGraph], tuple[str, ...]]:
    wanted = wanted_sources(histories, built_from, start)
    if not wanted:
        return {}, ()
    if sources is None:
        return {}, ("without `source-token` lead times are not known",)
    return sources.read(wanted)
