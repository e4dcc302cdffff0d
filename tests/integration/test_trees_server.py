"""Both sides of a change where a server holds it: pull requests, jobs' checkouts, commits."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops_action.adapters.git import CommitTrees, GitTarget, LocalTrees, PullRequestTrees
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.outcome import Job
from gitops_action.core.pull_requests import Identity
from gitops_action.core.repository import MergeConflictError, Sides, blob_id
from gitops_action.errors import GitOpsError, UsageError
from tests.support.checkouts import Checked, run_git
from tests.support.git_spy import spy_on_git
from tests.support.github_forge import REPOSITORY, Stage, stage

WEB, API = "applications/web/deployment.yaml", "applications/api/deployment.yaml"
NOBODY = Identity(login="x", name="x", email="x@localhost")
QUICK = RetryPolicy(attempts=3, initial=0.01, jitter=0.01)
LINES = "".join(f"line{number}: 1\n" for number in range(40))


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path / "forge") as found:
        found.repository.commit(files={"both.yaml": LINES, "apps/large.yaml": LINES * 50})
        yield found
        found.forge.assert_clean()


def target(on: Stage, token: str | None = None, repository: str = REPOSITORY) -> GitTarget:
    return GitTarget(
        server_url=on.forge.server_url,
        repository=repository,
        token=on.token if token is None else token,
        identity=NOBODY,
    )


def propose(on: Stage, files: dict[str, str | None] | None = None) -> int:
    on.repository.commit(branch="topic", files=files or {WEB: "image: web:2\n"})
    return int(on.repository.open(head="topic").number)


def pull(on: Stage, number: int = 1, **given: Any) -> PullRequestTrees:
    return PullRequestTrees(target(on, **given), number, base="main", policy=QUICK)


def account(on: Stage) -> tuple[str, str]:
    """Git's option that shows the token."""
    pair = base64.b64encode(f"x-access-token:{on.token}".encode()).decode()
    return "-c", f"http.extraHeader=Authorization: basic {pair}"


def clone(on: Stage, folder: Path, *options: str, ref: str = "") -> Checked:
    """Check out as actions/checkout does: fetch one commit or ref, detached."""
    made = Checked(root=folder)
    folder.mkdir()
    made.git("init", "--quiet")
    made.git("remote", "add", "origin", on.repository.clone_url)
    made.git(
        *account(on),
        *("fetch", "--quiet", "--no-tags", *options, "origin", *ref.split()),
    )
    return made


def event(on: Stage, number: int, sha: str) -> Job:
    """What a `pull_request` run is told."""
    head = on.repository.pull(number).head_oid
    payload = {
        "number": number,
        "pull_request": {"number": number, "head": {"sha": head}, "base": {"ref": "main"}},
        "repository": {"default_branch": "main"},
    }
    return Job(in_actions=True, event_name="pull_request", sha=sha, event=payload)


def github_merge(on: Stage, number: int = 1) -> str:
    pair = base64.b64encode(f"x-access-token:{on.token}".encode()).decode()
    listed = run_git(
        "-c",
        f"http.extraHeader=Authorization: basic {pair}",
        "ls-remote",
        on.repository.clone_url,
        f"refs/pull/{number}/merge",
    )
    return listed.split()[0]


def local(checkout: Checked, job: Job, on: Stage | None, base: str | None = None) -> LocalTrees:
    known = target(on) if on else None
    return LocalTrees(checkout.root, base=base, job=job, target=known, policy=QUICK)


# --- a pull request without a checkout


def test_a_pull_request_is_merged_into_the_tip_of_now(on: Stage) -> None:
    number = propose(on, {"both.yaml": LINES.replace("line1:", "first:")})
    tip = on.repository.commit(files={"both.yaml": LINES.replace("line38:", "last:"), API: "x\n"})
    with pull(on, number) as trees:
        sides = trees.sides()
        assert (sides.base.commit, sides.head) == (tip, on.repository.head("topic"))
        assert sides.changed() == ("both.yaml",)
        files = trees.read(sides.merged, ["both.yaml", API, "absent"])
    merged = LINES.replace("line1:", "first:").replace("line38:", "last:").encode()
    assert {path: file.data for path, file in files.items()} == {"both.yaml": merged, API: b"x\n"}


