"""What a change consists of, what its event says, and the words of a conflict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.adapters.git.local_trees import EventChange, proposed
from gitops_action.core.outcome import Job
from gitops_action.core.repository import MergeConflictError, Sides, Tree, TreeFile
from gitops_action.errors import ConflictError

FILES = st.dictionaries(
    st.sampled_from("abcdef"),
    st.builds(
        TreeFile, mode=st.sampled_from(["100644", "100755"]), blob=st.sampled_from(["1", "2"])
    ),
)


@given(FILES, FILES)
def test_changed_is_what_turns_one_side_into_the_other(
    before: dict[str, TreeFile], after: dict[str, TreeFile]
) -> None:
    sides = Sides(base=Tree(commit="b", files=before), merged=Tree(commit="", files=after))
    changed = sides.changed()
    patched = {path: file for path, file in before.items() if path not in changed}
    patched |= {path: after[path] for path in changed if path in after}
    assert patched == after
    assert all(before.get(path) != after.get(path) for path in changed)
    assert list(changed) == sorted(changed)


def test_a_conflict_names_ten_files_and_counts_the_rest() -> None:
    files = tuple(f"file{number:02}.yaml" for number in range(12))
    error = MergeConflictError(files, base="`main`", head="`topic`")
    assert isinstance(error, ConflictError)
    assert error.files == files
    assert error.title == "`topic` cannot be merged into `main`"
    assert error.cause.splitlines()[:2] == ["both changed:", "`file00.yaml`"]
    assert error.cause.endswith("\n`file09.yaml`\nand 2 more")
    assert "more" not in MergeConflictError(files[:1], base="`main`", head="`topic`").cause


@pytest.mark.parametrize(
    ("name", "event", "expected"),
    [
        (
            "pull_request",
            {"pull_request": {"number": 7, "head": {"sha": "abc"}, "base": {"ref": "release"}}},
            EventChange(branch="release", head="abc", number=7),
        ),
        (
            "merge_group",
            {"merge_group": {"base_ref": "refs/heads/main", "base_sha": "b", "head_sha": "h"}},
            EventChange(branch="main", base="b", head="h"),
        ),
        ("push", {"repository": {"default_branch": "trunk"}}, EventChange(branch="trunk")),
        ("pull_request", {"pull_request": {"number": "7", "head": None, "base": 3}}, EventChange()),
        ("", {}, EventChange()),
    ],
)
def test_what_an_event_proposes(name: str, event: dict[str, object], expected: EventChange) -> None:
    assert proposed(Job(event_name=name, event=event)) == expected
