"""Labels, reviewers, assignees: only what is missing is added, a refusal becomes a note."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.failures import Purpose
from gitops_action.adapters.github.pull_facts import actor
from gitops_action.adapters.github.queries import DECORATIONS
from gitops_action.adapters.github.reply import Reply
from gitops_action.core.branches import Decoration
from gitops_action.errors import GitOpsError


@dataclass(frozen=True, kw_only=True)
class _Present:
    """What a pull request has; names in lower case, as GitHub compares them."""

    labels: frozenset[str]
    people: frozenset[str]
    teams: frozenset[str]
    assignees: frozenset[str]


def decorate(
    client: GitHubClient, repository: str, number: int, wanted: Decoration
) -> tuple[str, ...]:
    """Add what is missing; return a note for each thing that GitHub refused.

    Who has reviewed already is not asked again.
    """
    if wanted == Decoration():
        return ()
    purpose = Purpose(
        doing="set labels, reviewers and assignees",
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
        *work.labels(_missing(wanted.labels, present.labels)),
        *work.reviewers("reviewers", _missing(wanted.reviewers, present.people)),
        *work.reviewers("team_reviewers", _missing(_slugs(wanted.team_reviewers), present.teams)),
        *work.assignees(_missing(wanted.assignees, present.assignees)),
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


def _missing(wanted: Sequence[str], present: frozenset[str]) -> list[str]:
    return [name for name in dict.fromkeys(wanted) if name.lower() not in present]


def _slugs(teams: Sequence[str]) -> list[str]:
    return [team.rpartition("/")[2] for team in teams]


def _nodes(node: Reply, key: str) -> list[Reply]:
    return list(node.at(key).each("nodes"))


def _lower(names: Sequence[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names if name)
