"""Block scalars (`|`, `>`): edited where they hold a single line, refused where not."""

from __future__ import annotations

import re

from gitops_action.core.yaml.errors import EditRefusedError
from gitops_action.core.yaml.nodes import Scalar, YamlFile
from gitops_action.core.yaml.quote import single_line
from gitops_action.core.yaml.splice import Span
from gitops_action.errors import Location

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


def block_span(file: YamlFile, scalar: Scalar, value: str) -> tuple[Span, str]:
    """The span of the block scalar's one line, and what the whole scalar reads as afterwards.

    The line breaks that its chomping indicator keeps stay as they are.

    Raises:
        EditRefusedError: it holds several lines, or the value cannot be one line of it.
    """
    content = scalar.value.rstrip("\n")
    breaks = scalar.value[len(content) :]
    new = value.removesuffix(breaks) if breaks else value
    header = _LINE.match(file.text, scalar.start)
    line = _LINE.match(file.text, header.end()) if header else None
    written = line.group().rstrip("\r\n") if line else ""
    if line is None or not content or "\n" in content or not written.endswith(content):
        raise _refused(file, scalar, "it holds more than one line")
    if not single_line(new):
        raise _refused(file, scalar, f"{value!r} is not one line of plain text")
    end = line.start() + len(written)
    return Span(start=end - len(content), end=end, text=new), new + breaks


def _refused(file: YamlFile, scalar: Scalar, cause: str) -> EditRefusedError:
    return EditRefusedError(
        "this block scalar cannot be edited byte by byte",
        cause=f"{scalar.path}: {cause}",
        fix="write the value on the line of its key, in quotes if need be",
        location=Location(file=file.path, line=scalar.line, column=scalar.column),
    )
