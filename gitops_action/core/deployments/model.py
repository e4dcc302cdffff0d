"""GitHub's Deployments, their statuses, and commit statuses, as far as we use them.

States and limits are those of GitHub's REST API documentation, "Deployments" and "Commit statuses".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

DeploymentState = Literal[
    "error", "failure", "inactive", "in_progress", "pending", "queued", "success"
]
CommitState = Literal["error", "failure", "pending", "success"]
LONGEST_DESCRIPTION = 140
"""Characters that GitHub takes for the description of a status."""


@dataclass(frozen=True, kw_only=True)
class DeploymentStatus:
    """How a deployment is; `at` is None before GitHub has it."""

    state: DeploymentState
    description: str = ""
    log_url: str = ""
    environment_url: str = ""
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class NewDeployment:
    """A deployment that begins.

    Attributes:
        environment: its name.
        commit: what is deployed, a full id.
        description: one line, at most 140 characters.
        payload: a JSON document that `core/deployments/payload.py` writes and reads.
        key: names the run and its attempt: a second try of the same run finds its Deployment.
    """

    environment: str
    commit: str
    description: str
    payload: Mapping[str, object]
    key: str


@dataclass(frozen=True, kw_only=True)
class DeploymentFacts:
    """A Deployment as GitHub keeps it; statuses newest first."""

    number: int
    environment: str
    commit: str
    payload: Mapping[str, object] = field(default_factory=dict)
    statuses: tuple[DeploymentStatus, ...] = ()
    created: datetime | None = None
    creator: str = ""
    task: str = "deploy"


@dataclass(frozen=True, kw_only=True)
class CommitStatus:
    """A status on a commit."""

    context: str
    state: CommitState
    description: str = ""
    url: str = ""
    creator: str = ""
