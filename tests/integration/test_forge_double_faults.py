"""Faults on request, and what the double refuses for being no GitHub call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.double import Talk, talking


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    with talking(tmp_path / "forge") as made:
        yield made


def test_a_status_instead_of_the_answer_before_it_took_effect(talk: Talk) -> None:
    talk.forge.fail(match="POST .*/labels", status=502, times=2)
    body = {"name": "gitops"}
    answers = [talk.rest("POST", "/labels", json=body).status_code for _ in range(3)]
    assert answers == [502, 502, 201]


def test_a_status_after_it_took_effect(talk: Talk) -> None:
    talk.forge.fail(match="/labels", status=500, when="after")
    body = {"name": "gitops"}
    answers = [talk.rest("POST", "/labels", json=body).status_code for _ in range(2)]
    assert answers == [500, 422]


@pytest.mark.parametrize(("when", "there"), [("before", 404), ("after", 200)])
def test_a_cut_connection(talk: Talk, when: str, there: int) -> None:
    talk.forge.fail(match="POST .*/labels", cut=True, when=when)
    with pytest.raises(requests.ConnectionError):
        talk.rest("POST", "/labels", json={"name": "gitops"})
    assert talk.rest("GET", "/labels/gitops").status_code == there


def test_a_ref_moves_just_before_a_request(talk: Talk) -> None:
    talk.forge.fail(
        match="GET .*/git/ref/", action=lambda: talk.repository.commit(files={"late": "news"})
    )
    seen = talk.rest("GET", "/git/ref/heads/main").json()["object"]["sha"]
    assert seen == talk.repository.head("main")
    assert talk.repository.read("main", "late") == b"news"


def test_a_stale_read_is_the_answer_of_before(talk: Talk) -> None:
    first = talk.rest("GET", "/git/ref/heads/main").json()
    talk.repository.commit(files={"late": "news"})
    talk.forge.fail(match="/git/ref/", stale=True)
    assert talk.rest("GET", "/git/ref/heads/main").json() == first
    assert talk.rest("GET", "/git/ref/heads/main").json() != first


def test_graphql_faults_go_by_field(talk: Talk) -> None:
    talk.forge.fail(match="viewer", status=429, headers={"Retry-After": "7"})
    answer = requests.post(
        talk.forge.graphql_url,
        json={"query": "query { viewer { login } }"},
        headers={"Authorization": f"bearer {talk.token}"},
        timeout=30,
    )
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("GET", "//repos/acme/environment/nonsense", None, "not in GitHub's description"),
        ("GET", "//emojis", None, "not served by the double"),
        ("POST", "/labels", {}, '"name" is a required property'),
        ("POST", "/labels", {"name": "a", "colour": "red"}, "'colour' is unknown"),
        ("POST", "/git/refs", {"ref": 1, "sha": "x"}, 'not of type "string"'),
    ],
)
def test_what_github_does_not_describe_is_a_problem(
    talk: Talk, method: str, path: str, body: dict[str, object] | None, said: str
) -> None:
    answer = talk.rest(method, path, json=body)
    assert answer.status_code in {422, 501}
    assert said in answer.json()["message"]
    with pytest.raises(AssertionError, match="forge recorded problems"):
        talk.forge.assert_clean()


def test_graphql_fields_are_refused_when_unknown_or_not_served(talk: Talk) -> None:
    assert "Cannot query field" in str(talk.graphql("query { viewer { nonsense } }")["errors"])
    unserved = talk.graphql("query { viewer { bio } }")
    assert unserved["errors"][0]["message"] == "GraphQL User.bio is not served by the double"
    assert len(talk.forge.problems) == 2


def test_requests_are_recorded(talk: Talk) -> None:
    talk.forge.requests.clear()
    talk.rest("POST", "/labels", json={"name": "gitops"})
    talk.graphql("query { viewer { login } }")
    told = [(r.method, r.operation, r.status, r.content_creating) for r in talk.forge.requests]
    assert told == [
        ("POST", "/repos/{owner}/{repo}/labels", 201, True),
        ("POST", "viewer", 200, False),
    ]
