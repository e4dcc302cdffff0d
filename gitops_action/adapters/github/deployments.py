"""Deployments and commit statuses by REST. Fulfils the port `Deployments`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast, get_args

from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.errors import Purpose
from gitops_action.adapters.github.reply import Reply, replies
from gitops_action.core.deployments import records
from gitops_action.core.deployments.artifact_record import ArtifactRecord
from gitops_action.core.deployments.payload import document_of, read_payload

_PAGE = 100
_STATES = frozenset(get_args(records.DeploymentState))
_COMMIT_STATES = frozenset(get_args(records.CommitState))


class GitHubDeployments:
    """The Deployments of one repository, and commit statuses of any that the token reaches."""

    def __init__(self, client: GitHubClient, repository: str) -> None:
        """Name the repository, as OWNER/NAME."""
        owner_and_name(repository)
        self._client = client
        self._repository = repository

    def newest(self, environment: str, *, limit: int = 30) -> tuple[records.DeploymentFacts, ...]:
        """The environment's newest Deployments, newest first; their statuses are not read.

        Raises:
            GitOpsError: they cannot be read.
        """
        query = {"environment": environment, "per_page": min(limit, _PAGE)}
        purpose = self._purpose("list Deployments")
        return self._client.reading(lambda: self._list(query), purpose)

    def statuses(self, deployment: int) -> tuple[records.DeploymentStatus, ...]:
        """A Deployment's statuses, newest first; of more than 100 the newest.

        Raises:
            GitOpsError: they cannot be read.
        """
        path = self._path(str(deployment), "statuses")
        purpose = self._purpose("read a Deployment's statuses")
        answer = self._client.reading(
            lambda: self._client.rest("GET", path, query={"per_page": _PAGE}), purpose
        )
        found = (_status(one) for one in replies(answer, "statuses"))
        return tuple(one for one in found if one is not None)

    def create(self, deployment: records.NewDeployment) -> records.DeploymentFacts:
        """Record that a deployment begins; one that a cut-off earlier try made is found again.

        Raises:
            DeniedError: the token may not write Deployments.
            GitOpsError: it could not be made.
        """
        body: dict[str, object] = {
            "ref": deployment.commit,
            "environment": deployment.environment,
            "description": records.one_line(deployment.description),
            "payload": dict(deployment.payload),
            "auto_merge": False,
            "required_contexts": [],
            "transient_environment": False,
            "production_environment": deployment.production,
        }
        path = self._path()

        def attempt() -> records.DeploymentFacts:
            return _facts(Reply(self._client.rest("POST", path, body), "Deployment"))

        purpose = self._purpose("record a Deployment", writes=True)
        return self._client.writing(attempt, lambda: self._made(deployment), purpose)

    def set_status(self, deployment: int, status: records.DeploymentStatus) -> None:
        """Say how it goes on; once more where it is not known whether GitHub heard it.

        Raises:
            GitOpsError: it could not be said.
        """
        body: dict[str, object] = {
            "state": status.state,
            "description": records.one_line(status.description),
            "auto_inactive": False,
        }
        if status.log_url:
            body["log_url"] = status.log_url
        if status.environment_url:
            body["environment_url"] = status.environment_url
        path = self._path(str(deployment), "statuses")
        purpose = self._purpose("report on a Deployment", writes=True)
        # The same status twice says nothing else than once.
        self._client.reading(lambda: self._client.rest("POST", path, body), purpose)

    def commit_status(self, repository: str, commit: str, status: records.CommitStatus) -> None:
        """Set a status on a commit of any repository.

        Raises:
            DeniedError: the token may not.
            GitOpsError: it could not be set.
        """
        body: dict[str, object] = {
            "state": status.state,
            "context": status.context,
            "description": records.one_line(status.description),
        }
        if status.url:
            body["target_url"] = status.url
        path = self._client.path(repository, "statuses", commit)
        purpose = Purpose(
            operation=f"set a status on {commit[:12]}",
            permission="statuses: write",
            repository=repository,
            writes=True,
        )
        self._client.reading(lambda: self._client.rest("POST", path, body), purpose)

    def commit_statuses(self, repository: str, commit: str) -> tuple[records.CommitStatus, ...]:
        """The newest status of each context on a commit; of at most 100 contexts.

        Raises:
            GitOpsError: they cannot be read.
        """
        path = self._client.path(repository, "commits", commit, "status")
        purpose = Purpose(
            operation=f"read the statuses of {commit[:12]}",
            permission="statuses: read",
            repository=repository,
            writes=False,
        )
        query = {"per_page": _PAGE}
        answer = self._client.reading(lambda: self._client.rest("GET", path, query=query), purpose)
        found = (_commit_status(one) for one in Reply(answer, "statuses").each("statuses"))
        return tuple(one for one in found if one is not None)

    def _made(self, deployment: records.NewDeployment) -> records.DeploymentFacts | None:
        """The one that a try of before has made after all."""
        if not deployment.key:
            return None
        query = {"environment": deployment.environment, "sha": deployment.commit}
        for one in self._list(query):
            content = read_payload(one.payload)
            if content is not None and content.key == deployment.key:
                return one
        return None

    def _list(self, query: Mapping[str, object]) -> tuple[records.DeploymentFacts, ...]:
        """One try; raises RequestFailure."""
        answer = self._client.rest("GET", self._path(), query=query)
        return tuple(_facts(one) for one in replies(answer, "Deployments"))

    def _path(self, *parts: str) -> str:
        return self._client.path(self._repository, "deployments", *parts)

    def _purpose(self, operation: str, *, writes: bool = False) -> Purpose:
        return Purpose(
            operation=operation,
            permission=f"deployments: {'write' if writes else 'read'}",
            repository=self._repository,
            writes=writes,
        )


def _facts(reply: Reply) -> records.DeploymentFacts:
    return records.DeploymentFacts(
        number=reply.number("id"),
        environment=reply.text("environment"),
        commit=reply.text("sha"),
        payload=document_of(reply.anything("payload")) or {},
        created=reply.moment("created_at"),
        creator=reply.at("creator").text("login"),
        task=reply.text("task") or "deploy",
    )


def _status(reply: Reply) -> records.DeploymentStatus | None:
    """The status; None for a state that GitHub has added since."""
    state = reply.text("state")
    if state not in _STATES:
        return None
    return records.DeploymentStatus(
        state=cast("records.DeploymentState", state),
        description=reply.text("description"),
        log_url=reply.text("log_url"),
        environment_url=reply.text("environment_url"),
        at=reply.moment("created_at"),
    )


def _commit_status(reply: Reply) -> records.CommitStatus | None:
    state = reply.text("state")
    if state not in _COMMIT_STATES:
        return None
    return records.CommitStatus(
        context=reply.text("context"),
        state=cast("records.CommitState", state),
        description=reply.text("description"),
        url=reply.text("target_url"),
        creator=reply.at("creator").text("login"),
    )


# Artifact metadata of an organization: which image runs where.


class GitHubArtifactMetadata:
    """Records for the organization that owns the environment repository."""

    def __init__(self, client: GitHubClient, repository: str) -> None:
        """Name the environment repository, as OWNER/NAME."""
        self._client = client
        self._repository = repository

    def write(self, record: ArtifactRecord) -> None:
        """Record it, or update the record; the same twice says no more than once.

        Raises:
            GitOpsError: the right is missing, or the owner is no organization.
        """
        organization = self._repository.partition("/")[0]
        purpose = Purpose(
            operation="record what was deployed",
            permission="artifact-metadata: write",
            repository=self._repository,
            writes=True,
        )
        path = f"/orgs/{organization}/artifacts/metadata/deployment-record"
        body = record.body(organization)
        self._client.reading(lambda: self._client.rest("POST", path, body), purpose)
