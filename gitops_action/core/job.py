"""Facts about the workflow job (or the terminal) a command runs in, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Job:
    """What GitHub's runner says of the job; every field is empty outside of Actions.

    `event` is the webhook payload that started the run. Names follow GitHub's documentation of
    the default environment variables (GITHUB_REPOSITORY, GITHUB_SHA, …).
    """

    in_actions: bool = False
    repository: str = ""
    sha: str = ""
    ref: str = ""
    event_name: str = ""
    actor: str = ""
    workflow: str = ""
    run_id: str = ""
    run_attempt: str = ""
    server_url: str = "https://github.com"
    api_url: str = "https://api.github.com"
    graphql_url: str = "https://api.github.com/graphql"
    event: Mapping[str, object] = field(default_factory=dict)

    @property
    def run_url(self) -> str:
        """The page of this run, or empty outside of Actions."""
        if not (self.repository and self.run_id):
            return ""
        return f"{self.server_url}/{self.repository}/actions/runs/{self.run_id}"
