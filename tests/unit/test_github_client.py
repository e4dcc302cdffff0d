from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from gitops_action.adapters.github import ApiContentStore, GitHubClient, GitHubForge
from gitops_action.adapters.github.branch import pull_request
from gitops_action.adapters.github.errors import RequestFailure
from gitops_action.adapters.github.reply import Reply
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.pull_requests import PullRequestFacts
from gitops_action.errors import GitOpsError, UsageError

CONFIG = ".github/gitops.yaml"
PULL = PullRequestFacts(
    number=1, node_id="PR_1", url="", state="open", head_oid="c" * 40, base_ref="main"
)


class Frozen:
    def now(self) -> datetime:
        return datetime(2026, 1, 2, tzinfo=UTC)


class Answering(GitHubClient):
    """A client whose GitHub always says the same."""

    def __init__(self, answer: Mapping[str, object] | RequestFailure, api: str = "") -> None:
        super().__init__(
            token="t",
            api_url=api or "https://api.github.com",
            graphql_url="https://api.github.com/graphql",
            clock=Frozen(),
            policy=RetryPolicy(attempts=1),
        )
        self._answer = answer

    def mutate(
        self,
        document: str,  # noqa: ARG002 - it says the same to all
        variables: Mapping[str, object],  # noqa: ARG002 - same
    ) -> Reply:
        if isinstance(self._answer, RequestFailure):
            raise self._answer
        return Reply(self._answer)


def repository(**more: object) -> dict[str, object]:
    target = {"oid": "c" * 40, "tree": {"oid": "d" * 40}}
    default = {"name": "main", "target": target}
    return {"id": "R_1", "nameWithOwner": "acme/env", "defaultBranchRef": default, **more}


def test_an_archived_repository_is_told_before_anything_is_planned() -> None:
    store = ApiContentStore(Answering({"repository": repository(isArchived=True)}), "acme/env")

    with pytest.raises(GitOpsError, match="archived"):
        store.tip(base=None, config=CONFIG)


def test_a_renamed_repository_is_written_to_by_its_new_name() -> None:
    client = Answering({"repository": repository(nameWithOwner="acme/renamed")})

    ApiContentStore(client, "acme/env").tip(base=None, config=CONFIG)

    assert client.path("acme/env", "pulls") == "/repos/acme/renamed/pulls"


def test_parts_of_a_path_cannot_leave_it() -> None:
    path = Answering({}).path("acme/env", "compare", "../../x?y...main")

    assert path == "/repos/acme/env/compare/..%2F..%2Fx%3Fy...main"


@pytest.mark.parametrize("name", ["acme", "acme/", "/env", "acme/env/more", ""])
def test_a_repository_has_owner_and_name(name: str) -> None:
    with pytest.raises(UsageError, match="OWNER/NAME"):
        ApiContentStore(Answering({}), name)


@pytest.mark.parametrize(
    ("api", "email"),
    [
        ("https://api.github.com", "7+me[bot]@users.noreply.github.com"),
        ("https://ghe.acme.dev/api/v3", "7+me[bot]@users.noreply.ghe.acme.dev"),
        ("https://api.acme.ghe.com", "7+me[bot]@users.noreply.acme.ghe.com"),
    ],
)
def test_the_viewers_address_follows_the_server(api: str, email: str) -> None:
    viewer = {"viewer": {"login": "me[bot]", "databaseId": 7}}

    assert GitHubForge(Answering(viewer, api), "acme/env").viewer().email == email


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ("Pull request Pull request is in clean status", "merge it"),
        ("Auto merge is not allowed for this repository", "Allow auto-merge"),
        ("Protected branch rules not configured for this branch", "has no rule"),
        ("Something new", "Something new"),
    ],
)
def test_why_auto_merge_cannot_be_switched_on(message: str, advice: str) -> None:
    failure = RequestFailure(status=200, message=message, kinds=("UNPROCESSABLE",))

    assert advice in GitHubForge(Answering(failure), "acme/env").auto_merge(PULL, "merge")


def closed(*events: tuple[str, str, str]) -> PullRequestFacts:
    nodes = [
        {"__typename": kind, "createdAt": when, "actor": {"__typename": "User", "login": login}}
        for kind, login, when in events
    ]
    node = {"number": 1, "state": "CLOSED", "timelineItems": {"nodes": nodes}}
    return pull_request(Reply(node))


def test_the_last_who_closed_it_counts() -> None:
    found = closed(
        ("ClosedEvent", "alice", "2026-01-02T03:04:05Z"),
        ("ClosedEvent", "bob", "2026-01-03T03:04:05Z"),
    )

    assert (found.closed_by, found.closed_by_deletion) == ("bob", False)


@pytest.mark.parametrize(
    ("login", "when", "by_deletion"),
    [
        ("alice", "2026-01-02T03:04:06Z", True),
        ("alice", "2026-01-02T03:09:05Z", False),
        ("bob", "2026-01-02T03:04:05Z", False),
    ],
)
def test_closing_by_deletion_is_both_at_once_by_the_same(
    login: str,
    when: str,
    by_deletion: bool,
) -> None:
    found = closed(
        ("ClosedEvent", "alice", "2026-01-02T03:04:05Z"), ("HeadRefDeletedEvent", login, when)
    )

    assert found.closed_by_deletion is by_deletion


def test_a_ghost_closed_it() -> None:
    assert closed().closed_by == ""
