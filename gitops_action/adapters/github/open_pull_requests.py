"""Open pull requests with reviews, statuses and our comment, a page at a time.

Fulfils the port `PullRequests` of the gate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from gitops_action.adapters.github import gate_queries
from gitops_action.adapters.github.branch import actor
from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.errors import Purpose
from gitops_action.adapters.github.reply import Reply
from gitops_action.core.deployments.records import CommitState
from gitops_action.core.gates import decisions
from gitops_action.core.gates.approvals import Review, ReviewState
from gitops_action.core.gates.checks import CheckReport
from gitops_action.core.gates.open_pull_request import (
    JOB_TOKEN_LOGIN,
    GateComment,
    HeadStatus,
    OpenPullRequest,
    OpenPullRequests,
)
from gitops_action.core.pull_requests import Identity
from gitops_action.errors import GitOpsError

_MOST_PAGES = 40
_STATES: Mapping[str, ReviewState] = {
    "APPROVED": "approved",
    "CHANGES_REQUESTED": "changes-requested",
    "COMMENTED": "commented",
    "DISMISSED": "dismissed",
}
_COMMIT_STATES: Mapping[str, CommitState] = {
    "ERROR": "error",
    "EXPECTED": "pending",
    "FAILURE": "failure",
    "PENDING": "pending",
    "SUCCESS": "success",
}


class GitHubOpenPullRequests:
    """The open pull requests of one repository, forks' included."""

    def __init__(self, client: GitHubClient, repository: str, *, marker: str) -> None:
        """Name the repository, as OWNER/NAME, and the marker of the gate's comment."""
        owner_and_name(repository)
        self._client = client
        self._repository = repository
        self._marker = marker
        self._default_branch = ""
        self._purpose = Purpose(
            operation="read open pull requests",
            permission="pull-requests: read",
            repository=repository,
        )

    def default_branch(self) -> str:
        """The repository's default branch.

        Raises:
            GitOpsError: it cannot be read, or there is none.
        """
        if not self._default_branch:
            answer = self._ask(gate_queries.DEFAULT_BRANCH, {})
            self._default_branch = answer.at("repository", "defaultBranchRef").text("name")
        if not self._default_branch:
            raise GitOpsError(f"{self._repository} has no default branch", fix="give `base`")
        return self._default_branch

    def open(self, base: str, *, checks: bool = False) -> OpenPullRequests:
        """Every open pull request of the branch, oldest first.

        `checks` asks for the checks of their heads too. A token that may not read checks fails the
        whole query, so that they are left out then.

        Raises:
            GitOpsError: they cannot be read.
        """
        if checks:
            try:
                return self._listed(base, checks=True)
            except GitOpsError:
                pass
        return self._listed(base, checks=False)

    def _listed(self, base: str, *, checks: bool) -> OpenPullRequests:
        found: list[OpenPullRequest] = []
        after: str | None = None
        viewer = Identity(login="", name="", email="")
        for _ in range(_MOST_PAGES):
            given = {"base": base, "after": after, "checks": checks}
            answer = self._ask(gate_queries.OPEN_PULL_REQUESTS, given)
            viewer = self._identity(answer)
            page = answer.at("repository", "pullRequests")
            found += [
                replace(self._whole(node, viewer), checks=_checks(node) if checks else None)
                for node in page.each("nodes")
            ]
            after = page.at("pageInfo").whole("endCursor")
            if not page.at("pageInfo").flag("hasNextPage"):
                break
        return OpenPullRequests(viewer=viewer, base=base, pull_requests=tuple(found))

    def read(self, number: int) -> OpenPullRequest | None:
        """One pull request as it is now; None when it is not open.

        Raises:
            GitOpsError: there is none of this number, or it cannot be read.
        """
        answer = self._ask(gate_queries.GATED_PULL_REQUEST, {"number": number, "checks": False})
        node = answer.at("repository", "pullRequest")
        return self._whole(node, self._identity(answer)) if node.text("state") == "OPEN" else None

    def _identity(self, answer: Reply) -> Identity:
        return self._client.identity(answer.at("viewer"))

    def _ask(self, document: str, given: Mapping[str, object]) -> Reply:
        variables = owner_and_name(self._repository) | dict(given)
        return self._client.graphql(document, variables, self._purpose)

    def _whole(self, node: Reply, viewer: Identity) -> OpenPullRequest:
        """The pull request, with the reviews and comments that its page left out.

        A person's older change request blocks, and so does a late `merge off`: a part of the
        reviews or of the comments is not enough.
        """
        number = node.number("number")
        pull = read_pull_request(node)
        pages = self._comments(number, node.at("comments"))
        own = (_own_comment(page, self._marker, viewer) for page in pages)
        return replace(
            pull,
            reviews=(*self._older(number, node.at("reviews")), *pull.reviews),
            comment=next((one for one in own if one), None),
            decisions=_decisions(pages, viewer),
        )

    def _older(self, number: int, page: Reply) -> tuple[Review, ...]:
        older: list[Review] = []
        for _ in range(_MOST_PAGES):
            if not page.at("pageInfo").flag("hasPreviousPage"):
                return tuple(older)
            before = page.at("pageInfo").whole("startCursor")
            answer = self._ask(gate_queries.OLDER_REVIEWS, {"number": number, "before": before})
            page = answer.at("repository", "pullRequest", "reviews")
            older += _reviews(page)
        raise GitOpsError(f"#{number} has too many reviews to read")

    def _comments(self, number: int, page: Reply) -> tuple[Reply, ...]:
        """The first page, and those after it."""
        pages = [page]
        for _ in range(_MOST_PAGES):
            if not page.at("pageInfo").flag("hasNextPage"):
                return tuple(pages)
            after = page.at("pageInfo").whole("endCursor")
            answer = self._ask(gate_queries.LATER_COMMENTS, {"number": number, "after": after})
            page = answer.at("repository", "pullRequest", "comments")
            pages.append(page)
        raise GitOpsError(f"#{number} has too many comments to read")


