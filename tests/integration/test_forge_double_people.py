"""Roles, organisations and teams in the double."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.double import NAME, Talk, talking

MEMBERS = {"members": "read", "contents": "read", "pull_requests": "write"}


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    with talking(tmp_path / "forge") as made:
        acme = made.forge.organization("acme")
        acme.team("sre", members=("bob",), repositories={NAME: "write"})
        acme.team("oncall", parent="sre", members=("carol",))
        acme.team("hidden", members=("dave",), privacy="secret")
        acme.owner("root")
        yield made
        made.forge.assert_clean()


def reading(talk: Talk) -> Talk:
    return talk.acting(repositories=[NAME], permissions=MEMBERS)


def logins(answer: Any) -> list[str]:
    return [each["login"] for each in answer.json()]


def test_teams_need_the_right_members(talk: Talk) -> None:
    path = "//orgs/acme/teams/sre/members"
    refused = talk.rest("GET", path)
    assert refused.status_code == 403
    assert refused.headers["X-Accepted-GitHub-Permissions"] == "members=read"
    job = talk.acting(kind="job", home=NAME)
    assert job.rest("GET", path).status_code == 403
    assert logins(reading(talk).rest("GET", path)) == ["bob", "carol"]


def test_a_persons_token_sees_the_organisations_own_members_only(talk: Talk) -> None:
    path = "//orgs/acme/teams/sre/members"
    member = talk.acting(kind="pat", login="dave", permissions=MEMBERS)
    assert member.rest("GET", path).status_code == 200
    outside = talk.acting(kind="pat", login="stranger", permissions=MEMBERS)
    assert outside.rest("GET", path).status_code == 404


def test_members_of_child_teams_are_members(talk: Talk) -> None:
    app = reading(talk)
    found = app.rest("GET", "//orgs/acme/teams/sre/memberships/carol").json()
    assert (found["role"], found["state"]) == ("member", "active")
    assert app.rest("GET", "//orgs/acme/teams/sre/memberships/dave").status_code == 404
    assert app.rest("GET", "//orgs/acme/teams/gone/members").status_code == 404
    assert app.rest("GET", "//orgs/acme/teams/sre").json()["members_count"] == 2
    assert [t["slug"] for t in app.rest("GET", "//orgs/acme/teams/sre/teams").json()] == ["oncall"]
    assert app.rest("GET", f"//orgs/acme/teams/oncall/repos/{NAME}").status_code == 204
    assert app.rest("GET", "//orgs/acme/members/carol").status_code == 204
    assert app.rest("GET", "//orgs/acme/members/stranger").status_code == 404
    assert app.rest("GET", "//orgs/acme").json()["login"] == "acme"
    assert logins(app.rest("GET", "//orgs/acme/members", params={"role": "admin"})) == ["root"]


def test_secret_teams_are_hidden_from_people_outside_of_them(talk: Talk) -> None:
    slugs = [team["slug"] for team in reading(talk).rest("GET", "//orgs/acme/teams").json()]
    assert slugs == ["sre", "oncall", "hidden"]
    bob = talk.acting(kind="pat", login="bob", permissions=MEMBERS)
    assert "hidden" not in bob.rest("GET", "//orgs/acme/teams").text


@pytest.mark.parametrize(
    ("login", "permission", "role"),
    [
        ("alice", "admin", "admin"),
        ("bob", "write", "write"),
        ("carol", "write", "write"),
        ("dave", "read", "read"),
        ("root", "admin", "admin"),
        ("erin", "write", "maintain"),
        ("frank", "read", "triage"),
    ],
)
def test_roles_come_by_collaboration_team_and_organisation(
    talk: Talk, login: str, permission: str, role: str
) -> None:
    talk.repository.collaborator("erin", "maintain")
    talk.repository.collaborator("frank", "triage")
    found = talk.rest("GET", f"/collaborators/{login}/permission").json()
    assert (found["permission"], found["role_name"]) == (permission, role)
    assert talk.rest("GET", f"/collaborators/{login}").status_code == 204


def test_strangers_have_no_role(talk: Talk) -> None:
    talk.forge.world.account("stranger")
    assert talk.rest("GET", "/collaborators/stranger").status_code == 404
    found = talk.rest("GET", "/collaborators/stranger/permission").json()
    assert found["permission"] == "none"
    assert talk.rest("GET", "/collaborators/nobody/permission").status_code == 404
    pushers = talk.rest("GET", "/collaborators", params={"permission": "push"})
    assert set(logins(pushers)) == {"alice", "bob", "carol", "root"}


def test_graphql_shows_teams_by_the_same_right(talk: Talk) -> None:
    query = """query { organization(login: "acme") { team(slug: "sre") {
      combinedSlug members(first: 9) { nodes { login } } } } }"""
    refused = talk.graphql(query)
    assert refused["errors"][0]["type"] == "FORBIDDEN"
    team = reading(talk).graphql(query)["data"]["organization"]["team"]
    assert team["combinedSlug"] == "acme/sre"
    assert [member["login"] for member in team["members"]["nodes"]] == ["bob", "carol"]


def test_a_review_for_a_requested_team_names_it_without_that_right(talk: Talk) -> None:
    talk.repository.commit(branch="topic", files={"new": "1\n"})
    talk.repository.open(head="topic")
    asked = talk.rest("POST", "/pulls/1/requested_reviewers", json={"team_reviewers": ["sre"]})
    assert [team["slug"] for team in asked.json()["requested_teams"]] == ["sre"]
    none = talk.rest("POST", "/pulls/1/requested_reviewers", json={"team_reviewers": ["hidden"]})
    assert none.status_code == 422
    talk.repository.review(1, by="carol")
    query = """query { repository(owner: "acme", name: "environment") { pullRequest(number: 1) {
      reviewRequests(first: 9) { nodes { requestedReviewer { ... on Team { slug } } } }
      reviews(first: 9) { nodes { onBehalfOf(first: 9) { nodes { slug } } } } } } }"""
    pull = talk.graphql(query)["data"]["repository"]["pullRequest"]
    assert pull["reviews"]["nodes"] == [{"onBehalfOf": {"nodes": [{"slug": "sre"}]}}]
