"""Which deployments of an application count, which failed, which were taken back.

The definitions are those that `metrics.METRICS` prints.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from functools import cached_property
from operator import itemgetter
from sys import maxsize

from gitops_action.core.config import Application
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.dora.declared import DeclaredCommit
from gitops_action.core.history.rows import read_image, same_version

Images = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CountedDeployment:
    """A deployment that brought other images of one application.

    Attributes:
        number: of the GitHub Deployment.
        ended: when it ended.
        images: the application's, as rendered.
        failed: it failed, of several targets at least one.
        undone: it succeeded, and a later rollback that names it took it back.
        rollback: it takes back an earlier one.
        rework: it is a rollback, or the first success after a failure.
        lead_times: of the commits that it was the first success of.
        commits_left_out: commits whose lead time could not be determined.
        unmeasured: which commits it brought is not known.
    """

    number: int
    ended: datetime
    images: Images
    failed: bool = False
    undone: bool = False
    rollback: bool = False
    rework: bool = False
    lead_times: tuple[timedelta, ...] = ()
    commits_left_out: int = 0
    unmeasured: bool = False


@dataclass(frozen=True, kw_only=True)
class Outage:
    """A run of failures: from the end of its first to the next success; None: it goes on."""

    began: datetime
    ended: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ApplicationDeployments:
    """One application that was ever attempted in one environment; oldest first."""

    application: str
    environment: str
    deployments: tuple[CountedDeployment, ...] = ()
    outages: tuple[Outage, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A record that does not count: when it ended or began, and why."""

    at: datetime
    why: str


@dataclass(frozen=True, kw_only=True)
class BranchCommits:
    """The first-parent commits: the place of each, newest first, and what they declare."""

    places: Mapping[str, int] = field(default_factory=dict)
    declared: Mapping[str, DeclaredCommit] = field(default_factory=dict)

    def undone_by(self, commit: str, before: str) -> tuple[str, ...]:
        """What the commits after `before` up to `commit` take back."""
        place = self.places.get(commit)
        if place is None:
            return ()
        end = max(self.places.get(before, place), place + 1)
        here = slice(*(bisect_left(self._undoing, at, key=itemgetter(0)) for at in (place, end)))
        return tuple(oid for _, undoes in self._undoing[here] for oid in undoes)

    @cached_property
    def _undoing(self) -> list[tuple[int, tuple[str, ...]]]:
        """The commits that take something back, by their places."""
        found = ((self.places[oid], one.undoes) for oid, one in self.declared.items())
        return sorted((place, undoes) for place, undoes in found if undoes)


@dataclass(frozen=True, kw_only=True)
class _Finished:
    """A record that counts, with the images by today's names of the applications."""

    record: EvaluatedRecord
    ended: datetime
    failed: bool
    images: Mapping[str, Images]
    undoes: tuple[str, ...] = ()


def environment_deployments(
    environment: str,
    records: Iterable[EvaluatedRecord],
    applications: Sequence[Application],
    branch: BranchCommits,
    now: datetime,
) -> tuple[ApplicationDeployments, ...]:
    """What counts of an environment's records, by application.

    Args:
        environment: its name.
        records: in any order.
        applications: as they are declared today: a renamed one keeps its past by its images.
        branch: says what commits take back.
        now: the moment; what GitHub's clock puts after it ended now.
    """
    proved = sorted(
        (one for one in records if one.proved and not one.destroyed and one.applications),
        key=lambda one: (one.ended or one.started, one.number),
    )
    finished = list(_finished(proved, applications, branch, now))
    attempted = {name for one in proved for name in _by_today(one, applications)}
    return tuple(_application(name, environment, finished, branch) for name in sorted(attempted))


def records_left_out(records: Iterable[EvaluatedRecord]) -> Iterator[LeftOut]:
    """The records that say nothing of a deployment that ended."""
    for one in records:
        if one.ended is None and one.proved:
            continue  # it runs
        why = "unproved" if one.unproved else ""
        if not why and _failed(one) is None and one.result is Result.UNKNOWN:
            why = "unknown"
        if not why and _failed(one) is not None and not (one.applications or one.destroyed):
            why = "without images"
        if why:
            yield LeftOut(at=one.ended or one.started, why=why)


def _failed(record: EvaluatedRecord) -> bool | None:
    """Whether it failed; None where that is not known. Of several targets one failure suffices."""
    if record.ended is None:
        return None
    if Result.FAILED in (record.result, *record.targets.values()):
        return True
    return False if record.result is Result.SUCCEEDED else None