def read_pull_request(node: Reply) -> OpenPullRequest:
    """What the answer holds of it; what was not asked for is empty."""
    return OpenPullRequest(
        number=node.number("number"),
        url=node.text("url"),
        head=node.text("headRefOid"),
        branch=node.text("headRefName"),
        head_repository=node.at("headRepository").text("nameWithOwner"),
        fork=node.flag("isCrossRepository"),
        base=node.text("baseRefName"),
        author=actor(node.at("author")),
        title=node.text("title"),
        body=node.text("body"),
        draft=node.flag("isDraft"),
        created=node.moment("createdAt"),
        reviews=tuple(_reviews(node.at("reviews"))),
        statuses=_statuses(node),
    )


def _reviews(page: Reply) -> list[Review]:
    """Those that were submitted; a pending one is its author's draft."""
    found = []
    for node in page.each("nodes"):
        state, submitted = _STATES.get(node.text("state")), node.moment("submittedAt")
        if state is None or submitted is None:
            continue
        reviewer = node.at("author")
        found.append(
            Review(
                number=int(node.text("fullDatabaseId") or 0),
                login=actor(reviewer),
                state=state,
                commit=node.at("commit").text("oid"),
                submitted=submitted,
                account=reviewer.text("__typename") or "Deleted",
                writes=node.flag("authorCanPushToRepository"),
            )
        )
    return found


def _statuses(node: Reply) -> tuple[HeadStatus, ...]:
    """The newest of each context; of at most 100 contexts and check runs.

    Of a pull request whose last commit is not yet its head none is known.
    """
    found: list[HeadStatus] = []
    for item in node.at("commits").each("nodes"):
        commit = item.at("commit")
        if commit.text("oid") != node.text("headRefOid"):
            continue
        for status in commit.at("statusCheckRollup", "contexts").each("nodes"):
            state = _COMMIT_STATES.get(status.text("state"))
            if status.text("__typename") == "StatusContext" and state:
                found.append(
                    HeadStatus(
                        context=status.text("context"),
                        state=state,
                        description=status.text("description"),
                        url=status.text("targetUrl"),
                        creator=actor(status.at("creator")),
                        created=status.moment("createdAt"),
                    )
                )
    return tuple(found)


def _checks(node: Reply) -> tuple[CheckReport, ...] | None:
    """Check runs and statuses of the head; None where they are not all there."""
    reports: list[CheckReport] = []
    for item in node.at("commits").each("nodes"):
        commit = item.at("commit")
        contexts = commit.at("statusCheckRollup", "contexts")
        behind = commit.text("oid") != node.text("headRefOid")
        if behind or contexts.at("pageInfo").flag("hasNextPage"):
            return None
        reports += [_report(one) for one in contexts.each("nodes")]
    return tuple(reports)


def _report(node: Reply) -> CheckReport:
    if node.text("__typename") == "StatusContext":
        return CheckReport(
            name=node.text("context"),
            conclusion=node.text("state").lower(),
            kind="status",
            started=node.moment("createdAt"),
            url=node.text("targetUrl"),
        )
    done = node.text("status") == "COMPLETED"
    return CheckReport(
        name=node.text("name"),
        conclusion=node.text("conclusion").lower() if done else "",
        app=node.at("checkSuite", "app").number("databaseId") or None,
        number=node.number("databaseId"),
        started=node.moment("startedAt"),
        url=node.text("url"),
    )


def _own_comment(page: Reply, marker: str, viewer: Identity) -> GateComment | None:
    hidden = f"<!-- gitops-action: {marker} -->"
    for node in page.each("nodes"):
        if node.flag("viewerDidAuthor") and node.text("body").startswith(hidden):
            editor = actor(node.at("editor"))
            return GateComment(
                number=int(node.text("fullDatabaseId") or 0),
                url=node.text("url"),
                body=node.text("body"),
                edited=editor not in {"", viewer.login},
            )
    return None


def _decisions(pages: Iterable[Reply], viewer: Identity) -> tuple[decisions.Decision, ...]:
    """What our own comments record; with the job's account, which workflows share, people's own."""
    if viewer.login == JOB_TOKEN_LOGIN:
        return decisions.stated_decisions(one for page in pages for one in _of_people(page))
    comments = [
        decisions.RecordedComment(
            author=viewer.login,
            body=node.text("body"),
            created=created,
            editor=actor(node.at("editor")),
        )
        for page in pages
        for node in page.each("nodes")
        if node.flag("viewerDidAuthor") and (created := node.moment("createdAt"))
    ]
    return decisions.read_decisions(comments, viewer.login)


def _of_people(page: Reply) -> Iterator[decisions.PersonComment]:
    for node in page.each("nodes"):
        author, created = node.at("author"), node.moment("createdAt")
        if author.text("__typename") == "User" and created:
            yield decisions.PersonComment(
                login=author.text("login"),
                person=author.number("databaseId"),
                body=node.text("body"),
                created=created,
                edited=bool(node.text("lastEditedAt")),
                url=node.text("url"),
            )
