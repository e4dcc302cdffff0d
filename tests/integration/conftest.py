"""Fixtures that several areas share. Each worker has a control plane of its own."""

from __future__ import annotations

from tests.support.cluster import control_plane, namespace, usual_images
from tests.support.flux import flux
from tests.support.parts import cluster_parts, flux_parts

__all__ = ["cluster_parts", "control_plane", "flux", "flux_parts", "namespace", "usual_images"]
