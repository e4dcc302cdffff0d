"""Tells the commits that images were built from where they are deployed, by commit statuses.

A convenience for application developers: whatever goes wrong here is a note.
"""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.commands.deploy.ports import Deployments
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


@dataclass(frozen=True, kw_only=True)
class DeployedSource:
    """Reporting.

    Attributes:
        images: as they are rendered.
        applications: as they are declared: only their own repositories are told.
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
    statuses: Deployments, registry: Registry | None, deployed: DeployedSource
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
    notes: dict[str, str] = {}
    for source in _sources(registry, deployed):
        try:
            statuses.commit_status(source.repository, source.commit, status)
        except GitOpsError as error:
            text = f"{source.repository} got no status: {error.cause or error}"
            notes.setdefault(source.repository, text)
    return tuple(notes.values())


def _sources(registry: Registry | None, deployed: DeployedSource) -> tuple[ImageSource, ...]:
    """Commits of the applications' own repositories; labels may name any, so others are not told.

    An image is text that its builder chose: with it alone, nobody gets a status written elsewhere.
    """
    own = {one.source.lower() for one in deployed.applications if one.source}
    declared = {name for one in deployed.applications if one.source for name in one.images}
    found: Mapping[str, ImageSource] = {}
    references = [one for one in references_of(deployed.images) if one.repository in declared]
    for reference in references[:_MOST]:
        source = _source(registry, reference, deployed)
        if source is not None and source.repository.lower() in own:
            found = {**found, f"{source.repository}@{source.commit}": source}
    return tuple(found.values())


def _source(
    registry: Registry | None, reference: ImageReference, deployed: DeployedSource
) -> ImageSource | None:
    try:
        facts = registry.describe(reference) if registry is not None else None
    except GitOpsError:
        facts = None
    return source_of(
        reference.repository,
        given=None,
        facts=facts,
        applications=deployed.applications,
        job=deployed.job,
    )
