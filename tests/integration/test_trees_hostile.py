"""A checkout whose settings, hooks and attributes would run programs: none may run."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from gitops_action.adapters.git import LocalTrees
from gitops_action.adapters.git.checkout import find_checkout
from gitops_action.adapters.git.scratch import ScratchRepository
from gitops_action.core.outcome import Job
from tests.support.checkouts import Checked, new_checkout, run_git

HOOKS = (
    "fsmonitor-watchman",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "reference-transaction",
)
FILES = {
    "web.yaml": "image: web:1\n",
    ".gitattributes": "*.yaml filter=evil diff=evil merge=evil text eol=lf\n",
}


@pytest.fixture
def trap(tmp_path: Path) -> tuple[Path, Path]:
    """A program and the file it leaves behind when it is run."""
    sprung = tmp_path / "sprung"
    program = tmp_path / "trap.sh"
    program.write_text(f'#!/bin/sh\necho "$0 $@" >> {sprung}\nexec cat\n')
    program.chmod(0o755)
    return program, sprung


def plant(git_folder: Path, program: Path) -> None:
    """Settings that name the program wherever a setting can name one."""
    hooks = git_folder / "planted"
    hooks.mkdir()
    for name in HOOKS:
        (hooks / name).symlink_to(program)
    (git_folder / "included").write_text(f"[core]\n\tfsmonitor = {program}\n")
    with (git_folder / "config").open("a") as config:
        config.write(
            f"[include]\n\tpath = {git_folder}/included\n"
            f"[core]\n\tfsmonitor = {program}\n\thooksPath = {hooks}\n\tpager = {program}\n"
            f"\teditor = {program}\n\tsshCommand = {program}\n\taskPass = {program}\n"
            f"\talternateRefsCommand = {program}\n\tgitProxy = {program}\n"
            f'[filter "evil"]\n\tclean = {program} clean\n\tsmudge = {program} smudge\n'
            f"\tprocess = {program} process\n\trequired = true\n"
            f'[diff "evil"]\n\ttextconv = {program} textconv\n\tcommand = {program} diff\n'
            f'[merge "evil"]\n\tdriver = {program} merge\n'
            f"[diff]\n\texternal = {program}\n"
            f"[credential]\n\thelper = !{program}\n"
            f"[gpg]\n\tprogram = {program}\n[commit]\n\tgpgSign = true\n"
            f"[uploadpack]\n\tpackObjectsHook = {program}\n"
            f'[remote "origin"]\n\turl = ext::{program}\n\tuploadpack = {program}\n'
            f"\tpromisor = true\n\tpartialclonefilter = blob:none\n"
            + "".join(
                f"[alias]\n\t{name} = !{program}\n"
                for name in ("add", "status", "ls-tree", "merge-tree", "cat-file", "ls-files")
            )
        )


def look(checkout: Checked) -> tuple[str, ...]:
    with LocalTrees(checkout.root, base="main", job=Job()) as trees:
        sides = trees.sides()
        trees.read(sides.merged, sides.merged.files)
        return sides.changed()


@pytest.fixture
def checkout(tmp_path: Path) -> Checked:
    """A branch and its base that both changed one file, and uncommitted changes on top."""
    made = new_checkout(tmp_path / "checkout", FILES | {"both.yaml": "a: 1\nb: 1\nc: 1\n" * 9})
    made.git("checkout", "--quiet", "-b", "topic")
    made.commit({"both.yaml": "a: 2\n" + "a: 1\nb: 1\nc: 1\n" * 9})
    made.git("checkout", "--quiet", "main")
    made.commit({"both.yaml": "a: 1\nb: 1\nc: 1\n" * 9 + "d: 1\n"})
    made.git("checkout", "--quiet", "topic")
    made.write({"web.yaml": "image: web:2\n", "new.yaml": "image: new:1\n"})
    return made


def test_nothing_that_the_settings_name_is_run(checkout: Checked, trap: tuple[Path, Path]) -> None:
    program, sprung = trap
    plant(checkout.root / ".git", program)
    assert look(checkout) == ("both.yaml", "new.yaml", "web.yaml")
    assert not sprung.exists(), sprung.read_text()
    # The trap is a live one: Git itself walks into it.
    with contextlib.suppress(AssertionError):
        run_git("status", folder=checkout.root)
    assert sprung.exists()


def test_nothing_that_a_submodules_settings_name_is_run(
    checkout: Checked, tmp_path: Path, trap: tuple[Path, Path]
) -> None:
    program, sprung = trap
    other = new_checkout(tmp_path / "other", {"a.yaml": "a: 1\n"})
    file = ("-c", "protocol.file.allow=always")
    checkout.git(*file, "submodule", "--quiet", "add", str(other.root), "vendor/other")
    checkout.commit({})
    new_checkout(checkout.root / "nested", {"b.yaml": "b: 1\n"})
    plant(checkout.root / ".git/modules/vendor/other", program)
    plant(checkout.root / "nested/.git", program)
    checkout.write({"vendor/other/a.yaml": "a: 2\n", "more.yaml": "a: 1\n"})
    assert "more.yaml" in look(checkout)
    assert not sprung.exists(), sprung.read_text()
    with contextlib.suppress(AssertionError):
        run_git("status", folder=checkout.root)
    assert sprung.exists()


def test_settings_of_the_environment_are_not_believed(
    checkout: Checked, trap: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    program, sprung = trap
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(program))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(program))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", "/nowhere")
    assert look(checkout) == ("both.yaml", "new.yaml", "web.yaml")
    assert not sprung.exists()


def test_no_program_starts_in_the_checkout_to_learn_its_refs(tmp_path: Path) -> None:
    """Git would run one there, with the checkout's settings, for whatever asks for other refs."""
    checkout = new_checkout(tmp_path / "checkout", {"a.yaml": "a: 1\n"})
    assert checkout.git("rev-list", "--all")
    with ScratchRepository(None, checkout=find_checkout(checkout.root)) as scratch:
        assert scratch.git.check(["rev-list", "--all", "--alternate-refs"]) == b""
