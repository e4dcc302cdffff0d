"""Expressions in double braces, as docker/metadata-action's inputs hold them.

The subset of Handlebars that its documentation uses: a name, with quoted arguments and `key='…'`
pairs where the name is a function. An unknown name is an error and not an empty string, so that
a slip of the pen does not become a tag.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping

from gitops_action.core.pattern import pattern
from gitops_action.core.tags.context import TagContext
from gitops_action.core.tags.moment import moment_format
from gitops_action.errors import UsageError

Function = Callable[[tuple[str, ...], Mapping[str, str]], str]
Names = Mapping[str, str | Function]

_BRACES = pattern(r"\{\{\{?(.*?)\}?\}\}")
_PARTS = pattern(r"""\s*(?:([A-Za-z_]\w*)=)?(?:'([^']*)'|"([^"]*)"|([^\s'"=]+))""")


def expand(text: str, names: Names) -> str:
    """Replace every expression in `text`.

    Raises:
        UsageError: an expression is malformed or uses an unknown name or attribute.
    """
    if "{{" in _BRACES.sub("", text):
        raise UsageError(f"An expression does not end: {text!r}", fix="close it with `}}`")
    return _BRACES.sub(lambda found: _value(found[1], names), text)


def is_raw(pattern: str) -> bool:
    """Whether the pattern is `{{raw}}` and nothing else."""
    found = _BRACES.fullmatch(pattern)
    return bool(found and found[1].strip() == "raw")


def global_names(context: TagContext) -> Names:
    """The names that expressions may use everywhere."""
    default = context.is_default_branch
    return {
        "branch": context.branch,
        "tag": context.tag,
        "sha": context.short_sha,
        "base_ref": context.base_ref,
        "is_default_branch": str(default).lower(),
        "is_not_default_branch": str(not default).lower(),
        **dates(context),
    }


def dates(context: TagContext) -> Names:
    """The two functions on dates: `{{date 'YYYY' tz='Asia/Tokyo'}}` and `commit_date`."""

    def date(arguments: tuple[str, ...], options: Mapping[str, str]) -> str:
        return moment_format(context.now, _format("date", arguments), _zone(options))

    def commit_date(arguments: tuple[str, ...], options: Mapping[str, str]) -> str:
        pattern = _format("commit_date", arguments)
        return moment_format(context.commit_date, pattern, _zone(options))

    return {"date": date, "commit_date": commit_date}


def _format(name: str, arguments: tuple[str, ...]) -> str:
    if len(arguments) > 1:
        fix = "put quotes around the whole format"
        raise UsageError(f"`{name}` takes one format, not {len(arguments)}", fix=fix)
    return arguments[0] if arguments else ""


def _zone(options: Mapping[str, str]) -> str:
    if unknown := [key for key in options if key != "tz"]:
        raise UsageError(f"Unknown attribute {unknown[0]!r} of a date", fix="only `tz` is known")
    return options.get("tz", "UTC")


def _value(expression: str, names: Names) -> str:
    name, arguments, options = _parse(expression.strip(), names)
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        fix = f"did you mean `{near[0]}`?" if near else f"known names: {', '.join(names)}"
        raise UsageError(f"Unknown name in an expression: {{{{{expression}}}}}", fix=fix)
    value = names[name]
    if not isinstance(value, str):
        return value(arguments, options)
    if arguments or options:
        raise UsageError(f"`{name}` takes no arguments: {{{{{expression}}}}}")
    return value


def _parse(expression: str, names: Names) -> tuple[str, tuple[str, ...], dict[str, str]]:
    """The function's name, its arguments and its options.

    An argument without quotes is a name, as in Handlebars; one that stands for nothing leaves
    the function its default, so `{{date YYYY}}` is a whole date.
    """
    positional: list[str] = []
    options: dict[str, str] = {}
    rest = expression
    while rest:
        found = _PARTS.match(rest)
        if found is None:
            fix = "write a name, then arguments in quotes: {{date 'YYYYMMDD' tz='Asia/Tokyo'}}"
            raise UsageError(f"Malformed expression: {{{{{expression}}}}}", fix=fix)
        text = next(part for part in (found[2], found[3], found[4]) if part is not None)
        if found[1]:
            options[found[1]] = text
        elif positional and found[4] is not None:
            named = names.get(text, "")
            positional.append(named if isinstance(named, str) else "")
        else:
            positional.append(text)
        rest = rest[found.end() :].strip()
    return (positional[0] if positional else ""), tuple(positional[1:]), options
