"""The kinds of Flux' notification-controller; the controller itself does not run here."""

from __future__ import annotations

from pathlib import Path

from testbed.gotool import go_source

MODULE = "github.com/fluxcd/notification-controller"
VERSION = "v1.9.2"


def notification_kinds() -> Path:
    """The folder with the definitions, as the controller's own release has them.

    Raises:
        PartError: the release cannot be had.
    """
    return go_source(MODULE, VERSION) / "config" / "crd" / "bases"
