"""GitHub's behaviours that the double keeps."""

from __future__ import annotations

import base64
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.double import ABSENT, NAME, Talk, talking


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    with talking(tmp_path / "forge") as made:
        yield made
        made.forge.assert_clean()


def opened(talk: Talk, branch: str = "topic") -> int:
    talk.repository.commit(branch=branch, files={"new": f"{branch}\n"})
    return talk.repository.open(head=branch).number


def commit(talk: Talk, **given: Any) -> dict[str, Any]:
    tree, tip = talk.repository.tree("main"), talk.repository.head("main")
    body = {"message": "m", "tree": tree, "parents": [tip], **given}
    return dict(talk.rest("POST", "/git/commits", json=body).json())


def test_refs_move_by_compare_and_swap_all_or_none(talk: Talk) -> None:
    tip = talk.repository.head("main")
    new = commit(talk)["sha"]
    first = {"name": "refs/heads/a", "afterOid": new, "beforeOid": ABSENT}
    assert "errors" not in talk.move(first)
    second = {"name": "refs/heads/b", "afterOid": new, "beforeOid": ABSENT}
    stale = {"name": "refs/heads/a", "afterOid": tip, "beforeOid": tip, "force": True}
    refused = talk.move(second, stale)
    assert refused["data"] == {"updateRefs": None}
    assert refused["errors"][0]["path"] == ["updateRefs"]
    assert talk.repository.branches() == {"main", "a"}
    assert talk.repository.head("a") == new


def test_a_ref_goes_back_only_by_force(talk: Talk) -> None:
    old = talk.repository.head("main")
    talk.repository.commit(files={"x": "y"})
    back = {"name": "refs/heads/main", "afterOid": old}
    assert "errors" in talk.move(back)
    refused = talk.rest("PATCH", "/git/refs/heads/main", json={"sha": old})
    assert refused.status_code == 422
    assert "errors" not in talk.move({**back, "force": True})
    assert talk.repository.head("main") == old


@pytest.mark.parametrize(
    ("token", "given", "verified"),
    [
        ({"kind": "app"}, {}, True),
        ({"kind": "job"}, {}, True),
        ({"kind": "pat"}, {}, False),
        ({"kind": "app"}, {"author": {"name": "a", "email": "a@example.com"}}, False),
    ],
)
def test_rest_commits_are_signed_for_apps_that_name_nobody(
    talk: Talk, token: dict[str, Any], given: dict[str, Any], *, verified: bool
) -> None:
    made = commit(talk.acting(**token), **given)
    assert made["verification"]["verified"] is verified
    assert (made["committer"]["email"] == "noreply@github.com") is verified


COMMIT_ON_BRANCH = """mutation($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) {
    commit { oid signature { isValid } author { user { login } } }
  }
}"""


def test_commit_on_branch_expects_the_head_and_is_signed(talk: Talk) -> None:
    given: dict[str, Any] = {
        "branch": {"repositoryNameWithOwner": NAME, "branchName": "main"},
        "expectedHeadOid": talk.repository.head("main"),
        "message": {"headline": "Bump", "body": "Because"},
        "fileChanges": {
            "additions": [{"path": "x/y", "contents": base64.b64encode(b"z").decode()}],
            "deletions": [{"path": "README.md"}],
        },
    }
    made = talk.graphql(COMMIT_ON_BRANCH, input=given)["data"]["createCommitOnBranch"]["commit"]
    assert made["signature"] == {"isValid": True}
    assert made["author"]["user"]["login"] == "gitops-bot[bot]"
    assert set(talk.repository.files("main")) == {"x/y", "apps/web/deployment.yaml"}
    again = talk.graphql(COMMIT_ON_BRANCH, input=given)
    assert again["errors"][0]["type"] == "STALE_DATA"
    assert talk.repository.head("main") == made["oid"]


@pytest.mark.parametrize(
    ("method", "parents", "signed"), [("merge", 2, True), ("squash", 1, True), ("rebase", 1, False)]
)
def test_merge_methods(talk: Talk, method: str, parents: int, *, signed: bool) -> None:
    number = opened(talk)
    talk.repository.commit(files={"other": "moved base\n"})
    body = {"merge_method": method, "sha": talk.repository.head("topic")}
    merged = talk.rest("PUT", f"/pulls/{number}/merge", json=body)
    assert merged.status_code == 200, merged.text
    tip = talk.repository.log("main")[0]
    assert (len(tip.parents), tip.signed) == (parents, signed)
    assert tip.oid == merged.json()["sha"]
    assert talk.repository.read("main", "new") == b"topic\n"
    assert talk.rest("GET", f"/pulls/{number}").json()["merged"] is True


