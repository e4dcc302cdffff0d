"""Rows of an environment's history: one for each image change, with what became of it.

Content says what was described; records say what was deployed and how that ended. Only proved
records count; one that proves nothing is shown as unverified.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import zip_longest

from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.history.content import ContentHistory, ImageKey, LoggedCommit
from gitops_action.core.images import ImageReference, ImageReferenceError, parse_reference
from gitops_action.core.pattern import pattern

_NUMBER = pattern(r"Merge pull request #([1-9][0-9]*) from .*|.*\(#([1-9][0-9]*)\)")


@dataclass(frozen=True, kw_only=True)
class HistoryRow:
    """One version of one image in one environment.

    Attributes:
        environment: its name.
        application: whose image it is.
        image: the whole reference; empty where the image was taken out.
        previous: what was described before; empty for nothing.
        commit: the first-parent commit that brought it.
        at: when that was committed.
        number: of the pull request, by the commit's subject; 0 where it names none.
        people: the author, else approvers and those who asked for it.
        result: of the last attempt that counts; None where it was never deployed.
        attempts: how many deployments of it count.
        deployed: when the last attempt ended.
        began: when its first success ended; None where there was none.
        seconds: how long the last attempt took.
        ran: how long it ran, from its first success to the next version's; None while it runs.
        running: it is what runs now, as far as records say.
        unverified: why the records of it prove nothing; empty where some do.
        off_branch: it was deployed from a commit that is not on the branch.
        rolled_back: it was described before, and a newer version in between.
        url: the page of the job that deployed it last.
    """

    environment: str
    application: str
    image: str
    previous: str = ""
    commit: str
    at: datetime
    number: int = 0
    people: tuple[str, ...] = ()
    result: Result | None = None
    attempts: int = 0
    deployed: datetime | None = None
    began: datetime | None = None
    seconds: float | None = None
    ran: timedelta | None = None
    running: bool = False
    unverified: str = ""
    off_branch: bool = False
    rolled_back: bool = False
    url: str = ""

    @property
    def reference(self) -> ImageReference | None:
        """The image, where it can be read."""
        return read_image(self.image)

    @property
    def version(self) -> str:
        """The tag, else the start of the digest."""
        found = self.reference
        if found is None:
            return ""
        return found.tag or (found.digest or "")[: len("sha256:") + 12]

    @property
    def digest(self) -> str:
        """The digest; empty where none is described."""
        found = self.reference
        return (found.digest or "") if found else ""


@lru_cache(maxsize=16384)
def read_image(text: str) -> ImageReference | None:
    """A reference; None for what cannot be read as one."""
    try:
        return parse_reference(text) if text else None
    except ImageReferenceError:
        return None


def same_version(one: str, other: str) -> bool:
    """By digest where both name one, whatever the repository; else repository and tag alike."""
    left, right = read_image(one), read_image(other)
    if left is None or right is None:
        return one == other
    if left.digest and right.digest:
        return left.digest == right.digest
    return left.repository == right.repository and left.tag == right.tag


def history_rows(
    content: ContentHistory,
    log: Sequence[LoggedCommit],
    records: Sequence[EvaluatedRecord],
) -> tuple[HistoryRow, ...]:
    """The rows of one environment, newest first.

    Args:
        content: its images over the branch's history.
        log: the branch's first-parent commits, newest first.
        records: its deployments, in any order.
    """
    places = {commit.oid: place for place, commit in enumerate(log)}
    rows: list[HistoryRow] = []
    on_branch = sorted(
        (one for one in records if one.commit in places), key=lambda one: places[one.commit]
    )
    positions = [places[one.commit] for one in on_branch]
    for key, changed in _changes(content).items():
        for row, newer, place in _of_image(key, changed, content, places):
            counted = on_branch[bisect_right(positions, newer) : bisect_right(positions, place)]
            rows.append(_with_records(row, counted) if row.image else row)
    rows = _with_spans(rows)
    rows += _elsewhere(content.environment, places, records)
    # Several commits of one second stay in the branch's order.
    return tuple(
        sorted(rows, key=lambda row: (row.at, -places.get(row.commit, 0), row.image), reverse=True)
    )


def _changes(content: ContentHistory) -> Mapping[ImageKey, Sequence[int]]:
    """The positions of the spans that changed each image, newest first."""
    found: dict[ImageKey, list[int]] = {}
    for position, (span, older) in enumerate(zip_longest(content.spans, content.spans[1:])):
        differing = span.images.items() ^ (older.images.items() if older else set())
        for key in {key for key, _ in differing}:
            found.setdefault(key, []).append(position)
    return {key: found[key] for key in sorted(found)}


def _of_image(
    key: ImageKey, changed: Iterable[int], content: ContentHistory, places: Mapping[str, int]
) -> list[tuple[HistoryRow, int, int]]:
    """One image's rows, newest first, each with the range of commits that it was described at."""
    spans = content.spans
    rows, newer = [], -1
    for position in changed:
        span = spans[position]
        older = spans[position + 1].images if position + 1 < len(spans) else {}
        now, then = (" ".join(images.get(key, ())) for images in (span.images, older))
        place = places[span.commit.oid]
        rows.append((_row(content.environment, key[0], span.commit, now, then), newer, place))
        newer = place
    return _marked(rows)


