from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.yaml.path import Match, YamlPath, parse_path
from gitops_action.errors import UsageError


@pytest.mark.parametrize(
    ("text", "document", "steps"),
    [
        ("image.tag", 0, ("image", "tag")),
        ('"dotted.key"', 0, ("dotted.key",)),
        ("'it''s'.x", 0, ("it's", "x")),
        ('a."b\\"c"[0][1]', 0, ("a", 'b"c', 0, 1)),
        (
            "[[1]]spec.images[name=web].newTag",
            1,
            ("spec", "images", Match(field="name", value="web"), "newTag"),
        ),
        ("[[2]].a", 2, ("a",)),
        ("[3].a", 0, (3, "a")),
        ("c[name=a.io/web:v1].x", 0, ("c", Match(field="name", value="a.io/web:v1"), "x")),
        ('c["a.b"="x]"]', 0, ("c", Match(field="a.b", value="x]"))),
        ("app.kubernetes/name", 0, ("app", "kubernetes/name")),
    ],
)  # fmt: skip
def test_paths_read_as_set_writes_them(text: str, document: int, steps: tuple[object, ...]) -> None:
    assert (parse_path(text).document, parse_path(text).steps) == (document, steps)


@pytest.mark.parametrize(
    ("text", "column"),
    [("", 1), ("a.", 3), (".a", 1), ("a..b", 3), ("a[", 3), ("a[x]", 4), ("a[x=", 5), ("a[x=y", 6),
     ('"a', 1), ("a b", 2), ("a]", 2), ("[[1]]", 6), ("[-1]", 4), ("a=b", 2)],
)  # fmt: skip
def test_errors_point_at_the_character(text: str, column: int) -> None:
    with pytest.raises(UsageError) as error:
        parse_path(text)
    assert f"column {column}:" in error.value.cause
    assert error.value.cause.endswith("\n" + " " * (column - 1) + "^")


keys = st.text(min_size=1, max_size=8)
steps = st.one_of(
    keys,
    st.integers(0, 999),
    st.builds(lambda f, v: Match(field=f, value=v), keys, keys),
)


@given(st.integers(0, 9), st.lists(steps, min_size=1, max_size=4))
def test_a_written_path_reads_back(document: int, found: list[str | int | Match]) -> None:
    path = YamlPath(document=document, steps=tuple(found))
    assert parse_path(str(path)) == path
