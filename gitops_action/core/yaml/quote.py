"""Writing a value so that every YAML parser reads exactly that string."""

from __future__ import annotations

import json
import re

from gitops_action.core.yaml.nodes import Style
from gitops_action.core.yaml.resolve import needs_quotes

# Characters that stand for themselves on one line in every parser: printable, no line break of
# YAML 1.1 or 1.2, no byte order mark.
_SPECIAL = re.compile(
    "[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_FIRST = re.compile(r"[,\[\]{}#&*!|>'\"%@`\s]|[-?:](?:$|[\s,\[\]{}])|---|\.\.\.")
_INSIDE = re.compile(r":(?:$|\s)|\s#")
_INSIDE_FLOW = re.compile(r"[,\[\]{}?]|:(?:$|\s)|\s#")


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
