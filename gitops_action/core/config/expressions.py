"""Expressions of the configuration: the Common Expression Language, checked before it is needed."""

from __future__ import annotations

import re

_FRAME = re.compile(
    r"\AFailed to parse expression.*?: ERROR: <input>:\d+:(?P<column>\d+): ", re.DOTALL
)
"""How the library's messages begin; the expression itself comes before the place."""


def check_expression(text: str, variable: str = "") -> None:
    """Make sure that an expression can be read, and looks at what it is about.

    Args:
        text: the expression.
        variable: a variable that it has to use; empty for any.

    Raises:
        ValueError: it cannot be read, or does not use the variable; the message says why.
    """
    import cel  # noqa: PLC0415 - a compiled library, only where there is an expression

    try:
        program = cel.compile(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no expression: {_reason(str(error))}") from None
    if variable and variable not in program.variables():
        raise ValueError(f"{text!r} does not look at `{variable}`")


def _reason(message: str) -> str:
    """The parser's first complaint without its drawing of the place."""
    found = _FRAME.match(message)
    if not found:
        return " ".join(message.split())
    return f"{message[found.end() :].splitlines()[0]} (character {found['column']})"
