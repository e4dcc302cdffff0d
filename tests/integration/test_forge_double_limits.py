"""Rights and limits that the double enforces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.forge import rights
from tests.support.double import NAME, Talk, talking


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    with talking(tmp_path / "forge") as made:
        made.repository.commit(branch="topic", files={"new": "1\n"})
        made.repository.open(head="topic")
        yield made
        made.forge.assert_clean()


def bare(talk: Talk, **token: Any) -> Talk:
    text = talk.forge.token(**token)
    return Talk(forge=talk.forge, repository=talk.repository, token=text)


def test_a_token_without_given_rights_reads_metadata_alone(talk: Talk) -> None:
    without = bare(talk)
    assert without.rest("GET", "").status_code == 200
    for path in ("/pulls", "/git/ref/heads/main", "/commits", "/activity"):
        assert without.rest("GET", path).status_code == 403
    assert without.rest("POST", "/issues/1/comments", json={"body": "x"}).status_code == 403


def test_public_repositories_are_read_without_a_right(talk: Talk) -> None:
    talk.repository.repository.private = False
    assert bare(talk).rest("GET", "/pulls").status_code == 200
    assert bare(talk).rest("PUT", "/pulls/1/merge", json={}).status_code == 403


def test_the_jobs_token_reads_contents_by_default(talk: Talk) -> None:
    job = bare(talk, kind="job", home=NAME)
    assert job.rest("GET", "/git/ref/heads/main").status_code == 200
    assert job.rest("GET", "/pulls").status_code == 403


@pytest.mark.parametrize(("role", "status"), [("read", 403), ("triage", 403), ("write", 200)])
def test_a_persons_token_does_no_more_than_the_person_may(
    talk: Talk, role: Any, status: int
) -> None:
    talk.repository.collaborator("bob", role)
    bob = talk.acting(kind="pat", login="bob")
    assert bob.rest("PUT", "/pulls/1/merge", json={}).status_code == status
    assert bare(talk, kind="pat", login="stranger").rest("GET", "").status_code == 404


def test_content_has_limits_by_minute_and_hour(talk: Talk) -> None:
    def comment() -> int:
        answer = talk.rest("POST", "/issues/1/comments", json={"body": "x"})
        return answer.status_code

    talk.forge.limit_content(2, per_hour=3)
    assert [comment() for _ in range(3)] == [201, 201, 403]
    talk.forge.advance_clock(60)
    assert [comment() for _ in range(2)] == [201, 403]
    other = talk.acting(login="other[bot]", repositories=[NAME])
    assert other.rest("POST", "/issues/1/comments", json={"body": "x"}).status_code == 201
    talk.forge.advance_clock(3600)
    assert comment() == 201


COST = """query($n: Int!) { rateLimit { cost nodeCount used remaining }
  repository(owner: "acme", name: "environment") {
    pullRequests(first: $n) { nodes { reviews(first: 100) { nodes { comments(first: 50) {
      totalCount } } } } } } }"""


def test_graphql_costs_points_and_has_a_node_limit(talk: Talk) -> None:
    told = talk.graphql(COST, n=10)["data"]["rateLimit"]
    assert (told["cost"], told["nodeCount"]) == (10, 10 + 1000 + 50_000)
    assert talk.graphql(COST, n=10)["data"]["rateLimit"]["used"] == 20
    too_many = talk.graphql(COST, n=100)["errors"][0]
    assert too_many["type"] == "MAX_NODE_LIMIT_EXCEEDED"
    talk.forge.world.points[talk.token] = 4_995
    assert talk.graphql(COST, n=10)["errors"][0]["type"] == "RATE_LIMITED"


def test_statuses_and_deployments_have_limits(talk: Talk) -> None:
    head = str(talk.repository.head("topic"))
    for _ in range(999):
        talk.repository.status(head, "ci")
    body = {"state": "success", "context": "ci", "description": "x" * 140}
    made = talk.rest("POST", f"/statuses/{head}", json=body)
    assert made.json()["creator"]["login"] == "gitops-bot[bot]"
    assert talk.rest("POST", f"/statuses/{head}", json=body).status_code == 422
    other = {**body, "context": "other"}
    assert talk.rest("POST", f"/statuses/{head}", json=other).status_code == 201
    deployer = talk.acting(repositories=[NAME], permissions=rights("deployments", "contents"))
    order = {"ref": "main", "environment": "x" * 256, "required_contexts": []}
    assert deployer.rest("POST", "/deployments", json=order).status_code == 422
