"""Artifact metadata of an organization: which image runs where."""

from __future__ import annotations

from gitops_action.adapters.github.client import GitHubClient
from gitops_action.adapters.github.errors import Purpose
from gitops_action.core.deployments.artifact_record import ArtifactRecord


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
