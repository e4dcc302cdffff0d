"""Fixtures that several areas share. Each worker has a control plane of its own."""

from __future__ import annotations

import os

import pytest

from testbed.preloaded import WANTED
from tests.support.cluster import control_plane, namespace, usual_images
from tests.support.flux import flux
from tests.support.parts import cluster_parts, flux_parts

os.environ.setdefault(WANTED, "1")  # what these tests start imports the action once a worker

SLOW = (
    "test_demo_story",
    "test_gate_orders",
    "test_deploy_process",
    "test_job_token_loop",
    "test_flux_faults",
    "test_flux_deploy",
    "test_rollback_process",
    "test_oncall_commands",
    "test_drift_push",
    "test_drift_process",
    "test_flux_by_status",
    "test_app_injection",
    "test_wait_faults",
    "test_release_program",
    "test_wait_scale",
    "test_init_repositories",
)
"""They begin first, so that no worker is left with one while the others have nothing to do."""

__all__ = ["cluster_parts", "control_plane", "flux", "flux_parts", "namespace", "usual_images"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ranks = {name: rank for rank, name in enumerate(SLOW)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(SLOW)))