def _marked(rows: Sequence[tuple[HistoryRow, int, int]]) -> list[tuple[HistoryRow, int, int]]:
    """With those marked that were described before."""
    seen: set[object] = set()
    found = []
    for row, newer, place in reversed(rows):
        version = version_key(row.image)
        again = bool(row.image) and version in seen
        found.append((replace(row, rolled_back=True) if again else row, newer, place))
        seen.add(version)
    return found[::-1]


def version_key(image: str) -> object:
    """Equal for what is one version: the digest, else repository and tag."""
    found = read_image(image)
    if found is None:
        return image
    return found.digest or (found.repository, found.tag)


def _row(
    environment: str, application: str, commit: LoggedCommit, image: str, previous: str
) -> HistoryRow:
    return HistoryRow(
        environment=environment,
        application=application,
        image=image,
        previous=previous,
        commit=commit.oid,
        at=commit.at,
        number=pull_request_number(commit.subject),
        people=(commit.author,) if commit.author else (),
    )


def pull_request_number(subject: str) -> int:
    """The pull request that a commit's subject names, as GitHub writes it; 0 for none."""
    found = _NUMBER.fullmatch(subject)
    return int(found[1] or found[2]) if found else 0


def _runs(record: EvaluatedRecord, application: str, image: str) -> bool:
    images = record.applications.get(application, ())
    return any(same_version(one, image) for one in images)


_ENDS = frozenset({Result.SUCCEEDED, Result.FAILED, Result.UNKNOWN})


def _with_records(row: HistoryRow, records: Iterable[EvaluatedRecord]) -> HistoryRow:
    about = sorted(
        (one for one in records if _runs(one, row.application, row.image)),
        key=lambda one: (one.started, one.number),
    )
    proved = [one for one in about if one.proved and one.result in _ENDS]
    if not proved:
        reason = about[-1].unproved if about else ""
        last = about[-1] if about else None
        return replace(row, unverified=reason, url=last.url if last else "")
    last = proved[-1]
    first = next((one.ended for one in proved if one.result is Result.SUCCEEDED), None)
    return replace(
        row,
        result=last.result,
        attempts=len(proved),
        deployed=last.ended,
        began=first,
        seconds=(last.ended - last.started).total_seconds() if last.ended else None,
        ran=None,
        running=first is not None,
        url=last.url,
    )


def _with_spans(rows: Sequence[HistoryRow]) -> list[HistoryRow]:
    """How long each ran: until the next version of its image began to run."""
    found: list[HistoryRow] = []
    replaced: dict[tuple[str, str], datetime] = {}
    for row in rows:
        image = row.reference
        key = row.application, image.repository if image else ""
        began = row.began
        if not row.running or began is None:
            found.append(row)
            continue
        until = replaced.get(key)
        ended = until - began if until else None
        found.append(replace(row, running=until is None, ran=ended))
        replaced[key] = began
    return found


def _elsewhere(
    environment: str,
    places: Mapping[str, int],
    records: Iterable[EvaluatedRecord],
) -> list[HistoryRow]:
    """What was deployed from commits that are not on the branch."""
    found: dict[tuple[str, str, str], list[EvaluatedRecord]] = {}
    for record in records:
        if record.commit in places:
            continue
        for application, images in record.applications.items():
            for image in images:
                found.setdefault((application, image, record.commit), []).append(record)
    return [
        _with_records(
            HistoryRow(
                environment=environment,
                application=application,
                image=image,
                commit=commit,
                at=each[0].started,
                people=tuple(filter(None, (each[0].actor,))),
                off_branch=True,
            ),
            each,
        )
        for (application, image, commit), each in found.items()
    ]


def since(rows: Iterable[HistoryRow], moment: datetime | None) -> tuple[HistoryRow, ...]:
    """Rows whose deployment ended since, or that were committed since and never deployed."""
    return tuple(row for row in rows if moment is None or (row.deployed or row.at) >= moment)


# Who stands behind the versions of a history: the author, else approvers and who asked for it.


@dataclass(frozen=True, kw_only=True)
class PullRequestPeople:
    """The people of one merged pull request, by login.

    Attributes:
        author: who opened it; empty for an App or a bot.
        approvers: whose approval was the newest word of theirs.
        asked: who asked for it, or for its merge, by a command in a comment.
    """

    author: str = ""
    approvers: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The author; where that is no person, everyone who let it pass."""
        if self.author:
            return (self.author,)
        return tuple(dict.fromkeys((*self.approvers, *self.asked)))


def with_people(
    rows: Iterable[HistoryRow], found: Mapping[str, PullRequestPeople]
) -> tuple[HistoryRow, ...]:
    """The rows with the people of their commits' pull requests; else with the commit's author."""
    return tuple(
        replace(row, people=people.names)
        if (people := found.get(row.commit)) and people.names
        else row
        for row in rows
    )
