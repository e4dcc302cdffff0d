"""Pull requests of the environment repository. Fulfils the port `Forge`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gitops_action.adapters.github.branch import (
    actor,
    open_pull_request,
    pull_request_from_rest,
    read_branch,
)
from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.comments import write_comment
from gitops_action.adapters.github.commits import move_ref
from gitops_action.adapters.github.content_read import read_files
from gitops_action.adapters.github.errors import HTTP_UNPROCESSABLE, Purpose, RequestFailure
from gitops_action.adapters.github.queries import DECORATIONS, ENABLE_AUTO_MERGE, VIEWER
from gitops_action.adapters.github.reply import Reply, replies
from gitops_action.core.dataclass import dataclass
from gitops_action.core.pull_requests import (
    ABSENT,
    BranchFacts,
    Decoration,
    Identity,
    MergeMethod,
    NewPullRequest,
    PullRequestFacts,
)
from gitops_action.errors import GitOpsError

# Labels, reviewers, assignees: only what is missing is added, a refusal becomes a note.


@dataclass(frozen=True, kw_only=True)
class _Present:
    """What a pull request has; names in lower case, as GitHub compares them."""

    labels: frozenset[str]
    people: frozenset[str]
    teams: frozenset[str]
    assignees: frozenset[str]


def decorate(
    client: GitHubClient, repository: str, number: int, requested: Decoration
) -> tuple[str, ...]:
    """Add what is missing; return a note for each thing that GitHub refused.

    Who has reviewed already is not asked again.
    """
    if requested == Decoration():
        return ()
    purpose = Purpose(
        operation="set labels, reviewers and assignees",
        permission="pull-requests: write",
        repository=repository,
        writes=True,
    )
    work = _Decorator(client, repository, number, purpose)
    try:
        present = work.present()
    except GitOpsError as error:
        return (str(error),)
    return (
        *work.labels(_missing(requested.labels, present.labels)),
        *work.reviewers("reviewers", _missing(requested.reviewers, present.people)),
        *work.reviewers(
            "team_reviewers", _missing(_slugs(requested.team_reviewers), present.teams)
        ),
        *work.assignees(_missing(requested.assignees, present.assignees)),
    )


class _Decorator:
    def __init__(
        self, client: GitHubClient, repository: str, number: int, purpose: Purpose
    ) -> None:
        self._client = client
        self._repository = repository
        self._number = number
        self._purpose = purpose

    def present(self) -> _Present:
        variables = owner_and_name(self._repository) | {"number": self._number}
        answer = self._client.graphql(DECORATIONS, variables, self._purpose)
        pull = answer.at("repository", "pullRequest")
        asked = [node.at("requestedReviewer") for node in _nodes(pull, "reviewRequests")]
        reviews = _nodes(pull, "latestReviews")
        author = [actor(pull.at("author"))]  # nobody reviews their own
        people = author + [node.text("login") for node in asked]
        people += [node.at("author").text("login") for node in reviews]
        teams = [node.text("slug") for node in asked]
        teams += [team.text("slug") for review in reviews for team in _nodes(review, "onBehalfOf")]
        return _Present(
            labels=_lower([node.text("name") for node in _nodes(pull, "labels")]),
            people=_lower(people),
            teams=_lower(teams),
            assignees=_lower([node.text("login") for node in _nodes(pull, "assignees")]),
        )

    def labels(self, names: Sequence[str]) -> tuple[str, ...]:
        return self._each_or_all(
            "label", names, lambda part: self._post("issues", "labels", {"labels": part})
        )

    def reviewers(self, field: str, names: Sequence[str]) -> tuple[str, ...]:
        kind = "reviewer" if field == "reviewers" else "team reviewer"
        return self._each_or_all(
            kind, names, lambda part: self._post("pulls", "requested_reviewers", {field: part})
        )

    def assignees(self, names: Sequence[str]) -> tuple[str, ...]:
        got: set[str] = set()

        def assign(part: Sequence[str]) -> None:
            answer = self._post("issues", "assignees", {"assignees": part})
            got.update(node.text("login").lower() for node in answer.each("assignees"))

        notes = self._each_or_all("assignee", names, assign)
        if notes:
            return notes
        # GitHub leaves out in silence who cannot be assigned.
        return tuple(
            f"assignee `{name}` was not set: no access to {self._repository}"
            for name in names
            if name.lower() not in got
        )

    def _each_or_all(
        self, kind: str, names: Sequence[str], add: Callable[[Sequence[str]], object]
    ) -> tuple[str, ...]:
        """Add all at once; one wrong name refuses all, so then one by one."""
        if not names:
            return ()
        try:
            add(names)
        except GitOpsError as error:
            if len(names) == 1:
                return (f"{kind} `{names[0]}` was not set: {error.cause or error.title}",)
            return tuple(note for name in names for note in self._each_or_all(kind, [name], add))
        return ()

    def _post(self, kind: str, what: str, body: dict[str, Sequence[str]]) -> Reply:
        path = self._client.path(self._repository, kind, str(self._number), what)
        # Setting the same name twice changes nothing, so this may be repeated.
        answer = self._client.reading(lambda: self._client.rest("POST", path, body), self._purpose)
        return Reply(answer if isinstance(answer, dict) else None, what)


def _missing(requested: Sequence[str], present: frozenset[str]) -> list[str]:
    return [name for name in dict.fromkeys(requested) if name.lower() not in present]


def _slugs(teams: Sequence[str]) -> list[str]:
    return [team.rpartition("/")[2] for team in teams]


def _nodes(node: Reply, key: str) -> list[Reply]:
    return list(node.at(key).each("nodes"))


def _lower(names: Sequence[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names if name)


# Statuses that a branch requires, by rulesets and by classic protection.


def required_statuses(client: GitHubClient, repository: str, branch: str) -> frozenset[str]:
    """Return the contexts; what the token may not see counts as not required."""
    return _by_rulesets(client, repository, branch) | _by_protection(client, repository, branch)


def _by_rulesets(client: GitHubClient, repository: str, branch: str) -> frozenset[str]:
    found: set[str] = set()
    for rule in replies(_get(client, repository, "rules", "branches", branch)):
        if rule.text("type") == "required_status_checks":
            checks = rule.at("parameters").each("required_status_checks")
            found.update(check.text("context") for check in checks)
    return frozenset(found)


def _by_protection(client: GitHubClient, repository: str, branch: str) -> frozenset[str]:
    answer = Reply(_get(client, repository, "branches", branch))
    return frozenset(answer.at("protection", "required_status_checks").texts("contexts"))


def _get(client: GitHubClient, repository: str, *parts: str) -> object:
    purpose = Purpose(operation="read rules", permission="metadata: read", repository=repository)
    path = client.path(repository, *parts)
    try:
        return client.reading(lambda: client.rest("GET", path), purpose)
    except GitOpsError:
        return None


_CLOSING = "closed"


class GitHubForge:
    """What is done with pull requests of one repository; forks' pull requests are not seen."""

    def __init__(self, client: GitHubClient, repository: str) -> None:
        """Name the repository, as OWNER/NAME."""
        owner_and_name(repository)
        self._client = client
        self._repository = repository
        self._viewer: Identity | None = None

    def viewer(self) -> Identity:
        """Who the token acts as; asked once.

        Raises:
            GitOpsError: GitHub does not say.
        """
        if self._viewer is None:
            purpose = Purpose(
                operation="see who it is", permission="metadata: read", repository=self._repository
            )
            answer = self._client.graphql(VIEWER, {}, purpose)
            self._viewer = self._client.identity(answer.at("viewer"))
        return self._viewer

    def branch(self, *, name: str, base: str, base_oid: str, paths: Sequence[str]) -> BranchFacts:
        """Read the branch, its commits over base, its pull requests, the blobs at `paths`.

        Raises:
            GitOpsError: it cannot be read.
        """
        facts = read_branch(
            self._client, self._repository, name=name, base=base, base_oid=base_oid, paths=paths
        )
        self._viewer = facts.viewer
        return facts

    def open(self, request: NewPullRequest) -> PullRequestFacts:
        """Open a pull request, or return the open one of this branch.

        Raises:
            GitOpsError: GitHub refused.
        """
        body = {
            "head": request.branch,
            "base": request.base,
            "title": request.title,
            "body": request.body,
            "draft": request.draft,
        }
        path = self._client.path(self._repository, "pulls")

        def find() -> PullRequestFacts | None:
            return open_pull_request(self._client, self._repository, request.branch, request.base)

        def create() -> PullRequestFacts:
            try:
                return pull_request_from_rest(Reply(self._client.rest("POST", path, body)))
            except RequestFailure as failure:
                there = failure.status == HTTP_UNPROCESSABLE and "already exists" in failure.message
                if there and (found := find()):
                    return found
                raise

        return self._client.writing(create, find, self._purpose("open pull requests"))

    def edit(self, number: int, *, title: str, body: str) -> PullRequestFacts:
        """Change title and body; gives the pull request as it is now, open or not.

        Raises:
            GitOpsError: GitHub refused.
        """
        answer = self._patch(number, {"title": title, "body": body}, "edit pull requests")
        return pull_request_from_rest(Reply(answer, "pull request"))

    def reopen(self, number: int) -> None:
        """Open a closed pull request again.

        Raises:
            GitOpsError: GitHub refused, e.g. as its branch was rebuilt since.
        """
        self._patch(number, {"state": "open"}, "reopen pull requests")

    def close(self, number: int, *, reason: str) -> None:
        """Comment with the reason (once, also when repeated) and close.

        Raises:
            GitOpsError: GitHub refused.
        """
        self.comment(number, body=reason, marker=_CLOSING)
        self._patch(number, {"state": "closed"}, "close pull requests")

    def comment(self, number: int, *, body: str, marker: str) -> None:
        """Write one comment; ours with the same hidden marker is replaced.

        Raises:
            GitOpsError: GitHub refused.
        """
        write_comment(self._client, self._repository, number, body=body, marker=marker)

    def decorate(self, number: int, decoration: Decoration) -> tuple[str, ...]:
        """Add what is missing; return notes on what was refused."""
        return decorate(self._client, self._repository, number, decoration)

    def auto_merge(self, pull_request: PullRequestFacts, method: MergeMethod) -> str:
        """Let GitHub merge it when its requirements are met; return a note when it cannot."""
        given = {
            "pullRequestId": pull_request.node_id,
            "mergeMethod": method.upper(),
            "expectedHeadOid": pull_request.head_oid,
        }

        def enable() -> str:
            try:
                self._client.mutate(ENABLE_AUTO_MERGE, {"input": given})
            except RequestFailure as failure:
                if failure.passing:
                    raise
                return f"auto-merge was not switched on: {failure.message}{_advice(failure)}"
            return ""

        # Switching it on twice is the same as once.
        return self._client.reading(enable, self._purpose("switch auto-merge on"))

    def delete_branch(self, name: str, *, expected: str) -> None:
        """Delete the branch if it still points to `expected`.

        Raises:
            ConflictError: it points elsewhere.
            GitOpsError: GitHub refused.
        """
        facts = read_files(self._client, self._repository, expected, ())
        move_ref(
            self._client,
            self._repository,
            facts.repository_id,
            branch=name,
            before=expected,
            after=ABSENT,
            force=True,
        )

    def required_statuses(self, branch: str) -> frozenset[str]:
        """Status contexts that rules or protection require; empty when it may not be read."""
        return required_statuses(self._client, self._repository, branch)

    def _patch(self, number: int, body: dict[str, object], operation: str) -> object:
        """Set fields of a pull request; setting them twice is the same as once."""
        path = self._client.path(self._repository, "pulls", str(number))
        purpose = self._purpose(operation)
        return self._client.reading(lambda: self._client.rest("PATCH", path, body), purpose)

    def _purpose(self, operation: str) -> Purpose:
        return Purpose(
            operation=operation,
            permission="pull-requests: write",
            repository=self._repository,
            writes=True,
        )


def _advice(failure: RequestFailure) -> str:
    message = failure.message.lower()
    if "clean status" in message:
        return " (it needs nothing more: merge it, or require a status on its base)"
    if "not allowed" in message:
        return ' (allow it in the repository\'s settings, "Allow auto-merge")'
    if "protected" in message or "not configured" in message:
        return " (its base has no rule that a merge would wait for)"
    return ""
