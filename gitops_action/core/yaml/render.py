"""Writing a value so that every YAML parser reads exactly that string."""

from __future__ import annotations

import json
from collections.abc import Sequence

from gitops_action.core.dataclass import dataclass
from gitops_action.core.pattern import pattern
from gitops_action.core.yaml.nodes import Scalar, Style, YamlFile
from gitops_action.core.yaml.path import EditProofError, EditRefusedError
from gitops_action.core.yaml.scalars import Kind, kinds, needs_quotes
from gitops_action.errors import Location

# Characters that stand for themselves on one line in every parser: printable, no line break of
# YAML 1.1 or 1.2, no byte order mark.
_SPECIAL = pattern(
    "[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_FIRST = pattern(r"[,\[\]{}#&*!|>'\"%@`\s]|[-?:](?:$|[\s,\[\]{}])|---|\.\.\.")
_INSIDE = pattern(r":(?:$|\s)|\s#")
_INSIDE_FLOW = pattern(r"[,\[\]{}?]|:(?:$|\s)|\s#")


def render(value: str, style: Style, *, flow: bool, text: bool = True) -> str:
    """`value` in `style`, or the nearest style that can hold it.

    Args:
        value: what it has to read as.
        style: plain, single or double; plain becomes double where plain would not do.
        flow: whether it will stand inside `[ ]` or `{ }`.
        text: whether it has to read as a string (else it may read as a number and so on).
    """
    if style == "plain" and plain_safe(value, flow=flow) and not (text and needs_quotes(value)):
        return value
    if style == "single" and not _SPECIAL.search(value):
        return "'" + value.replace("'", "''") + "'"
    return double(value)


def plain_safe(value: str, *, flow: bool) -> bool:
    """Whether `value`, written without quotes, is scanned as one scalar with this very text."""
    if not value or value != value.strip() or _SPECIAL.search(value) or _FIRST.match(value):
        return False
    return not (_INSIDE_FLOW if flow else _INSIDE).search(value)


def single_line(value: str) -> bool:
    """Whether `value` can be the one line of a block scalar."""
    return bool(value) and value[0] != " " and not _SPECIAL.search(value)


def double(value: str) -> str:
    """`value` in double quotes; the escapes are those that JSON and YAML share."""
    quoted = json.dumps(value, ensure_ascii=False)
    return _SPECIAL.sub(lambda match: f"\\u{ord(match.group()):04x}", quoted)


# Replacing spans of bytes, and nothing else.


@dataclass(frozen=True, kw_only=True)
class Span:
    """Code points `start` to `end` of the text, and what takes their place."""

    start: int
    end: int
    text: str


def splice(file: YamlFile, data: bytes, spans: Sequence[Span]) -> bytes:
    """`data` with `spans` replaced; everything between them is copied byte by byte.

    Raises:
        EditProofError: spans overlap, or the text does not stand where the bytes are.
    """
    decoded = file.decoded
    taken, position, out = len(decoded.mark), 0, [decoded.mark]
    for span in sorted(spans, key=lambda s: (s.start, s.end)):
        if span.start < position:
            raise _unproved(file, "two edits overlap")
        kept = decoded.encode(file.text[position : span.start])
        old = decoded.encode(file.text[span.start : span.end])
        if data[taken : taken + len(kept) + len(old)] != kept + old:
            raise _unproved(file, "the text does not map back to the bytes of the file")
        out += [data[taken : taken + len(kept)], decoded.encode(span.text)]
        taken += len(kept) + len(old)
        position = span.end
    return b"".join([*out, data[taken:]])


def _unproved(file: YamlFile, cause: str) -> EditProofError:
    return EditProofError(
        "edit could not be proved, nothing was changed",
        cause=cause,
        fix="make this edit by hand and report the file",
        location=Location(file=file.path),
    )


# Block scalars (`|`, `>`): edited line by line, refused where lines would come or go.

_LINE = pattern(r"[^\r\n]*(?:\r\n|\r|\n|$)")


def block_span(file: YamlFile, scalar: Scalar, value: str) -> tuple[Span, str]:
    """The span of the block scalar's lines, and what the whole scalar reads as afterwards.

    Lines that stay the same keep their bytes, and so do the line breaks, those at the end that the
    chomping indicator keeps included.

    Raises:
        EditRefusedError: lines would come or go, a folded scalar holds several, or a new line
            cannot be one line of it.
    """
    content = scalar.value.rstrip("\n")
    breaks = scalar.value[len(content) :]
    new = value.removesuffix(breaks) if breaks else value
    before, after = content.split("\n"), new.split("\n")
    header = _LINE.match(file.text, scalar.start)
    if header is None or not content or (scalar.style == "folded" and len(before) > 1):
        raise _refused(file, scalar, "it holds more than one line")
    if len(before) != len(after):
        raise _refused(file, scalar, f"{len(before)} lines would become {len(after)}")
    start = position = header.end()
    written: list[str] = []
    for old, line in zip(before, after, strict=True):
        text, position = _line(file, scalar, position, (old, line))
        written.append(text)
    whole = "".join(written)
    kept = whole.rstrip("\r\n")
    return Span(start=start, end=position - len(whole) + len(kept), text=kept), new + breaks


def _line(
    file: YamlFile, scalar: Scalar, position: int, change: tuple[str, str]
) -> tuple[str, int]:
    """One line as it is to be written, its break included, and where the next one starts."""
    old, new = change
    found = _LINE.match(file.text, position)
    written = found.group() if found else ""
    body = written.rstrip("\r\n")
    if found is None or (old == new and body.strip() == old.strip()):
        return written, position + len(written)
    if not old or not body.endswith(old):
        raise _refused(file, scalar, "its text is not written line by line")
    # Blanks in front are indentation, which has to stay as deep as it was.
    deep = len(old) - len(old.lstrip(" ")) == len(new) - len(new.lstrip(" "))
    if not deep or not single_line(new.lstrip(" ")):
        raise _refused(file, scalar, f"{new!r} is not one line of plain text")
    tail = written[len(body) :]
    return body[: len(body) - len(old)] + new + tail, position + len(written)


def _refused(file: YamlFile, scalar: Scalar, cause: str) -> EditRefusedError:
    return EditRefusedError(
        "this block scalar cannot be edited byte by byte",
        cause=f"{scalar.path}: {cause}",
        fix="write the value on the line of its key, in quotes if need be",
        location=Location(file=file.path, line=scalar.line, column=scalar.column),
    )


# When a new value of `set` keeps the type of the old one.

_NUMBERS = frozenset({"int", "float"})


def keeps_type(scalar: Scalar, value: str, *, is_json: bool) -> bool:
    """Whether `value`, written plain, reads as what `scalar` is: a number stays a number."""
    if scalar.style != "plain" or scalar.kind == "string":
        return False
    older, newer = kinds(value)
    fits = _family(scalar.kind) == _family(older if newer == "string" else newer)
    writable = not value or plain_safe(value, flow=scalar.flow)
    return fits and writable and (not is_json or _is_json(value))


def _family(kind: Kind) -> str:
    return "number" if kind in _NUMBERS else kind


def _is_json(value: str) -> bool:
    try:
        return not isinstance(json.loads(value), str | list | dict)
    except ValueError:
        return False
