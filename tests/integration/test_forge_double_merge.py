"""What the double asks for before a merge, and what it refuses to everyone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.forge import Bypass, RequiredReviewers, RequiredStatus, rights
from testbed.forge.rulesets import matches
from tests.support.double import ABSENT, NAME, Talk, talking

WORKFLOW = ".github/workflows/deploy.yml"


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    with talking(tmp_path / "forge") as made:
        made.repository.collaborator("bob", "write")
        made.repository.collaborator("carol", "write")
        made.forge.organization("acme").team("sre", members=("dave",), repositories={NAME: "write"})
        made.repository.commit(branch="topic", files={"apps/web/new": "1\n"})
        made.repository.open(head="topic", by="alice")
        yield made
        made.forge.assert_clean()


def merge(talk: Talk, **body: Any) -> tuple[int, str]:
    answer = talk.rest("PUT", "/pulls/1/merge", json=body)
    return answer.status_code, answer.json()["message"]


def head(talk: Talk) -> str:
    return str(talk.repository.head("topic"))


def test_a_status_pinned_to_an_app_counts_from_that_app_alone(talk: Talk) -> None:
    number = talk.forge.app_id("gate[bot]")
    talk.repository.ruleset("main", required_statuses=(RequiredStatus("gitops/ready", number),))
    talk.repository.status(head(talk), "gitops/ready", by="bob")
    talk.repository.status(head(talk), "gitops/ready", by="github-actions[bot]")
    talk.repository.check_run(head(talk), "gitops/ready", app="other[bot]")
    expected = (
        'Repository rule violations found\n\nRequired status check "gitops/ready" is expected'
    )
    assert merge(talk) == (405, f"{expected}.\n\n")
    gate = talk.acting(login="gate[bot]", repositories=[NAME])
    body = {"state": "success", "context": "gitops/ready"}
    gate.rest("POST", f"/statuses/{head(talk)}", json=body)
    talk.repository.status(head(talk), "gitops/ready", "failure", by="bob")
    assert merge(talk)[0] == 200


def test_strict_wants_the_head_up_to_date(talk: Talk) -> None:
    talk.repository.ruleset("main", required_statuses=("ci",), strict=True)
    talk.repository.status(head(talk), "ci")
    talk.repository.commit(files={"other": "moved\n"})
    talk.rest("GET", "/pulls/1")
    assert talk.rest("GET", "/pulls/1").json()["mergeable_state"] == "behind"
    assert merge(talk)[0] == 405
    stale = talk.rest("PUT", "/pulls/1/update-branch", json={"expected_head_sha": ABSENT})
    assert stale.status_code == 422
    assert talk.rest("PUT", "/pulls/1/update-branch", json={}).status_code == 202
    assert merge(talk)[0] == 405
    talk.repository.status(head(talk), "ci")
    assert merge(talk)[0] == 200


def test_methods_that_are_not_allowed(talk: Talk) -> None:
    talk.repository.repository.merge_methods = ("squash", "rebase")
    assert merge(talk) == (405, "Merge commits are not allowed on this repository.")
    talk.repository.ruleset("main", merge_methods=("squash",))
    assert merge(talk, merge_method="rebase")[0] == 405
    assert merge(talk, merge_method="squash")[0] == 200


@pytest.mark.parametrize(
    ("mode", "pushes", "merges"),
    [("always", 200, 200), ("pull_request", 422, 200), ("", 422, 405)],
)
def test_bypass_modes(talk: Talk, mode: Any, pushes: int, merges: int) -> None:
    bypass = (Bypass("gate[bot]", mode),) if mode else ()
    talk.repository.ruleset("main", required_statuses=("ci",), bypass=bypass)
    gate = talk.acting(login="gate[bot]", repositories=[NAME])
    assert merge(gate)[0] == merges
    body = {"message": "m", "tree": talk.repository.tree("main")}
    body |= {"parents": [talk.repository.head("main")]}
    new = gate.rest("POST", "/git/commits", json=body).json()["sha"]
    assert gate.rest("PATCH", "/git/refs/heads/main", json={"sha": new}).status_code == pushes


def test_roles_and_teams_bypass_too(talk: Talk) -> None:
    talk.repository.ruleset("main", required_reviews=1, bypass=(Bypass("team:sre"),))
    bob, dave = (
        talk.acting(kind="pat", login=login, repositories=[NAME]) for login in ("bob", "dave")
    )
    assert merge(bob)[0] == 405
    assert merge(dave)[0] == 200


OWNERS = "* @acme/sre\n/docs/ @bob\n/apps/*/new @carol\n/apps/free\n"


def test_code_owners_review_their_files(talk: Talk) -> None:
    talk.repository.commit(files={".github/CODEOWNERS": OWNERS})
    talk.repository.ruleset("main", code_owners=True)
    talk.repository.review(1, by="bob")
    assert "Waiting on code owner review from carol." in merge(talk)[1]
    talk.repository.review(1, by="carol")
    assert merge(talk)[0] == 200


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("anything", "sre"),
        ("docs/a/b", "bob"),
        ("apps/api/new", "carol"),
        ("apps/api/x/new", "sre"),
        ("apps/free", ""),
    ],
)
def test_the_last_line_that_matches_names_the_owner(talk: Talk, path: str, owner: str) -> None:
    talk.repository.commit(files={".github/CODEOWNERS": OWNERS})
    talk.repository.commit(branch="topic", files={path: "2\n", "apps/web/new": None})
    talk.repository.ruleset("main", code_owners=True)
    status, said = merge(talk)
    assert status == (405 if owner else 200)
    assert owner in said


def test_the_bases_owners_decide_not_the_heads(talk: Talk) -> None:
    talk.repository.commit(files={".github/CODEOWNERS": "* @bob\n"})
    talk.repository.commit(branch="topic", files={".github/CODEOWNERS": "* @carol\n"})
    talk.repository.ruleset("main", code_owners=True)
    talk.repository.review(1, by="carol")
    assert "code owner review from bob" in merge(talk)[1]


def test_required_reviewers_of_some_files(talk: Talk) -> None:
    asked = (RequiredReviewers(team="sre", patterns=("apps/**/*",)),)
    talk.repository.ruleset("main", required_reviewers=asked)
    talk.repository.review(1, by="bob")
    assert merge(talk)[0] == 405
    talk.repository.review(1, by="dave")
    assert merge(talk)[0] == 200


def test_stale_approvals_are_dismissed_when_the_diff_changes(talk: Talk) -> None:
    talk.repository.ruleset("main", required_reviews=1, dismiss_stale=True)
    review = talk.repository.review(1, by="bob")
    talk.repository.commit(files={"other": "moved\n"})
    assert talk.rest("PUT", "/pulls/1/update-branch", json={}).status_code == 202
    assert review.state == "APPROVED"
    talk.repository.commit(branch="topic", files={"apps/web/new": "2\n"})
    assert review.state == "DISMISSED"
    assert merge(talk)[0] == 405


def test_the_last_push_needs_somebody_elses_approval(talk: Talk) -> None:
    talk.repository.ruleset("main", last_push_approval=True)
    talk.repository.commit(branch="topic", files={"x": "2\n"}, author="bob")
    talk.repository.review(1, by="bob")
    assert merge(talk)[0] == 405
    talk.repository.review(1, by="carol")
    assert merge(talk)[0] == 200


def test_the_default_branch_cannot_be_deleted(talk: Talk) -> None:
    assert talk.rest("DELETE", "/git/refs/heads/main").status_code == 422
    gone = {"name": "refs/heads/main", "afterOid": ABSENT, "force": True}
    assert "errors" in talk.move(gone)
    assert talk.repository.head("main")


def test_restricted_branches_are_neither_made_nor_moved_nor_deleted(talk: Talk) -> None:
    talk.repository.ruleset(
        "~ALL",
        exclude=("main", "gitops/**/*"),
        pull_request=False,
        restrict_creations=True,
        restrict_updates=True,
    )
    tip = talk.repository.head("main")
    made = talk.rest("POST", "/git/refs", json={"ref": "refs/heads/other", "sha": tip})
    assert made.status_code == 422
    assert talk.rest("DELETE", "/git/refs/heads/topic").status_code == 422
    allowed = {"ref": "refs/heads/gitops/staging/web", "sha": tip}
    assert talk.rest("POST", "/git/refs", json=allowed).status_code == 201


@pytest.mark.parametrize(
    ("pattern", "branch", "whether"),
    [
        ("gitops/**", "gitops/a", True),
        ("gitops/**", "gitops/a/b", False),
        ("gitops/**/*", "gitops/a", True),
        ("gitops/**/*", "gitops/a/b/c", True),
        ("*", "a/b", False),
        ("release-[0-9]", "release-7", True),
    ],
)
def test_patterns_stop_at_slashes(pattern: str, branch: str, *, whether: bool) -> None:
    assert matches(pattern, branch) is whether


@pytest.mark.parametrize("kind", ["app", "job", "pat"])
def test_workflow_files_take_their_own_right(talk: Talk, kind: str) -> None:
    talk.repository.commit(branch="topic", files={WORKFLOW: "on: push\n"})
    who = {"kind": kind, "login": "bob" if kind == "pat" else ""}
    refused = merge(talk.acting(**who, repositories=[NAME]))
    assert refused[0] == 403
    assert f"create or update workflow `{WORKFLOW}` without" in refused[1]
    able = talk.acting(**who, repositories=[NAME], permissions=rights("contents", "workflows"))
    assert merge(able)[0] == 200


def test_workflow_files_are_refused_in_commits_and_pushes(talk: Talk, tmp_path: Path) -> None:
    entry = {"path": WORKFLOW, "mode": "100644", "type": "blob", "content": "on: push\n"}
    base = {"base_tree": talk.repository.tree("main"), "tree": [entry]}
    tree = talk.rest("POST", "/git/trees", json=base).json()["sha"]
    body = {"message": "m", "tree": tree, "parents": [talk.repository.head("main")]}
    new = talk.rest("POST", "/git/commits", json=body).json()["sha"]
    ref = {"ref": "refs/heads/more", "sha": new}
    assert talk.rest("POST", "/git/refs", json=ref).status_code == 403
    talk.git(tmp_path, "clone", "-q", talk.repository.clone_url, "clone")
    (tmp_path / "clone" / WORKFLOW).parent.mkdir(parents=True)
    (tmp_path / "clone" / WORKFLOW).write_text("on: push\n")
    talk.git(tmp_path / "clone", "add", ".")
    person = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    talk.git(tmp_path / "clone", *person, "commit", "-qm", "x")
    pushed = talk.git(tmp_path / "clone", "push", "origin", "HEAD:refs/heads/more")
    assert "refusing to allow a GitHub App to create or update workflow" in pushed.stderr
    assert talk.repository.head("more") is None
    able = talk.acting(repositories=[NAME], permissions=rights("contents", "workflows"))
    assert able.git(tmp_path / "clone", "push", "origin", "HEAD:refs/heads/more").returncode == 0


def test_a_branch_of_what_is_there_already_needs_no_such_right(talk: Talk) -> None:
    oid = talk.repository.commit(files={WORKFLOW: "on: push\n"})
    made = talk.rest("POST", "/git/refs", json={"ref": "refs/heads/more", "sha": oid})
    assert made.status_code == 201


def test_rest_shows_rulesets_and_the_rules_of_a_branch(talk: Talk) -> None:
    rule = talk.repository.ruleset(
        "main",
        name="ready",
        required_statuses=(RequiredStatus("gitops/ready", 7),),
        bypass=(Bypass("gate[bot]", "pull_request"), Bypass("role:admin")),
        required_reviewers=(RequiredReviewers(team="sre", patterns=("*",)),),
    )
    (listed,) = talk.rest("GET", "/rulesets").json()
    assert (listed["id"], listed["name"]) == (rule.id, "ready")
    assert "bypass_actors" not in talk.rest("GET", f"/rulesets/{rule.id}").json()
    admin = talk.acting(repositories=[NAME], permissions=rights("administration"))
    shown = admin.rest("GET", f"/rulesets/{rule.id}").json()
    modes = {actor["actor_type"]: actor["bypass_mode"] for actor in shown["bypass_actors"]}
    assert modes == {"Integration": "pull_request", "RepositoryRole": "always"}
    assert shown["conditions"]["ref_name"]["include"] == ["refs/heads/main"]
    found = {rule["type"]: rule for rule in talk.rest("GET", "/rules/branches/main").json()}
    pins = found["required_status_checks"]["parameters"]["required_status_checks"]
    assert pins == [{"context": "gitops/ready", "integration_id": 7}]
    assert talk.rest("GET", "/rules/branches/topic").json() == []


@pytest.mark.parametrize(
    "path", ["../x", "/x", "a//b", ".git/config", "", "a/../b", "a/.GIT/b", "x\0y"]
)
def test_commit_on_branch_refuses_paths(talk: Talk, path: str) -> None:
    query = """mutation($input: CreateCommitOnBranchInput!) {
      createCommitOnBranch(input: $input) { commit { oid } } }"""
    given = {
        "branch": {"repositoryNameWithOwner": NAME, "branchName": "topic"},
        "expectedHeadOid": head(talk),
        "message": {"headline": "x"},
        "fileChanges": {"additions": [{"path": path, "contents": "eA=="}]},
    }
    before = head(talk)
    assert "errors" in talk.graphql(query, input=given)
    assert head(talk) == before
