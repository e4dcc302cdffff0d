"""Check runs and commit statuses of a commit, for the gate `checks`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gitops_action.adapters.github.client import GitHubClient
from gitops_action.adapters.github.errors import Purpose
from gitops_action.adapters.github.reply import Reply, replies
from gitops_action.core.gates.checks import CheckFacts, CheckReport
from gitops_action.errors import GitOpsError

_PAGE = 100
_MOST_PAGES = 10


class GitHubChecks:
    """What Apps and people reported on commits of one repository."""

    def __init__(self, client: GitHubClient, repository: str) -> None:
        """Name the repository, as OWNER/NAME."""
        self._client = client
        self._repository = repository

    def of(self, commit: str) -> CheckFacts:
        """Every check run, and the statuses; with the reason where they cannot be read."""
        try:
            return CheckFacts(reports=(*self._check_runs(commit), *self._statuses(commit)))
        except GitOpsError as error:
            return CheckFacts(unread=str(error))

    def _check_runs(self, commit: str) -> Iterator[CheckReport]:
        for page in range(1, _MOST_PAGES + 1):
            query = {"per_page": _PAGE, "page": page, "filter": "all"}
            answer = Reply(self._get(commit, "check-runs", query), "check runs")
            yield from (_check_run(item) for item in answer.each("check_runs"))
            if answer.depth("check_runs") < _PAGE:
                return
        raise GitOpsError(f"{commit[:12]} has too many check runs to read")

    def _statuses(self, commit: str) -> Iterator[CheckReport]:
        for page in range(1, _MOST_PAGES + 1):
            listed = replies(self._get(commit, "statuses", {"per_page": _PAGE, "page": page}))
            yield from (_status(item) for item in listed)
            if len(listed) < _PAGE:
                return
        raise GitOpsError(f"{commit[:12]} has too many statuses to read")

    def _get(self, commit: str, what: str, query: Mapping[str, object]) -> object:
        right = "checks" if what == "check-runs" else "statuses"
        purpose = Purpose(
            operation=f"read the {what} of {commit[:12]}",
            permission=f"{right}: read",
            repository=self._repository,
        )
        path = self._client.path(self._repository, "commits", commit, what)
        return self._client.reading(lambda: self._client.rest("GET", path, query=query), purpose)


def _check_run(item: Reply) -> CheckReport:
    return CheckReport(
        name=item.text("name"),
        conclusion=item.text("conclusion") if item.text("status") == "completed" else "",
        app=item.at("app").number("id") or None,
        number=item.number("id"),
        started=item.moment("started_at"),
        url=item.text("html_url"),
    )


def _status(item: Reply) -> CheckReport:
    return CheckReport(
        name=item.text("context"),
        conclusion=item.text("state"),
        kind="status",
        number=item.number("id"),
        started=item.moment("created_at"),
        url=item.text("target_url"),
    )
