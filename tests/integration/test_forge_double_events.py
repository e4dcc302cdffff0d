"""What starts workflow runs in the double, and what does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.forge.environments import EnvironmentRefusedError
from testbed.forge.triggers import fits
from tests.support.double import ABSENT, NAME, Talk, talking


def workflow(name: str, on: str) -> dict[str, str]:
    return {f".github/workflows/{name}.yml": f"name: {name}\non: {on}\n"}


FILES = {
    **workflow("push", "{push: {branches: [main]}}"),
    **workflow("pulls", "pull_request"),
    **workflow("review", "{pull_request_review: {types: [submitted, dismissed]}}"),
    **workflow("status", "status"),
    **workflow("nightly", "{schedule: [{cron: '0 3 * * *'}]}"),
    **workflow("checks", "{check_run: {types: [completed, created]}}"),
    **workflow("one", "{workflow_run: {workflows: [push], types: [completed]}}"),
    **workflow("two", "{workflow_run: {workflows: [one], types: [completed]}}"),
    **workflow("three", "{workflow_run: {workflows: [two], types: [completed]}}"),
    **workflow("four", "{workflow_run: {workflows: [three], types: [completed]}}"),
}


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    with talking(tmp_path / "forge") as made:
        made.repository.collaborator("bob", "write")
        made.repository.commit(files=FILES)
        made.forge.run_workflows()
        yield made
        made.forge.assert_clean()


def names(talk: Talk) -> list[str]:
    return [run.name for run in talk.repository.runs()]


def test_a_push_starts_the_pushed_commits_workflows(talk: Talk) -> None:
    talk.repository.commit(branch="topic", files={"a": "1\n"})
    assert names(talk) == []
    oid = talk.repository.commit(files=workflow("more", "{push: {paths: ['x/**']}}"))
    talk.repository.commit(files={"x/y": "1\n"})
    assert names(talk) == ["push", "more", "push"]
    assert talk.repository.runs()[0].oid == oid


def test_pull_requests_run_their_own_files(talk: Talk) -> None:
    talk.repository.commit(branch="topic", files=workflow("own", "pull_request"))
    talk.repository.open(head="topic")
    assert set(names(talk)) == {"pulls", "own"}
    talk.repository.review(1, by="bob")
    run = talk.repository.runs()[-1]
    assert (run.name, run.branch, run.oid) == ("review", "topic", talk.repository.head("topic"))


def test_a_conflict_starts_nothing(talk: Talk) -> None:
    talk.repository.commit(branch="topic", files={"README.md": "1\n"})
    talk.repository.commit(files={"README.md": "2\n"})
    talk.repository.open(head="topic")
    assert "pulls" not in names(talk)


def test_the_jobs_token_starts_nothing(talk: Talk) -> None:
    job = talk.acting(kind="job", home=NAME)
    talk.repository.commit(branch="topic", files={"a": "1\n"})
    head = talk.repository.head("topic")
    job.rest("POST", f"/statuses/{head}", json={"state": "success", "context": "ci"})
    assert names(talk) == []
    job.rest("POST", "/pulls", json={"title": "t", "head": "topic", "base": "main"})
    (run,) = talk.repository.runs()
    assert (run.name, run.conclusion) == ("pulls", "action_required")
    assert job.rest("PUT", "/pulls/1/merge", json={}).status_code == 200
    assert names(talk) == ["pulls"]
    app = talk.acting(repositories=[NAME])
    app.rest("POST", f"/statuses/{head}", json={"state": "success", "context": "ci"})
    assert names(talk) == ["pulls", "status"]


@pytest.mark.parametrize(("kind", "started"), [("job", []), ("app", ["push"])])
def test_auto_merge_starts_runs_by_the_token_that_switched_it_on(
    talk: Talk, kind: str, started: list[str]
) -> None:
    talk.repository.commit(branch="topic", files={"a": "1\n"})
    talk.repository.open(head="topic")
    talk.repository.protect("main", required_statuses=("ci",))
    identifier = talk.rest("GET", "/pulls/1").json()["node_id"]
    query = """mutation($id: ID!) { enablePullRequestAutoMerge(
      input: {pullRequestId: $id}) { pullRequest { number } } }"""
    who = {"kind": kind, "home": NAME} if kind == "job" else {"repositories": [NAME]}
    assert "errors" not in talk.acting(**who).graphql(query, id=identifier)
    talk.repository.status(str(talk.repository.head("topic")), "ci")
    assert talk.repository.pull(1).merged_at
    assert [name for name in names(talk) if name == "push"] == started


def test_chains_of_workflow_runs_stop_at_three(talk: Talk) -> None:
    talk.repository.commit(files={"a": "1\n"})
    for _ in range(5):
        for run in talk.repository.runs():
            if run.status != "completed":
                talk.repository.finish_run(run.id)
    assert names(talk) == ["push", "one", "two", "three"]


def test_check_runs_of_apps_start_runs_and_those_of_actions_do_not(talk: Talk) -> None:
    head = str(talk.repository.head("main"))
    talk.repository.record_run(".github/workflows/x.yml", jobs={"x": "success"})
    assert names(talk) == ["x"]
    talk.repository.check_run(head, "scan", app="ci[bot]")
    assert names(talk) == ["x", "checks"]


def test_a_schedule_runs_the_default_branchs_file(talk: Talk) -> None:
    talk.repository.commit(branch="topic", files=workflow("other", "{schedule: [{cron: x}]}"))
    (run,) = talk.repository.schedule()
    assert (run.name, run.event, run.branch) == ("nightly", "schedule", "main")


def test_a_strangers_fork_waits_for_a_person(talk: Talk) -> None:
    fork = talk.forge.fork(NAME, owner="mallory")
    fork.commit(branch="patch", files={"a": "1\n"}, author="mallory")
    talk.repository.open(head="mallory:patch", by="mallory")
    assert [run.conclusion for run in talk.repository.runs()] == ["action_required"]


@pytest.mark.parametrize(
    ("patterns", "name", "whether"),
    [
        (["main"], "main", True),
        (["*"], "a/b", False),
        (["**"], "a/b", True),
        (["**", "!docs/**"], "docs/x", False),
    ],
)
def test_filters(patterns: list[str], name: str, *, whether: bool) -> None:
    assert fits(patterns, name) is whether


def test_an_environment_keeps_its_secrets_to_its_branches(talk: Talk) -> None:
    talk.repository.repository.secrets["SHARED"] = "s"
    talk.repository.environment("gitops-gate", branches=("main",), secrets={"KEY": "k"})
    assert talk.repository.job_secrets("", "refs/heads/topic") == {"SHARED": "s"}
    seen = talk.repository.job_secrets("gitops-gate", "refs/heads/main")
    assert seen == {"SHARED": "s", "KEY": "k"}
    for ref in ("refs/heads/topic", "refs/pull/1/merge", "refs/tags/main"):
        with pytest.raises(EnvironmentRefusedError, match="not allowed to deploy to gitops-gate"):
            talk.repository.job_secrets("gitops-gate", ref)


def test_environments_need_a_plan(talk: Talk) -> None:
    talk.repository.repository.plan = "free"
    with pytest.raises(EnvironmentRefusedError):
        talk.repository.environment("production")
    talk.repository.repository.plan = "team"
    with pytest.raises(EnvironmentRefusedError):
        talk.repository.environment("production", reviewers=("bob",))


def test_rest_shows_environments_without_secret_values(talk: Talk) -> None:
    talk.repository.repository.plan = "enterprise"
    talk.repository.environment(
        "gitops", branches=("main", "release/*"), secrets={"KEY": "hidden"}, reviewers=("bob",)
    )
    reader = talk.acting(repositories=[NAME])
    shown = reader.rest("GET", "/environments/gitops").json()
    policy: dict[str, Any] = shown["deployment_branch_policy"]
    assert policy == {"protected_branches": False, "custom_branch_policies": True}
    assert reader.rest("GET", "/environments").json()["total_count"] == 1
    policies = reader.rest("GET", "/environments/gitops/deployment-branch-policies").json()
    assert [each["name"] for each in policies["branch_policies"]] == ["main", "release/*"]
    assert reader.rest("GET", "/environments/gitops/secrets").status_code == 403
    able = talk.acting(repositories=[NAME], permissions={"environments": "read"})
    found = able.rest("GET", "/environments/gitops/secrets")
    assert ("KEY" in found.text, "hidden" in found.text) == (True, False)
    assert reader.rest("GET", "/environments/gone").status_code == 404


def test_a_deleted_branch_starts_nothing(talk: Talk) -> None:
    talk.repository.commit(branch="topic", files=workflow("own", "push"))
    before = names(talk)
    talk.repository.move("topic", ABSENT)
    assert names(talk) == before
