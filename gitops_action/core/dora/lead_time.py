"""Lead time: from the application's commits to the first success that has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from gitops_action.core.dataclass import dataclass
from gitops_action.core.dora.deployments import ApplicationDeployments, CountedDeployment
from gitops_action.core.history.rows import version_key
from gitops_action.core.images.oci import ImageSource


@dataclass(frozen=True, kw_only=True)
class SourceCommitFacts:
    """A commit of an application repository; `at` is its committer time, None if unreadable."""

    at: datetime | None
    parents: tuple[str, ...] = ()


CommitGraph = Mapping[str, SourceCommitFacts]
"""Commits of one repository; where it ends, older ones were not read."""
Sources = Mapping[object, ImageSource]
"""Which commit a version was built from, by `version_key`."""


def wanted_sources(
    histories: Iterable[ApplicationDeployments], sources: Sources, start: datetime
) -> Mapping[str, tuple[str, ...]]:
    """By repository the commits that lead times since `start` need, newest first."""
    found: dict[str, dict[str, datetime]] = {}
    for history in histories:
        successes = [one for one in history.deployments if not one.failed]
        due = [
            one
            for number, one in enumerate(successes)
            if one.ended > start
            or (number + 1 < len(successes) and successes[number + 1].ended > start)
        ]
        for one in due if len(due) > 1 else ():
            for source in _sources_of(one, sources):
                known = found.setdefault(source.repository, {})
                known[source.commit] = max(one.ended, known.get(source.commit, one.ended))
    return {
        repository: tuple(sorted(each, key=lambda oid: each[oid], reverse=True))
        for repository, each in sorted(found.items())
    }


def with_lead_times(
    history: ApplicationDeployments, sources: Sources, graphs: Mapping[str, CommitGraph]
) -> ApplicationDeployments:
    """The deployments with the lead times of the commits that each brought.

    The first success has none: it did not bring a repository's whole past.
    """
    delivered = _Delivered(graphs)
    base: Sequence[ImageSource] | None = None
    found = []
    for one in history.deployments:
        if one.failed:
            found.append(one)
            continue
        here = _sources_of(one, sources)
        found.append(one if base is None else delivered.measured(one, base, here))
        delivered.add(here)
        base = here
    return replace(history, deployments=tuple(found))


def _sources_of(one: CountedDeployment, sources: Sources) -> tuple[ImageSource, ...]:
    """Where the images were built from; those of other people's images are not known."""
    found = (sources.get(version_key(image)) for image in one.images)
    return tuple(dict.fromkeys(each for each in found if each is not None))


class _Delivered:
    """The commits that an environment has had."""

    def __init__(self, graphs: Mapping[str, CommitGraph]) -> None:
        self._graphs = graphs
        self._commits: dict[str, set[str]] = {}

    def add(self, sources: Iterable[ImageSource]) -> None:
        """What these commits have behind them counts as delivered."""
        for source in sources:
            if self._is_read(source):
                self._walk(source)

    def measured(
        self, one: CountedDeployment, base: Sequence[ImageSource], here: Sequence[ImageSource]
    ) -> CountedDeployment:
        """With the lead times of what `here` has over everything before it."""
        if not (base and here and all(self._is_read(each) for each in (*base, *here))):
            return replace(one, unmeasured=True)
        times: list[timedelta] = []
        left_out = 0
        for source in here:
            for facts in self._walk(source):
                if facts is not None and len(facts.parents) > 1:
                    continue
                time = one.ended - facts.at if facts and facts.at else None
                if time is None or time < timedelta():
                    left_out += 1
                else:
                    times.append(time)
        return replace(one, lead_times=tuple(times), commits_left_out=left_out)

    def _is_read(self, source: ImageSource) -> bool:
        return source.commit in self._graphs.get(source.repository, {})

    def _walk(self, source: ImageSource) -> list[SourceCommitFacts | None]:
        """What is new behind a commit, None for one that was not read; it counts as had."""
        graph = self._graphs[source.repository]
        had = self._commits.setdefault(source.repository, set())
        found, due = [], [source.commit]
        while due:
            oid = due.pop()
            if oid in had:
                continue
            had.add(oid)
            facts = graph.get(oid)
            found.append(facts)
            due += facts.parents if facts else ()
        return found
