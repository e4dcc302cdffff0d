"""What a pull request says of itself in its trailers: hints, to be held against the content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gitops_action.core.images import ImageReference, ImageReferenceError, parse_reference
from gitops_action.core.job import Job
from gitops_action.core.trailers import ENVIRONMENT, IMAGE, parse_trailers


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A pull request beside its files, as it is at one moment.

    Attributes:
        number: None for a checkout that belongs to no pull request.
        head: the commit it proposes now.
        body: its text.
        messages: its commits' messages, oldest first.
        notes: what could not be read.
    """

    number: int | None = None
    head: str = ""
    body: str = ""
    messages: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Declared:
    """The images and environments of one block of trailers.

    `unreadable` holds values that are no image references.
    """

    environments: tuple[str, ...]
    images: tuple[ImageReference, ...]
    unreadable: tuple[str, ...] = ()


def declared_by(proposal: Proposal) -> Declared | None:
    """What the body declares, else the newest commit that declares anything; None without.

    One block is believed alone: an older commit's images are not the newer one's.
    """
    for text in (proposal.body, *reversed(proposal.messages)):
        trailers = parse_trailers(text)
        if trailers.get(IMAGE):
            return _read(trailers.get(ENVIRONMENT, ()), trailers[IMAGE])
    return None


def _read(environments: tuple[str, ...], values: tuple[str, ...]) -> Declared:
    images: dict[str, ImageReference] = {}
    unreadable = []
    for value in values:
        try:
            images.setdefault(value, parse_reference(value))
        except ImageReferenceError:
            unreadable.append(value)
    return Declared(
        environments=tuple(dict.fromkeys(environments)),
        images=tuple(images.values()),
        unreadable=tuple(unreadable),
    )


def proposal_of(job: Job) -> Proposal:
    """The pull request that an event is about, by its payload; one without a number otherwise.

    GitHub's documentation, "Webhook events and payloads", `pull_request`.
    """
    found = job.event.get("pull_request")
    if not isinstance(found, Mapping) or not job.event_name.startswith("pull_request"):
        return Proposal()
    head, number = found.get("head"), found.get("number")
    return Proposal(
        number=number if isinstance(number, int) else None,
        head=str(head.get("sha") or "") if isinstance(head, Mapping) else "",
        body=str(found.get("body") or ""),
    )
