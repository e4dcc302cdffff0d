"""Jinja2 for text about untrusted things: sandboxed, strict, and harmless by default.

Whatever a template prints is written inert (`core/markdown.py`); the filters `code`, `cell`,
`prose`, `link` and their like give Markdown that is harmless and stays as it is. Text that stands
in the template itself is the author's and stays too.
"""

from __future__ import annotations

import difflib
import functools
import re
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from gitops_action.core import markdown
from gitops_action.core.markdown import escape
from gitops_action.core.pattern import pattern
from gitops_action.core.report.bump import slug
from gitops_action.errors import UsageError

if TYPE_CHECKING:
    from jinja2 import Environment

E = TypeVar("E", bound="Environment")
VIEWS = Path(__file__).parents[1] / "views"
_PLAIN_URL = pattern(r"https?://[A-Za-z0-9.:-]+/[A-Za-z0-9._/-]+")


class Safe(str):
    """Text that may be printed as it is."""

    __slots__ = ()


class Templates:
    """Renders our views by name and users' templates by text."""

    def __init__(self) -> None:
        """Jinja2 is imported here, so that only commands that write words pay for it."""
        from gitops_action.adapters.bounded_jinja import BoundedEnvironment  # noqa: PLC0415

        self._views = _views()
        self._users = _equipped(BoundedEnvironment(**_options()))

    def view(self, name: str, variables: Mapping[str, object]) -> str:
        """Render one of our own views."""
        text = self._views.get_template(name).render(variables)
        return _tidy(text)

    def user(self, source: str, variables: Mapping[str, object], *, name: str) -> str:
        """Render a user's template; `name` is the input it was given by.

        Raises:
            UsageError: it cannot be read or rendered; names the input and the line.
        """
        from jinja2 import TemplateError  # noqa: PLC0415
        from jinja2 import TemplateSyntaxError as SyntaxProblem  # noqa: PLC0415

        try:
            return self._users.render_bounded(source, variables)
        except SyntaxProblem as error:
            raise _wrong(name, error.lineno, error.message or "it cannot be read") from None
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise _wrong(name, _line(error), str(error), variables) from None
        except (OverflowError, MemoryError, RecursionError) as error:
            raise _wrong(name, _line(error), type(error).__name__) from None


@functools.cache
def _views() -> Environment:
    """The environment of our own views, which are the same for the whole process.

    Compiling a view takes longer than rendering it, so each is compiled once.
    """
    from jinja2 import FileSystemLoader  # noqa: PLC0415
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    loader = FileSystemLoader(VIEWS)
    return _equipped(ImmutableSandboxedEnvironment(loader=loader, auto_reload=False, **_options()))


def _options() -> dict[str, Any]:
    from jinja2 import StrictUndefined  # noqa: PLC0415

    return {
        "undefined": StrictUndefined,
        "autoescape": False,
        "finalize": printed,
        "trim_blocks": True,
        "lstrip_blocks": True,
    }


def _equipped(environment: E) -> E:
    environment.filters.update(FILTERS)
    environment.globals["place"] = _place
    return environment


def printed(value: object) -> str:
    """What `{{ value }}` becomes."""
    return value if isinstance(value, Safe) else escape(str(value))


def _line(error: BaseException) -> int | None:
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == "<template>"]
    return lines[-1] if lines else None


def _wrong(name: str, line: int | None, cause: str, variables: Iterable[str] = ()) -> UsageError:
    where = f", line {line}" if line else ""
    return UsageError(
        f"The template in `{name}` fails{where}",
        cause=" ".join(cause.split()),
        fix=_variable_fix(cause, sorted(variables))
        or "docs/templates.md lists variables and filters",
    )


def _variable_fix(cause: str, known: list[str]) -> str:
    """What to write instead of a variable that does not exist; empty for other causes."""
    missing = re.fullmatch(r"'(?P<name>\w+)' is undefined", cause)
    if not missing:
        return ""
    near = difflib.get_close_matches(missing["name"], known, n=1)
    return f"did you mean `{near[0]}`?" if near else f"the variables are {', '.join(known)}"


def _tidy(text: str) -> str:
    """At most one empty line in a row, none around it all."""
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _place(file: object, line: object) -> str:
    return f"{file}:{line}" if line else str(file)


def _safely(function: Callable[[str], str]) -> Callable[[object], Safe]:
    return lambda value: Safe(function(str(value)))


def _link(text: object, url: object, *, quiet: bool = False) -> Safe:
    return Safe(markdown.link(str(text), str(url), quiet=quiet))


def _listed(items: Iterable[object]) -> Safe:
    spans = [markdown.code(str(item)) for item in items]
    return Safe(" and ".join([", ".join(spans[:-1]), spans[-1]] if spans[1:] else spans))


def _version(image: Mapping[str, object]) -> Safe:
    """Tag and digest, each in a cell's code span; a dash where there is no version."""
    parts = [str(image["tag"]), str(image["digest"])[:19]]
    return Safe(" ".join(markdown.cell(part) for part in parts if part) or "none")


def _plain_url(url: object) -> Safe:
    found = _PLAIN_URL.fullmatch(str(url))
    return Safe(url if found and markdown.linkable(str(url)) else escape(str(url)))


FILTERS: Mapping[str, Callable[..., str]] = {
    "code": _safely(markdown.code),
    "cell": _safely(markdown.cell),
    "prose": _safely(markdown.prose),
    "html": _safely(markdown.html),
    "cell_prose": _safely(lambda text: markdown.prose(text.replace("|", "/"))),
    "brief": lambda text: markdown.shown(str(text), limit=120),
    "link": _link,
    "listed": _listed,
    "version": _version,
    "plain_url": _plain_url,
    "slug": lambda text: slug(str(text)),
}
