"""The status page that the demo ends with: opened for a person who runs it at a desktop."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path

from testbed import cache


def page_file() -> Path:
    """Where it stays when the demo ends."""
    return cache.root() / "demo" / "status.html"


def wanted(environ: Mapping[str, str], *, terminal: bool, system: str) -> bool:
    """Whether someone looks: at a terminal, with a display, and not in CI.

    Without a display a browser would be one of the terminal, which the demo would wait for.
    """
    display = system == "darwin" or environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    return terminal and bool(display) and not environ.get("CI")


def open_page(address: str) -> None:
    """Open it where that is wanted; a browser that is missing or fails is no matter."""
    if wanted(os.environ, terminal=sys.stdout.isatty(), system=sys.platform):
        webbrowser.open(address)
