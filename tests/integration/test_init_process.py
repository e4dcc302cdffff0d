"""`init` as a person and as a script call it: nothing is overwritten, nothing half written."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from gitops_action.adapters import scaffold
from gitops_action.adapters.scaffold import FolderTarget
from gitops_action.errors import GitOpsError
from testbed.preloaded import run_command_line
from tests.support.scaffold import TEMPLATES, combinations, files_of, installed_from

ROOT = TEMPLATES.parent
ENVIRONMENT = ("init", "environment", "--owner", "acme")
PROGRAM = [sys.executable, "-m", "gitops_action"]


def environ(folder: Path) -> dict[str, str]:
    record = installed_from(folder.parent / f"{folder.name}-site")
    path = f"{record}:{ROOT}"
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": path}


def gitops(
    folder: Path, *arguments: str, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return run_command_line(arguments, {**environ(folder), **(variables or {})}, folder)


def content(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git/" not in f"{path}/".replace(".github/", "")
    }


def typed(folder: Path, answers: list[str], *arguments: str) -> tuple[int, str]:
    """Run it at a terminal and type an answer at each prompt."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execve(  # noqa: S606 - a terminal of its own, which no other call gives
            sys.executable, [*PROGRAM, *arguments], environ(folder)
        )
    seen, waiting, deadline = "", list(answers), time.monotonic() + 30
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            part = os.read(terminal, 65536).decode(errors="replace")
        except OSError:  # Linux' way to say that the other side has closed
            break
        if not part:
            break
        seen += part
        if waiting and part.rstrip(" ").endswith(":"):
            os.write(terminal, f"{waiting.pop(0)}".encode())
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen


