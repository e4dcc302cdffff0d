"""Open pull requests that promote. Fulfils the port `OpenPromotions`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from gitops_action.adapters.github.branch import actor
from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.errors import Purpose
from gitops_action.adapters.github.open_pull_requests import read_pull_request
from gitops_action.adapters.github.pull_requests import GitHubForge
from gitops_action.adapters.github.reply import Reply
from gitops_action.core.gates.open_pull_request import OpenPullRequests
from gitops_action.core.promotion.open import OpenPromotion, read_promotion
from gitops_action.core.pull_request_state import CLOSED_BY_US
from gitops_action.core.pull_requests import Identity

OPEN_PULL_REQUESTS = """
query OpenPullRequests($owner: String!, $name: String!, $after: String) {
  viewer { login }
  repository(owner: $owner, name: $name) {
    defaultBranchRef { name }
    pullRequests(states: [OPEN], first: 100, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes {
        number title body headRefName headRefOid baseRefName isCrossRepository
        author { __typename login }
        latestOpinionatedReviews(first: 50, writersOnly: true) {
          nodes { state author { __typename login } }
        }
      }
    }
  }
}
"""
_OURS = "gitops/"


class GitHubPromotions:
    """The open promotions of one repository."""

    def __init__(
        self,
        client: GitHubClient,
        repository: str,
        forge: GitHubForge,
        remark: Callable[[str], str],
    ) -> None:
        """Take the forge that closes them, and the words of a comment."""
        self._client = client
        self._names = owner_and_name(repository)
        self._repository = repository
        self._forge = forge
        self._remark = remark
        self._open: dict[int, Reply] = {}

    def list(self) -> tuple[OpenPromotion, ...]:
        """Those on our branches that our own account has opened.

        Raises:
            GitOpsError: they cannot be read.
        """
        viewer = self._pages[-1].at("viewer").text("login")
        found: list[OpenPromotion] = []
        for node in self._nodes():
            one = self._read(node, viewer)
            if one is not None:
                self._open[one.number] = node
                found.append(one)
        return tuple(found)

    def listing(self, base: str) -> OpenPullRequests:
        """Every open pull request of a branch, with what shows which holds it proposes.

        Raises:
            GitOpsError: they cannot be read.
        """
        newest = self._pages[-1]
        branch = base or newest.at("repository", "defaultBranchRef").text("name")
        login = newest.at("viewer").text("login")
        return OpenPullRequests(
            viewer=Identity(login=login, name=login, email=""),
            base=branch,
            pull_requests=tuple(
                read_pull_request(node)
                for node in self._nodes()
                if node.text("baseRefName") == branch
            ),
        )

    def _nodes(self) -> Iterator[Reply]:
        for page in self._pages:
            yield from page.at("repository", "pullRequests").each("nodes")

    @cached_property
    def _pages(self) -> Sequence[Reply]:
        """Every open pull request, read once."""
        purpose = Purpose(
            operation="list pull requests",
            permission="pull-requests: read",
            repository=self._repository,
        )
        found: list[Reply] = []
        cursor: str | None = None
        while True:
            variables = {**self._names, "after": cursor}
            found.append(self._client.graphql(OPEN_PULL_REQUESTS, variables, purpose))
            info = found[-1].at("repository", "pullRequests", "pageInfo")
            if not info.flag("hasNextPage"):
                return found
            cursor = info.whole("endCursor")

    def _read(self, node: Reply, viewer: str) -> OpenPromotion | None:
        author = actor(node.at("author"))
        if author != viewer or node.flag("isCrossRepository"):
            return None
        if not node.text("headRefName").startswith(_OURS):
            return None
        approved = any(
            review.text("state") == "APPROVED"
            and review.at("author").text("__typename") == "User"
            and review.at("author").text("login") != author
            for review in node.at("latestOpinionatedReviews").each("nodes")
        )
        return read_promotion(node.number("number"), node.text("body"), approved=approved)

    def close(self, number: int, *, reason: str) -> None:
        """Close one with the reason, marked as ours so that nobody takes it for a person's no."""
        node = self._open[number]
        body = node.text("body")
        if CLOSED_BY_US not in body:
            body = f"{CLOSED_BY_US}\n{body}"
            self._forge.edit(number, title=node.text("title"), body=body)
        self._forge.close(number, reason=self._remark(reason))
