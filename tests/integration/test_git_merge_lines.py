"""Three versions of a file, merged by Git."""

from __future__ import annotations

import pytest

from gitops_action.adapters.git.merge_lines import merge_lines

LINES = [f"line {number}\n" for number in range(9)]


def text(**changed: str) -> bytes:
    return "".join(changed.get(f"l{n}", line) for n, line in enumerate(LINES)).encode()


def test_changes_of_different_lines_are_both_kept() -> None:
    merged = merge_lines(text(), text(l0="ours\n"), text(l8="theirs\n"))
    assert merged == text(l0="ours\n", l8="theirs\n")


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        (text(), text(l4="ours\n"), text(l4="theirs\n")),
        (b"a\0b", b"a\0c", b"d\0b"),
        (b"a\0b", b"a\0b", b"d\0b"),
    ],
    ids=["same line", "binary", "binary, changed once"],
)
def test_what_does_not_merge_is_no_file(base: bytes, ours: bytes, theirs: bytes) -> None:
    assert merge_lines(base, ours, theirs) is None


def test_bytes_that_are_no_text_and_line_ends_stay() -> None:
    base = b"\xff\r\n1\r\n2\r\n3\r\n4"
    assert merge_lines(base, base.replace(b"4", b"5"), base.replace(b"\xff", b"\xfe")) == (
        b"\xfe\r\n1\r\n2\r\n3\r\n5"
    )
