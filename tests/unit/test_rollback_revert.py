"""Undoing a whole change of files: what goes back, what stays, what cannot."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.repository import EXECUTABLE, REGULAR, SYMLINK, RepositoryFile
from gitops_action.core.rollback.revert import RevertedChange, RevertedFiles

Texts = Mapping[str, str]
CONTENT = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["1", "2", "3"]))


def files(texts: Texts, mode: str = REGULAR) -> dict[str, RepositoryFile]:
    return {
        path: RepositoryFile(path=path, data=text.encode(), mode=mode)
        for path, text in texts.items()
    }


def undo(good: Texts, undone: Texts, tip: Texts) -> RevertedFiles:
    """With a merge that takes both sides of a file whose base is `base`, and no other."""
    change = RevertedChange(good=files(good), undone=files(undone), tip=files(tip))

    def merge(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
        return ours + theirs if base == b"base" else None

    return change.reverted(change.paths({*good, *undone, *tip}), merge)


@given(good=CONTENT, undone=CONTENT)
def test_nothing_since_gives_the_very_files(good: Texts, undone: Texts) -> None:
    found = undo(good, undone, undone)
    assert found.conflicts == ()
    now = {path: text.encode() for path, text in undone.items() if path not in found.deletions}
    assert {**now, **found.changes} == {path: text.encode() for path, text in good.items()}


@given(good=CONTENT, undone=CONTENT, tip=CONTENT)
def test_what_the_change_did_not_touch_stays_and_nothing_is_lost(
    good: Texts, undone: Texts, tip: Texts
) -> None:
    found = undo(good, undone, tip)
    touched = {path for path in {*good, *undone} if good.get(path) != undone.get(path)}
    named = {text.split()[0] for text in found.conflicts}
    assert {*found.paths, *found.returned, *named} == touched
    for path in found.changes:
        assert undone.get(path) == tip.get(path)
    for path in found.returned:
        assert good.get(path) == tip.get(path)


def test_a_file_that_was_changed_since_is_merged() -> None:
    found = undo({"a": "good"}, {"a": "base"}, {"a": "later"})
    assert found.changes == {"a": b"latergood"}


@pytest.mark.parametrize(
    ("undone", "tip"), [({"a": "1"}, {}), ({}, {"a": "1"}), ({"a": "1"}, {"a": "2"})]
)
def test_what_does_not_merge_is_named(undone: Texts, tip: Texts) -> None:
    found = undo({"a": "good"}, undone, tip)
    assert found.conflicts == ("a was changed since",)
    assert found.paths == ()


@pytest.mark.parametrize(
    "path", [".github/workflows/deploy.yml", ".github/gitops.yaml", "CODEOWNERS"]
)
def test_what_steers_the_repository_never_goes_back(path: str) -> None:
    assert undo({path: "good"}, {path: "bad"}, {path: "bad"}).paths == ()


@pytest.mark.parametrize("mode", [SYMLINK, EXECUTABLE])
def test_a_mode_that_a_commit_of_bytes_cannot_bring_back_is_named(mode: str) -> None:
    tip = files({"a": "bad"})
    change = RevertedChange(good=files({"a": "good"}, mode), undone=tip, tip=tip)
    found = change.reverted(change.paths({"a"}), lambda *_: None)
    assert found.paths == ()
    assert found.conflicts[0].startswith("a ")
