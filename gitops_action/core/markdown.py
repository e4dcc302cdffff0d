"""Untrusted text in GitHub Markdown: shown as it is, and able to do nothing.

It stands in code spans, where GitHub neither links, nor pings, nor closes, and where no HTML or
Markdown is read (GitHub Flavored Markdown specification, 6.3 Code spans).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from html import escape as html_escape
from unicodedata import combining
from urllib.parse import quote, urlsplit

from gitops_action.core.pattern import pattern
from gitops_action.errors import GitOpsError

# Untrusted text in plain text that GitHub reads: titles, commit messages, trailers.

# What GitHub documents under "Autolinked references and URLs" and "Mentioning people and teams":
# @name not preceded by a word character, #1, owner/name#1, GH-1, addresses of issues. Also what
# starts HTML, a code span, an entity or the target of a Markdown link.
_ACTIVE = pattern(
    r"[\\#<>`&]|(?<![A-Za-z0-9_])@|(?<=\bGH)-(?=\d)|(?<=:)/(?=/)|(?<=\])\(", re.IGNORECASE
)
_MARKS = 3
"""Marks that a letter may carry; Vietnamese and Hebrew take as many."""
_WRITTEN = pattern(r"\\u([0-9a-f]{4})|\\U([0-9a-f]{8})")


def escape(text: str) -> str:
    """One line of text that GitHub acts on in no way; letters and most punctuation stay."""
    defused = _ACTIVE.sub(lambda found: escaped(found[0]), text)
    if defused.isprintable():
        return defused
    return "".join(letter if letter.isprintable() else escaped(letter) for letter in defused)


def escaped(letter: str) -> str:
    r"""A character by its number: `\u0023`."""
    number = ord(letter)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"  # noqa: PLR2004 - 4 digits


def readable(text: str) -> str:
    """The text that `inert` was given. Other text comes back as it is."""

    def letter(found: re.Match[str]) -> str:
        number = int(found[1] or found[2], 16)
        return chr(number) if number <= 0x10FFFF else found[0]  # noqa: PLR2004 - Unicode's end

    return _WRITTEN.sub(letter, text)


LIMIT = 200
"""Characters of one untrusted text that are shown by default."""

_SPAN = pattern(r"`+")
_WORD = pattern(r"[^\W_]+(?:['\N{RIGHT SINGLE QUOTATION MARK}-][^\W_]+)*")
_PUNCTUATION = "(),.;:!?"
_LIST_ITEM = pattern(r"\d+[.)]+")
_REFERENCE = pattern(r"GH-\d", re.IGNORECASE)
_COMMIT = pattern(r"[0-9a-f]{7,}", re.IGNORECASE)
_TOKEN = pattern(r" |`[^`]+`|[^ `]+|`+")
_URL_SAFE = "/:?&=%#.,~+@!$;*-_"
_TALKS = pattern(r"/(issues|pull|pulls|discussions)(/|$)", re.IGNORECASE)


def shown(text: str, *, limit: int = LIMIT) -> str:
    """One line of the text: spaces folded, what does not print by its number, cut at the limit.

    The limit counts characters of the result, without the mark of the cut.
    """
    folded = " ".join(text.split())
    line = folded
    if not folded.isprintable():
        line = "".join(letter if letter.isprintable() else escaped(letter) for letter in folded)
    return line if len(line) <= limit else f"{line[:limit].rstrip()}…"


def page_text(text: str, *, limit: int) -> str:
    """Untrusted text as a page of ours writes it, before HTML is escaped."""
    return _unstacked(shown(text, limit=limit))


def _unstacked(text: str) -> str:
    """Marks that pile up on a letter by their numbers: on a page they would cover other lines."""
    if text.isascii():
        return text
    found: list[str] = []
    marks = 0
    for letter in text:
        marks = marks + 1 if combining(letter) else 0
        found.append(letter if marks <= _MARKS else escaped(letter))
    return "".join(found)


def code(text: str, *, limit: int = LIMIT) -> str:
    """The text in a code span, with as many backticks around it as it takes."""
    line = shown(text, limit=limit)
    if not line:
        return "(empty)"
    if "`" not in line:
        return f"`{line}`"
    fence = "`" * (max(len(run) for run in _SPAN.findall(line)) + 1)
    pad = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def cell(text: str, *, limit: int = LIMIT) -> str:
    """The text in a code span inside a table's cell, where a pipe would end the cell."""
    return code(text.replace("|", r"\u007c"), limit=limit)


def prose(text: str, *, limit: int = 2_000, span: Callable[[str], str] = code) -> str:
    """A sentence in which words stay words, and everything else stands in code spans.

    Text that is in backticks already stays one code span.
    """
    return _prose(shown(text, limit=limit), span)


