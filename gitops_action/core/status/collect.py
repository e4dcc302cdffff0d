"""Puts together how environments stand: from their past, open pull requests, holds and windows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime
from typing import get_args

from gitops_action.core.config import Config, Environment, applications_of_image
from gitops_action.core.config.holds import Holds, frozen, held
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.gates import windows
from gitops_action.core.gates.open_pull_request import HeadStatus, OpenPullRequest
from gitops_action.core.gates.verdict import VerdictWord
from gitops_action.core.gates.versions import version_of
from gitops_action.core.history.rows import HistoryRow, read_image, same_version
from gitops_action.core.pattern import pattern
from gitops_action.core.status.drift import DriftStatus
from gitops_action.core.status.model import (
    EnvironmentChange,
    EnvironmentStatus,
    Health,
    VersionState,
    VersionStatus,
)
from gitops_action.core.trailers import ENVIRONMENT, IMAGE, parse_trailers

_PREFIX = "gitops/"
_TIME = pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}Z")
_WORDS: frozenset[str] = frozenset(get_args(VerdictWord))


@dataclass(frozen=True, kw_only=True)
class EnvironmentPast:
    """What is known of an environment's past: its rows and records, newest first."""

    environment: Environment
    rows: tuple[HistoryRow, ...] = ()
    records: tuple[EvaluatedRecord, ...] = ()
    note: str = ""
    recorded: bool = True
    drift: DriftStatus = field(default=DriftStatus(word="none"))


def environment_status(
    past: EnvironmentPast,
    config: Config,
    pulls: Iterable[OpenPullRequest],
    holds: Holds,
    now: datetime,
) -> EnvironmentStatus:
    """How one environment stands.

    Args:
        past: its rows and records.
        config: the configuration at the tip.
        pulls: every open pull request.
        holds: every hold that can be read.
        now: the moment.
    """
    environment = past.environment
    proposals = tuple(_proposals(past, config, pulls))
    versions = (*_proposed(proposals, past.rows), *_versions(past))
    applications = tuple(dict.fromkeys(one.application for one in versions))
    closed = _windows(environment, now)
    return EnvironmentStatus(
        name=environment.name,
        after=environment.after,
        production=environment.is_production,
        deployed=bool(environment.deploy.targets),
        url=environment.address(applications),
        versions=tuple(_with_hold(one, environment.name, holds, now) for one in versions),
        proposals=proposals,
        frozen=frozen(holds.holds, environment.name, now),
        closed=closed[0],
        opens=closed[1],
        drift=past.drift,
        note=past.note,
    )


def _windows(environment: Environment, now: datetime) -> tuple[str, datetime | None]:
    gates = environment.gates
    found = windows.evaluate(environment.name, gates.windows, now) if gates else None
    return ("", None) if found is None or found.passed else (found.reason, found.opens)


# Versions that were described, and what became of them.


def _versions(past: EnvironmentPast) -> Iterator[VersionStatus]:
    """One for each version of each image, newest first: how it stands the last time."""
    deployed = bool(past.environment.deploy.targets) and past.recorded
    running = _in_flight(past.records)
    seen: set[tuple[str, str]] = set()
    newest: set[tuple[str, str]] = set()
    for row in past.rows:
        image = row.reference
        if not row.image or image is None or (row.application, row.version) in seen:
            continue
        seen.add((row.application, row.version))
        name = row.application, image.repository
        first = name not in newest and not row.off_branch
        newest.add(name)
        yield _version(row, _state(row, first=first, deployed=deployed, running=running))


def _in_flight(records: Iterable[EvaluatedRecord]) -> Mapping[str, tuple[str, ...]]:
    """The images of the newest deployment while its job runs."""
    newest = next(iter(records), None)
    if newest is None or newest.ended is not None or not newest.proved:
        return {}
    return newest.applications