def test_merge_refuses_another_head_and_conflicts(talk: Talk) -> None:
    number = opened(talk)
    stale = talk.rest("PUT", f"/pulls/{number}/merge", json={"sha": ABSENT})
    assert stale.status_code == 409
    talk.repository.commit(files={"new": "other content\n"})
    for method in ("merge", "squash", "rebase"):
        refused = talk.rest("PUT", f"/pulls/{number}/merge", json={"merge_method": method})
        assert refused.status_code == 405
    assert talk.repository.pull(number).state == "open"


def test_a_head_that_becomes_its_base_closes_the_pull_request(talk: Talk) -> None:
    number = opened(talk)
    base, head = talk.repository.head("main"), talk.repository.head("topic")
    moved = {"name": "refs/heads/topic", "afterOid": base, "beforeOid": head, "force": True}
    talk.move(moved)
    pull = talk.repository.pull(number)
    assert (pull.state, pull.merged_at) == ("closed", None)


def test_pushing_the_head_to_base_merges_the_pull_request(talk: Talk) -> None:
    number = opened(talk)
    talk.repository.move("main", str(talk.repository.head("topic")))
    assert talk.repository.pull(number).merged_at is not None


def test_reopening_needs_the_branch(talk: Talk) -> None:
    number = opened(talk)
    talk.repository.delete_branch("topic")
    kinds = [event.kind for event in talk.repository.pull(number).timeline]
    assert sorted(kinds) == ["ClosedEvent", "HeadRefDeletedEvent"]
    refused = talk.rest("PATCH", f"/pulls/{number}", json={"state": "open"})
    assert refused.status_code == 422


def test_only_one_pull_request_for_head_and_base(talk: Talk) -> None:
    opened(talk)
    body = {"title": "again", "head": "topic", "base": "main"}
    refused = talk.rest("POST", "/pulls", json=body)
    assert refused.status_code == 422
    assert "already exists for acme:topic" in refused.text
    none = talk.rest("POST", "/pulls", json={**body, "head": "main"})
    assert "No commits between" in none.text


def test_protected_branches_take_no_direct_write(talk: Talk) -> None:
    new, tip = commit(talk)["sha"], talk.repository.head("main")
    talk.repository.protect("main", required_statuses=("ci",), allow=("gate[bot]",))
    assert talk.rest("PATCH", "/git/refs/heads/main", json={"sha": new}).status_code == 422
    assert "errors" in talk.move({"name": "refs/heads/main", "afterOid": new})
    assert talk.repository.head("main") == tip
    gate = talk.acting(kind="app", login="gate[bot]")
    assert gate.rest("PATCH", "/git/refs/heads/main", json={"sha": new}).status_code == 200


def test_required_statuses_hold_a_merge_up_and_auto_merge_waits(talk: Talk) -> None:
    number = opened(talk)
    query = """mutation($id: ID!) { enablePullRequestAutoMerge(
      input: {pullRequestId: $id, mergeMethod: SQUASH}) { pullRequest { number } } }"""
    identifier = talk.rest("GET", f"/pulls/{number}").json()["node_id"]
    unprotected = talk.graphql(query, id=identifier)
    assert "Protected branch rules not configured" in unprotected["errors"][0]["message"]
    talk.repository.protect("main", required_statuses=("ci",))
    assert talk.rest("PUT", f"/pulls/{number}/merge").status_code == 405
    assert "errors" not in talk.graphql(query, id=identifier)
    head = talk.repository.head("topic")
    talk.rest("POST", f"/statuses/{head}", json={"state": "pending", "context": "ci"})
    assert talk.repository.pull(number).merged_at is None
    talk.rest("POST", f"/statuses/{head}", json={"state": "success", "context": "ci"})
    assert talk.repository.pull(number).merged_at is not None


def test_auto_merge_refuses_what_is_clean_already(talk: Talk) -> None:
    number = opened(talk)
    talk.repository.protect("main")
    identifier = talk.rest("GET", f"/pulls/{number}").json()["node_id"]
    query = """mutation($id: ID!) {
      enablePullRequestAutoMerge(input: {pullRequestId: $id}) { actor { login } } }"""
    assert "clean status" in talk.graphql(query, id=identifier)["errors"][0]["message"]


def test_the_jobs_own_token_starts_no_runs_but_dispatches(talk: Talk) -> None:
    talk.repository.commit(files={".github/workflows/gate.yml": "on: workflow_dispatch\n"})
    job = talk.acting(kind="job", home=NAME)
    talk.forge.events.clear()
    new = commit(job)["sha"]
    job.move({"name": "refs/heads/topic", "afterOid": new, "beforeOid": ABSENT})
    job.rest("POST", "/pulls", json={"title": "t", "head": "topic", "base": "main"})
    job.rest("POST", "/actions/workflows/gate.yml/dispatches", json={"ref": "main"})
    told = {(e.name, e.suppressed, e.awaits_approval) for e in talk.forge.events}
    assert told == {
        ("push", True, False),
        ("create", True, False),
        ("pull_request", True, True),
        ("workflow_dispatch", False, False),
    }


