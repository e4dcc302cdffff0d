"""Fixtures that several areas share, and where tests of the control plane run."""

from __future__ import annotations

import pytest

from tests.support.cluster import control_plane, namespace
from tests.support.flux import flux

__all__ = ["control_plane", "flux", "namespace"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Send whoever uses the control plane to one worker, before xdist reads the groups."""
    for item in items:
        if "control_plane" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("cluster"))
