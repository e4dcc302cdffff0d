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
_WORD = re.compile(r"[^\W_]+(?:['\N{RIGHT SINGLE QUOTATION MARK}-][^\W_]+)*")
_PUNCTUATION = "(),.;:!?"
_LIST_ITEM = re.compile(r"\d+[.)]+")
_REFERENCE = re.compile(r"GH-\d", re.IGNORECASE)
_COMMIT = re.compile(r"[0-9a-f]{7,}", re.IGNORECASE)
_TOKEN = re.compile(r" |`[^`]+`|[^ `]+|`+")
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
    pieces: list[str] = []
    for found in _TOKEN.finditer(shown(text, limit=limit)):
        piece = _piece(found[0])
        if pieces and pieces[-1].endswith("`") and piece.startswith("`"):
            pieces.append(" ")  # two spans side by side would be read as one
        pieces.append(piece)
    return "".join(pieces)


def _piece(part: str) -> str:
    if part == " ":
        return part
    if len(part) > 1 and part[0] == part[-1] == "`" and part.strip("`"):
        return code(part[1:-1])
    body = part.strip(_PUNCTUATION)
    start = part.index(body) if body else len(part)
    return f"{part[:start]}{_word(body, part[start:])}{part[start + len(body) :]}"


def _word(body: str, rest: str) -> str:
    harmless = not body or (
        _WORD.fullmatch(body)
        and not (_LIST_ITEM.fullmatch(rest) or _REFERENCE.search(body) or _COMMIT.fullmatch(body))
    )
    return body if harmless else code(body)


def link(text: str, url: str, *, quiet: bool = False) -> str:
    """A link with the text in a code span; only the text when the address is not to be linked.

    Addresses of issues and pull requests are linked only where that is `quiet`, as in a job's
    summary: from comments and bodies GitHub would note it over there.
    """
    target = linkable(url, quiet=quiet)
    return f"[{code(text)}]({target})" if target else code(text)


def linkable(url: str, *, quiet: bool = False) -> str:
    """The address, safe to stand in a Markdown link; empty when it must not be linked."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    sound = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    if not sound or not url.isprintable() or (_TALKS.search(parts.path) and not quiet):
        return ""
    return quote(url, safe=_URL_SAFE)
