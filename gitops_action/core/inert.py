r"""Untrusted text in plain text that GitHub reads: titles, commit messages, trailers.

GitHub looks for mentions, references and closing keywords in all of these, and there are no code
spans to hide in. What it would act on, and what does not print, is written as `\uXXXX` here.
`readable` turns it back.
"""

from __future__ import annotations

import re

# What GitHub documents under "Autolinked references and URLs" and "Mentioning people and teams":
# @name not preceded by a word character, #1, owner/name#1, GH-1, addresses of issues. Also what
# starts HTML, a code span, an entity or the target of a Markdown link.
_ACTIVE = re.compile(
    r"[\\#<>`&]|(?<![A-Za-z0-9_])@|(?<=\bGH)-(?=\d)|(?<=:)/(?=/)|(?<=\])\(", re.IGNORECASE
)
_WRITTEN = re.compile(r"\\u([0-9a-f]{4})|\\U([0-9a-f]{8})")


def inert(text: str) -> str:
    """One line of text that GitHub acts on in no way; letters and most punctuation stay."""
    defused = _ACTIVE.sub(lambda found: escaped(found[0]), text)
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
