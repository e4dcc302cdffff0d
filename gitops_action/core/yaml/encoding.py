"""Bytes to text and back, without losing one: byte order marks and UTF-16 included."""

from __future__ import annotations

import codecs

from gitops_action.core.dataclass import dataclass
from gitops_action.core.pattern import pattern
from gitops_action.core.yaml.path import YamlSyntaxError
from gitops_action.errors import Location

MAX_BYTES = 16 * 1024 * 1024
"""Larger files are refused: hand-written YAML ends far below, and time is the user's."""

_MARKS = (
    (codecs.BOM_UTF32_LE, ""),  # before UTF-16 LE, whose mark is its beginning
    (codecs.BOM_UTF32_BE, ""),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What YAML 1.2 calls c-printable (production 1); everything else must be escaped.
_NOT_PRINTABLE = pattern("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """Text, and what it takes to turn it back into the very same bytes."""

    text: str
    mark: bytes
    encoding: str

    def encode(self, text: str) -> bytes:
        """`text` in this file's encoding, without a byte order mark."""
        return text.encode(self.encoding)


def decode(path: str, data: bytes) -> Decoded:
    """Read `data` by its byte order mark, else as UTF-8.

    Raises:
        YamlSyntaxError: too large, not in the encoding it claims, or control characters.
    """
    if len(data) > MAX_BYTES:
        raise YamlSyntaxError(
            "file is too large to be edited",
            cause=f"{len(data)} bytes, the limit is {MAX_BYTES}",
            fix="split the file, or leave it out with `paths`",
            location=Location(file=path),
        )
    mark, encoding = next((m for m in _MARKS if data.startswith(m[0])), (b"", "utf-8"))
    text = _text(path, data[len(mark) :], encoding)
    bad = _NOT_PRINTABLE.search(text)
    if bad:
        raise YamlSyntaxError(
            f"character U+{ord(bad.group()):04X} is not allowed in YAML",
            fix="write it as an escape in double quotes, or save the file as UTF-8 text",
            location=place(path, text, bad.start()),
        )
    return Decoded(text=text, mark=mark, encoding=encoding)


def place(path: str, text: str, index: int) -> Location:
    """The line and column of a code point of `text`."""
    before = text[:index].replace("\r\n", "\n").replace("\r", "\n")
    return Location(file=path, line=before.count("\n") + 1, column=len(before) - before.rfind("\n"))


def join_surrogates(value: str) -> str:
    r"""Read the two escapes by which JSON writes a character beyond the BMP as that character."""
    if any("\ud800" <= character <= "\udfff" for character in value):
        pairs = value.encode("utf-16-le", "surrogatepass")
        return pairs.decode("utf-16-le", "surrogatepass")
    return value


def _text(path: str, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except LookupError:
        cause, line = "it starts with a UTF-32 byte order mark", None
    except UnicodeDecodeError as error:
        cause, line = f"{encoding}: {error.reason}", data[: error.start].count(b"\n") + 1
    raise YamlSyntaxError(
        "file is not text in an encoding YAML knows",
        cause=cause,
        fix="save it as UTF-8",
        location=Location(file=path, line=line),
    )
