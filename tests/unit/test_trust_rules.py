"""Whose decision counts, whose commits are ours, what Git and the redactor know of secrets."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from gitops_action.adapters.git.command import GitCommand, GitTarget
from gitops_action.adapters.renderer.kustomize import ScratchFolder
from gitops_action.app.surroundings import ProcessEnvironment
from gitops_action.core.images import parse_reference
from gitops_action.core.inputs import BUMP, check_values
from gitops_action.core.pull_request_state import (
    CLOSED_BY_US,
    BranchState,
    ProposedChange,
    discovered,
)
from gitops_action.core.pull_requests import (
    BranchFacts,
    CommitFacts,
    Identity,
    PullRequestFacts,
)
from gitops_action.core.redaction.known import Redactor
from gitops_action.core.rendering.graph import layout_of
from gitops_action.core.yaml.parse import parse
from gitops_action.core.yaml.path import EditProofError
from gitops_action.core.yaml.proof import prove
from gitops_action.errors import UsageError
from tests.support.renders import repository

WEB = "ghcr.io/acme/web:v2"
TRAILERS = f"GitOps-Action: bump\nGitOps-Image: {WEB}"
APP = Identity(login="gitops[bot]", name="gitops[bot]", email="1+gitops[bot]@x")
PERSON = Identity(login="alice", name="alice", email="alice@x")
HEAD = "a" * 40
CHANGE = ProposedChange(images=(parse_reference(WEB),))


def commit(**more: str) -> CommitFacts:
    given = {
        "oid": "c" * 40,
        "message": f"Bump web\n\n{TRAILERS}\n",
        "author_login": APP.login,
        "author_email": APP.email,
        "committer_login": "web-flow",
        "committer_email": "noreply@github.com",
        **more,
    }
    return CommitFacts(parents=(), **given)


def pull(number: int, state: str, **more: object) -> PullRequestFacts:
    given: dict[str, object] = {
        "number": number,
        "node_id": "x",
        "url": "",
        "state": state,
        "head_oid": HEAD,
        "base_ref": "main",
        "title": "",
        "body": f"text\n\n{TRAILERS}\n",
        "author_login": APP.login,
        **more,
    }
    return PullRequestFacts(**given)  # type: ignore[arg-type]


def state(  # noqa: PLR0913 - what a branch can be
    *pulls: PullRequestFacts,
    commits: tuple[CommitFacts, ...] = (),
    viewer: Identity = APP,
    complete: bool = True,
    reopen: bool = False,
    head: str | None = HEAD,
    requested: ProposedChange = CHANGE,
) -> BranchState:
    facts = BranchFacts(
        name="gitops/staging/web",
        head=head,
        base="b" * 40,
        commits=commits,
        complete=complete,
        changed_paths=frozenset(),
        head_blobs={},
        pull_requests=pulls,
        viewer=viewer,
    )
    return discovered(facts, base="main", requested=requested, reopen=reopen)


def test_a_person_who_closed_the_same_proposal_is_heard() -> None:
    found = state(pull(1, "closed", closed_by="alice"))
    assert (found.situation, "alice" in found.reason) == ("refused", True)
    assert state(pull(1, "closed", closed_by="alice"), reopen=True).situation == "reopen"


@pytest.mark.parametrize(
    "closed",
    [
        pull(1, "closed", closed_by="alice", body=f"{CLOSED_BY_US}\n\n{TRAILERS}"),
        pull(1, "closed", closed_by="alice", closed_by_deletion=True),
        pull(1, "closed", closed_by=APP.login),
        pull(1, "closed", closed_by=""),
        pull(1, "closed", closed_by="alice", body="GitOps-Image: ghcr.io/acme/web:v1"),
        pull(1, "closed", closed_by="alice", base_ref="other"),
    ],
)
def test_what_is_no_rejection(closed: PullRequestFacts) -> None:
    assert state(closed).situation == "restart"


def test_a_rejection_with_our_own_account_of_a_person_counts() -> None:
    assert state(pull(1, "closed", closed_by="alice"), viewer=PERSON).situation == "refused"


def test_a_rejection_from_before_the_last_merge_is_over() -> None:
    old, merged = pull(1, "closed", closed_by="alice"), pull(2, "merged")
    assert state(merged, old).situation == "restart"
    assert state(pull(3, "closed", closed_by="alice"), merged).situation == "refused"


@pytest.mark.parametrize("head", [None, "d" * 40])
def test_a_branch_that_moved_since_the_rejection_is_not_reopened(head: str | None) -> None:
    closed = pull(1, "closed", closed_by="alice")
    assert state(closed, reopen=True, head=head).situation == "restart"


SET = "environments/staging/x.yaml:spec.replicas=3"
SET_TRAILERS = f"GitOps-Action: bump\nGitOps-Set: {SET}"


@pytest.mark.parametrize(
    ("requested", "situation"),
    [
        (ProposedChange(sets=(SET,)), "refused"),
        (ProposedChange(sets=(SET, "a.yaml:b=1")), "restart"),
        (ProposedChange(images=CHANGE.images, sets=(SET,)), "restart"),
        (ProposedChange(), "restart"),
    ],
)
def test_a_rejection_counts_for_the_edits_that_it_saw(
    requested: ProposedChange, situation: str
) -> None:
    closed = pull(1, "closed", closed_by="alice", body=f"text\n\n{SET_TRAILERS}\n")
    assert state(closed, requested=requested).situation == situation


FOREIGN = {"author_login": "mallory", "author_email": "m@x"}


@pytest.mark.parametrize(
    ("last", "head", "situation"),
    [
        (pull(1, "merged"), HEAD, "restart"),
        (pull(1, "merged"), "d" * 40, "shared"),
        (pull(1, "closed", closed_by_deletion=True), HEAD, "shared"),
        (pull(1, "closed", closed_by_deletion=True), None, "restart"),
    ],
)
def test_commits_of_others_on_a_branch_without_a_pull_request_stay(
    last: PullRequestFacts, head: str | None, situation: str
) -> None:
    found = state(last, commits=(commit(**FOREIGN),), head=head)
    assert found.situation == situation
    assert ("was merged" in found.reason) is (last.state == "merged" and situation == "restart")


def test_the_newest_commit_of_another_is_named() -> None:
    first, last = commit(**FOREIGN), commit(oid="e" * 40, **FOREIGN)
    for complete in (True, False):
        found = state(pull(1, "open"), commits=(first, last, commit()), complete=complete)
        assert "eeeeeee" in found.reason


def test_our_commit_is_ours() -> None:
    assert state(pull(1, "open"), commits=(commit(),)).situation == "ours"


@pytest.mark.parametrize(
    "foreign",
    [
        commit(committer_login="mallory", committer_email="m@x"),
        commit(author_login="mallory", author_email="m@x"),
        commit(message="Bump web"),
        commit(author_login="", author_email="", committer_login="", committer_email=""),
    ],
)
def test_an_amended_or_foreign_commit_is_not_ours(foreign: CommitFacts) -> None:
    found = state(pull(1, "open"), commits=(commit(), foreign))
    assert found.situation == "shared"
    assert found.pending == state(pull(1, "open"), commits=(commit(),)).pending
    assert state(commits=(foreign,)).situation == "shared"


def test_the_unread_rest_of_a_branch_is_not_ours() -> None:
    found = state(pull(1, "open"), commits=(commit(),), complete=False)
    assert found.situation == "shared"


TARGET = GitTarget(
    server_url="https://github.example", repository="a/b", token="s3cret-token", identity=APP
)


def git(tmp_path: Path) -> GitCommand:
    command = GitCommand(TARGET, tmp_path, timeout=60)
    command.check(["init", "--quiet", "--bare", "--template="])
    return command


def test_a_token_in_what_git_says_is_taken_out(tmp_path: Path) -> None:
    for text in (TARGET.token, TARGET.authorization.split()[1]):
        said = git(tmp_path).run(["cat-file", "-t"], operands=[f"refs/{text}"])
        assert said.status
        assert text not in said.stderr
        assert "***" in said.stderr


@pytest.mark.parametrize("url", ["file:///x", "ext::sh -c true", "git://h/x", "ssh://h/x", "/x"])
def test_git_speaks_no_other_protocol(tmp_path: Path, url: str) -> None:
    said = git(tmp_path).run(["ls-remote"], operands=[url])
    assert said.status
    assert "not allowed" in said.stderr


def test_hooks_of_a_repository_are_not_run(tmp_path: Path) -> None:
    command = git(tmp_path)
    hook, mark = tmp_path / "hooks" / "reference-transaction", tmp_path / "ran"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {mark}\n")
    hook.chmod(0o755)
    tree = command.check(["write-tree"]).decode().strip()
    oid = command.check(["commit-tree", "-m", "x"], operands=[tree]).decode().strip()
    command.check(["update-ref"], operands=["refs/heads/x", oid])
    assert not mark.exists()


def test_links_out_of_the_repository_are_not_written() -> None:
    files = repository(
        {
            "env/out": "->/etc/passwd",
            "env/up": "->../../outside",
            "env/in": "->web.yaml",
            "env/web.yaml": "a: 1\n",
        }
    )
    with ScratchFolder() as scratch:
        scratch.write(files, layout_of(files))
        written = sorted(path.name for path in (scratch.top / "env").iterdir())
    assert written == ["in", "web.yaml"]


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("a.yaml", "a: 'no'\n", "a: no\n"),
        ("a.yaml", "a: '1'\n", "a: 1\n"),
        ("a.yaml", "a: '012'\n", "a: 012\n"),
        ("a.yaml", "a: 1 # x\n", "a: 1\n"),
        ("a.json", '{"a": "1"}', '{"a": "1",}'),
        ("a.json", '{"a": "1"}', "{a: '1'}"),
    ],
)
def test_a_change_that_was_not_planned_is_no_proof(path: str, before: str, after: str) -> None:
    file = parse(path, before.encode())
    with pytest.raises(EditProofError):
        prove(file, after.encode(), {})


def test_the_runners_own_tokens_are_known() -> None:
    names = ("ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GITHUB_TOKEN")
    environ = {name: f"planted-{name}" for name in names}
    streams = {"stdin": io.StringIO(), "stdout": io.StringIO(), "stderr": io.StringIO()}
    redactor = ProcessEnvironment(environ=environ, **streams).redactor()
    assert redactor.clean(" ".join(environ.values())) == "*** *** ***"


def test_a_short_secret_shreds_no_names() -> None:
    assert Redactor(["web"]).clean("ghcr.io/acme/web") == "ghcr.io/acme/web"
    assert Redactor(["web-12"]).clean("the web-12 server") == "the *** server"


def test_a_short_password_is_refused() -> None:
    with pytest.raises(UsageError, match="shorter than 6 characters"):
        check_values(BUMP, {"registry-password": "web"})
    check_values(BUMP, {"registry-password": "web-12", "token": "short"})
