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
        base: the branch that it is to be merged into.
        body: its text.
        messages: its commits' messages, oldest first.
        notes: what could not be read.
    """

    number: int | None = None
    head: str = ""
    base: str = ""
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
    number = found.get("number")
    return Proposal(
        number=number if isinstance(number, int) else None,
        head=_text(found.get("head"), "sha"),
        base=_text(found.get("base"), "ref"),
        body=str(found.get("body") or ""),
    )


@dataclass(frozen=True, kw_only=True)
class FinishedRun:
    """The run that a `workflow_run` event tells of: facts of GitHub's, not of the run's.

    `owner` and `branch` are those of the head, which can be a fork's.
    """

    owner: str
    branch: str
    commit: str


def finished_run_of(job: Job) -> FinishedRun | None:
    """The pull request run that this job follows; None for every other job.

    GitHub's documentation, "Webhook events and payloads", `workflow_run`. Its list of pull
    requests is empty for forks, so that they are looked up by their branch.
    """
    run = job.event.get("workflow_run")
    if job.event_name != "workflow_run" or not isinstance(run, Mapping):
        return None
    repository = run.get("head_repository")
    owner = repository.get("owner") if isinstance(repository, Mapping) else None
    found = FinishedRun(
        owner=_text(owner, "login"),
        branch=_text(run, "head_branch"),
        commit=_text(run, "head_sha"),
    )
    return found if found.owner and found.branch else None


def _text(mapping: object, key: str) -> str:
    return str(mapping.get(key) or "") if isinstance(mapping, Mapping) else ""