def _finished(
    proved: Iterable[EvaluatedRecord],
    applications: Sequence[Application],
    branch: BranchCommits,
    now: datetime,
) -> Iterator[_Finished]:
    """Those that ended as success or failure; what is unknown is passed over."""
    before = ""
    for one in proved:
        failed = _failed(one)
        if failed is None or one.ended is None:
            continue
        yield _Finished(
            record=one,
            ended=min(one.ended, now),
            failed=failed,
            images=_by_today(one, applications),
            undoes=branch.undone_by(one.commit, before),
        )
        before = one.commit


def _by_today(record: EvaluatedRecord, applications: Sequence[Application]) -> Mapping[str, Images]:
    """The images by the application that declares them today, else by the recorded name."""
    found: dict[str, dict[str, None]] = {}
    for name, images in record.applications.items():
        for image in images:
            reference = read_image(image)
            repository = reference.repository if reference else image
            owners = [one.name for one in applications if repository in one.images]
            for owner in owners or [name]:
                found.setdefault(owner, {})[image] = None
    return {name: tuple(images) for name, images in found.items()}


def _alike(one: Images, other: Images) -> bool:
    """Whether both are the same versions, by digest where there are digests."""
    if one == other:
        return True
    return all(any(same_version(a, b) for b in other) for a in one) and all(
        any(same_version(a, b) for b in one) for a in other
    )


# One application: the finished records in order, each compared with those before it.


def _application(
    name: str, environment: str, finished: Sequence[_Finished], branch: BranchCommits
) -> ApplicationDeployments:
    walk = _ApplicationWalk(name, finished, branch)
    for position in range(len(finished)):
        walk.step(position)
    return ApplicationDeployments(
        application=name,
        environment=environment,
        deployments=tuple(walk.counted),
        outages=tuple(walk.outages),
    )


class _ApplicationWalk:
    def __init__(self, name: str, finished: Sequence[_Finished], branch: BranchCommits) -> None:
        self._name = name
        self._finished = finished
        self._branch = branch
        self._last: Images = ()
        self._success: Images = ()
        self._newest: dict[str, int] = {}
        """By commit the newest record so far."""
        self._reached: list[int] = []
        """By record minus the newest place on the branch that was deployed until then."""
        self.counted: list[CountedDeployment] = []
        self.outages: list[Outage] = []

    def step(self, position: int) -> None:
        """Compare a record with those before it."""
        one = self._finished[position]
        images = self._images(position)
        if images:
            differs = not _alike(images, self._last)
            counts = differs or not (one.failed or _alike(images, self._success))
            if counts:
                self._count(position, images)
            self._follow_outage(one, counts=counts)
            self._success = self._success if one.failed else images
        self._last = images
        self._remember(position)

    def _remember(self, position: int) -> None:
        commit = self._finished[position].record.commit
        self._newest[commit] = position
        here = -self._branch.places.get(commit, maxsize)
        self._reached.append(max(here, self._reached[-1]) if self._reached else here)

    def _images(self, position: int) -> Images:
        return self._finished[position].images.get(self._name, ())

    @property
    def _is_out(self) -> bool:
        return bool(self.outages) and self.outages[-1].ended is None

    def _count(self, position: int, images: Images) -> None:
        one = self._finished[position]
        undone = self._undone(position, images)
        if undone:
            self.counted = [
                replace(each, undone=each.undone or (not each.failed and each.number in undone))
                for each in self.counted
            ]
        self.counted.append(
            CountedDeployment(
                number=one.record.number,
                ended=one.ended,
                images=images,
                failed=one.failed,
                rollback=bool(undone),
                rework=bool(undone) or (self._is_out and not one.failed),
            )
        )

    def _follow_outage(self, one: _Finished, *, counts: bool) -> None:
        if self._is_out and not one.failed:
            self.outages[-1] = replace(self.outages[-1], ended=one.ended)
        elif one.failed and counts and not self._is_out:
            self.outages.append(Outage(began=one.ended))

    def _undone(self, position: int, images: Images) -> frozenset[int]:
        """The deployments that one takes back: its commits name them, and its images return."""
        found: set[int] = set()
        for oid in self._finished[position].undoes:
            named = self._named(oid)
            bad = self._images(named) if named is not None else ()
            if named is None or not bad or _alike(images, bad):
                continue
            start = named
            while start and _alike(self._images(start - 1), bad):
                start -= 1
            if any(
                not self._finished[each].failed and _alike(self._images(each), images)
                for each in reversed(range(start))
            ):
                found |= {self._finished[each].record.number for each in range(start, named + 1)}
        return frozenset(found)

    def _named(self, oid: str) -> int | None:
        """The newest record of a commit so far, else the first one that has it."""
        if oid in self._newest:
            return self._newest[oid]
        place = self._branch.places.get(oid)
        if place is None:
            return None
        first = bisect_left(self._reached, -place)
        return first if first < len(self._reached) else None
