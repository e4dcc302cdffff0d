"""Text without the credentials that stand in it among other things."""

from __future__ import annotations

import re
from collections.abc import Collection

from gitops_action.core.report.concealed import concealed
from gitops_action.core.validation.sensitive import names_secret

SAME = "<redacted>"

_NAME = r"(?P<name>[A-Za-z][\w.-]*)(?P<sign>[\"']?[ \t]*[:=][ \t]*)"
_LINE = re.compile(
    rf"(?m)^(?P<before>[ \t]*(?:-[ \t]+|--?|export[ \t]+)?[\"']?){_NAME}(?P<value>\S.*)$"
)
_INSIDE = re.compile(
    rf"(?P<before>(?<![\w.-])[\"']?){_NAME}(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s,;&}}\"']+)"
)


def cleaned(text: str, other: str, mark: str) -> str:
    """The text without what is assigned to a secret's name, and without known credentials.

    Args:
        text: of one side, one line or many.
        other: of the other side; the same text where there is none to compare with.
        mark: stands for a value that the other side does not have.
    """
    if not _suspicious(text):
        return text
    plain = _neutral(text)
    if text == other:
        return plain
    shown = concealed(_assigned(text, frozenset(other.split("\n")), mark))
    if shown == plain and plain == _neutral(other):
        # The difference is in what was taken out alone.
        return f"{plain}\n{mark}" if "\n" in plain else f"{plain} {mark}"
    return shown


def _suspicious(text: str) -> bool:
    return ":" in text or "=" in text or concealed(text) != text


def _neutral(text: str) -> str:
    return concealed(_assigned(text, None, SAME))


def _assigned(text: str, known: Collection[str] | None, mark: str) -> str:
    """Line by line, values of secrets replaced: by the mark where the line is not `known`."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if ":" in line or "=" in line:
            stand_in = SAME if known is None or line in known else mark
            lines[index] = _without_values(line, stand_in)
    return "\n".join(lines)


def _without_values(line: str, stand_in: str) -> str:
    def hide(found: re.Match[str]) -> str:
        if not names_secret(found["name"]):
            return found[0]
        return f"{found['before']}{found['name']}{found['sign']}{stand_in}"

    whole = _LINE.sub(hide, line)
    return whole if whole != line else _INSIDE.sub(hide, line)
