"""GitHub's own record of which artifact runs where: one for each image with a digest.

The fields and their limits are those of GitHub's REST API, "Artifact metadata", "Create an artifact
deployment record". A record is updated where organization, environment, cluster and name are the
same, so that a newer image takes the place of the one before. No record can be deleted: what does
not run any more is `decommissioned`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Literal

from gitops_action.core.config import Application
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deployments.payload import references_of

_LONGEST_NAME = 256
_LONGEST_PLACE = 128
_LONGEST_VERSION = 100


@dataclass(frozen=True, kw_only=True)
class ArtifactRecord:
    """One image in one cluster of an environment.

    Attributes:
        name: the image's repository.
        digest: of the image.
        version: its tag; empty without one.
        environment: where it runs.
        cluster: the target's name.
        source: the application's repository, OWNER/NAME; empty where it is not declared.
        status: whether it runs.
    """

    name: str
    digest: str
    version: str
    environment: str
    cluster: str
    source: str = ""
    status: Literal["deployed", "decommissioned"] = "deployed"

    def body(self, organization: str) -> dict[str, object]:
        """The request; `source` is only taken where the organization owns it."""
        owner, _, name = self.source.partition("/")
        found: dict[str, object] = {
            "name": self.name,
            "digest": self.digest,
            "status": self.status,
            "logical_environment": self.environment,
            "cluster": self.cluster,
            "deployment_name": self.name,
            "return_records": False,
        }
        if 0 < len(self.version) <= _LONGEST_VERSION:
            found["version"] = self.version
        if name and owner.lower() == organization.lower():
            found["github_repository"] = name
        return found


def artifact_records(
    images: Collection[str],
    before: Iterable[str],
    applications: Sequence[Application],
    environment: str,
    clusters: Collection[str],
) -> Iterator[ArtifactRecord]:
    """The records of what runs, then of what ran before and does not run any more.

    Images without a digest, and names that are too long, have none.

    Args:
        images: what runs now.
        before: what the last successful deployment left.
        applications: as they are declared.
        environment: its name.
        clusters: the names of the targets.
    """
    sources = {image: one.source or "" for one in applications for image in one.images}
    present = {one.repository for one in references_of(images)}
    known = {one.repository: one for one in references_of(images) if one.digest}
    for one in references_of(before):
        if one.digest and one.repository not in present:
            known.setdefault(one.repository, one)
    for cluster in clusters:
        for image in known.values():
            if (
                len(image.repository) <= _LONGEST_NAME
                and max(len(environment), len(cluster)) <= _LONGEST_PLACE
            ):
                yield ArtifactRecord(
                    name=image.repository,
                    digest=image.digest or "",
                    version=image.tag or "",
                    environment=environment,
                    cluster=cluster,
                    source=sources.get(image.repository, ""),
                    status="deployed" if image.repository in present else "decommissioned",
                )
