"""Trailers: written and read as Git does, and nothing untrusted among them."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_action.core.markdown import escape, readable
from gitops_action.core.trailers import format_trailers, parse_trailers, with_trailers
from tests.support.nasty import NASTY
from tests.support.properties import examples

SIMPLE = [
    ("GitOps-Action", "bump"),
    ("GitOps-Image", "ghcr.io/acme/web:v1.2.3@sha256:abc"),
    ("GitOps-Image", "ghcr.io/acme/api:v2"),
    ("GitOps-Source", "acme/web@0123456789abcdef0123456789abcdef01234567"),
]


def git_reads(message: str) -> list[tuple[str, str]]:
    done = subprocess.run(
        ["git", "interpret-trailers", "--parse", "--no-divider"],
        input=message.encode(),
        capture_output=True,
        check=True,
    )
    lines = done.stdout.decode().splitlines()
    return [(key, value.strip()) for key, _, value in (line.partition(":") for line in lines)]


def flat(message: str) -> list[tuple[str, str]]:
    parsed = parse_trailers(message)
    return sorted((key, value) for key, values in parsed.items() for value in values)


def test_they_are_the_last_paragraph() -> None:
    message = with_trailers("Bump web\n\nBody.\n\n\n", SIMPLE)
    assert message == (
        "Bump web\n\nBody.\n\nGitOps-Action: bump\n"
        "GitOps-Image: ghcr.io/acme/web:v1.2.3@sha256:abc\nGitOps-Image: ghcr.io/acme/api:v2\n"
        "GitOps-Source: acme/web@0123456789abcdef0123456789abcdef01234567\n"
    )
    assert git_reads(message) == SIMPLE
    assert parse_trailers(message)["GitOps-Image"] == (SIMPLE[1][1], SIMPLE[2][1])


MESSAGES = [
    "Title\n\nGitOps-Action: bump",
    "GitOps-Action: bump",
    "GitOps-Action: bump\n\n",
    "\nGitOps-Action: bump\n",
    "Title\n\nGitOps-Action: bump\n\nA last paragraph.\n",
    "Title\n\nGitOps-Action: bump\nnot a trailer\n",
    "Title\n\nGitOps-Action: bump\nSigned-off-by: A <a@b>\nnot a trailer\n",
    "Title\n\nSigned-off-by: A <a@b>\none\ntwo\nthree\nfour\n",
    "Title\n\nGitOps-Image: a\n  b\n\tc\nGitOps-Action : bump\n",
    "Title\n\ntext\n  folded\nGitOps-Action: bump\nSigned-off-by: A <a@b>\n",
    "Title\n\n  folded\nGitOps-Action: bump\n",
    "Title\n\n# comment\nGitOps-Action: bump\n",
    "Title\n\nGitOps-Action: bump\n# comment\n more\nGitOps-Image: x\n",
    "Title\n\n(cherry picked from commit abc)\nGitOps-Action: bump\n",
    "Title\n   \nGitOps-Action: bump\n   \n",
    "Title\n\nGit Ops: bump\n",
    "Title\n\nGitOps-Action:\n",
    "Title\n\nGitOps-Action: bump\n---\nGitOps-Image: x\n",
    "Title\nGitOps-Action: bump\n",
    "",
]


@pytest.mark.parametrize("message", MESSAGES)
def test_they_are_found_where_git_finds_them(message: str) -> None:
    assert flat(message) == sorted(git_reads(message))


_LINES = st.sampled_from(
    [
        "",
        "  ",
        "GitOps-Action: bump",
        "some words",
        " folded",
        "\tfolded: x",
        "Signed-off-by: A <a@b>",
        "Key : v",
        "Key:",
        ": v",
        "(cherry picked from commit a)",
    ]
)


@settings(max_examples=examples(60))
@given(st.lists(_LINES, max_size=10).map("\n".join))
def test_any_message_is_read_as_git_reads_it(message: str) -> None:
    assert flat(message) == sorted(git_reads(message))


def test_windows_line_ends_and_other_case_are_read() -> None:
    message = "Title\r\n\r\ngitops-action: bump\r\nGITOPS-IMAGE: nginx:1\r\n"
    assert parse_trailers(message) == {"GitOps-Action": ("bump",), "GitOps-Image": ("nginx:1",)}


@given(st.lists(st.tuples(st.sampled_from(["GitOps-Set", "GitOps-Image"]), st.text())))
def test_whatever_is_written_is_read_back(trailers: list[tuple[str, str]]) -> None:
    parsed = parse_trailers(with_trailers("Title", trailers))
    for key in ("GitOps-Set", "GitOps-Image"):
        expected = tuple(v.strip() for k, v in trailers if k == key and v.strip())
        assert parsed.get(key, ()) == expected


@pytest.mark.parametrize("text", NASTY)
def test_a_nasty_value_stays_one_trailer(text: str) -> None:
    block = format_trailers([("GitOps-Set", f"a.yaml: x = {text}")])
    assert block.isprintable()
    assert git_reads(f"Title\n\n{block}\n")[0][0] == "GitOps-Set"
    assert len(git_reads(f"Title\n\n{block}\n")) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fixes #1", "fixes \\u00231"),
        ("@alice and a@b", "\\u0040alice and a@b"),
        ("GH-12 gh-1 xGH-1", "GH\\u002d12 gh\\u002d1 xGH-1"),
        ("https://x/issues/1", "https:\\u002f/x/issues/1"),
        ("a[0](b)", "a[0]\\u0028b)"),
        ("C:\\x", "C:\\u005cx"),
        ("\u202ea\n", "\\u202ea\\u000a"),
        ("repo:v1@sha256:ab", "repo:v1@sha256:ab"),
    ],
)
def test_what_github_would_act_on_is_written_by_number(text: str, expected: str) -> None:
    assert escape(text) == expected
    assert readable(expected) == text


@given(st.text())
def test_escape_text_is_one_line_and_comes_back(text: str) -> None:
    assert escape(text).isprintable()
    assert readable(escape(text)) == text


def test_a_key_is_letters_digits_and_dashes() -> None:
    with pytest.raises(ValueError, match="not a key"):
        format_trailers([("Git Ops", "x")])


def test_a_sign_off_keeps_its_address() -> None:
    address = "1+bot[bot]@users.noreply.github.com"
    person = ("Signed-off-by", f"bot[bot] <{address}>")
    assert format_trailers([person]) == f"Signed-off-by: bot[bot] <{address}>"
    assert "<script>" not in format_trailers([("Signed-off-by", "<script> <a@b.c>")])
