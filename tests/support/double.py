"""A forge to test the forge itself with, spoken to by plain HTTP."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from testbed.forge import Forge, RepositoryHandle, rights

NAME = "acme/environment"
FILES = {"apps/web/deployment.yaml": "image: web:1\n", "README.md": "# Environment\n"}
UPDATE_REFS = (
    "mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }"
)
ABSENT = "0" * 40
WRITES = (
    *("contents", "pull_requests", "issues", "statuses", "checks"),
    *("actions", "deployments"),
)
GIT = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}


@dataclass(frozen=True, kw_only=True)
class Talk:
    """One client with one token."""

    forge: Forge
    repository: RepositoryHandle
    token: str

    def rest(self, method: str, path: str, **given: Any) -> requests.Response:
        """Call REST below the repository (or at the root, for a path with two slashes)."""
        start = self.forge.api_url
        base = start + path[1:] if path.startswith("//") else f"{start}/repos/{NAME}{path}"
        headers = {"Authorization": f"token {self.token}", **given.pop("headers", {})}
        return requests.request(method, base, headers=headers, timeout=30, **given)

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        """Ask GraphQL; the answer always has status 200."""
        answer = requests.post(
            self.forge.graphql_url,
            json={"query": query, "variables": variables},
            headers={"Authorization": f"bearer {self.token}"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def move(self, *updates: dict[str, Any]) -> dict[str, Any]:
        """Move refs by GraphQL."""
        identifier = f"R_{self.repository.repository.id}"
        given = {"repositoryId": identifier, "refUpdates": list(updates)}
        return self.graphql(UPDATE_REFS, input=given)

    def acting(self, **token: Any) -> Talk:
        """Return the same with another token; it may write what `WRITES` lists unless given."""
        made = self.forge.token(**{"permissions": rights(*WRITES), **token})
        return Talk(forge=self.forge, repository=self.repository, token=made)

    def git(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Git with the token in an environment that holds nothing else."""
        header = f"Authorization: bearer {self.token}"
        env = {
            "PATH": os.environ["PATH"],
            **GIT,
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": header,
        }
        return subprocess.run(
            ["git", *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False
        )


@contextmanager
def talking(root: Path) -> Iterator[Talk]:
    """Start a forge with one private repository and an App that may write to it."""
    with Forge.start(root) as forge:
        repository = forge.create_repository(NAME, files=FILES)
        token = forge.token(
            repositories=[NAME],
            permissions={"contents": "write", "pull_requests": "write", "statuses": "write"},
        )
        yield Talk(forge=forge, repository=repository, token=token)
