"""Starts workflows of the environment repository and watches them. Fulfils `Dispatcher`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from gitops_action.adapters.github import errors
from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.reply import Reply, replies
from gitops_action.core.dispatch import EVENT_TYPE, Order, ProposedPull, Run

_PAGE = 100
_MOST_PAGES = 10
_ENOUGH = 30
"""Own pull requests that are enough; those of forks, which anyone can open, do not count."""

_COMPLETED = "completed"
_DETAILS = "return_run_details"
LOOKS = 4
"""How often a run is looked for before a try that was cut off is repeated."""


class GitHubDispatcher:
    """The workflows of one repository."""

    def __init__(self, client: GitHubClient, repository: str, pause: Callable[[int], None]) -> None:
        """Name the repository, as OWNER/NAME; `pause` waits before look number n."""
        owner_and_name(repository)
        self._client = client
        self._repository = repository
        self._pause = pause

    def default_branch(self) -> str:
        """The branch whose workflows count.

        Raises:
            GitOpsError: the repository cannot be read.
        """
        purpose = self._purpose("read the repository", "metadata: read")
        path = self._client.path(self._repository)
        found = self._client.reading(lambda: self._client.rest("GET", path), purpose)
        return Reply(found, "repository").text("default_branch")

    def start(self, order: Order) -> Run | None:
        """Start the run; None when GitHub accepted it and does not say which run it is.

        Raises:
            GitOpsError: GitHub refused: the workflow, its trigger, an input, or the right lacks.
        """
        by_hand = order.event == "workflow_dispatch"
        send = self._start_workflow if by_hand else self._send_event
        right = "actions: write" if by_hand else "contents: write"
        purpose = self._purpose(f"start {order.workflow}", right, writes=True)

        def attempt() -> Run | None:
            try:
                return send(order)
            except errors.RequestFailure as failure:
                if failure.status == errors.HTTP_NOT_FOUND and by_hand:
                    self.default_branch()  # detects a repository that the token cannot see
                if error := errors.explain(failure, order, self._repository):
                    raise error from None
                raise

        # `writing` wants something found or made: a box, because None is an answer here.
        box = self._client.writing(lambda: (attempt(),), lambda: self._look(order), purpose)
        return box[0]

    def find(self, order: Order) -> Run | None:
        """The run that carries the order's correlation in its name; None: not there (yet).

        Raises:
            GitOpsError: runs may not be read.
        """
        purpose = self._purpose(f"list the runs of {order.workflow}", "actions: read")
        return self._client.reading(lambda: self._listed(order), purpose)

    def read(self, run: int) -> Run:
        """The run as it is now.

        Raises:
            GitOpsError: it cannot be read.
        """
        path = self._client.path(self._repository, "actions", "runs", str(run))
        purpose = self._purpose("read a workflow run", "actions: read")
        return _run(Reply(self._client.reading(lambda: self._client.rest("GET", path), purpose)))

    def pull_requests(self) -> tuple[ProposedPull, ...]:
        """The pull requests of the repository's own branches that changed last, newest first.

        Raises:
            GitOpsError: they may not be read.
        """
        path = self._client.path(self._repository, "pulls")
        purpose = self._purpose("list pull requests", "pull-requests: read")
        found: list[ProposedPull] = []
        for page in range(1, _MOST_PAGES + 1):
            query = {"state": "all", "sort": "updated", "direction": "desc", "per_page": _PAGE}
            listed = replies(self._page(path, {**query, "page": page}, purpose), "pull requests")
            found += [_pull(item) for item in listed if self._is_own(item)]
            if len(listed) < _PAGE or len(found) >= _ENOUGH:
                break
        return tuple(found)

    def _page(self, path: str, query: Mapping[str, object], purpose: errors.Purpose) -> object:
        return self._client.reading(lambda: self._client.rest("GET", path, query=query), purpose)

    def _is_own(self, pull: Reply) -> bool:
        full_name = pull.at("head", "repo").text("full_name")
        return full_name.lower() == self._repository.lower()

    def _start_workflow(self, order: Order) -> Run | None:
        path = self._client.path(
            self._repository, "actions", "workflows", order.workflow, "dispatches"
        )
        body: dict[str, object] = {"ref": order.ref, "inputs": dict(order.inputs)}
        try:
            answer = self._client.rest("POST", path, {**body, _DETAILS: True})
        except errors.RequestFailure as failure:
            if failure.status != errors.HTTP_UNPROCESSABLE or _DETAILS not in failure.message:
                raise
            answer = self._client.rest("POST", path, body)  # a server that is older than the key
        found = Reply(answer, "dispatch")
        if not found.has("workflow_run_id"):
            return None
        return Run(id=found.number("workflow_run_id"), url=found.text("html_url"))

    def _send_event(self, order: Order) -> None:
        path = self._client.path(self._repository, "dispatches")
        body = {"event_type": EVENT_TYPE, "client_payload": dict(order.inputs)}
        self._client.rest("POST", path, body)

    def _look(self, order: Order) -> tuple[Run | None] | None:
        """After a try that was cut off: a run appears some moments after it was asked for."""
        for number in range(1, LOOKS + 1):
            try:
                if found := self._listed(order):
                    return (found,)
            except errors.RequestFailure as failure:
                if (
                    failure.status in {errors.HTTP_FORBIDDEN, errors.HTTP_NOT_FOUND}
                    and not failure.limited
                ):
                    return None  # it cannot be determined; a second run finds the first one's work
                raise
            self._pause(number)
        return None

    def _listed(self, order: Order) -> Run | None:
        path = self._client.path(self._repository, "actions", "workflows", order.workflow, "runs")
        query = {"event": order.event, "per_page": _PAGE}
        answer = Reply(self._client.rest("GET", path, query=query), "workflow runs")
        for item in answer.each("workflow_runs"):
            if order.correlation in item.text("display_title").split():
                return _run(item)
        return None

    def _purpose(self, operation: str, permission: str, *, writes: bool = False) -> errors.Purpose:
        return errors.Purpose(
            operation=operation, permission=permission, repository=self._repository, writes=writes
        )


def start_workflow(
    client: GitHubClient,
    repository: str,
    workflow: str,
    *,
    ref: str,
    inputs: Mapping[str, str] | None = None,
) -> None:
    """Start a workflow file on a branch, and leave it to itself.

    After an answer that was cut off it is asked for again: a second run finds nothing to do.

    Raises:
        GitOpsError: it was not started.
    """
    name = workflow.rpartition("/")[2]
    path = client.path(repository, "actions", "workflows", name, "dispatches")
    body: dict[str, object] = {"ref": ref, "inputs": dict(inputs or {})}
    purpose = errors.Purpose(
        operation=f"start {workflow}",
        permission="actions: write",
        repository=repository,
        writes=True,
    )
    client.writing(lambda: client.rest("POST", path, body) or True, lambda: None, purpose)


def _run(item: Reply) -> Run:
    done = item.text("status") == _COMPLETED
    return Run(
        id=item.number("id"),
        url=item.text("html_url"),
        conclusion=item.text("conclusion") if done else "",
        created=item.moment("created_at"),
    )


def _pull(item: Reply) -> ProposedPull:
    return ProposedPull(
        number=item.number("number"),
        url=item.text("html_url"),
        branch=item.at("head").text("ref"),
        commit=item.at("head").text("sha"),
        body=item.text("body"),
        created=datetime.fromisoformat(item.text("created_at")),
        updated=datetime.fromisoformat(item.text("updated_at")),
        ended=item.moment("closed_at"),
    )
