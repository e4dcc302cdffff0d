"""Untrusted text in Markdown is shown as it is and does nothing."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from gitops_action.core import markdown as rules
from gitops_action.core.markdown import cell, code, html, link, linkable, prose, shown
from tests.support.nasty import NASTY

TEXT = st.text() | st.text(alphabet="`|\\ @#<>[]()!*_-\n\r\tGHa1.:/$&{}\u202e\x00")
GFM = MarkdownIt("gfm-like", {"linkify": False})

ACTIVE = re.compile(r"(?<![A-Za-z0-9_])@\w|#\d|GH-\d|://|<\w|!\[|\]\(", re.IGNORECASE)


def inline(markdown: str) -> list[Token]:
    (token,) = [token for token in GFM.parse(markdown) if token.type == "inline"]
    return token.children or []


@given(TEXT)
def test_a_code_span_is_one_span_with_exactly_what_is_shown(text: str) -> None:
    line = shown(text)
    if not line:
        assert code(text) == "(empty)"
        return
    (token,) = inline(f"see {code(text)} there")[1:-1]
    assert (token.type, token.content) == ("code_inline", line)


@given(TEXT)
def test_a_cell_stays_in_its_cell(text: str) -> None:
    table = f"| a | b |\n|---|---|\n| {cell(text)} | {cell('next')} |\n"
    cells = [token.children or [] for token in GFM.parse(table) if token.type == "inline"]
    assert len(cells) == 4
    assert [token.type for token in cells[3]] == ["code_inline"]
    assert {token.type for token in cells[2]} <= {"code_inline", "text"}


@given(TEXT)
def test_prose_is_words_and_code_spans_only(text: str) -> None:
    markdown = f"Note: {prose(text)}"
    tokens = GFM.parse(markdown)
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    inner = tokens[1].children or []
    assert {token.type for token in inner} <= {"text", "code_inline"}
    assert not [t.content for t in inner if t.type == "text" and ACTIVE.search(t.content)]


@given(TEXT)
def test_what_is_shown_is_one_printable_line(text: str) -> None:
    line = shown(text)
    assert line.isprintable()
    assert len(line) <= 201


@pytest.mark.parametrize("text", NASTY)
def test_nasty_texts_leave_nothing_outside_of_spans(text: str) -> None:
    for markdown in (code(text), cell(text), prose(text), link(text, "https://example.org/a")):
        outside = "".join(
            token.content for token in inline(f"see {markdown}") if token.type == "text"
        )
        assert not ACTIVE.search(outside), markdown
        assert "\n" not in markdown


def test_a_limit_cuts_and_says_so() -> None:
    assert code("abc def ghi", limit=8) == "`abc def…`"
    assert shown("abc", limit=3) == "abc"


def test_control_and_direction_characters_are_shown_by_number() -> None:
    assert code("a\u202eb\x1b") == "`a\\u202eb\\u001b`"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ghcr.io/acme/web:v1 could not be read.", "`ghcr.io/acme/web:v1` could not be read."),
        ("set `allow-downgrade: true` if meant", "set `allow-downgrade: true` if meant"),
        ("it's fine (really), isn't it?", "it's fine (really), isn't it?"),
        ("fixes #1 for @alice", "fixes `#1` for `@alice`"),
        ("it is a/b:v1: bad", "it is `a/b:v1`: bad"),
        ("(`x`) and (#1), a`b`c", "(`x`) and (`#1`), a`b`c"),
        ("#1`x`", "`#1` `x`"),
        ("closes GH-12", "closes `GH-12`"),
        ("1. first", "`1`. first"),
        ("deadbeef1 was reverted", "`deadbeef1` was reverted"),
        ("a ` b", "a `` ` `` b"),
    ],
)
def test_prose_reads_well(text: str, expected: str) -> None:
    assert prose(text) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://github.com/a/b/compare/1...2", "https://github.com/a/b/compare/1...2"),
        ("https://example.org/a) [x](y", "https://example.org/a%29%20%5Bx%5D%28y"),
        ("https://example.org/a(b)", "https://example.org/a%28b%29"),
        ("javascript:alert(1)", ""),
        ("https://user:pass@example.org/", ""),
        ("https://github.com/acme/web/issues/3", ""),
        ("https://github.com/acme/web/pull/3#x", ""),
        ("https://[broken", ""),
        ("//example.org", ""),
        ("", ""),
    ],
)
def test_only_harmless_addresses_are_linked(url: str, expected: str) -> None:
    assert linkable(url) == expected


def test_a_pull_request_is_linked_only_where_nobody_notices() -> None:
    url = "https://github.com/acme/env/pull/3"
    assert link("#3", url) == "`#3`"
    assert link("#3", url, quiet=True) == f"[`#3`]({url})"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2 objects differ", "2 objects differ"),
        ("Deployment web/web", "Deployment <code>web/web</code>"),
        ("`production`: @acme/sre", "<code>production</code>: <code>@acme/sre</code>"),
        ("<img src=x>", "<code>&lt;img</code> <code>src=x&gt;</code>"),
        ('a"b</code>', "<code>a&quot;b&lt;/code&gt;</code>"),
    ],
)
def test_inside_of_html_spans_are_elements(text: str, shown: str) -> None:
    assert html(text) == shown


def test_no_view_writes_markdown_into_the_line_of_a_summary() -> None:
    """GitHub reads what stands there as HTML: a code span would not be one."""
    views = Path(rules.__file__).parents[1] / "views"
    lines = [line for view in views.glob("*.j2") for line in view.read_text().splitlines()]
    summaries = [line for line in lines if "<summary>" in line]
    assert len(summaries) >= 4
    assert not [
        line for line in summaries if re.search(r"\| (code|prose|cell|link|listed)\b", line)
    ]
