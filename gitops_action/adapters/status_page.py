"""The status page: one HTML file, and the file that a result is written to."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from gitops_action.adapters.templates import VIEWS
from gitops_action.core.markdown import shown
from gitops_action.core.status.model import StatusReport
from gitops_action.core.status.page import page_context_of
from gitops_action.errors import UsageError

PAGE_LIMIT = 300_000
"""Bytes of a page."""
_TEXT = 10_000
"""Characters of a text at most."""
_VIEW = "status.html.j2"
_ROWS = 100
"""Versions of an application at most."""


class HtmlPage:
    """Implements the port `StatusPage`."""

    def page(self, report: StatusReport) -> str:
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
        rows = _ROWS
        while True:
            text = template.render(page_context_of(report, rows))
            if rows == 0 or len(text.encode()) <= PAGE_LIMIT:
                return text
            rows //= 2


def _finalized(value: object) -> object:
    """Control characters and those that turn the direction of text are made visible."""
    return shown(value, limit=_TEXT) if type(value) is str else value


class WholeFile:
    """Implements the port `OutputFile` below a folder."""

    def __init__(self, folder: Path) -> None:
        """Paths are relative to the folder."""
        self._folder = folder

    def write(self, path: str, text: str) -> None:
        """Write the file whole, or not at all.

        Raises:
            UsageError: it cannot be written.
        """
        target = self._folder / path
        name = ""
        try:
            with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
                name = file.name
                file.write(text.encode())
            os.chmod(name, 0o644)  # noqa: PTH101 - a page that a web server reads
            os.replace(name, target)  # noqa: PTH105 - takes the other's place at once
        except OSError as error:
            if name:
                Path(name).unlink(missing_ok=True)
            raise UsageError(
                f"`{path}` cannot be written",
                cause=error.strerror or str(error),
                fix="give `output` a path in a folder that exists",
            ) from error
