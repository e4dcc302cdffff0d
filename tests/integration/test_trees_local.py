"""Both sides of a change in a checkout on disk, as a person at a terminal has it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gitops_action.adapters.git import LocalTrees
from gitops_action.core.outcome import Job
from gitops_action.core.repository import EXECUTABLE, SYMLINK, MergeConflictError, Sides, blob_id
from gitops_action.errors import GitOpsError, UsageError
from tests.support.checkouts import Checked, new_checkout, run_git

FILES = {
    "apps/web.yaml": "image: web:1\nreplicas: 1\n",
    "apps/api.yaml": "image: api:1\n",
    ".gitignore": "*.log\nbuild/\n",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Checked:
    return new_checkout(tmp_path / "checkout", FILES)


def sides(
    checkout: Checked, base: str | None = None, folder: str = ""
) -> tuple[Sides, dict[str, bytes]]:
    """The sides, and what is in the merged files that changed."""
    with LocalTrees(checkout.root / folder, base=base, job=Job()) as trees:
        found = trees.sides()
        files = trees.read(found.merged, found.changed())
        return found, {path: file.data for path, file in files.items()}


def test_a_branch_is_merged_into_the_tip_of_its_base(checkout: Checked) -> None:
    checkout.git("checkout", "--quiet", "-b", "topic")
    head = checkout.commit({"apps/web.yaml": "image: web:2\nreplicas: 1\n"})
    checkout.git("checkout", "--quiet", "main")
    tip = checkout.commit({"apps/api.yaml": "image: api:5\n"})
    checkout.git("checkout", "--quiet", "topic")
    found, changed = sides(checkout)
    assert changed == {"apps/web.yaml": b"image: web:2\nreplicas: 1\n"}
    assert (found.branch, found.base.commit, found.head) == ("main", tip, head)
    assert found.merged.files["apps/api.yaml"].blob == blob_id(b"image: api:5\n")
    assert found.merged.commit == ""
    assert found.notes == ()


def test_renames_are_followed_as_a_merge_does(checkout: Checked) -> None:
    checkout.git("checkout", "--quiet", "-b", "topic")
    checkout.git("mv", "apps/web.yaml", "apps/site.yaml")
    checkout.commit({})
    checkout.git("checkout", "--quiet", "main")
    checkout.commit({"apps/web.yaml": "image: web:9\nreplicas: 1\n"})
    checkout.git("checkout", "--quiet", "topic")
    found, changed = sides(checkout)
    assert found.changed() == ("apps/site.yaml", "apps/web.yaml")
    assert changed == {"apps/site.yaml": b"image: web:9\nreplicas: 1\n"}


def test_uncommitted_files_are_part_of_it_and_ignored_ones_are_not(checkout: Checked) -> None:
    checkout.write(
        {
            "apps/web.yaml": "image: web:2\n",
            "apps/new.yaml": "image: new:1\n",
            "apps/api.yaml": None,
            "run.log": "x",
            "build/out.yaml": "x: 1\n",
            "private.yaml": "x: 1\n",
        }
    )
    (checkout.root / ".git/info/exclude").write_text("private.yaml\n")
    checkout.git("add", "apps/new.yaml")
    found, changed = sides(checkout)
    assert found.changed() == ("apps/api.yaml", "apps/new.yaml", "apps/web.yaml")
    assert changed == {"apps/web.yaml": b"image: web:2\n", "apps/new.yaml": b"image: new:1\n"}
    assert found.notes == (
        "Uncommitted changes are part of this:\napps/api.yaml\napps/new.yaml\napps/web.yaml",
    )


def test_in_a_job_only_the_commit_counts(checkout: Checked) -> None:
    checkout.write({"left-behind.yaml": "x: 1\n", "apps/web.yaml": "image: web:2\n"})
    with LocalTrees(checkout.root, base="main", job=Job(in_actions=True)) as trees:
        assert trees.sides().changed() == ()


def test_a_touched_file_has_not_changed(checkout: Checked) -> None:
    place = checkout.root / "apps/web.yaml"
    os.utime(place, ns=(1, 1))
    found, _ = sides(checkout)
    assert (found.changed(), found.notes) == ((), ())


def test_file_modes_are_not_evaluated_on_a_disk_that_has_none(checkout: Checked) -> None:
    checkout.git("config", "core.fileMode", "false")
    (checkout.root / "apps/web.yaml").chmod(0o755)
    assert sides(checkout)[0].changed() == ()
    checkout.git("config", "core.fileMode", "true")
    found, _ = sides(checkout)
    assert found.merged.files["apps/web.yaml"].mode == EXECUTABLE


def test_nothing_in_the_checkout_is_written(checkout: Checked) -> None:
    checkout.git("checkout", "--quiet", "-b", "topic")
    checkout.commit({"apps/web.yaml": "image: web:2\n"})
    checkout.write({"apps/new.yaml": "a: 1\n"})
    os.utime(checkout.root / "apps/api.yaml", ns=(1, 1))
    before = checkout.everything()
    assert sides(checkout)[0].changed() == ("apps/new.yaml", "apps/web.yaml")
    assert checkout.everything() == before


def test_a_conflict_names_the_files(checkout: Checked) -> None:
    checkout.git("checkout", "--quiet", "-b", "topic")
    checkout.commit({"apps/web.yaml": "image: web:2\n", "apps/api.yaml": "image: api:2\n"})
    checkout.git("checkout", "--quiet", "main")
    checkout.commit({"apps/web.yaml": "image: web:3\n", "apps/api.yaml": "image: api:3\n"})
    checkout.git("checkout", "--quiet", "topic")
    with pytest.raises(MergeConflictError, match="`topic` cannot be merged into `main`") as caught:
        sides(checkout)
    assert caught.value.files == ("apps/api.yaml", "apps/web.yaml")
    assert "git" not in caught.value.title


def test_a_detached_head_and_a_subfolder(checkout: Checked) -> None:
    checkout.git("checkout", "--quiet", "--detach")
    head = checkout.commit({"apps/web.yaml": "image: web:2\n"})
    found, _ = sides(checkout, folder="apps")
    assert (found.head, found.changed()) == (head, ("apps/web.yaml",))


def test_a_linked_worktree(checkout: Checked, tmp_path: Path) -> None:
    checkout.git("worktree", "add", "--quiet", "-b", "topic", tmp_path / "linked")
    linked = Checked(root=tmp_path / "linked")
    linked.commit({"apps/web.yaml": "image: web:2\n"})
    linked.write({"more.yaml": "a: 1\n"})
    assert sides(linked)[0].changed() == ("apps/web.yaml", "more.yaml")


@pytest.mark.parametrize("packed", [False, True])
def test_a_base_that_is_only_at_the_remote(
    checkout: Checked, tmp_path: Path, *, packed: bool
) -> None:
    checkout.git("branch", "release")
    run_git("clone", "--quiet", f"file://{checkout.root}", tmp_path / "clone")
    clone = Checked(root=tmp_path / "clone")
    clone.commit({"apps/web.yaml": "image: web:2\n"})
    if packed:
        clone.git("pack-refs", "--all")
    found, _ = sides(clone, base="release")
    assert (found.branch, found.changed()) == ("release", ("apps/web.yaml",))
    found, _ = sides(clone)
    assert (found.branch, found.changed()) == ("main", ("apps/web.yaml",))


def test_the_remotes_branch_is_believed_before_a_stale_one(
    checkout: Checked, tmp_path: Path
) -> None:
    run_git("clone", "--quiet", f"file://{checkout.root}", tmp_path / "clone")
    clone = Checked(root=tmp_path / "clone")
    tip = checkout.commit({"apps/api.yaml": "image: api:2\n"})
    clone.git("fetch", "--quiet")
    clone.git("checkout", "--quiet", "-b", "topic", "origin/main")
    clone.commit({"apps/web.yaml": "image: web:2\n"})
    found, _ = sides(clone)
    assert (found.base.commit, found.changed()) == (tip, ("apps/web.yaml",))
    assert found.notes == (
        "Compared with refs/remotes/origin/main, not with the local branch main",
    )


def test_a_base_nobody_knows(checkout: Checked) -> None:
    with pytest.raises(UsageError, match="no branch `mian`") as caught:
        sides(checkout, base="mian")
    assert "git fetch origin mian" in caught.value.fix
    checkout.git("branch", "--move", "main", "trunk")
    with pytest.raises(UsageError, match="not known") as caught:
        sides(checkout)
    assert "`base`" in caught.value.fix
    assert sides(checkout, base="trunk")[0].changed() == ()


@pytest.mark.parametrize("base", ["../../etc/passwd", "-x", "a b", "main..topic", "HEAD~1", "/"])
def test_a_base_that_is_no_branch_name(checkout: Checked, base: str) -> None:
    with pytest.raises(UsageError, match="no branch"):
        sides(checkout, base=base)


def test_folders_that_are_no_checkout(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "empty").mkdir()
    run_git("init", "--quiet", tmp_path / "empty")
    run_git("init", "--quiet", "--bare", tmp_path / "bare")
    for name in ("plain", "bare"):
        with pytest.raises(UsageError, match=r"not a Git repository.*read it from GitHub"):
            LocalTrees(tmp_path / name, base=None, job=Job())
    with pytest.raises(UsageError, match="not a folder"):
        LocalTrees(tmp_path / "missing", base=None, job=Job())
    with (
        LocalTrees(tmp_path / "empty", base=None, job=Job()) as trees,
        pytest.raises(UsageError, match="no commit"),
    ):
        trees.sides()


def test_a_merge_in_progress_is_told(checkout: Checked) -> None:
    checkout.git("checkout", "--quiet", "-b", "topic")
    checkout.commit({"apps/web.yaml": "image: web:2\n"})
    checkout.git("checkout", "--quiet", "main")
    checkout.commit({"apps/web.yaml": "image: web:3\n"})
    with pytest.raises(AssertionError):
        checkout.git("merge", "topic")
    with pytest.raises(UsageError, match="merge is in progress") as caught:
        sides(checkout)
    assert caught.value.cause == "`apps/web.yaml`"


def test_unrelated_histories_are_told(checkout: Checked) -> None:
    checkout.git("checkout", "--quiet", "--orphan", "topic")
    checkout.commit({"apps/web.yaml": "image: web:2\n"})
    with pytest.raises(GitOpsError, match="no history in common"):
        sides(checkout)


def test_submodules_and_nested_repositories_are_passed_over_and_said(
    checkout: Checked, tmp_path: Path
) -> None:
    other = new_checkout(tmp_path / "other", {"a.yaml": "a: 1\n"})
    allowed = ("-c", "protocol.file.allow=always")
    checkout.git(*allowed, "submodule", "--quiet", "add", str(other.root), "vendor/other")
    checkout.commit({})
    new_checkout(checkout.root / "nested", {"b.yaml": "b: 1\n"})
    checkout.write({"vendor/other/a.yaml": "a: 2\n", "apps/web.yaml": "image: web:2\n"})
    found, _ = sides(checkout)
    assert found.changed() == ("apps/web.yaml",)
    assert "vendor/other" not in found.merged.files
    assert found.notes == (
        "Uncommitted changes are part of this:\napps/web.yaml",
        "The repository inside, nested/, is not looked at",
        "The submodule vendor/other is not looked at",
    )


def test_links_odd_names_and_large_files(checkout: Checked) -> None:
    odd = os.fsdecode(b'apps/\xff odd\n"name".yaml')
    checkout.git("checkout", "--quiet", "-b", "topic")
    large = b"x" * (26 * 1024 * 1024)
    checkout.commit({odd: "a: 1\n", "data.bin": large, "huge.yaml": large})
    (checkout.root / "link.yaml").symlink_to("/etc/passwd")
    (checkout.root / "new\tlink").symlink_to("apps")
    with LocalTrees(checkout.root, base="main", job=Job()) as trees:
        found = trees.sides()
        assert set(found.changed()) == {odd, "data.bin", "huge.yaml", "link.yaml", "new\tlink"}
        files = trees.read(found.merged, [odd, "data.bin", "link.yaml", "new\tlink", "absent"])
        assert set(files) == {odd, "link.yaml", "new\tlink"}
        assert (files["link.yaml"].mode, files["link.yaml"].data) == (SYMLINK, b"/etc/passwd")
        with pytest.raises(GitOpsError, match=r"huge\.yaml is too large"):
            trees.read(found.merged, ["huge.yaml"])


def test_a_checkout_of_an_older_git_is_told(
    checkout: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = tmp_path / "bin/git"
    shim.parent.mkdir()
    real = run_git("--exec-path")
    shim.write_text(
        "#!/bin/sh\nfor word; do case $word in merge-tree)\n"
        "echo 'usage: git merge-tree <base-tree> <branch1> <branch2>' >&2; exit 129;; esac; done\n"
        f'exec {real}/git "$@"\n'
    )
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(GitOpsError, match="too old") as caught:
        sides(checkout)
    assert "2.38" in caught.value.fix


def test_a_head_that_moves_meanwhile_is_seen(checkout: Checked) -> None:
    with LocalTrees(checkout.root, base="main", job=Job()) as trees:
        before = trees.sides()
        assert not trees.moved()
        checkout.commit({"apps/web.yaml": "image: web:2\n"})
        assert trees.moved()
        assert trees.sides() is before


def test_one_change_among_twenty_thousand_names_is_found(tmp_path: Path) -> None:
    """How long it takes is measured by `benchmarks/bench_trees.py`."""
    files = {f"apps/a{i // 20}/f{i}.yaml": f"a: {i}\n" for i in range(20_000)}
    checkout = new_checkout(tmp_path / "large", files)
    checkout.git("checkout", "--quiet", "-b", "topic")
    checkout.commit({"apps/a0/f0.yaml": "a: new\n"})
    found, _ = sides(checkout)
    assert found.changed() == ("apps/a0/f0.yaml",)


def test_a_checkout_of_another_user_is_read(checkout: Checked) -> None:
    checkout.git("checkout", "--quiet", "-b", "topic")
    checkout.commit({"apps/web.yaml": "image: web:2\n"})
    if os.geteuid():
        pytest.skip("only root can give files to another user")
    for place in (checkout.root, *checkout.root.rglob("*")):
        os.chown(place, 4711, 4711, follow_symlinks=False)
    assert sides(checkout)[0].changed() == ("apps/web.yaml",)
