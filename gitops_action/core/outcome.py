"""What a command hands back: outputs, a summary, notices, and one JSON document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.errors import Location

Level = Literal["notice", "warning", "error"]

Tone = Literal["plain", "strong", "old", "new", "quiet", "link"]
"""What a piece of a line is, for surfaces that can show it by a colour."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece of a line."""

    text: str
    tone: Tone = "plain"


Line = str | tuple[Part, ...]
"""A line for people: plain, or of parts with their tones."""


def plain(line: Line) -> str:
    """The line's text."""
    return line if isinstance(line, str) else "".join(part.text for part in line)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something a person should see beside the result; becomes an annotation in Actions."""

    level: Level
    text: str
    location: Location | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of a command, laid out by the surface that called it.

    Attributes:
        outputs: the action's outputs by name, already as text (JSON outputs are JSON text).
        headline: one line for the terminal and the log.
        lines: further lines for the terminal and the log.
        summary: Markdown for the job summary.
        notices: warnings and notes.
        data: the same outcome as one JSON-serialisable document, for `--json`.
        printed: what the command was asked to print, for stdout of a terminal; empty for most.
        report: everything that was found, for stdout of a terminal, where it takes the place of
            `lines` and `notices`; empty for most.
        exit_code: 0; 1 where the command finished and its answer is a failure; 130 where it was
            cancelled and still could say how far it got.
    """

    outputs: Mapping[str, str]
    headline: str
    lines: tuple[Line, ...] = ()
    summary: str = ""
    notices: tuple[Notice, ...] = ()
    data: Mapping[str, object] = field(default_factory=dict)
    printed: str = ""
    report: tuple[Line, ...] = ()
    exit_code: int = 0


# Facts about the workflow job (or the terminal) a command runs in, as plain values.


@dataclass(frozen=True, kw_only=True)
class Job:
    """What GitHub's runner says of the job; every field is empty outside of Actions.

    `event` is the webhook payload that started the run. Names follow GitHub's documentation of
    the default environment variables (GITHUB_REPOSITORY, GITHUB_SHA, …). `server_url` is the
    server that repositories are looked up and linked on, `run_server_url` the one that this run
    is on where the two differ. `job_id` is the number of the job, where the workflow passes it on.
    `workflow_file` is the file that the run is of, also inside of a workflow that it calls.
    `triggering_actor` is who started this attempt: of a run that was started again another person.
    """

    in_actions: bool = False
    repository: str = ""
    sha: str = ""
    ref: str = ""
    event_name: str = ""
    actor: str = ""
    triggering_actor: str = ""
    workflow: str = ""
    run_id: str = ""
    run_attempt: str = ""
    server_url: str = "https://github.com"
    api_url: str = "https://api.github.com"
    graphql_url: str = "https://api.github.com/graphql"
    event: Mapping[str, object] = field(default_factory=dict)
    run_server_url: str = ""
    job_id: str = ""
    workflow_file: str = ""

    def working_on(self, server_url: str) -> Job:
        """The same job, with repositories on the server that the inputs name."""
        return replace(self, server_url=server_url, run_server_url=self.server_url)

    @property
    def privileged(self) -> bool:
        """Whether the job runs code of the default branch, and so may hold secrets.

        Runs on these events execute the pull request's own workflow files, and hold none.
        """
        return self.in_actions and self.event_name not in {"pull_request", "merge_group"}

    @property
    def run_url(self) -> str:
        """The page of this run, or empty outside of Actions."""
        if not (self.repository and self.run_id):
            return ""
        return (
            f"{self.run_server_url or self.server_url}/{self.repository}/actions/runs/{self.run_id}"
        )

    @property
    def job_url(self) -> str:
        """The page of this job; the run's where the job's number is not known."""
        page = self.run_url
        return f"{page}/job/{self.job_id}" if page and self.job_id else page
