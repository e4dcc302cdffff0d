"""Headless Chromium on pages of our own: what a page becomes, and its picture."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from testbed.process import PartError, run

_SECONDS = 120
_THEMES = {"dark": 0, "light": 1}
"""Blink's `preferredColorScheme`."""


class Browser:
    """Chromium, or the browser of its kind that `CHROMIUM` names."""

    def __init__(self) -> None:
        """Find it.

        Raises:
            PartError: it is not installed.
        """
        name = os.environ.get("CHROMIUM", "chromium")
        found = shutil.which(name)
        if found is None:
            raise PartError(f"{name} is not installed: install Chromium, or set CHROMIUM")
        self._program = found

    def document(self, html: str, *, width: int, height: int = 800, theme: str = "light") -> str:
        """The page's HTML after its scripts have run."""
        return self._show(html, "--dump-dom", width=width, height=height, theme=theme)

    def picture(self, html: str, target: Path, *, width: int, height: int) -> None:
        """Write what a window of this size shows, as PNG."""
        self._show(html, f"--screenshot={target}", width=width, height=height, theme="light")

    def _show(self, html: str, what: str, *, width: int, height: int, theme: str) -> str:
        with tempfile.TemporaryDirectory(prefix="gitops-browser-") as folder:
            page = Path(folder) / "page.html"
            page.write_text(html, encoding="utf-8")
            return run(
                self._program,
                "--headless",
                "--disable-gpu",
                "--disable-dev-shm-usage",  # /dev/shm is small in containers
                "--hide-scrollbars",
                f"--user-data-dir={folder}/profile",
                f"--blink-settings=preferredColorScheme={_THEMES[theme]}",
                "--virtual-time-budget=20000",
                # Chromium refuses to run in its sandbox as root.
                *(["--no-sandbox"] if os.geteuid() == 0 else []),
                what,
                f"--window-size={width},{height}",
                page.as_uri(),
                timeout=_SECONDS,
            )