@pytest.mark.parametrize(
    ("token", "path", "status"),
    [
        ({"repositories": ["acme/other"]}, "", 404),
        ({"repositories": [NAME], "permissions": {}}, "", 200),
        ({"repositories": [NAME], "permissions": {}}, "/pulls", 403),
        ({"kind": "job", "home": "acme/web"}, "", 404),
        ({"kind": "app"}, "//user", 403),
        ({"kind": "pat"}, "//user", 200),
    ],
)
def test_what_tokens_see(talk: Talk, token: dict[str, Any], path: str, status: int) -> None:
    answer = talk.acting(**token).rest("GET", path)
    assert answer.status_code == status
    if status == 403 and path == "/pulls":
        assert answer.headers["X-Accepted-GitHub-Permissions"] == "pull_requests=read"


def test_unknown_tokens_are_bad_credentials(talk: Talk) -> None:
    stranger = Talk(forge=talk.forge, repository=talk.repository, token="ghs_stranger")
    assert stranger.rest("GET", "").status_code == 401
    anonymous = requests.get(f"{talk.forge.api_url}/repos/{NAME}", timeout=30)
    assert anonymous.status_code == 404


def test_tarballs_obey_attributes_behind_a_temporary_address(talk: Talk) -> None:
    attributes = "secret export-ignore\nversion export-subst\n"
    files = {".gitattributes": attributes, "secret": "s", "version": "$Format:%H$"}
    oid = talk.repository.commit(files=files)
    redirect = talk.rest("GET", f"/tarball/{oid}", allow_redirects=False)
    assert redirect.status_code == 302
    data = requests.get(redirect.headers["Location"], timeout=30).content
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
        found = archive.extractfile(f"acme-environment-{oid[:7]}/version")
        assert found is not None
        assert found.read().decode() == oid
    assert "secret" not in names
    assert "README.md" in names


BLOB = """query($expression: String!) { repository(owner: "acme", name: "environment") {
  object(expression: $expression) { oid ... on Blob { text isBinary isTruncated byteSize } } } }"""


def test_blob_text_is_null_for_binary_and_cut_when_large(talk: Talk) -> None:
    talk.repository.commit(files={"binary": b"\0\1", "large": "x" * 600_000})
    binary = talk.graphql(BLOB, expression="main:binary")["data"]["repository"]["object"]
    assert (binary["text"], binary["isBinary"], binary["byteSize"]) == (None, True, 2)
    large = talk.graphql(BLOB, expression="main:large")["data"]["repository"]["object"]
    assert large["isTruncated"] is True
    assert len(large["text"]) < large["byteSize"] == 600_000
    assert talk.graphql(BLOB, expression="main:gone")["data"]["repository"]["object"] is None


def test_connections_need_bounds(talk: Talk) -> None:
    query = """query { repository(owner: "acme", name: "environment") {
      pullRequests%s { nodes { number } } } }"""
    assert talk.graphql(query % "")["errors"][0]["type"] == "MISSING_PAGINATION_BOUNDARIES"
    assert talk.graphql(query % "(first: 101)")["errors"][0]["type"] == "EXCESSIVE_PAGINATION"
    assert "errors" not in talk.graphql(query % "(first: 100)")


def test_texts_have_limits(talk: Talk) -> None:
    number, head = opened(talk), talk.repository.head("topic")
    long = talk.rest("POST", f"/issues/{number}/comments", json={"body": "x" * 65_537})
    assert long.status_code == 422
    status = {"state": "success", "description": "x" * 141}
    assert talk.rest("POST", f"/statuses/{head}", json=status).status_code == 422


def test_a_recursive_tree_is_cut(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("testbed.forge.rest.trees.TREE_ENTRIES", 2)
    shown = talk.rest("GET", "/git/trees/main", params={"recursive": "1"}).json()
    assert shown["truncated"] is True
    assert len(shown["tree"]) == 2


def test_the_secondary_limit_counts_what_creates_content(talk: Talk) -> None:
    number = opened(talk)
    talk.forge.limit_content(2)
    answers = [
        talk.rest("POST", f"/issues/{number}/comments", json={"body": "hello"}) for _ in range(3)
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 403]
    assert int(answers[2].headers["Retry-After"]) > 0
    assert talk.rest("GET", "").status_code == 200
