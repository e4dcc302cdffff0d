"""Workflow runs, jobs, checks, deployments and activity in the double."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.double import NAME, Talk, talking

DEPLOY = ".github/workflows/deploy.yml"
RIGHTS = {
    "contents": "write",
    "actions": "write",
    "checks": "write",
    "deployments": "read",
    "pull_requests": "write",
}


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    with talking(tmp_path / "forge") as made:
        yield made.acting(repositories=[NAME], permissions=RIGHTS)
        made.forge.assert_clean()


def test_a_run_is_found_by_its_head_and_names_its_jobs(talk: Talk) -> None:
    talk.repository.commit(files={DEPLOY: "name: Deploy\non: push\n"})
    jobs = {"deploy (production)": "failure", "x": "success"}
    run = talk.repository.record_run(DEPLOY, jobs=jobs)
    found = talk.rest("GET", f"/actions/runs/{run.id}").json()
    head = talk.repository.head("main")
    assert (found["head_sha"], found["head_branch"], found["event"]) == (head, "main", "push")
    assert (found["path"], found["status"], found["run_attempt"]) == (DEPLOY, "completed", 1)
    shown = talk.rest("GET", f"/actions/runs/{run.id}/jobs").json()["jobs"]
    assert {job["name"]: job["conclusion"] for job in shown} == jobs
    assert shown[0]["html_url"] == talk.repository.run_url(run, "deploy (production)")
    one = talk.rest("GET", f"/actions/jobs/{shown[0]['id']}").json()
    assert one == shown[0]
    assert talk.rest("GET", f"/actions/runs/{run.id}/attempts/1/jobs").json()["total_count"] == 2


def test_runs_are_listed_by_their_properties(talk: Talk) -> None:
    talk.repository.commit(files={DEPLOY: "on: push\n"})
    first = talk.repository.record_run(DEPLOY, event="push")
    second = talk.repository.record_run(DEPLOY, event="schedule", conclusion="failure")
    third = talk.repository.record_run(DEPLOY, event="push", conclusion=None)

    def numbers(path: str = "/actions/runs", **query: str) -> list[int]:
        found = talk.rest("GET", path, params=query).json()["workflow_runs"]
        return [run["id"] for run in found]

    assert numbers() == [third.id, second.id, first.id]
    assert numbers(event="schedule") == [second.id]
    assert numbers(status="failure") == [second.id]
    assert numbers(status="in_progress") == [third.id]
    assert numbers(head_sha="0" * 40) == []
    assert numbers("/actions/workflows/deploy.yml/runs", per_page="1") == [third.id]
    assert numbers(created=">=2020-01-01") == [third.id, second.id, first.id]
    assert numbers(created="<2020-01-01") == []


def test_a_deleted_run_is_gone_with_its_checks(talk: Talk) -> None:
    head = talk.repository.head("main")
    run = talk.repository.record_run(DEPLOY, jobs={"deploy": "success"})
    assert talk.rest("GET", f"/commits/{head}/check-runs").json()["total_count"] == 1
    assert talk.rest("DELETE", f"/actions/runs/{run.id}").status_code == 204
    assert talk.rest("GET", f"/actions/runs/{run.id}").status_code == 404
    assert talk.rest("GET", f"/commits/{head}/check-runs").json()["total_count"] == 0


def test_jobs_are_check_runs_of_github_actions(talk: Talk) -> None:
    head = talk.repository.head("main")
    talk.repository.record_run(DEPLOY, jobs={"deploy": "success"})
    talk.repository.check_run(str(head), "scan", None, app="ci[bot]")
    (suite,) = talk.rest("GET", f"/commits/{head}/check-suites?app_id=15368").json()["check_suites"]
    assert (suite["app"]["slug"], suite["conclusion"]) == ("github-actions", "success")
    number = talk.forge.app_id("ci[bot]")
    found = talk.rest("GET", f"/commits/{head}/check-runs?app_id={number}").json()["check_runs"]
    assert [(run["name"], run["status"], run["app"]["slug"]) for run in found] == [
        ("scan", "in_progress", "ci")
    ]


def test_only_apps_write_check_runs_and_only_their_own(talk: Talk) -> None:
    head = talk.repository.head("main")
    body = {"name": "scan", "head_sha": head, "status": "in_progress"}
    person = talk.acting(kind="pat", login="alice", repositories=[NAME], permissions=RIGHTS)
    assert person.rest("POST", "/check-runs", json=body).status_code == 403
    made = talk.rest("POST", "/check-runs", json=body)
    assert made.status_code == 201, made.text
    path = f"/check-runs/{made.json()['id']}"
    other = talk.acting(login="other[bot]", repositories=[NAME], permissions=RIGHTS)
    assert other.rest("PATCH", path, json={"conclusion": "success"}).status_code == 403
    done = talk.rest("PATCH", path, json={"conclusion": "success"}).json()
    assert (done["status"], done["conclusion"]) == ("completed", "success")
    again = talk.rest("POST", "/check-runs", json={**body, "conclusion": "failure"}).json()
    listed = talk.rest("GET", f"/commits/{head}/check-runs").json()["check_runs"]
    assert [run["id"] for run in listed] == [again["id"]]
    every = talk.rest("GET", f"/commits/{head}/check-runs", params={"filter": "all"}).json()
    assert every["total_count"] == 2


def activity(talk: Talk, **query: str) -> list[Any]:
    found = talk.rest("GET", "/activity", params=query).json()
    return [(a["activity_type"], a["actor"] and a["actor"]["login"]) for a in found]


def test_activity_names_who_moved_a_branch(talk: Talk) -> None:
    on = talk.repository
    first = on.commit(branch="topic", files={"a": "1\n"}, author="alice")
    on.commit(branch="topic", files={"a": "2\n"}, author="bob")
    on.move("topic", first, by="carol")
    assert activity(talk, ref="topic") == [
        ("force_push", "carol"),
        ("push", "bob"),
        ("branch_creation", "alice"),
    ]
    on.open(head="topic")
    on.merge(1, by="bob")
    assert activity(talk, ref="refs/heads/main")[0] == ("pr_merge", "bob")
    assert activity(talk, actor="carol") == [("force_push", "carol")]
    on.forget_account("carol")
    assert ("force_push", None) in activity(talk, ref="topic")


def test_activity_is_paged_by_cursor(talk: Talk) -> None:
    for number in range(5):
        talk.repository.commit(files={"a": f"{number}\n"})
    page = talk.rest("GET", "/activity", params={"per_page": "4"})
    assert len(page.json()) == 4
    rest = page.links["next"]["url"].partition(NAME)[2]
    after = talk.rest("GET", rest)
    assert [each["activity_type"] for each in after.json()] == ["push", "branch_creation"]
    assert "next" not in after.links


def test_graphql_lists_deployments_with_their_state(talk: Talk) -> None:
    head = str(talk.repository.head("main"))
    made = talk.repository.record_deployment(
        "production", oid=head, state="success", log_url="http://x/1"
    )
    talk.repository.record_deployment("staging", oid=head, state=None)
    query = """query { repository(owner: "acme", name: "environment") {
      deployments(first: 9, environments: ["production", "staging"],
        orderBy: {field: CREATED_AT, direction: DESC}) { nodes {
        databaseId state commitOid environment payload
        latestStatus { state logUrl description } } } } }"""

    def states() -> list[str]:
        found = talk.graphql(query)["data"]["repository"]["deployments"]["nodes"]
        return [each["state"] for each in found]

    assert states() == ["PENDING", "ACTIVE"]
    found = talk.graphql(query)["data"]["repository"]["deployments"]["nodes"][1]
    assert found["databaseId"] == made.id
    assert found["latestStatus"]["logUrl"] == "http://x/1"
    talk.forge.advance_clock(1800)
    assert states() == ["ABANDONED", "ACTIVE"]