def _state(
    row: HistoryRow, *, first: bool, deployed: bool, running: Mapping[str, tuple[str, ...]]
) -> VersionState:
    """Where a version stands; `first`: it is what the environment describes."""
    images = running.get(row.application, ())
    if first and any(same_version(one, row.image) for one in images):
        return "deploying"
    if row.running or (first and (not deployed or row.unverified)):
        return "runs"
    if row.began is not None or not (deployed or first):
        return "was here"
    if row.result is not None:
        return "failed" if row.result is Result.FAILED else "unknown"
    return "waits" if first else "skipped"


def _version(row: HistoryRow, state: VersionState) -> VersionStatus:
    since = row.began if state in {"runs", "was here"} else row.deployed
    return VersionStatus(
        application=row.application,
        version=row.version,
        image=row.image,
        state=state,
        since=since or row.at,
        health=_health(row) if state == "runs" else None,
        number=row.number,
        commit=row.commit,
        url=row.url,
    )


def _health(row: HistoryRow) -> Health:
    if row.unverified:
        return "unverified"
    if row.result is None:
        return "merged"
    if row.result is Result.SUCCEEDED:
        return "healthy"
    return "failing" if row.result is Result.FAILED else "unknown"


def _with_hold(one: VersionStatus, environment: str, holds: Holds, now: datetime) -> VersionStatus:
    image = read_image(one.image)
    versions = [hold for hold in holds.holds if hold.kind == "version"]
    found = held(versions, environment, one.application, image, now) if image else None
    if found is None:
        return one
    stays = one.state in {"runs", "deploying", "failed", "was here"}
    return replace(one, hold=found, state=one.state if stays else "held")


# Open pull requests, by what the gate wrote last about them.


def _proposals(
    past: EnvironmentPast, config: Config, pulls: Iterable[OpenPullRequest]
) -> Iterator[EnvironmentChange]:
    environment = past.environment
    images_of_rows = ((row.reference, row.application) for row in past.rows)
    described = {image.repository: name for image, name in images_of_rows if image}
    for pull in pulls:
        status = _of_gate(pull.statuses, environment.name)
        declared = parse_trailers(pull.body)
        names = {environment.name, *environment.formerly}
        mine = not pull.fork and bool(names.intersection(declared.get(ENVIRONMENT, ())))
        if status is None and not mine:
            continue
        images = declared.get(IMAGE, ()) if mine else ()
        word, text = _said(status)
        yield EnvironmentChange(
            number=pull.number,
            url=pull.url,
            title=pull.title,
            environment=environment.name,
            versions=tuple(_named(images, config, described)),
            images=images,
            word=word,
            text=text,
            opens=_opening(text),
        )


def _of_gate(statuses: Iterable[HeadStatus], environment: str) -> HeadStatus | None:
    """The gate's status for the environment; None for one that says that it is not touched."""
    context = f"{_PREFIX}{environment}"
    found = next((one for one in statuses if one.context == context), None)
    return None if found is None or found.description == "ready: not touched" else found


def _said(status: HeadStatus | None) -> tuple[VerdictWord | None, str]:
    if status is None:
        return None, "the gate has not evaluated it yet"
    word, _, text = status.description.partition(": ")
    for known in get_args(VerdictWord):
        if word == known:
            return known, text
    return "unknown", status.description


def _opening(text: str) -> datetime | None:
    times = _TIME.findall(text)
    found = (datetime.strptime(one, "%Y-%m-%d %H:%MZ").replace(tzinfo=UTC) for one in times)
    return max(found, default=None)


def _named(
    images: Iterable[str], config: Config, described: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Application and version of each image; `described` names applications by repository."""
    for text in images:
        image = read_image(text)
        if image is not None:
            owners = applications_of_image(image.repository, (), config.applications)
            yield described.get(image.repository, owners[0]), version_of(image)


def _proposed(
    proposals: Sequence[EnvironmentChange], rows: Iterable[HistoryRow]
) -> Iterator[VersionStatus]:
    """Versions that pull requests propose and the environment never described."""
    known = {(row.application, row.version) for row in rows}
    for one in proposals:
        for (application, version), image in zip(one.versions, one.images, strict=False):
            if (application, version) not in known:
                known.add((application, version))
                yield VersionStatus(
                    application=application,
                    version=version,
                    image=image,
                    state="proposed",
                    number=one.number,
                    url=one.url,
                )