@lru_cache(maxsize=1024)
def _prose(line: str, span: Callable[[str], str]) -> str:
    """Remembered: what does not fit is rendered again with fewer rows, of the same texts."""
    pieces: list[str] = []
    for found in _TOKEN.finditer(line):
        piece = _piece(found[0], span)
        if pieces and pieces[-1].endswith("`") and piece.startswith("`"):
            pieces.append(" ")  # two spans side by side would be read as one
        pieces.append(piece)
    return "".join(pieces)


def html(text: str, *, limit: int = LIMIT) -> str:
    """`prose` for inside of an HTML element, where GitHub reads no Markdown: `<code>` for spans.

    In the line of `<summary>` a code span is no code span: its text would be HTML, and could ping.
    """
    return prose(text, limit=limit, span=_html_code)


def _html_code(text: str) -> str:
    return f"<code>{html_escape(text)}</code>"


def _piece(part: str, span: Callable[[str], str]) -> str:
    if part == " ":
        return part
    if len(part) > 1 and part[0] == part[-1] == "`" and part.strip("`"):
        return span(part[1:-1])
    body = part.strip(_PUNCTUATION)
    start = part.index(body) if body else len(part)
    return f"{part[:start]}{_word(body, part[start:], span)}{part[start + len(body) :]}"


def _word(body: str, rest: str, span: Callable[[str], str]) -> str:
    harmless = not body or (
        _WORD.fullmatch(body)
        and not (_LIST_ITEM.fullmatch(rest) or _REFERENCE.search(body) or _COMMIT.fullmatch(body))
    )
    return body if harmless else span(body)


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


# Untrusted text of many lines in Markdown: a fenced code block that nothing in it can close.

_RUN = pattern(r"`+")
_SHORTEST_FENCE = 3
_LINE_LIMIT = 500
"""Characters of a line that are shown."""


def fenced(text: str, *, language: str, lines: int) -> str:
    """The text in a fenced code block.

    A fence closes only by as many backticks as opened it (GitHub Flavored Markdown specification,
    4.5 Fenced code blocks), so that it is made longer than any in the text.

    Args:
        text: shown line by line; what does not print is shown by its number.
        language: trusted; what the block is highlighted as.
        lines: how many lines are shown; how many more there are is written below them.
    """
    every = text.split("\n")
    shown = [_line(line) for line in every[:lines]]
    if hidden := len(every) - len(shown):
        shown.append(f"… and {hidden} more line{'s' * (hidden != 1)}")
    body = "\n".join(shown)
    longest = max((len(run) for run in _RUN.findall(body)), default=0)
    fence = "`" * max(_SHORTEST_FENCE, longest + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def _line(line: str) -> str:
    cut = line if len(line) <= _LINE_LIMIT else f"{line[:_LINE_LIMIT]}…"
    return "".join(
        letter if letter.isprintable() or letter == "\t" else escaped(letter) for letter in cut
    )


# Keeping a text within what GitHub takes: the middle goes, head and trailers stay.

BODY_LIMIT = 65_536 - 256
"""Characters of a pull request's body or a comment, with room for a mark that is added later."""

COMMENT_LIMIT = 60_000
"""Characters of a comment of ours; what does not fit stands in the job summary."""

SUMMARY_LIMIT = 1_048_576
"""Bytes of a step's summary."""

ROWS = 400
"""Rows of one table or list that are tried first."""

_CUT = "\n\n*… shortened: the whole did not fit here.*"


def fitting(render: Callable[[int], str], size: Callable[[str], int], limit: int) -> str:
    """Render with as many rows as fit; with none, the text is cut at the end of a line."""
    rows = ROWS
    while size(text := render(rows)) > limit:
        if rows == 0:
            return cut(text, size, limit)
        rows //= 2
    return text


def cut(text: str, size: Callable[[str], int], limit: int) -> str:
    """The longest start of the text, in whole lines, that fits with the note that it is cut."""
    lines, room = text.split("\n"), limit - size(_CUT)
    kept, used = [], 0
    for line in lines:
        used += size(line) + 1
        if used > room:
            break
        kept.append(line)
    return "\n".join(kept).rstrip() + _CUT


def characters(text: str) -> int:
    """How GitHub's limits in characters count at worst: UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8_bytes(text: str) -> int:
    """Bytes in UTF-8."""
    return len(text.encode("utf-8", "replace"))


def room_beside(block: str, limit: int) -> int:
    """What is left for the text above the trailers.

    Raises:
        GitOpsError: the trailers alone are too long.
    """
    left = limit - characters(block) - 2
    if left < limit // 8:
        raise GitOpsError(
            "There is too much in one change to be described in one pull request",
            cause=f"its trailers alone have {characters(block):,} characters",
            fix="bump fewer images, or set fewer values, at once",
        )
    return left
