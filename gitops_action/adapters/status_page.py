"""The status page: one HTML file."""

from __future__ import annotations

from gitops_action.adapters.templates import VIEWS
from gitops_action.core.markdown import shown
from gitops_action.core.status.model import StatusReport
from gitops_action.core.status.page import page_context_of

PAGE_LIMIT = 300_000
"""Bytes of a page."""
_TEXT = 10_000
"""Characters of a text at most."""
_VIEW = "status.html.j2"
_SIZES = ((10, 1_000), (3, 1_000), (0, 1_000), (0, 100), (0, 50), (0, 20), (0, 0))
"""Versions of an application in detail, and older ones by their dates: the first that fits."""


class HtmlPage:
    """Implements the port `StatusPage`."""

    def page(self, report: StatusReport, *, limit: int = PAGE_LIMIT) -> str:
        """The whole page, with as many versions of each application as fit."""
        from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

        environment = Environment(
            loader=FileSystemLoader(VIEWS),
            autoescape=True,  # every text is untrusted, and none is marked as safe
            undefined=StrictUndefined,
            finalize=_finalized,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        template = environment.get_template(_VIEW)
        text = ""
        for detailed, listed in _SIZES:
            text = template.render(page_context_of(report, detailed, listed))
            if len(text.encode()) <= limit:
                break
        return text


def _finalized(value: object) -> object:
    """Control characters and those that turn the direction of text are made visible."""
    return shown(value, limit=_TEXT) if type(value) is str else value
