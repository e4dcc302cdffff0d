"""Words that docs/style.md leaves behind stay out of docs, help, errors and comments."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORDS = re.compile(
    r"\b(told|tells|whoever|somebody|anew|mends?|nobody's|not to be had|lacks its)\b", re.IGNORECASE
)
PROSE = ("docs/*.md", "*.md", "gitops_action/views/*", "templates/**/*.y*ml", ".github/**/*.yml")
QUOTES_THEM = {"docs/style.md", "CHANGELOG.md"}
# Placeholders hold names of variables.
_CODE = re.compile(r"\{[^{}]*\}|`[^`]*`")


def _pages() -> Iterator[str]:
    for pattern in PROSE:
        yield from (str(path.relative_to(ROOT)) for path in sorted(ROOT.glob(pattern)))


def _found(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if WORDS.search(_CODE.sub("", line))]


def _texts(path: Path) -> str:
    """The comments and strings of a module, docstrings among them."""
    with path.open("rb") as file:
        return "\n".join(
            token.string
            for token in tokenize.tokenize(file.readline)
            if token.type in {tokenize.STRING, tokenize.COMMENT}
        )


@pytest.mark.parametrize("page", sorted(set(_pages()) - QUOTES_THEM))
def test_pages_are_in_plain_english(page: str) -> None:
    assert _found((ROOT / page).read_text(encoding="utf-8")) == []


def test_our_source_is_in_plain_english() -> None:
    found = {
        str(path.relative_to(ROOT)): lines
        for path in sorted((ROOT / "gitops_action").rglob("*.py"))
        if WORDS.search(path.read_text(encoding="utf-8")) and (lines := _found(_texts(path)))
    }
    assert found == {}
