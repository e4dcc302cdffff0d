"""Untrusted text in GitHub Markdown: shown as it is, and able to do nothing.

It stands in code spans, where GitHub neither links, nor pings, nor closes, and where no HTML or
Markdown is read (GitHub Flavored Markdown specification, 6.3 Code spans).
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from gitops_action.core.inert import escaped

LIMIT = 200
"""Characters of one untrusted text that are shown unless told otherwise."""

_SPAN = re.compile(r"`+")
_WORD = re.compile(r"\(?[^\W_]+(?:['\N{RIGHT SINGLE QUOTATION MARK}-][^\W_]+)*[,.;:!?)]*")
_LIST_ITEM = re.compile(r"\d+[.)]+")
_REFERENCE = re.compile(r"GH-\d", re.IGNORECASE)
_COMMIT = re.compile(r"[0-9a-f]{7,}", re.IGNORECASE)
_TOKEN = re.compile(r"`([^`]+)`|([^\s`]+(?:`(?=[^\s`]*(?:\s|$)))?|`+)")
_URL_SAFE = "/:?&=%#.,~+@!$;*-_"
_TALKS = re.compile(r"/(issues|pull|pulls|discussions)(/|$)", re.IGNORECASE)


def shown(text: str, *, limit: int = LIMIT) -> str:
    """One line of the text: spaces folded, what does not print by its number, cut at the limit.

    The limit counts characters of the result, without the mark of the cut.
    """
    folded = " ".join(text.split())
    line = "".join(letter if letter.isprintable() else escaped(letter) for letter in folded)
    return line if len(line) <= limit else f"{line[:limit].rstrip()}…"


def code(text: str, *, limit: int = LIMIT) -> str:
    """The text in a code span, with as many backticks around it as it takes."""
    line = shown(text, limit=limit)
    if not line:
        return "(empty)"
    longest = max((len(run) for run in _SPAN.findall(line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def cell(text: str, *, limit: int = LIMIT) -> str:
    """The text in a code span inside a table's cell, where a pipe would end the cell."""
    return code(text.replace("|", escaped("|")), limit=limit)


def prose(text: str, *, limit: int = 2_000) -> str:
    """A sentence in which words stay words, and everything else stands in code spans.

    Text that is in backticks already stays one code span.
    """
    return " ".join(_token(found) for found in _TOKEN.finditer(shown(text, limit=limit)))


def _token(found: re.Match[str]) -> str:
    if found[1]:
        return code(found[1])
    word = found[2]
    bare = word.strip("(,.;:!?)")
    harmless = _WORD.fullmatch(word) and not (
        _LIST_ITEM.fullmatch(word) or _REFERENCE.search(word) or _COMMIT.fullmatch(bare)
    )
    return word if harmless else code(word)


def link(text: str, url: str) -> str:
    """A link with the text in a code span; only the text when the address is not to be linked.

    Addresses of issues and pull requests are not linked: GitHub would note it over there.
    """
    target = linkable(url)
    return f"[{code(text)}]({target})" if target else code(text)


def linkable(url: str) -> str:
    """The address, safe to stand in a Markdown link; empty when it must not be linked."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    sound = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    if not sound or not url.isprintable() or _TALKS.search(parts.path):
        return ""
    return quote(url, safe=_URL_SAFE)
