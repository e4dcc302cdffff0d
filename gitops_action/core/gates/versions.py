"""Whether a deployment ran the version that a pull request proposes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.images import (
    ImageReference,
    ImageReferenceError,
    parse_reference,
    same_repository,
)

Match = Literal["digest", "tag", "no"]
"""What was compared and found equal: digests, or tags where neither side names a digest."""


@dataclass(frozen=True, kw_only=True)
class ImageMove:
    """An image of one application that a pull request changes in one environment.

    Attributes:
        application: whose it is.
        before: what the base describes; None where the image is new there.
        after: what the merge would describe; None where the image is removed.
    """

    application: str
    before: ImageReference | None = None
    after: ImageReference | None = None

    def __str__(self) -> str:
        """`web v1.2.3`: the application and the version that is proposed."""
        return f"{self.application} {version_of(self.after)}" if self.after else self.application


@dataclass(frozen=True, kw_only=True)
class UndoneVersion:
    """A version that a rollback took out of an environment.

    Attributes:
        image: what was taken out.
        at: when the rollback was merged.
        url: the rollback's pull request.
    """

    image: ImageReference
    at: datetime
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Predecessor:
    """An environment of `after`, and what is known of it.

    Attributes:
        environment: its name.
        targets: the clusters that it is configured to be deployed to.
        applications: those that it contains.
        records: its deployments in any order, with the images that their commits describe; those
            that prove nothing are passed over. For an environment without `deploy`, one for each
            merge that changed it: succeeded, started and ended at the merge.
        undone: versions that a rollback took out of it.
        unread: why the records could not be read; empty when they were.
    """

    environment: str
    targets: tuple[str, ...] = ("default",)
    applications: frozenset[str] = frozenset()
    records: tuple[EvaluatedRecord, ...] = ()
    undone: tuple[UndoneVersion, ...] = field(default=())
    unread: str = ""

    @property
    def proved(self) -> tuple[EvaluatedRecord, ...]:
        """The records that count, oldest first."""
        return tuple(sorted((one for one in self.records if one.proved), key=_age))


def _age(record: EvaluatedRecord) -> tuple[datetime, int]:
    return record.started, record.number


def proposed(moves: Iterable[ImageMove]) -> tuple[ImageMove, ...]:
    """Those that bring a version; what only goes away brings none."""
    return tuple(move for move in moves if move.after is not None and move.after != move.before)


def matches(one: ImageReference, other: ImageReference) -> Match:
    """Whether two references mean one version.

    Digests decide where both have one, whatever the repository: an environment may use a mirror.
    Where neither has one, repository and tag are compared. A digest and a tag cannot be.
    """
    if one.digest and other.digest:
        return "digest" if one.digest == other.digest else "no"
    tags = one.tag is not None and one.tag == other.tag and same_repository(one.name, other.name)
    return "tag" if tags and not one.digest and not other.digest else "no"


def ran(record: EvaluatedRecord, move: ImageMove) -> Match:
    """Whether a deployment's images of the application are this version."""
    found: Match = "no"
    if record.destroyed:
        return found
    for text in record.applications.get(move.application, ()):
        image = _read(text)
        match = matches(image, move.after) if image and move.after else "no"
        if match == "digest":
            return match
        found = match if found == "no" else found
    return found


def without_digest(records: Iterable[EvaluatedRecord], move: ImageMove) -> bool:
    """Whether some deployment ran this tag, and only one side names a digest."""
    if move.after is None:
        return False
    images = (_read(text) for one in records for text in one.applications.get(move.application, ()))
    return any(
        image is not None
        and bool(image.digest) != bool(move.after.digest)
        and image.tag is not None
        and image.tag == move.after.tag
        and same_repository(image.name, move.after.name)
        for image in images
    )


def undone_versions(records: Iterable[EvaluatedRecord]) -> tuple[UndoneVersion, ...]:
    """Versions that were replaced by one that had run there before, by anyone.

    Args:
        records: of one environment, in any order, with the images that their commits describe.
    """
    found: list[UndoneVersion] = []
    seen: dict[tuple[str, str], list[ImageReference]] = {}
    proved = (one for one in records if one.proved and not one.destroyed)
    for record in sorted(proved, key=_age):
        for application, texts in record.applications.items():
            for image in filter(None, map(_read, texts)):
                ran_before = seen.setdefault((application, image.name), [])
                if ran_before and matches(ran_before[-1], image) == "no":
                    if any(matches(one, image) != "no" for one in ran_before):
                        found.append(
                            UndoneVersion(image=ran_before[-1], at=record.started, url=record.url)
                        )
                    ran_before.append(image)
                elif not ran_before:
                    ran_before.append(image)
    return tuple(found)


def _read(text: str) -> ImageReference | None:
    try:
        return parse_reference(text)
    except ImageReferenceError:
        return None


_DIGITS = 12


def version_of(image: ImageReference) -> str:
    """The tag; else the start of the digest; else `latest`."""
    if image.tag:
        return image.tag
    return image.digest.partition(":")[2][:_DIGITS] if image.digest else "latest"


# Which images of which application a change moves in an environment.

Images = Mapping[str, Sequence[str]]
"""Each application's images, as `core.deployments.payload.applications_of` finds them."""


def image_moves(before: Images, after: Images) -> tuple[ImageMove, ...]:
    """Every image that differs: of one repository old and new belong together.

    What is no image reference moves nothing that a gate could follow: validation refuses it.
    """
    moves: list[ImageMove] = []
    for application in sorted(before.keys() | after.keys()):
        old, new = _parsed(before.get(application, ())), _parsed(after.get(application, ()))
        gone = [image for image in old if image not in new]
        for image in new:
            if image not in old:
                earlier = next((one for one in gone if one.repository == image.repository), None)
                if earlier is not None:
                    gone.remove(earlier)
                moves.append(ImageMove(application=application, before=earlier, after=image))
        moves += [ImageMove(application=application, before=image) for image in gone]
    return tuple(moves)


def _parsed(images: Sequence[str]) -> tuple[ImageReference, ...]:
    found = []
    for text in images:
        try:
            found.append(parse_reference(text))
        except ImageReferenceError:
            continue
    return tuple(dict.fromkeys(found))
