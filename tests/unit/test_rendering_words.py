"""Patterns of `.sourceignore`, kustomize's words in the repository's terms, values over values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from gitops_action.core.rendering.failures import kustomize_error
from gitops_action.core.rendering.helm_releases import merge_values
from gitops_action.core.rendering.layout import DEFAULTS, Ignore

BY_DEFAULT = GitIgnoreSpec.from_lines(DEFAULTS)
NAMES = st.sampled_from(
    [one.strip("*/") for one in DEFAULTS]
    + [".git", "a", "a.jpg", "a.tar.gz", "a.jpg.yaml", "A.JPG", "a.sops.yaml", "*.jpg", "app"]
)


@pytest.mark.parametrize(
    ("patterns", "path", "left_out"),
    [
        ("", "a.yaml", False),
        ("", ".github/workflows/a.yaml", True),
        ("", "deep/.github/a.yaml", True),
        ("", ".git/config", True),
        ("", "deep/photo.PNG", False),
        ("", "deep/photo.png", True),
        ("", "deep/.sops.yaml", True),
        ("*.tmp", "deep/a.tmp", True),
        ("/top.yaml", "top.yaml", True),
        ("/top.yaml", "deep/top.yaml", False),
        ("deep/a.yaml", "deep/a.yaml", True),
        ("deep/a.yaml", "more/deep/a.yaml", False),
        ("**/a.yaml", "more/deep/a.yaml", True),
        ("deep/**", "deep/er/a.yaml", True),
        ("a/**/z.yaml", "a/z.yaml", True),
        ("a/**/z.yaml", "a/b/c/z.yaml", True),
        ("folder/", "folder/a.yaml", True),
        ("folder/", "deep/folder/a.yaml", True),
        ("a.yaml/", "a.yaml", False),
        ("*.yaml\n!keep.yaml", "keep.yaml", False),
        ("*.yaml\n!keep.yaml", "other.yaml", True),
        ("# *.yaml", "a.yaml", False),
        ("a?.yaml", "ab.yaml", True),
        ("[a-c].yaml", "b.yaml", True),
        ("[!a-c].yaml", "b.yaml", False),
        ("\\!odd.yaml", "!odd.yaml", True),
        ("*.yaml", "deep/er/a.yaml", True),
    ],
)
def test_patterns(patterns: str, path: str, left_out: bool) -> None:
    assert Ignore({".sourceignore": patterns.encode()}).leaves_out(path) is left_out


@given(st.lists(NAMES, min_size=1, max_size=4).map("/".join))
def test_what_is_left_out_by_default_is_what_its_patterns_say(path: str) -> None:
    assert Ignore({}).leaves_out(path) is BY_DEFAULT.match_file(path)


def test_patterns_of_a_folder_count_below_it_and_have_the_last_word() -> None:
    ignore = Ignore({".sourceignore": b"*.yaml\n", "env/.sourceignore": b"!a.yaml\n/b.txt\n"})
    assert not ignore.leaves_out("env/deep/a.yaml")
    assert ignore.leaves_out("a.yaml")
    assert ignore.leaves_out("env/b.txt")
    assert not ignore.leaves_out("b.txt")


def test_the_innermost_file_is_blamed() -> None:
    message = (
        "error: accumulating resources: accumulation err='accumulating resources from '../base': "
        "'base' must resolve to a file': recursed accumulation of path 'base': accumulating "
        "resources: accumulation err='accumulating resources from 'y.yaml': missing metadata.name "
        "in object {{v1 Foo}}': must build at directory: 'base/y.yaml': file is not directory"
    )
    error = kustomize_error("env", message, "env/kustomization.yaml")
    assert str(error.location) == "base/y.yaml"
    assert error.cause == "missing metadata.name in object {{v1 Foo}}"


def test_the_kustomization_is_blamed_where_no_file_is_named() -> None:
    error = kustomize_error("env", "error: invalid Kustomization: x\n", "env/kustomization.yaml")
    assert str(error.location) == "env/kustomization.yaml"
    assert len(kustomize_error("env", "x" * 9999, "k").cause) < 1000


def test_values_over_values() -> None:
    below = {"a": {"x": 1, "y": 2}, "b": [1], "c": 1}
    above = {"a": {"y": 3}, "b": [2], "c": None, "d": {"z": 4}}
    assert merge_values(below, above) == {
        "a": {"x": 1, "y": 3},
        "b": [2],
        "c": None,
        "d": {"z": 4},
    }
