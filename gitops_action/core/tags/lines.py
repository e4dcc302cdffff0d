"""Lines of comma-separated `name=value` fields, the grammar of `tags`, `flavor` and `images`."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from gitops_action.errors import UsageError

_COMMENT = re.compile(r"(?:^|\s)#")


def text_lines(text: str) -> list[str]:
    """The lines that say something: neither empty nor a comment."""
    stripped = (line.strip() for line in text.splitlines())
    return [line for line in stripped if line and not line.startswith("#")]


def csv_lines(text: str, source: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each line that is no comment, with its fields: name (lower case, or empty) and value.

    Quotes go around a whole field (RFC 4180): `"pattern=v1{1,2}"`. A `#` after a blank begins
    a comment.

    Raises:
        UsageError: a quote is where none may be; names the input `source`.
    """
    for full in text_lines(text):
        line = _without_comment(full)
        try:
            fields = next(csv.reader([line], skipinitialspace=True, strict=True))
        except csv.Error as error:
            raise _malformed(source, line, str(error)) from None
        yield line, [_field(source, line, field) for field in fields]


def _without_comment(line: str) -> str:
    """A `#` in quotes belongs to its field."""
    for found in _COMMENT.finditer(line):
        if line[: found.start()].count('"') % 2 == 0:
            return line[: found.start()].rstrip()
    return line


def _field(source: str, line: str, field: str) -> tuple[str, str]:
    """Split at the first `=`; one that comes first is part of a value."""
    name, equals, value = field.partition("=")
    if not equals or not name.strip():
        return "", field.strip()
    value = value.strip()
    if value[:1] == '"' == value[-1:]:
        raise _malformed(source, line, "the quotes are around the value alone")
    return name.strip().lower(), value


def _malformed(source: str, line: str, cause: str) -> UsageError:
    fix = 'put quotes around a whole field: `type=match,"pattern=v(\\d{1,2})"`'
    return UsageError(f"`{source}`: {line!r} is malformed", cause=cause, fix=fix)
