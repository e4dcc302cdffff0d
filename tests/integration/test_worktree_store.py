"""A checkout on disk: read without following links, written all or nothing."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from gitops_action.adapters.worktree import WorktreeStore
from gitops_action.core.pull_requests import ABSENT, NewCommit
from gitops_action.errors import ConflictError, GitOpsError, UsageError

CONFIG = ".github/gitops.yaml"
HOLD = ".github/gitops/holds/staging-web-v1.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a checkout in it, and a secret beside the checkout."""
    (tmp_path / "secret.yaml").write_text("image: web\n")
    folder = tmp_path / "checkout"
    for path, text in {
        "apps/web/a.yaml": "image: web:v1\n",
        "apps/api/b.yaml": "image: api:v1\r\n",
        CONFIG: "version: 1\n",
        HOLD: "environment: staging\n",
        ".git/HEAD": "ref: refs/heads/main\n",
        ".git/refs/heads/main": "a" * 40 + "\n",
        ".git/config": "image: web\n",
        "run.sh": "#!/bin/sh\n",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())
    (folder / "run.sh").chmod(0o755)
    (folder / "out").symlink_to("../secret.yaml")
    (folder / "outdir").symlink_to("..")
    (folder / "loop").symlink_to(".")
    return folder


def every(_path: str, _data: bytes) -> bool:
    return True


def edits(changes: dict[str, bytes]) -> NewCommit:
    return NewCommit(branch="main", expected=ABSENT, parent="", changes=changes, message="m")


def all_bytes(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_everything_but_git_is_read_and_links_stay_links(root: Path) -> None:
    snapshot = WorktreeStore(root).read(commit="", folders=(), keep=every)
    assert {path: file.mode for path, file in snapshot.files.items()} == {
        "apps/web/a.yaml": "100644",
        "apps/api/b.yaml": "100644",
        CONFIG: "100644",
        HOLD: "100644",
        "run.sh": "100755",
        "out": "120000",
        "outdir": "120000",
        "loop": "120000",
    }
    assert snapshot.files["out"].data == b"../secret.yaml"
    assert snapshot.files["apps/api/b.yaml"].data == b"image: api:v1\r\n"


def test_folders_and_keep_limit_what_is_held(root: Path) -> None:
    store = WorktreeStore(root)
    found = store.read(commit="", folders=("apps/web", "none"), keep=every)
    assert set(found.files) == {"apps/web/a.yaml"}
    found = store.read(commit="", folders=("apps",), keep=lambda _path, data: b"api" in data)
    assert set(found.files) == {"apps/api/b.yaml"}


@pytest.mark.parametrize("folder", ["..", "apps/../..", ".git", "outdir", "loop/apps"])
def test_a_folder_that_leads_out_is_refused(root: Path, folder: str) -> None:
    with pytest.raises(UsageError):
        WorktreeStore(root).read(commit="", folders=(folder,), keep=every)


def test_a_large_file_is_noted(root: Path) -> None:
    (root / "big.yaml").write_bytes(b"x" * (6 * 1024 * 1024))
    (root / "big.bin").write_bytes(b"x" * (6 * 1024 * 1024))
    snapshot = WorktreeStore(root).read(commit="", folders=(), keep=every)
    assert "big.yaml" not in snapshot.files
    assert [note.split()[0] for note in snapshot.notes] == ["big.yaml"]


def test_the_tip_has_settings_branch_and_commit(root: Path) -> None:
    tip = WorktreeStore(root).tip(base=None, config=CONFIG)
    assert set(tip.settings) == {CONFIG, HOLD}
    assert (tip.branch, tip.commit) == ("main", "a" * 40)
    with pytest.raises(UsageError, match="not on branch `next`"):
        WorktreeStore(root).tip(base="next", config=CONFIG)


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("detach", [False, True])
def test_the_commit_is_gits(tmp_path: Path, *, pack: bool, detach: bool) -> None:
    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "-q", "-b", "trunk")
    git("commit", "-q", "--allow-empty", "-m", "x")
    if pack:
        git("pack-refs", "--all")
    if detach:
        git("checkout", "-q", "--detach")
    tip = WorktreeStore(tmp_path).tip(base=None, config=CONFIG)
    assert (tip.branch, tip.commit) == ("" if detach else "trunk", git("rev-parse", "HEAD"))


def test_a_folder_without_git_has_no_commit(tmp_path: Path) -> None:
    tip = WorktreeStore(tmp_path).tip(base=None, config=CONFIG)
    assert (tip.branch, tip.commit, tip.settings) == ("", "", {})


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="working-directory"):
        WorktreeStore(tmp_path / "none")


def test_files_are_replaced_with_mode_and_owner_kept(root: Path) -> None:
    store = WorktreeStore(root)
    store.read(commit="", folders=(), keep=every)
    if os.geteuid() == 0:
        os.chown(root / "run.sh", 12345, 12346)
    before = (root / "run.sh").stat()
    assert store.write(edits({"run.sh": b"new\n", "new/deep/c.yaml": b"a: 1\n"})) == ""
    after = (root / "run.sh").stat()
    assert (root / "run.sh").read_bytes() == b"new\n"
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )
    assert (root / "new/deep/c.yaml").read_bytes() == b"a: 1\n"
    assert not list(root.rglob(".gitops-action-*"))


