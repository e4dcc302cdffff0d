"""Starting the environment repository's own bump: what is sent, and what is known of the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime
from typing import Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.images import (
    ImageChange,
    ImageReference,
    ImageReferenceError,
    parse_reference,
)
from gitops_action.core.trailers import APPLICATION, ENVIRONMENT, IMAGE, parse_trailers

EVENT_TYPE = "new-application-version"
"""The event that `repository_dispatch` sends."""

UNKNOWN = "unknown"
"""How a run ended that could not be watched to its end."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is sent.

    Attributes:
        workflow: file name of the workflow.
        event: by which event it is started.
        ref: branch that the workflow is taken from; empty for the default branch, which
            `repository_dispatch` always takes.
        inputs: the workflow's inputs, or the event's payload.
        correlation: stands in the name of the run, and in no other run's.
    """

    workflow: str
    event: Literal["workflow_dispatch", "repository_dispatch"]
    correlation: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    ref: str = ""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A workflow run; `conclusion` is empty until it is completed, `created` is GitHub's time."""

    id: int
    url: str
    conclusion: str = ""
    created: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ProposedPull:
    """A pull request as a list shows it; `ended` is None while it is open."""

    number: int
    url: str
    branch: str
    commit: str
    body: str
    created: datetime
    updated: datetime
    ended: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class FoundPull:
    """A pull request that proposes what was sent, and what the run did to it."""

    pull: ProposedPull
    environment: str
    operation: Literal["created", "updated", "unchanged"]


def order_inputs(
    changes: Iterable[ImageChange],
    *,
    environments: Iterable[str],
    applications: Iterable[str],
    source: str,
    correlation: str,
) -> dict[str, str]:
    """The inputs under the names that the workflow declares; those that are empty are left out."""
    given = {
        "images": "\n".join(_line(change) for change in changes),
        "application": "\n".join(applications),
        "environment": "\n".join(environments),
        "source": source,
        "correlation": correlation,
    }
    return {name: text for name, text in given.items() if text}


def _line(change: ImageChange) -> str:
    return f"{change.repository}={change.target}" if change.rename else str(change.target)


def pulls_of(
    order: Order, changes: Iterable[ImageChange], pulls: Iterable[ProposedPull], since: datetime
) -> tuple[FoundPull, ...]:
    """The pull requests that propose these images, by the trailers of their bodies.

    Those that ended before the order was sent are no answer to it. Trailers are hints: anyone who
    may write to the repository could have written them, and nothing but a report stands on this.
    """
    requested = {change.target.repository: change.target for change in changes}
    found = []
    for pull in pulls:
        trailers = parse_trailers(pull.body)
        if (pull.ended and pull.ended < since) or not _proposes(trailers.get(IMAGE, ()), requested):
            continue
        if not _meant(order, trailers):
            continue
        environment = next(iter(trailers.get(ENVIRONMENT, ())), "")
        found.append(
            FoundPull(pull=pull, environment=environment, operation=_operation(pull, since))
        )
    return tuple(found)


def _proposes(lines: Iterable[str], requested: Mapping[str, ImageReference]) -> bool:
    """Whether one of the images is among them: an environment need not describe all."""
    for line in lines:
        try:
            image = parse_reference(line)
        except ImageReferenceError:
            continue
        target = requested.get(image.repository)
        if target and _same_version(target, image):
            return True
    return False


def _same_version(target: ImageReference, image: ImageReference) -> bool:
    if target.digest and image.digest:
        return target.digest == image.digest
    return target.tag is not None and target.tag == image.tag


def _meant(order: Order, trailers: Mapping[str, tuple[str, ...]]) -> bool:
    for name, key in (("environment", ENVIRONMENT), ("application", APPLICATION)):
        named = order.inputs.get(name, "").splitlines()
        if named and trailers.get(key) and not set(named) & set(trailers[key]):
            return False
    return True


def _operation(pull: ProposedPull, since: datetime) -> Literal["created", "updated", "unchanged"]:
    if pull.created >= since:
        return "created"
    return "updated" if pull.updated >= since else "unchanged"
