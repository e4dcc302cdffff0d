"""Marks the commits that images were built from as deployed, by commit statuses.

A convenience for application developers: whatever goes wrong here is a note.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from gitops_action.commands.ports import Registry
from gitops_action.core.config import Application
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import EnvironmentResult
from gitops_action.core.deployments.payload import references_of
from gitops_action.core.deployments.records import CommitStatus, commit_state, described
from gitops_action.core.images import ImageReference, ImageSource
from gitops_action.core.outcome import Job
from gitops_action.core.provenance import source_of
from gitops_action.errors import GitOpsError

_MOST = 20
"""So many images are looked up at most: each takes a registry's answer."""


class SourceStatuses(Protocol):
    """Commit statuses of application repositories."""

    def commit_status(self, repository: str, commit: str, status: CommitStatus) -> None:
        """Set a status; the same twice says nothing else than once."""
        ...


@dataclass(frozen=True, kw_only=True)
class DeployedSource:
    """Reporting.

    Attributes:
        images: as they are rendered.
        applications: as they are declared: only their own repositories get statuses.
        job: the job that deploys.
        result: how it ended.
    """

    images: tuple[str, ...]
    applications: tuple[Application, ...]
    job: Job
    result: EnvironmentResult


def context_of(environment: str) -> str:
    """The context of the status; `gitops/<environment>` alone is the gate's, on pull requests."""
    return f"gitops/deploy/{environment}"


def tell_sources(
    statuses: SourceStatuses, registry: Registry | None, deployed: DeployedSource
) -> tuple[str, ...]:
    """Set the statuses; gives a note for each repository that could not be determined."""
    state = commit_state(deployed.result.result)
    if state is None:
        return ()
    status = CommitStatus(
        context=context_of(deployed.result.environment),
        state=state,
        description=described(deployed.result),
        url=deployed.job.run_url,
    )
    sources = sources_of(registry, deployed.images, deployed.applications, deployed.job)
    return set_status(statuses, sources, status)


def set_status(
    statuses: SourceStatuses, sources: Iterable[ImageSource], status: CommitStatus
) -> tuple[str, ...]:
    """Set one status on these commits; gives a note for each repository that refused it."""
    notes: dict[str, str] = {}
    for source in sources:
        try:
            statuses.commit_status(source.repository, source.commit, status)
        except GitOpsError as error:
            text = f"{source.repository} got no status: {error.cause or error}"
            notes.setdefault(source.repository, text)
    return tuple(notes.values())


def sources_of(
    registry: Registry | None, images: Iterable[str], applications: Sequence[Application], job: Job
) -> tuple[ImageSource, ...]:
    """Commits of the applications' own repositories; labels may name any, so others get none.

    An image is text that its builder chose: with it alone, nobody gets a status written elsewhere.
    """
    own = {one.source.lower() for one in applications if one.source}
    declared = {name for one in applications if one.source for name in one.images}
    found: dict[str, ImageSource] = {}
    references = [one for one in references_of(images) if one.repository in declared]
    for reference in references[:_MOST]:
        source = _source(registry, reference, applications, job)
        if source is not None and source.repository.lower() in own:
            found[f"{source.repository}@{source.commit}"] = source
    return tuple(found.values())


def _source(
    registry: Registry | None,
    reference: ImageReference,
    applications: Sequence[Application],
    job: Job,
) -> ImageSource | None:
    try:
        facts = registry.describe(reference) if registry is not None else None
    except GitOpsError:
        facts = None
    return source_of(
        reference.repository, given=None, facts=facts, applications=applications, job=job
    )