@pytest.mark.parametrize(
    "path",
    [
        "../secret.yaml",
        "/etc/passwd",
        ".git/config",
        "out",
        "outdir/secret.yaml",
        "loop/run.sh",
        "apps",
        "",
    ],
)
def test_paths_that_lead_out_are_refused_and_nothing_is_written(root: Path, path: str) -> None:
    before = all_bytes(root.parent)
    with pytest.raises(UsageError):
        WorktreeStore(root).write(edits({"apps/web/a.yaml": b"x", path: b"x"}))
    assert all_bytes(root.parent) == before


def test_a_failure_halfway_restores_everything(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = all_bytes(root)
    folders = sorted(str(path) for path in root.rglob("*"))
    swap = Path.replace
    swapped: list[Path] = []

    def fail_at_the_last(source: Path, target: Path) -> Path:
        if target.name == "run.sh":
            raise OSError(28, "No space left on device", str(target))
        swapped.append(target)
        return swap(source, target)

    monkeypatch.setattr(Path, "replace", fail_at_the_last)
    changes = {"apps/web/a.yaml": b"x", "new/deep/c.yaml": b"x", "run.sh": b"x"}
    with pytest.raises(GitOpsError, match="No space left") as caught:
        WorktreeStore(root).write(edits(changes))
    assert not isinstance(caught.value, UsageError)
    assert root / "apps/web/a.yaml" in swapped
    assert all_bytes(root) == before
    assert sorted(str(path) for path in root.rglob("*")) == folders


def test_a_file_that_changed_meanwhile_is_a_conflict(root: Path) -> None:
    store = WorktreeStore(root)
    snapshot = store.read(commit="", folders=(), keep=every)
    (root / "apps/web/a.yaml").write_text("theirs\n")
    before = all_bytes(root)
    with pytest.raises(ConflictError):
        store.write(edits({"run.sh": b"x", "apps/web/a.yaml": b"ours"}))
    assert all_bytes(root) == before
    fresh = store.confirm(snapshot=snapshot, paths=["apps/web/a.yaml", "none.yaml"])
    assert fresh.files["apps/web/a.yaml"].data == b"theirs\n"
    store.write(edits({"apps/web/a.yaml": b"ours"}))
    assert (root / "apps/web/a.yaml").read_bytes() == b"ours"


def test_twenty_thousand_files_take_seconds(tmp_path: Path) -> None:
    for number in range(200):
        folder = tmp_path / f"app-{number}"
        folder.mkdir()
        for index in range(100):
            (folder / f"{index}.yaml").write_bytes(b"image: acme/app:v1\n" * 10)
    started = time.perf_counter()
    snapshot = WorktreeStore(tmp_path).read(
        commit="", folders=(), keep=lambda path, data: path.startswith("app-7/") and b"acme" in data
    )
    assert len(snapshot.files) == 100
    assert time.perf_counter() - started < 10


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with what Git tracks, would track, ignores, and what is another repository's."""
    folder = tmp_path / "real"
    for path in (
        "tracked.yaml",
        "apps/tracked-although-ignored.local.yaml",
        "apps/ignored.local.yaml",
        "apps/excluded.yaml",
        "vendor/chart/values.yaml",
        "new.yaml",
        "nested/values.yaml",
        "module/values.yaml",
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("image: web:v1\n")
    (folder / ".gitignore").write_text("*.local.yaml\nvendor/\n")
    for other in ("nested", "module"):
        git(folder / other, "init", "-q")
        git(folder / other, "add", ".")
        git(folder / other, "commit", "-qm", "x")
    git(folder, "init", "-q")
    (folder / ".git/info/exclude").write_text("excluded.yaml\n")
    git(folder, "add", "tracked.yaml", ".gitignore", "module")
    git(folder, "add", "-f", "apps/tracked-although-ignored.local.yaml")
    git(folder, "commit", "-qm", "x")
    return folder


def test_what_git_tracks_or_would_track_is_read(checkout: Path) -> None:
    """Ignored files, submodules and other repositories are left alone."""
    found = WorktreeStore(checkout).read(commit="", folders=(), keep=every)
    assert set(found.files) == {
        ".gitignore",
        "tracked.yaml",
        "apps/tracked-although-ignored.local.yaml",
        "new.yaml",
    }
    assert found.notes == ("the repository inside, nested, is left alone",)


def test_a_folder_of_a_checkout_and_a_linked_worktree_are_read_alike(
    checkout: Path, tmp_path: Path
) -> None:
    found = WorktreeStore(checkout / "apps").read(commit="", folders=(), keep=every)
    assert set(found.files) == {"tracked-although-ignored.local.yaml"}
    git(checkout, "worktree", "add", "-q", str(tmp_path / "linked"))
    (tmp_path / "linked/x.local.yaml").write_text("image: web:v1\n")
    found = WorktreeStore(tmp_path / "linked").read(commit="", folders=(), keep=every)
    assert "x.local.yaml" not in found.files
    assert "tracked.yaml" in found.files


def test_no_program_that_the_repositorys_settings_name_is_started(
    checkout: Path, tmp_path: Path
) -> None:
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    program.chmod(0o755)
    git(checkout, "config", "core.fsmonitor", str(program))
    WorktreeStore(checkout).read(commit="", folders=(), keep=every)
    assert not (tmp_path / "started").exists()


def test_a_folder_that_git_ignores_as_a_whole_is_read_all_the_same(checkout: Path) -> None:
    found = WorktreeStore(checkout / "vendor").read(commit="", folders=(), keep=every)
    assert set(found.files) == {"chart/values.yaml"}
