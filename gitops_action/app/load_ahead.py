"""Imports on a second thread while the first one waits for Git's processes."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterable
from contextlib import suppress

FOR_A_DEPLOYMENT = (
    "yaml",
    "jsonschema_rs",
    "gitops_action.core.config.positions",
    "gitops_action.core.config.structure",
    "gitops_action.adapters.renderer",
    "gitops_action.adapters.cluster",
)
"""What every deployment needs after it has read the commit."""


def load_ahead(names: Iterable[str]) -> threading.Thread:
    """Start to import these modules; an import of one waits for it, and raises its error."""

    def load() -> None:
        for name in names:
            with suppress(ImportError):
                importlib.import_module(name)

    thread = threading.Thread(target=load, name="load-ahead", daemon=True)
    thread.start()
    return thread
