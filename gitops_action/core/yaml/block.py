"""Block scalars (`|`, `>`): edited line by line, refused where lines would come or go."""

from __future__ import annotations

import re

from gitops_action.core.yaml.errors import EditRefusedError
from gitops_action.core.yaml.nodes import Scalar, YamlFile
from gitops_action.core.yaml.quote import single_line
from gitops_action.core.yaml.splice import Span
from gitops_action.errors import Location

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


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
