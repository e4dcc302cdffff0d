"""Fixtures that several areas share. Each worker has a control plane of its own."""

from __future__ import annotations

from tests.support.cluster import control_plane, namespace
from tests.support.flux import flux

__all__ = ["control_plane", "flux", "namespace"]