def test_it_is_what_github_would_merge(on: Stage) -> None:
    number = propose(on, {WEB: None, "applications/site/deployment.yaml": "image: web:1\n"})
    on.repository.commit(files={API: "image: api:9\n"})
    with pull(on, number) as trees:
        names = {path: file.blob for path, file in trees.sides().merged.files.items()}
    files = on.repository.files(github_merge(on, number))
    assert names == {path: blob_id(data) for path, data in files.items()}


def test_only_what_is_read_is_fetched(on: Stage) -> None:
    number = propose(on)
    with pull(on, number) as trees:
        sides = trees.sides()
        folder = trees._scratch.folder  # noqa: SLF001 - what was fetched shows only in there
        before = run_git("--git-dir", folder, "count-objects", "-v")
        blobs = _blobs(folder)
        assert blobs == set()
        trees.read(sides.merged, [WEB])
        assert _blobs(folder) == {blob_id(b"image: web:2\n")}
        assert run_git("--git-dir", folder, "count-objects", "-v") != before
    assert not folder.exists()


@pytest.mark.parametrize("count", [2, 20])
def test_many_files_are_fetched_in_one_go(on: Stage, count: int) -> None:
    names = [f"many/{number}.yaml" for number in range(count)]
    number = propose(on, {name: f"name: {name}\n" for name in names})
    with pull(on, number) as trees:
        merged = trees.sides().merged
        for some in (names[: count // 2], names[count // 2 :]):
            on.forge.requests.clear()
            assert len(trees.read(merged, some)) == len(some)
            assert len(on.forge.requests) <= 3
        on.forge.requests.clear()
        trees.read(merged, names)
        assert not on.forge.requests


def _blobs(folder: Path) -> set[str]:
    listed = run_git(
        "--git-dir", folder, "cat-file", "--batch-all-objects", "--batch-check", "--unordered"
    )
    return {line.split()[0] for line in listed.splitlines() if " blob " in line}


def test_a_forks_pull_request(on: Stage) -> None:
    fork = on.forge.fork(REPOSITORY, owner="mallory")
    head = fork.commit(branch="patch", files={WEB: "image: web:7\n"}, author="mallory")
    number = on.repository.open(head="mallory:patch", by="mallory").number
    with pull(on, number) as trees:
        sides = trees.sides()
        assert (sides.head, sides.changed()) == (head, (WEB,))
        assert trees.read(sides.merged, [WEB])[WEB].data == b"image: web:7\n"


def test_conflicts_name_the_files(on: Stage) -> None:
    number = propose(on)
    on.repository.commit(files={WEB: "image: web:3\n"})
    with (
        pull(on, number) as trees,
        pytest.raises(MergeConflictError, match=f"Pull request {number}") as caught,
    ):
        trees.sides()
    assert caught.value.files == (WEB,)


def test_a_head_that_moves_meanwhile_is_seen_and_not_mixed_in(on: Stage) -> None:
    number = propose(on)
    with pull(on, number) as trees:
        before = trees.sides()
        assert not trees.moved()
        newer = on.repository.commit(branch="topic", files={API: "image: api:2\n"})
        assert trees.moved()
        assert trees.current_head() == newer
        assert trees.sides() is before
        assert trees.read(before.merged, [API])[API].data == b"image: ghcr.io/acme/api:v1\n"


def test_what_is_not_there_is_told(on: Stage) -> None:
    propose(on)
    with pull(on, 99) as trees, pytest.raises(UsageError, match="no pull request 99"):
        trees.sides()
    nowhere = PullRequestTrees(target(on), 1, base="mian", policy=QUICK)
    with nowhere as trees, pytest.raises(UsageError, match="no branch `mian`"):
        trees.sides()
    refused = pytest.raises(GitOpsError, match="token is not accepted")
    with pull(on, token="ghs_" + "0" * 36) as trees, refused:
        trees.sides()


def test_a_cut_line_is_tried_again(on: Stage) -> None:
    number = propose(on)
    on.forge.fail("git-upload-pack", cut=True, times=2)
    with pull(on, number) as trees:
        assert trees.sides().changed() == (WEB,)


def test_the_token_is_in_no_argument_and_no_file(
    on: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = propose(on, {"both.yaml": LINES.replace("line1:", "first:")})
    on.repository.commit(files={"both.yaml": LINES.replace("line38:", "last:")})
    spy = spy_on_git(tmp_path / "spy", monkeypatch)
    with pull(on, number) as trees:
        trees.read(trees.sides().merged, ["both.yaml"])
        folder = trees._scratch.folder  # noqa: SLF001 - what lies on disk shows only in there
        encoded = base64.b64encode(f"x-access-token:{on.token}".encode()).decode()
        for secret in (on.token, encoded):
            assert secret not in spy.arguments()
            assert not any(
                secret.encode() in file.read_bytes() for file in folder.rglob("*") if file.is_file()
            )


# --- a job's checkout


@pytest.mark.parametrize("depth", [1, 2, 0])
def test_githubs_merge_commit_however_deep_it_is_fetched(
    on: Stage, tmp_path: Path, depth: int
) -> None:
    number = propose(on)
    sha = github_merge(on, number)
    options = (f"--depth={depth}",) if depth else ()
    checkout = clone(on, tmp_path / "checkout", *options, ref=sha)
    checkout.git("checkout", "--quiet", "--detach", sha)
    checkout.write({"left-behind.yaml": "x: 1\n"})
    tip = on.repository.head("main")
    on.repository.commit(files={API: "image: api:2\n"})  # too late for this run
    with local(checkout, event(on, number, sha), on if depth == 1 else None) as trees:
        sides = trees.sides()
        assert (sides.base.commit, sides.merged.commit) == (tip, sha)
        assert (sides.branch, sides.head) == ("main", on.repository.head("topic"))
        assert sides.changed() == (WEB,)
        assert trees.read(sides.base, [WEB])[WEB].data == b"image: ghcr.io/acme/web:v1\n"


def test_depth_one_without_a_token_says_what_to_do(on: Stage, tmp_path: Path) -> None:
    number = propose(on)
    sha = github_merge(on, number)
    checkout = clone(on, tmp_path / "checkout", "--depth=1", ref=sha)
    checkout.git("checkout", "--quiet", "--detach", sha)
    with (
        local(checkout, event(on, number, sha), None) as trees,
        pytest.raises(UsageError, match="not in the checkout") as caught,
    ):
        trees.sides()
    assert "fetch-depth: 2" in caught.value.fix


def heads(on: Stage, tmp_path: Path, *options: str) -> Checked:
    """The head branch itself checked out (its files only in a clone in full), and a newer base."""
    on.repository.commit(branch="topic", files={"more.yaml": "a: 1\n"})
    on.repository.commit(files={API: "image: api:2\n"})
    ref = "+refs/heads/topic:refs/remotes/origin/topic"
    if not options:
        ref = "+refs/heads/*:refs/remotes/origin/*"
    checkout = clone(on, tmp_path / "checkout", *options, ref=ref)
    # A checkout without contents fetches them now, with the same rights.
    checkout.git(*account(on), "checkout", "--quiet", "-b", "topic", "origin/topic")
    return checkout


def check_heads(on: Stage, sides: Sides) -> None:
    assert sides.changed() == (WEB, "more.yaml")
    assert sides.base.commit == on.repository.head("main")
    assert sides.head == on.repository.head("topic")
    assert sides.merged.files[API].blob == blob_id(b"image: api:2\n")


def test_the_head_branch_in_full(on: Stage, tmp_path: Path) -> None:
    number = propose(on)
    checkout = heads(on, tmp_path)
    with local(checkout, event(on, number, "0" * 40), None) as trees:
        check_heads(on, trees.sides())


@pytest.mark.parametrize("options", [("--depth=1",), ("--depth=2",), ("--filter=blob:none",)])
def test_a_head_branch_that_lacks_history_or_content_is_made_up_for(
    on: Stage, tmp_path: Path, options: tuple[str, ...]
) -> None:
    number = propose(on)
    checkout = heads(on, tmp_path, *options)
    before = checkout.everything()
    with local(checkout, event(on, number, "0" * 40), on) as trees:
        sides = trees.sides()
        check_heads(on, sides)
        read = trees.read(sides.merged, [API, WEB])
        assert {path: file.data for path, file in read.items()} == {
            API: b"image: api:2\n",
            WEB: b"image: web:2\n",
        }
    assert checkout.everything() == before


def test_a_shallow_head_branch_without_a_token_says_what_to_do(on: Stage, tmp_path: Path) -> None:
    number = propose(on)
    checkout = heads(on, tmp_path, "--depth=1")
    tip = str(on.repository.head("main"))
    with (
        local(checkout, event(on, number, "0" * 40), None) as trees,
        pytest.raises(UsageError, match="no branch `main`") as caught,
    ):
        trees.sides()
    assert "fetch-depth: 0" in caught.value.fix
    shallow = clone(on, tmp_path / "both", "--depth=1", ref=f"{tip}:refs/remotes/origin/main topic")
    shallow.git("checkout", "--quiet", "--detach", str(on.repository.head("topic")))
    with (
        local(shallow, event(on, number, "0" * 40), None) as trees,
        pytest.raises(UsageError, match="too shallow") as caught,
    ):
        trees.sides()
    assert "fetch-depth: 0" in caught.value.fix


def test_a_persons_unpushed_work_in_a_shallow_clone_says_what_to_do(
    on: Stage, tmp_path: Path
) -> None:
    checkout = heads(on, tmp_path, "--depth=1")
    checkout.write({"new.yaml": "a: 1\n"})
    with (
        local(checkout, Job(), on, base="main") as trees,
        pytest.raises(UsageError, match="too shallow") as caught,
    ):
        trees.sides()
    assert "--unshallow" in caught.value.fix


def test_a_merge_group_is_compared_with_what_it_is_built_on(on: Stage, tmp_path: Path) -> None:
    queue = "gh-readonly-queue/main/pr-1-x"
    first = on.repository.commit(branch=queue, files={API: "image: api:2\n"})
    second = on.repository.commit(branch=queue, files={WEB: "image: web:2\n"})
    group = {"base_sha": first, "head_sha": second, "base_ref": "refs/heads/main"}
    job = Job(in_actions=True, event_name="merge_group", sha=second, event={"merge_group": group})
    checkout = clone(on, tmp_path / "checkout", "--depth=1", ref=second)
    checkout.git("checkout", "--quiet", "--detach", second)
    with local(checkout, job, on) as trees:
        sides = trees.sides()
        assert sides.changed() == (WEB,)
        assert (sides.base.commit, sides.merged.commit) == (first, second)
        assert (sides.branch, sides.head) == ("main", second)


def test_content_that_a_partial_clone_lacks_needs_a_server(on: Stage, tmp_path: Path) -> None:
    number = propose(on)
    checkout = heads(on, tmp_path)
    partial = clone(
        on, tmp_path / "partial", "--filter=blob:none", ref="+refs/heads/*:refs/remotes/origin/*"
    )
    partial.git("update-ref", "--no-deref", "HEAD", checkout.git("rev-parse", "HEAD"))
    with local(partial, event(on, number, "0" * 40), None) as trees:
        sides = trees.sides()
        with pytest.raises(UsageError, match="partial clone"):
            trees.read(sides.merged, [WEB])
    with local(partial, event(on, number, "0" * 40), on) as trees:
        sides = trees.sides()
        assert trees.read(sides.merged, [WEB])[WEB].data == b"image: web:2\n"


# --- single commits


def test_commits_by_id_and_the_tip_of_now(on: Stage) -> None:
    first = str(on.repository.head("main"))
    with CommitTrees(target(on), policy=QUICK) as trees:
        assert trees.at().commit == trees.tip() == first
        second = on.repository.commit(files={WEB: "image: web:2\n"})
        tree = trees.at()
        assert tree.commit == second
        assert trees.read(tree, [WEB])[WEB].data == b"image: web:2\n"
        assert trees.read(trees.at(first), [WEB])[WEB].data == b"image: ghcr.io/acme/web:v1\n"
        side = on.repository.commit(branch="side", files={WEB: "image: web:3\n"})
        third = on.repository.commit(files={API: "image: api:2\n"})
        assert trees.is_ancestor(first, second)
        assert trees.is_ancestor(second, second)
        assert trees.is_ancestor(first, third)
        assert not trees.is_ancestor(third, second)
        assert not trees.is_ancestor(side, third)


def test_commits_that_are_not_there(on: Stage) -> None:
    with CommitTrees(target(on), policy=QUICK) as trees:
        with pytest.raises(GitOpsError, match="has not got this commit"):
            trees.at("1" * 40)
        with pytest.raises(GitOpsError, match="has not got this commit"):
            trees.is_ancestor("1" * 40, str(on.repository.head("main")))
    with (
        CommitTrees(target(on), base="mian", policy=QUICK) as trees,
        pytest.raises(UsageError, match="no branch `mian`"),
    ):
        trees.at()
