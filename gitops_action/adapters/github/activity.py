"""Who moved a branch, and when: GitHub's repository activity.

GitHub's documentation, "List repository activities". Commits name authors that anybody can make up;
this names the account that pushed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from gitops_action.adapters.github.client import GitHubClient
from gitops_action.adapters.github.errors import HTTP_NOT_FOUND, Purpose, RequestFailure
from gitops_action.adapters.github.reply import Reply, replies
from gitops_action.core.gates.base_history import NoActivityError
from gitops_action.core.gates.open_pull_request import Push, PushKind
from gitops_action.errors import GitOpsError

_PAGE = 100
_MOST_PAGES = 20
_KINDS: Mapping[str, PushKind] = {
    "push": "push",
    "force_push": "force_push",
    "branch_creation": "branch_creation",
    "branch_deletion": "branch_deletion",
    "pr_merge": "merge",
    "merge_queue_merge": "merge",
}


class GitHubActivity:
    """Pushes to branches of any repository that the token can read."""

    def __init__(self, client: GitHubClient) -> None:
        """Nothing is read yet."""
        self._client = client

    def pushes(
        self, repository: str, branch: str, *, enough: Callable[[Push], bool]
    ) -> tuple[Push, ...]:
        """The changes of a branch, newest first, up to the first that is `enough`, or all.

        Raises:
            NoActivityError: GitHub has no record of them.
            GitOpsError: they cannot be read.
        """
        found: list[Push] = []
        after = ""
        for _ in range(_MOST_PAGES):
            page, after = self._page(repository, branch, after)
            for push in page:
                found.append(push)
                if enough(push):
                    return tuple(found)
            if not after:
                return tuple(found)
        raise GitOpsError(f"{branch} has moved too often to read who pushed")

    def _page(self, repository: str, branch: str, after: str) -> tuple[tuple[Push, ...], str]:
        query: dict[str, object] = {"ref": f"refs/heads/{branch}", "per_page": _PAGE}
        if after:
            query["after"] = after
        purpose = Purpose(
            operation=f"read who pushed to {branch}",
            permission="contents: read",
            repository=repository,
        )
        path = self._client.path(repository, "activity")

        def ask() -> tuple[object, str]:
            try:
                return self._client.page(path, query)
            except RequestFailure as failure:
                if failure.status == HTTP_NOT_FOUND:
                    raise _missing(repository) from failure
                raise

        answer, after = self._client.reading(ask, purpose)
        return tuple(_push(item) for item in replies(answer, "activity")), after


def _missing(repository: str) -> NoActivityError:
    return NoActivityError(
        "this GitHub keeps no record of pushes",
        cause=f"Enterprise Server before 3.17 has none, or the token cannot read {repository}",
        fix="update the server, or set `not-by: [author]`, which counts approvals of people who"
        " pushed",
    )


def _push(item: Reply) -> Push:
    return Push(
        before=item.text("before"),
        after=item.text("after"),
        at=datetime.fromisoformat(item.text("timestamp")),
        actor=item.at("actor").text("login"),
        kind=_KINDS.get(item.text("activity_type"), "other"),
    )