def test_an_empty_folder_is_filled_and_another_gets_a_new_one(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    subprocess.run(["git", "init", "-q", here], check=True)
    done = gitops(here, *ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    first = content(here)
    assert "environments/production/web/kustomization.yaml" in first
    done = gitops(here, *ENVIRONMENT, "--name", "second")
    assert done.returncode == 0, done.stderr
    assert "to ./second" in done.stderr
    assert set(content(here / "second")) == set(first)
    assert oct((here / "second").stat().st_mode)[-3:] == "755"


def test_what_is_in_the_way_is_listed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "notes.txt").write_text("mine too")
    before = content(tmp_path)
    done = gitops(tmp_path, *ENVIRONMENT, "--output", ".")
    assert done.returncode == 1
    assert "1 file is in the way" in done.stderr
    assert "README.md" in done.stderr
    assert content(tmp_path) == before
    done = gitops(tmp_path, *ENVIRONMENT, "--output", ".", "--force")
    assert done.returncode == 0, done.stderr
    after = content(tmp_path)
    assert after["README.md"].startswith("# acme/environment\n")
    assert after["notes.txt"] == "mine too"


def test_a_dry_run_lists_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    shown = gitops(tmp_path, *ENVIRONMENT, "--output", ".", "--dry-run").stderr
    assert "README.md  (is there already)" in shown
    assert "What is left to do" in shown
    assert "gh repo create acme/environment" in shown
    done = gitops(tmp_path, *ENVIRONMENT, "--output", ".", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)["data"]
    assert data["existing"] == ["README.md"]
    assert ".github/gitops.yaml" in data["files"]
    assert content(tmp_path) == {"README.md": "mine"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("init",), "one of environment, application, workflow"),
        (("init", "enviroment"), "environment"),
        (("init", "environment"), "--owner is missing"),
        ((*ENVIRONMENT, "--environments", "staging,On"), "'On' cannot be"),
        ((*ENVIRONMENT, "--applications", "../../etc"), "cannot be an application's name"),
        ((*ENVIRONMENT, "--applications", "web=${{ github.token }}"), "cannot be an image's"),
        ((*ENVIRONMENT, "--library", "x"), "is not OWNER/NAME"),
        ((*ENVIRONMENT, "--library", "OWNER/gitops-action"), "`OWNER` stands for an account"),
    ],
)
def test_mistakes_are_told_and_nothing_is_written(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    done = gitops(tmp_path, *arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "folder"
    elsewhere.mkdir()
    folder.mkdir()
    (folder / ".github").symlink_to(elsewhere)
    for flags in ((), ("--force",)):
        done = gitops(tmp_path, *ENVIRONMENT, "--output", "folder", *flags)
        assert done.returncode == 1, done.stderr
        assert "nothing was written" in done.stderr
    assert list(elsewhere.iterdir()) == []
    assert [path.name for path in folder.iterdir()] == [".github"]


def test_a_file_where_the_folder_has_to_be(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    done = gitops(tmp_path, *ENVIRONMENT, "--output", "taken", "--force")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert content(tmp_path) == {"taken": "mine"}


@pytest.mark.parametrize("new", [True, False])
def test_a_disk_that_fails_half_way_leaves_nothing(
    new: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    if not new:
        folder.mkdir()
        (folder / "README.md").write_text("mine")
    before = content(tmp_path)
    files = {**files_of(combinations()[0]), "z" * 300: "a name that no file system takes"}
    with pytest.raises(GitOpsError) as caught:
        FolderTarget(tmp_path).write("folder", files)
    assert "File name too long" in caught.value.cause
    assert content(tmp_path) == before
    assert folder.exists() is not new
    assert not list(tmp_path.rglob(f"{scaffold._PREFIX}*"))  # noqa: SLF001 - what it leaves behind
    monkeypatch.undo()


def test_a_person_is_asked_and_may_err(tmp_path: Path) -> None:
    answers = ["acme\n", "\n", "Staging\n", "live\n", "shop\n", "\n", "pull\n", "push\n", "@bob\n"]
    code, seen = typed(tmp_path, answers, "init", "environment")
    assert code == 0, seen
    assert "Account or organisation on GitHub:" in seen
    assert "take `staging`" in seen
    assert "write one of flux, push" in seen
    files = content(tmp_path)
    assert "environments/live/shop/kustomization.yaml" in files
    assert "engine: push" in files[".github/gitops.yaml"]
    assert "@bob" in files[".github/CODEOWNERS"]


def test_flags_are_not_asked_for_again(tmp_path: Path) -> None:
    flags = ("--owner", "acme", "--name", "web", "--image", "ghcr.io/acme/web")
    answers = ["\n", "dispatch\n"]
    code, seen = typed(tmp_path, answers, "init", "workflow", *flags)
    assert code == 0, seen
    assert "Account" not in seen
    assert "mode: dispatch" in content(tmp_path)[".github/workflows/release.yml"]


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["ctrl-c", "ctrl-d"])
def test_whoever_gives_up_gets_nothing(key: str, tmp_path: Path) -> None:
    code, seen = typed(tmp_path, ["acme\n", key], "init", "environment")
    assert code == 130, seen
    assert "Traceback" not in seen
    assert list(tmp_path.iterdir()) == []


def test_a_job_is_never_asked(tmp_path: Path) -> None:
    done = gitops(tmp_path, "init", "application", variables={"GITHUB_ACTIONS": "true"})
    assert done.returncode == 2
    assert "--owner is missing" in done.stderr


@pytest.mark.parametrize(
    ("address", "library"),
    [
        ("https://github.com/octo-org/gitops-action", "octo-org/gitops-action"),
        ("https://github.example.com/a/b.git", "a/b"),
        ("ssh://git@github.com/octo-org/actions.git", "octo-org/actions"),
        ("git@github.com:octo-org/actions.git", "octo-org/actions"),
    ],
)
def test_the_library_is_where_this_program_came_from(
    address: str, library: str, tmp_path: Path
) -> None:
    site = installed_from(tmp_path / "site", address)
    variables = {"PYTHONPATH": f"{site}:{ROOT}"}
    here = tmp_path / "here"
    here.mkdir()
    done = gitops(here, *ENVIRONMENT, variables=variables)
    assert done.returncode == 0, done.stderr
    workflow = content(here)[".github/workflows/validate.yml"]
    assert f"uses: {library}/.github/workflows/validate.yml@v1" in workflow


@pytest.mark.parametrize(
    "address", ["", "file:///home/me/x", "https://github.com/OWNER/gitops-action"]
)
def test_where_the_library_is_unknown_it_is_asked_for(address: str, tmp_path: Path) -> None:
    site = installed_from(tmp_path / "site", address)
    here = tmp_path / "here"
    here.mkdir()
    done = gitops(here, *ENVIRONMENT, variables={"PYTHONPATH": f"{site}:{ROOT}"})
    assert done.returncode == 2, done.stderr
    assert "--library" in done.stderr or "`OWNER` stands for" in done.stderr
    assert content(here) == {}
