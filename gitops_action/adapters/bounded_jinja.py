"""Jinja2's sandbox, in which a template takes a bounded number of steps and gives bounded text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

MOST_STEPS = 100_000
"""Turns of loops, and calls, in one rendering."""

MOST_TEXT = 1024 * 1024
"""Characters that a rendering, or a single value in it, may come to."""

_WIDE = re.compile(r"\d{5}|\*")
_SIZED = ("center", "ljust", "rjust", "zfill", "expandtabs", "replace", "join", "format")


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """Counts what a template does, and stops it with a SecurityError."""

    intercepted_binops = frozenset(("*", "**", "%"))

    def __init__(self, **options: Any) -> None:
        """Take Jinja2's own options."""
        super().__init__(**options)
        self.filters["_turns"] = self._turns
        self._steps = 0

    def render_bounded(self, source: str, variables: Mapping[str, object]) -> str:
        """Render a template's text.

        Raises:
            TemplateError: it is malformed, fails, or goes beyond the bounds.
        """
        self._steps = 0
        tree = self.parse(source)
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, "_turns", [], [], None, None, lineno=loop.lineno)
        code = self.compile(tree, filename="<template>")
        template = self.template_class.from_code(self, code, self.make_globals(None), None)
        return "".join(_within(template.generate(variables)))

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Count a call; refuse numbers by which a text could become huge."""
        self._step()
        if getattr(obj, "__name__", "") in _SIZED:
            owner = getattr(getattr(obj, "__wrapped__", obj), "__self__", "")
            _refuse_large(owner, *args, *kwargs.values())
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Refuse a product, power or format that could be huge."""
        if operator == "%" and isinstance(left, str) and _WIDE.search(left):
            raise SecurityError("a format with a width of five digits")
        if operator == "**" and (_size(left) > MOST_STEPS or _size(right) > 64):  # noqa: PLR2004 - bits
            raise SecurityError("a power of large numbers")
        sized = not (_is_number(left) and _is_number(right))
        if operator == "*" and sized and _size(left) * _size(right) > MOST_TEXT:
            raise SecurityError(f"a product of more than {MOST_TEXT:,} parts")
        return super().call_binop(context, operator, left, right)

    def _turns(self, items: Iterable[object]) -> Iterator[object]:
        for item in items:
            self._step()
            yield item

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise SecurityError(f"it takes more than {MOST_STEPS:,} steps")


def _within(parts: Iterable[str]) -> Iterator[str]:
    total = 0
    for part in parts:
        total += len(part)
        if total > MOST_TEXT:
            raise SecurityError(f"it comes to more than {MOST_TEXT:,} characters")
        yield part


def _refuse_large(*values: object) -> None:
    texts = [value for value in values if isinstance(value, str)]
    numbers = [value for value in values if _is_number(value)]
    product = 1
    for value in texts:
        product *= max(len(value), 1)
    if product > MOST_TEXT or any(_size(value) > 10_000 for value in numbers):  # noqa: PLR2004 - columns
        raise SecurityError("a text of more than the allowed size")
    if any(_WIDE.search(text) for text in texts[:1]) and "{" in texts[0]:
        raise SecurityError("a format with a width of five digits")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _size(value: object) -> float:
    if isinstance(value, int | float):
        return abs(value)
    return len(value) if isinstance(value, str | bytes | list | tuple) else 1
