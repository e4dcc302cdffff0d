"""The state that an environment goes back to: the newest earlier one that was verified there.

A state is the images of the applications that go back, at one commit. Only a proved success makes
one, and the commit's content says which images it had: a record says what it likes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from gitops_action.core.config.holds import Hold, held, names_version
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.images import (
    ImageReference,
    ImageReferenceError,
    parse_reference,
    same_repository,
)

ImageKey = tuple[str, str]
"""An application, and the repository of one of its images."""
DescribedImages = Mapping[ImageKey, tuple[ImageReference, ...]]
"""The images that a commit describes for an environment."""
MOST = 20
"""States that are looked at."""
_DIGITS = 12


@dataclass(frozen=True, kw_only=True)
class Move:
    """An image that goes back.

    Attributes:
        application: whose it is.
        now: what is described.
        then: what was described and verified.
    """

    application: str
    now: ImageReference
    then: ImageReference


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An earlier state.

    Attributes:
        record: the deployment that verified it.
        moves: what would go back to what.
        refused: why it is passed over; empty for one that can be gone back to.
    """

    record: EvaluatedRecord
    moves: tuple[Move, ...] = ()
    refused: str = ""


@dataclass(frozen=True, kw_only=True)
class Search:
    """What earlier states are looked for.

    Attributes:
        environment: whose.
        records: its deployments, in any order.
        now: what the base branch's tip describes, of the applications that go back.
        holds: every hold.
        at: the moment.
        content: reads what a commit describes; None where that cannot be read.
        missing: whether the registry is sure that it does not have an image.
        to_version: the version that is named; empty for the newest.
        to_commit: the commit that is named, or its beginning.
    """

    environment: str
    records: Sequence[EvaluatedRecord]
    now: DescribedImages
    holds: tuple[Hold, ...]
    at: datetime
    content: Callable[[str], DescribedImages | None]
    missing: Callable[[ImageReference], bool]
    to_version: str = ""
    to_commit: str = ""

    def candidates(self) -> Iterator[Candidate]:
        """Earlier states, newest first, each once; the state of now is none of them."""
        seen: set[tuple[tuple[ImageKey, str], ...]] = set()
        looked = 0
        for record in newest_first(self.records):
            if record.result is not Result.SUCCEEDED or record.destroyed or looked == MOST:
                continue
            looked += 1
            described = self.content(record.commit)
            if described is None:
                yield Candidate(record=record, refused="its commit cannot be read any more")
                continue
            found = self._candidate(record, described)
            state = tuple(
                ((move.application, move.now.repository), str(move.then)) for move in found.moves
            )
            if (found.moves or found.refused) and state not in seen and self._named(found):
                seen.add(state) if state else None
                yield found

    def _named(self, candidate: Candidate) -> bool:
        """Whether it is the one that is asked for, where one is."""
        if not candidate.record.commit.startswith(self.to_commit):
            return False
        return not self.to_version or any(
            is_version(move.then, self.to_version) for move in candidate.moves
        )

    def _candidate(self, record: EvaluatedRecord, described: DescribedImages) -> Candidate:
        moves: list[Move] = []
        for key, images in self.now.items():
            then = _then(key, described)
            if not then:
                return Candidate(record=record, refused=f"it does not describe {key[1]}")
            if _same(images, then):
                continue
            if len(then) > 1:
                versions = " and ".join(str(image) for image in then)
                return Candidate(record=record, refused=f"it describes {versions} side by side")
            moves += [Move(application=key[0], now=image, then=then[0]) for image in images]
        moved = tuple(move for move in moves if not names_same(move.now, move.then))
        return Candidate(record=record, moves=moved, refused=self._refusal(record, moved))

    def _refusal(self, record: EvaluatedRecord, moves: Sequence[Move]) -> str:
        if record.unproved:
            return f"unverified: {record.unproved}"
        for move in moves:
            if hold := held(self.holds, self.environment, move.application, move.then, self.at):
                why = f": {hold.reason}" if hold.reason else ""
                return f"{hold.image or hold.application} is on hold{why}"
            if not _recorded(record, move.then):
                return f"its record does not name {move.then}"
        gone = next((move.then for move in moves if self.missing(move.then)), None)
        return f"{gone} is not in the registry any more" if gone else ""


def newest_first(records: Iterable[EvaluatedRecord]) -> list[EvaluatedRecord]:
    """The records by their age."""
    return sorted(records, key=lambda one: (one.started, one.number), reverse=True)


def _then(key: ImageKey, described: DescribedImages) -> tuple[ImageReference, ...]:
    """The application's image at that time; by the repository alone where its name was another."""
    if key in described:
        return described[key]
    found = [images for other, images in described.items() if same_repository(other[1], key[1])]
    return found[0] if len(found) == 1 else ()


def names_same(one: ImageReference, other: ImageReference) -> bool:
    """Whether two references mean one version; one with and one without digest do not."""
    if bool(one.digest) != bool(other.digest):
        return False
    return names_version(one, other)


def _same(some: Sequence[ImageReference], others: Sequence[ImageReference]) -> bool:
    return all(any(names_same(one, other) for other in others) for one in some)


def _recorded(record: EvaluatedRecord, image: ImageReference) -> bool:
    """Whether the record names the image; one that was too large names none."""
    named = [one for images in record.applications.values() for one in images]
    return not named or any(_means(text, image) for text in named)


def _means(text: str, image: ImageReference) -> bool:
    try:
        return names_version(parse_reference(text), image)
    except ImageReferenceError:
        return False


def is_version(image: ImageReference, text: str) -> bool:
    """Whether a person means this image by a tag, a digest, or the start of one."""
    digest = image.digest or ""
    plain = text.removeprefix("sha256:")
    short = len(plain) >= _DIGITS and digest.removeprefix("sha256:").startswith(plain)
    return text in {image.tag, digest} or short


def same_state(one: DescribedImages, other: DescribedImages, keys: Iterable[ImageKey]) -> bool:
    """Whether two commits describe the same versions of these images."""
    return all(_same(one.get(key, ()), other.get(key, ())) and key in other for key in keys)


def is_return(
    records: Iterable[EvaluatedRecord],
    state: DescribedImages,
    content: Callable[[str], DescribedImages | None],
    *,
    failing: bool = False,
) -> bool:
    """Whether a state was left for another one and came back: by a rollback or by hand.

    Args:
        records: the environment's deployments.
        state: the images of now, of the applications in question.
        content: reads what a commit describes.
        failing: count only a return that has not succeeded since it came back.
    """
    left = False
    ended = [one for one in newest_first(records) if one.proved and one.ended and not one.destroyed]
    for record in ended[:MOST]:
        images = [image for listed in state.values() for image in listed]
        described = content(record.commit) if all(_recorded(record, i) for i in images) else {}
        if described is None:
            continue
        same = bool(described) and same_state(state, described, state)
        if same and record.result is Result.SUCCEEDED and (left or failing):
            return left
        left = left or not same
    return False
