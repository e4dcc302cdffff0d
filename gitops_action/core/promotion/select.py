"""Chooses the version of each application that is promoted to an environment.

Candidates are what the earlier environment described, newest first by its first-parent content,
the last time each. The first that passes is chosen; the search ends at the first version that the
target describes or has described: it was proposed before, or people put it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime

from gitops_action.core.config import Environment, Hold
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.gates import after, soak
from gitops_action.core.gates.holds import HoldFacts, active, failed_here, version_hold
from gitops_action.core.gates.versions import ImageMove, Predecessor, UndoneVersion, ran
from gitops_action.core.history.content import ContentHistory, ContentSpan, LoggedCommit
from gitops_action.core.history.rows import read_image, version_key
from gitops_action.core.images import ImageReference

Images = Mapping[str, ImageReference]
"""An application's images by repository."""


@dataclass(frozen=True, kw_only=True)
class EnvironmentFacts:
    """What is known of one environment.

    Attributes:
        environment: as it is configured.
        content: its images over the branch's history.
        records: its deployments, newest first, proved or not.
    """

    environment: Environment
    content: ContentHistory
    records: tuple[EvaluatedRecord, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PromotionRequest:
    """What a person asked for; empty values leave it to the configuration."""

    source: str = ""
    target: str = ""
    applications: tuple[str, ...] = ()
    version: str = ""

    @property
    def named(self) -> bool:
        """Whether a target is named, so that `mode: manual` and earlier refusals do not count."""
        return bool(self.target)

    @property
    def whole(self) -> bool:
        """Whether nothing is named, so that the choices are all that there are."""
        return self == PromotionRequest()


@dataclass(frozen=True, kw_only=True)
class PromotionFacts:
    """Everything that a choice needs.

    Attributes:
        environments: all of the configuration, by name.
        log: the branch's first-parent commits, newest first.
        holds: those that count.
        now: the time.
    """

    environments: Mapping[str, EnvironmentFacts]
    log: tuple[LoggedCommit, ...]
    holds: HoldFacts
    now: datetime
    places: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is done about one application in one environment.

    Attributes:
        environment: the target.
        application: its name.
        moves: images to bring; empty where nothing is proposed.
        source: the environment that it ran in.
        record: the deployment that verified it; None where a merge did.
        since: since when it runs there.
        mirrored: images that the target takes from another repository than they ran from.
        reason: why this version, or why none.
        code: the reason code.
    """

    environment: str
    application: str
    moves: tuple[ImageMove, ...] = ()
    source: str = ""
    record: EvaluatedRecord | None = None
    since: datetime | None = None
    mirrored: tuple[ImageReference, ...] = ()
    reason: str = ""
    code: str = ""


def confirmed(
    record: EvaluatedRecord, content: ContentHistory, places: Mapping[str, int]
) -> EvaluatedRecord:
    """The record with those of its images that its commit describes.

    The run proves which commit was deployed, and the payload is whatever its writer put there.
    """
    span = _span_at(record.commit, content, places)
    if span is None:
        return record if not record.proved else replace(record, applications={})
    described = {version_key(text) for texts in span.images.values() for text in texts}
    kept = {
        name: tuple(one for one in images if version_key(one) in described)
        for name, images in record.applications.items()
    }
    return replace(record, applications={name: each for name, each in kept.items() if each})


def _span_at(commit: str, content: ContentHistory, places: Mapping[str, int]) -> ContentSpan | None:
    """What was described at a commit: the newest span that is not younger than it."""
    place = places.get(commit)
    if place is None:
        return None
    return next((span for span in content.spans if places[span.commit.oid] >= place), None)


def choose(facts: PromotionFacts, asked: PromotionRequest) -> tuple[Choice, ...]:
    """A choice for each application of each environment that comes after another."""
    places = {commit.oid: place for place, commit in enumerate(facts.log)}
    facts = replace(facts, places=places)
    found: list[Choice] = []
    for one in facts.environments.values():
        environment = one.environment
        if not environment.after or (asked.target and asked.target != environment.name):
            continue
        if asked.source and asked.source not in environment.after:
            continue
        if environment.promotion.mode == "manual" and not asked.named:
            continue
        found += _for_target(one, facts, asked)
    return tuple(found)


def _for_target(
    target: EnvironmentFacts, facts: PromotionFacts, asked: PromotionRequest
) -> Iterator[Choice]:
    now = _now(target.content)
    sources = [asked.source] if asked.source else target.environment.after
    for application in sorted({name for name, _ in now}):
        if asked.applications and application not in asked.applications:
            continue
        source = next((name for name in sources if _contains(facts, name, application)), None)
        if source is None:
            continue
        chooser = _Chooser(
            target=target,
            source=facts.environments[source],
            application=application,
            facts=facts,
            asked=asked,
        )
        yield chooser.choose()


def _now(content: ContentHistory) -> Mapping[tuple[str, str], tuple[str, ...]]:
    return content.spans[0].images if content.spans else {}


def _contains(facts: PromotionFacts, environment: str, application: str) -> bool:
    known = facts.environments.get(environment)
    return known is not None and any(name == application for name, _ in _now(known.content))


def predecessor(one: EnvironmentFacts, facts: PromotionFacts) -> Predecessor:
    """An earlier environment as the gates `after` and `soak` read it."""
    targets = tuple(target.name for target in one.environment.deploy.targets)
    records = (
        tuple(confirmed(record, one.content, facts.places) for record in one.records)
        if targets
        else tuple(_merges(one))
    )
    return Predecessor(
        environment=one.environment.name,
        targets=targets or ("default",),
        applications=frozenset(name for name, _ in _now(one.content)),
        records=records,
        undone=tuple(_undone(one.content)),
        unread=one.content.note if not one.content.spans else "",
    )


def _merges(one: EnvironmentFacts) -> Iterator[EvaluatedRecord]:
    """An environment that nobody deploys counts by being merged."""
    for number, span in enumerate(reversed(one.content.spans)):
        applications: dict[str, tuple[str, ...]] = {}
        for (name, _), texts in span.images.items():
            applications[name] = (*applications.get(name, ()), *texts)
        yield EvaluatedRecord(
            number=number,
            environment=one.environment.name,
            commit=span.commit.oid,
            applications=applications,
            targets={"default": Result.SUCCEEDED},
            result=Result.SUCCEEDED,
            started=span.commit.at,
            ended=span.commit.at,
        )


def _undone(content: ContentHistory) -> Iterator[UndoneVersion]:
    """Versions that gave way to one that had been there before."""
    seen: dict[tuple[str, str], set[object]] = {}
    before: Mapping[tuple[str, str], tuple[str, ...]] = {}
    for span in reversed(content.spans):
        for key, texts in span.images.items():
            known = seen.setdefault(key, set())
            for old in before.get(key, ()):
                image = read_image(old)
                if texts != before.get(key) and image and version_key(texts[0]) in known:
                    yield UndoneVersion(image=image, at=span.commit.at)
            known.update(version_key(text) for text in texts)
        before = span.images


@dataclass(frozen=True, kw_only=True)
class _Chooser:
    """One application on its way from one environment to another."""

    target: EnvironmentFacts
    source: EnvironmentFacts
    application: str
    facts: PromotionFacts
    asked: PromotionRequest

    def choose(self) -> Choice:
        """The newest version that passes; else why there is none."""
        pinned = self._pin()
        if pinned:
            return self._none(pinned, "promotion-held")
        first: Choice | None = None
        known = self._ever_described()
        for images in self._candidates():
            moves = self._moves(images)
            if self.asked.version and not _is_version(moves or self._as_moves(images), self.asked):
                continue
            if not moves:
                return first or self._standing()
            if not self.asked.version and all(
                move.after and version_key(str(move.after)) in known for move in moves
            ):
                reason = f"{_named(moves)} was in {self._target} before, and was replaced there"
                return first or self._none(reason, "promotion-proposed-before")
            refused = self._refused(moves)
            if refused is None:
                return self._chosen(moves, images)
            first = first or refused
        if self.asked.version and first is None:
            reason = f"{self._source} never described {self.application} {self.asked.version}"
            return self._none(reason, "promotion-unknown-version")
        return first or self._none(f"{self._source} describes nothing newer", "promotion-nothing")

    @property
    def _target(self) -> str:
        return self.target.environment.name

    @property
    def _source(self) -> str:
        return self.source.environment.name

    def _none(self, reason: str, code: str) -> Choice:
        return Choice(
            environment=self._target,
            application=self.application,
            source=self._source,
            reason=reason,
            code=code,
        )

    def _standing(self) -> Choice:
        """The target describes it already: what is left to do is to deploy it."""
        reason = f"{self._target} describes it already"
        if self.asked.named and self.target.environment.deploy.targets:
            reason += f"; `gitops-action deploy --environment {self._target}` deploys it again"
        return self._none(reason, "promotion-stands")

    def _pin(self) -> str:
        holds = active(self.facts.holds, self._target)
        pin = next(
            (one for one in holds if one.application == self.application and not one.image), None
        )
        return f"{self.application} is pinned in {self._target}{_why(pin)}" if pin else ""

    def _ever_described(self) -> frozenset[object]:
        return frozenset(
            version_key(text)
            for span in self.target.content.spans
            for (name, _), texts in span.images.items()
            if name == self.application
            for text in texts
        )

    def _candidates(self) -> Iterator[Images]:
        """What the earlier environment described, newest first, each version once."""
        seen: set[object] = set()
        for span in self.source.content.spans:
            images = _images(span, self.application)
            key = tuple(sorted(str(version_key(str(one))) for one in images.values()))
            if images and key not in seen:
                seen.add(key)
                yield images

    def _as_moves(self, images: Images) -> tuple[ImageMove, ...]:
        return tuple(ImageMove(application=self.application, after=one) for one in images.values())

    def _moves(self, images: Images) -> tuple[ImageMove, ...]:
        """What would change in the target; a mirror keeps its repository."""
        moves = []
        for before in _images_now(self.target.content, self.application).values():
            after_ = images.get(before.repository) or _mirrored(before, images)
            if after_ is None:
                continue
            after_ = after_ if after_.repository == before.repository else _at(before, after_)
            if version_key(str(after_)) != version_key(str(before)):
                moves.append(ImageMove(application=self.application, before=before, after=after_))
        return tuple(moves)

    def _refused(self, moves: tuple[ImageMove, ...]) -> Choice | None:
        """Why these are not proposed now; None where they are."""
        for move in moves:
            hold = version_hold(self.facts.holds, self._target, move)
            if hold:
                reason = f"{move} is on hold in {self._target}{_why(hold)}"
                return self._none(reason, "promotion-held")
            if not self.asked.version and failed_here(self.target.records, move):
                return self._none(f"{move} failed in {self._target}", "promotion-failed")
        earlier = [
            predecessor(self.facts.environments[name], self.facts)
            for name in self.target.environment.after
            if name in self.facts.environments
        ]
        results = [after.evaluate(self._target, moves, earlier, self.facts.holds)]
        gates = self.target.environment.gates
        if gates and not self.asked.version and self.target.environment.promotion.pick == "soaked":
            results.append(soak.evaluate(self._target, gates.soak, moves, earlier, self.facts.now))
        for result in results:
            if result is not None and result.word != "pass":
                return self._none(f"{_named(moves)}: {result.reason}", result.code)
        return None

    def _chosen(self, moves: tuple[ImageMove, ...], images: Images) -> Choice:
        record = next(
            (
                one
                for one in self.source.records
                if one.proved and one.result is Result.SUCCEEDED and ran(one, moves[0]) != "no"
            ),
            None,
        )
        since = record.ended if record else None
        return Choice(
            environment=self._target,
            application=self.application,
            moves=moves,
            source=self._source,
            record=record,
            since=since,
            mirrored=tuple(
                move.after for move in moves if move.after and move.after.repository not in images
            ),
            reason=f"verified in {self._source}"
            + (f" since {since:%Y-%m-%d %H:%MZ}" if since else ""),
            code="promotion-proposed",
        )


def _images(span: ContentSpan, application: str) -> Images:
    """The application's images; one that is described twice differently is left out."""
    found = {}
    for (name, repository), texts in span.images.items():
        image = read_image(texts[0]) if len(texts) == 1 else None
        if name == application and image is not None:
            found[repository] = image
    return found


def _images_now(content: ContentHistory, application: str) -> Images:
    return _images(content.spans[0], application) if content.spans else {}


def _mirrored(before: ImageReference, images: Images) -> ImageReference | None:
    """The one image of the same last name: the target takes it from a mirror."""
    name = before.repository.rpartition("/")[2]
    found = [one for one in images.values() if one.repository.rpartition("/")[2] == name]
    return found[0] if len(found) == 1 else None


def _at(mirror: ImageReference, image: ImageReference) -> ImageReference:
    return image.with_(name=mirror.name)


def _why(hold: Hold) -> str:
    by = f" (proposed by #{hold.pull_request})" if hold.pull_request else ""
    return f"{f': {hold.reason}' if hold.reason else ''}{by}"


def _named(moves: Sequence[ImageMove]) -> str:
    return ", ".join(dict.fromkeys(str(move) for move in moves))


def _is_version(moves: Iterable[ImageMove], asked: PromotionRequest) -> bool:
    return any(
        move.after and asked.version in {move.after.tag, move.after.digest} for move in moves
    )
