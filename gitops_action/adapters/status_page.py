"""The status page: one HTML file."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from gitops_action.adapters.templates import VIEWS
from gitops_action.core.markdown import page_text, shown
from gitops_action.core.status.model import StatusReport

if TYPE_CHECKING:
    from jinja2 import Template
from gitops_action.core.status.page import page_context_of

PAGE_LIMIT = 300_000
"""Bytes of a page."""
_UNBROKEN = 30
"""Bytes of a name that is kept in one line; letters of several bytes are broad."""
_VIEW = "status.html.j2"
_TEXT = 10_000
"""Characters of a text at most, as long as the page is small."""
_SIZES = (
    *((10, 1_000, _TEXT), (3, 1_000, _TEXT), (3, 1_000, 1_000), (0, 1_000, 1_000)),
    *((0, 100, 1_000), (0, 50, 1_000), (0, 20, 1_000), (0, 0, 1_000), (0, 0, 200)),
)
"""Versions of an application in detail, older ones by their dates, characters of a text: the first
that fits."""


class HtmlPage:
    """Implements the port `StatusPage`."""

    def page(self, report: StatusReport, *, limit: int = PAGE_LIMIT) -> str:
        """The whole page, with as many versions of each application as fit."""
        text = ""
        template = cache(_template)
        for detailed, listed, characters in _SIZES:
            variables = page_context_of(report, detailed, listed)
            text = template(characters).render(variables)
            if len(text.encode()) <= limit:
                break
        return text


def _template(characters: int) -> Template:
    """The view, with every text cut after some characters."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

    def finalized(value: object) -> object:
        """Characters that do not print, turn the direction or pile up are made visible."""
        return page_text(value, limit=characters) if type(value) is str else value

    environment = Environment(
        loader=FileSystemLoader(VIEWS),
        autoescape=True,  # every text is untrusted, and none is marked as safe
        undefined=StrictUndefined,
        finalize=finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["long"] = _is_long
    return environment.get_template(_VIEW)


def _is_long(name: str) -> bool:
    return len(shown(name, limit=_TEXT).encode()) > _UNBROKEN
