"""Expressions of the configuration: the Common Expression Language, checked and bounded in work."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from gitops_action.core.pattern import pattern

if TYPE_CHECKING:
    from cel.cel import Program

LONGEST = 1_000
"""Characters of one expression: what is longer is a program, and could not be bounded."""

MOST_LOOPS = 3
"""Loops (`all`, `exists`, `map`, `filter`) in one expression: nested, each multiplies the work."""

MOST_STEPS = 200_000
"""Items that the loops of one expression may visit, which takes about half a second."""

_LOOP = r"\b(?:all|exists_one|exists|map|filter)(?:\s|//[^\n]*\n)*\("
_LOOPS = pattern(_LOOP)
_TOKENS = pattern(
    r"""\"\"\".*?\"\"\"|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|//[^\n]*"""
    rf"|(?P<loop>{_LOOP})|(?P<open>\()|(?P<close>\))",
    re.DOTALL,
)
_RAW = pattern(r"""\b[bB]?[rR][bB]?["']""")
_FRAME = pattern(
    r"\AFailed to parse expression.*?: ERROR: <input>:\d+:(?P<column>\d+): ", re.DOTALL
)
"""How the library's messages begin; the expression itself comes before the place."""


def expression_limit(text: str) -> str:
    """Why an expression could take too long, in a line; empty when it cannot."""
    if len(text) > LONGEST:
        return f"longer than {LONGEST} characters"
    if len(_LOOPS.findall(text)) > MOST_LOOPS:
        return f"more than {MOST_LOOPS} loops (all, exists, map, filter)"
    return ""


def too_many_steps(text: str, value: object) -> bool:
    """Whether the loops of an expression could visit too many items of a value.

    The library cannot be interrupted, so the work is bounded before: the largest collection, with
    what the expression itself adds to it, to the power of the loops within loops.
    """
    depth = _loop_depth(text)
    if not depth:
        return False
    literal = text.count(",") + 1
    largest = (_largest(value) + literal) * (text.count("+") + 1)
    steps: int = largest**depth
    return steps > MOST_STEPS


def _loop_depth(text: str) -> int:
    """How many loops are inside of each other; all of them, where the text cannot be followed."""
    if _RAW.search(text):
        return len(_LOOPS.findall(text))
    inside: list[bool] = []
    deepest = 0
    for token in _TOKENS.finditer(text):
        if token["loop"] or token["open"]:
            inside.append(bool(token["loop"]))
            deepest = max(deepest, sum(inside))
        elif token["close"] and inside:
            inside.pop()
    return deepest


def _largest(value: object) -> int:
    """The number of items of the largest list or mapping in a value."""
    largest, waiting = 0, [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            largest = max(largest, len(item))
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            largest = max(largest, len(item))
            waiting.extend(item)
    return largest


def check_expression(text: str, variable: str = "") -> None:
    """Make sure that an expression can be read, and looks at what it is about.

    Args:
        text: the expression.
        variable: a variable that it has to use; empty for any.

    Raises:
        ValueError: it cannot be read, or does not use the variable; the message says why.
    """
    import cel  # noqa: PLC0415 - a compiled library, only where there is an expression

    if limit := expression_limit(text):
        raise ValueError(f"{text[:60]!r} cannot be used: {limit}")
    try:
        program = cel.compile(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not an expression: {_reason(str(error))}") from None
    if variable and variable not in program.variables():
        raise ValueError(f"{text!r} does not look at `{variable}`")


def _reason(message: str) -> str:
    """The parser's first complaint without its drawing of the place."""
    found = _FRAME.match(message)
    if not found:
        return " ".join(message.split())
    return f"{message[found.end() :].splitlines()[0]} (character {found['column']})"


# Evaluating expressions.


class ExpressionError(Exception):
    """An expression could not be compiled or evaluated."""


def expression_problem(expression: str) -> str:
    """Why an expression cannot be used, in a line; empty when it can."""
    if limit := expression_limit(expression):
        return limit
    try:
        _compiled(expression)
    except ExpressionError as error:
        return str(error)
    return ""


def expression_holds(expression: str, variables: Mapping[str, object]) -> bool:
    """Whether an expression is true of these variables.

    Raises:
        ExpressionError: it cannot be evaluated, could take too long, or gives no boolean.
    """
    if problem := expression_problem(expression):
        raise ExpressionError(problem)
    if too_many_steps(expression, variables):
        raise ExpressionError(f"could visit more than {MOST_STEPS:,} items of the object")
    try:
        result = _compiled(expression).execute(dict(variables))
    except KeyError as error:
        raise ExpressionError(f"no such field: {error.args[0]}") from error
    except BaseException as error:
        raise _in_a_line(error) from error
    if not isinstance(result, bool):
        raise ExpressionError(f"gave {type(result).__name__}, not true or false")
    return result


@lru_cache(maxsize=256)
def _compiled(expression: str) -> Program:
    from cel import cel  # noqa: PLC0415 - loads slowly, and few configurations have expressions

    try:
        return cel.compile(expression)
    except BaseException as error:
        raise _in_a_line(error) from error


def _in_a_line(error: BaseException) -> ExpressionError:
    """The error in a line; a panic of the native library is no Exception, hence BaseException."""
    if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit | MemoryError):
        raise error
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return ExpressionError(first[:200])
