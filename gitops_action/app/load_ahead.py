"""Imports on a second thread while the first one waits for Git's processes."""

from __future__ import annotations

import importlib
import threading
from contextlib import suppress

NEEDED = (
    "yaml",
    "jsonschema_rs",
    "gitops_action.core.config.positions",
    "gitops_action.core.config.structure",
    "gitops_action.adapters.renderer",
    "gitops_action.adapters.cluster",
)
"""What compares an environment with its cluster needs after it has read the commit."""


def load_ahead() -> None:
    """Start to import what is needed; an import of one of them waits, and raises its error."""
    threading.Thread(target=_load, name="load-ahead", daemon=True).start()


def _load() -> None:
    for name in NEEDED:
        with suppress(ImportError):
            importlib.import_module(name)
