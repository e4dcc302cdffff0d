"""A forge with one environment repository, and our adapters connected to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gitops_action.adapters.github import ApiContentStore, GitHubClient, GitHubForge, connect
from gitops_action.adapters.retry import RetryPolicy
from testbed.forge import Forge

REPOSITORY = "acme/environment"
CONFIG = ".github/gitops.yaml"
QUICK = RetryPolicy(attempts=4, initial=0.01, maximum=0.02, jitter=0.0)
FILES: Mapping[str, str | bytes] = {
    "README.md": "# environment\n",
    "applications/web/deployment.yaml": "image: ghcr.io/acme/web:v1\n",
    "applications/web/nested/values.yaml": "tag: v1\r\n",
    "applications/api/deployment.yaml": "image: ghcr.io/acme/api:v1\n",
}


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What a test plays on."""

    forge: Forge
    repository: Any
    token: str

    def client(self, token: str | None = None, policy: RetryPolicy = QUICK) -> GitHubClient:
        return connect(
            token or self.token,
            self.forge.api_url,
            self.forge.graphql_url,
            SystemClock(),
            policy,
        )

    def content(self, token: str | None = None) -> ApiContentStore:
        return ApiContentStore(self.client(token), REPOSITORY)

    def pulls(self, token: str | None = None) -> GitHubForge:
        return GitHubForge(self.client(token), REPOSITORY)


@contextlib.contextmanager
def stage(root: Path, files: Mapping[str, str | bytes] = FILES) -> Iterator[Stage]:
    """Start a forge with a private repository and an App's token for it."""
    with Forge.start(root) as forge:
        repository = forge.create_repository(REPOSITORY, files=files, private=True)
        token = forge.token(
            kind="app",
            login="gitops-bot[bot]",
            repositories=[REPOSITORY],
            permissions={
                "contents": "write",
                "pull_requests": "write",
                "issues": "write",
                "metadata": "read",
            },
        )
        yield Stage(forge=forge, repository=repository, token=token)
