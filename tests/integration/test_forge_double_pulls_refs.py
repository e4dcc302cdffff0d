"""The double's refs of pull requests, also of forks', as Git, REST and GraphQL see them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from testbed.forge import Forge, RepositoryHandle, rights

NAME = "acme/environment"
READS = rights(read=("contents", "pull_requests"))
FILES = {"web.yaml": "image: web:1\nkind: x\n", "api.yaml": "image: api:1\n"}
REPLY = (
    'query($n: Int!) { repository(owner: "acme", name: "environment") { pullRequest(number: $n)'
    " { mergeable isCrossRepository headRefName headRef { name } headRepository { nameWithOwner }"
    " headRepositoryOwner { login } potentialMergeCommit { oid } }"
    ' ref(qualifiedName: "refs/pull/1/merge") { target { oid } } } }'
)


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    with Forge.start(tmp_path) as started:
        yield started
        started.assert_clean()


@pytest.fixture
def environment(forge: Forge) -> RepositoryHandle:
    made = forge.create_repository(NAME, files=FILES, private=False)
    made.commit(branch="topic", files={"web.yaml": "image: web:2\nkind: x\n"})
    made.open(head="topic")
    return made


def refs(environment: RepositoryHandle, *options: str) -> dict[str, str]:
    command = ["git", *options, "ls-remote", environment.clone_url, "refs/pull/*"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {line.split()[1]: line.split()[0] for line in done.stdout.splitlines()}


def rest(forge: Forge, path: str) -> Any:
    headers = {
        "Authorization": f"token {forge.token(permissions=rights('contents', 'pull_requests'))}"
    }
    reply = requests.get(f"{forge.api_url}/repos/{NAME}{path}", headers=headers, timeout=30)
    return reply.json() if reply.status_code == requests.codes.ok else reply.status_code


def graphql(forge: Forge, number: int = 1) -> Any:
    headers = {
        "Authorization": f"bearer {forge.token(permissions=rights('contents', 'pull_requests'))}"
    }
    question = {"query": REPLY, "variables": {"n": number}}
    reply = requests.post(forge.graphql_url, json=question, headers=headers, timeout=30)
    return reply.json()["data"]["repository"]


@pytest.mark.parametrize("protocol", ["2", "0"])
def test_head_and_merge_are_served_to_git(environment: RepositoryHandle, protocol: str) -> None:
    found = refs(environment, "-c", f"protocol.version={protocol}")
    assert found["refs/pull/1/head"] == environment.head("topic")
    merge = environment.repository.git.commit(found["refs/pull/1/merge"])
    assert merge.parents == (environment.head("main"), environment.head("topic"))
    assert merge.message == f"Merge {merge.parents[1]} into {merge.parents[0]}"
    assert environment.read(merge.oid, "web.yaml") == b"image: web:2\nkind: x\n"


def test_rest_and_graphql_tell_the_same_merge(forge: Forge, environment: RepositoryHandle) -> None:
    merge = refs(environment)["refs/pull/1/merge"]
    pull = rest(forge, "/pulls/1")
    assert (pull["merge_commit_sha"], pull["mergeable"]) == (merge, True)
    assert rest(forge, "/git/ref/pull/1/merge")["object"]["sha"] == merge
    assert rest(forge, "/pulls")[0]["merge_commit_sha"] == merge
    told = graphql(forge)
    assert told["pullRequest"]["potentialMergeCommit"]["oid"] == merge
    assert told["ref"]["target"]["oid"] == merge


def test_it_is_made_anew_when_base_or_head_moves(environment: RepositoryHandle) -> None:
    before = refs(environment)
    assert refs(environment) == before
    environment.commit(files={"api.yaml": "image: api:2\n"})
    moved_base = refs(environment)
    assert moved_base["refs/pull/1/head"] == before["refs/pull/1/head"]
    assert environment.read("refs/pull/1/merge", "api.yaml") == b"image: api:2\n"
    environment.commit(branch="topic", files={"web.yaml": "image: web:3\nkind: x\n"})
    moved_head = refs(environment)
    assert moved_head["refs/pull/1/head"] == environment.head("topic")
    assert environment.read("refs/pull/1/merge", "web.yaml") == b"image: web:3\nkind: x\n"
    assert len({found["refs/pull/1/merge"] for found in (before, moved_base, moved_head)}) == 3


def test_there_is_none_while_the_two_conflict(forge: Forge, environment: RepositoryHandle) -> None:
    assert "refs/pull/1/merge" in refs(environment)
    environment.commit(files={"web.yaml": "image: web:9\nkind: x\n"})
    assert set(refs(environment)) == {"refs/pull/1/head"}
    pull = rest(forge, "/pulls/1")
    assert (pull["mergeable"], pull["mergeable_state"], pull["merge_commit_sha"]) == (
        False,
        "dirty",
        None,
    )
    told = graphql(forge)
    assert told["pullRequest"]["mergeable"] == "CONFLICTING"
    assert told["ref"] is None
    assert rest(forge, "/git/ref/pull/1/merge") == requests.codes.not_found


def test_after_the_end_only_the_head_stays(environment: RepositoryHandle) -> None:
    refs(environment)
    head = environment.head("topic")
    environment.merge(1)
    environment.delete_branch("topic")
    assert refs(environment) == {"refs/pull/1/head": head}


def test_nobody_pushes_to_them(forge: Forge, environment: RepositoryHandle, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    token = forge.token(permissions=rights("contents", "pull_requests"))
    header = f"http.extraHeader=Authorization: bearer {token}"
    git = ["git", "-c", header]
    subprocess.run([*git, "clone", "-q", environment.clone_url, clone], check=True)
    done = subprocess.run(
        [*git, "-C", clone, "push", environment.clone_url, "HEAD:refs/pull/1/head"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode
    assert "hidden ref" in done.stderr
    assert refs(environment)["refs/pull/1/head"] == environment.head("topic")


@pytest.fixture
def fork(forge: Forge, environment: RepositoryHandle) -> RepositoryHandle:
    made = forge.fork(NAME, owner="mallory")
    made.commit(branch="patch", files={"api.yaml": "image: api:7\n"}, author="mallory")
    environment.open(head="mallory:patch", by="mallory")
    return made


def test_a_forks_pull_request_says_where_it_comes_from(
    forge: Forge, environment: RepositoryHandle, fork: RepositoryHandle
) -> None:
    head = rest(forge, "/pulls/2")["head"]
    assert (head["label"], head["repo"]["full_name"], head["repo"]["fork"]) == (
        "mallory:patch",
        "mallory/environment",
        True,
    )
    told = graphql(forge, 2)["pullRequest"]
    assert told["isCrossRepository"]
    assert told["headRepository"]["nameWithOwner"] == "mallory/environment"
    assert told["headRepositoryOwner"]["login"] == "mallory"
    assert told["headRef"]["name"] == "patch"
    assert not graphql(forge, 1)["pullRequest"]["isCrossRepository"]
    assert refs(environment)["refs/pull/2/head"] == fork.head("patch")
    assert [pull["number"] for pull in rest(forge, "/pulls?head=mallory:patch")] == [2]


def test_it_follows_the_fork_and_never_a_branch_of_the_same_name(
    environment: RepositoryHandle, fork: RepositoryHandle
) -> None:
    environment.commit(branch="patch", files={"other.yaml": "a: 1\n"})
    assert refs(environment)["refs/pull/2/head"] == fork.head("patch")
    fork.commit(branch="patch", files={"api.yaml": "image: api:8\n"}, author="mallory")
    assert refs(environment)["refs/pull/2/head"] == fork.head("patch")
    assert environment.read("refs/pull/2/merge", "api.yaml") == b"image: api:8\n"
    environment.delete_branch("patch")
    assert environment.pull(2).state == "open"
    fork.delete_branch("patch", by="mallory")
    assert environment.pull(2).state == "closed"


def test_a_forks_pull_request_is_merged_and_its_fork_deleted(
    forge: Forge, environment: RepositoryHandle, fork: RepositoryHandle
) -> None:
    environment.merge(2)
    assert environment.read("main", "api.yaml") == b"image: api:7\n"
    assert "from mallory/patch" in environment.log()[0].message
    assert fork.head("patch")
    forge.delete_repository("mallory/environment")
    assert rest(forge, "/pulls/2")["head"]["label"] == "mallory:patch"
    assert graphql(forge, 2)["pullRequest"]["headRepository"] is None
