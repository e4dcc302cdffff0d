"""What the newest runs of the workflow `drift.yml` found, by the steps of their jobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitops_action.adapters.github.client import GitHubClient
from gitops_action.adapters.github.errors import Purpose
from gitops_action.adapters.github.reply import Reply
from gitops_action.core.deployments.proof import is_job_of
from gitops_action.core.status.drift import DRIFT_WORKFLOW, ComparisonJob

_RUNS = 10
_MOST_READ = 4
"""Runs whose jobs are read: a request each. A scheduled run compares every environment."""
_EVENTS = frozenset({"schedule", "workflow_dispatch"})
"""Events whose runs execute the default branch's file, when their branch is that one."""


class GitHubDriftRuns:
    """The runs of one environment repository."""

    def __init__(self, client: GitHubClient, repository: str) -> None:
        """Name the repository, as OWNER/NAME."""
        self._client = client
        self._repository = repository

    def jobs(self, environments: Sequence[str], branch: str) -> tuple[ComparisonJob, ...]:
        """Finished jobs, the newest first, until each environment has one.

        Args:
            environments: their names.
            branch: the default branch.

        Raises:
            GitOpsError: the runs cannot be read.
        """
        found: list[ComparisonJob] = []
        missing = set(environments)
        for number in self._runs(branch)[:_MOST_READ]:
            if not missing:
                break
            found += self._finished(number)
            missing = {
                name for name in missing if not any(is_job_of(one.name, name) for one in found)
            }
        return tuple(found)

    def _runs(self, branch: str) -> list[str]:
        """The newest finished runs of the branch; none where there is no such workflow."""
        name = DRIFT_WORKFLOW.rpartition("/")[2]
        path = self._path("workflows", name, "runs")
        answer = self._read(path, {"branch": branch, "status": "completed", "per_page": _RUNS})
        if answer is None:
            return []
        return [
            str(one.number("id"))
            for one in answer.each("workflow_runs")
            if one.text("event") in _EVENTS
            and one.at("head_repository").text("full_name").lower() == self._repository.lower()
        ]

    def _finished(self, number: str) -> Iterator[ComparisonJob]:
        answer = self._read(self._path("runs", number, "jobs"), {"per_page": 100})
        for one in answer.each("jobs") if answer is not None else ():
            completed = one.moment("completed_at")
            if completed and one.text("conclusion") != "skipped":
                yield ComparisonJob(
                    name=one.text("name"),
                    conclusion=one.text("conclusion"),
                    steps=tuple(
                        step.text("name")
                        for step in one.each("steps")
                        if step.text("conclusion") == "success"
                    ),
                    completed=completed,
                    url=one.text("html_url"),
                )

    def _path(self, *parts: str) -> str:
        return self._client.path(self._repository, "actions", *parts)

    def _read(self, path: str, query: dict[str, object]) -> Reply | None:
        purpose = Purpose(
            operation="read the runs of `drift`",
            permission="actions: read",
            repository=self._repository,
        )
        answer = self._client.found(path, purpose, query)
        return None if answer is None else Reply(answer, "runs")
