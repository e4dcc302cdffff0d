"""What every end-to-end test stands on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.demo.layouts import CLASSIC, OVERLAYS
from testbed.demo.stage import Stage
from testbed.docker import action_image, daemon, runner_image, why_no_docker
from tests.support.act_environment import workflows
from tests.support.cluster import control_plane, namespace, usual_images
from tests.support.flux import flux

__all__ = ["control_plane", "flux", "namespace", "usual_images", "workflows"]


@pytest.fixture(scope="session")
def docker() -> Iterator[None]:
    reason = why_no_docker()
    if reason:
        pytest.skip(f"no Docker: {reason}")
    with daemon():
        yield


@pytest.fixture(scope="session")
def action(docker: None) -> str:  # noqa: ARG001 - a daemon has to run
    """The action's image: one that is there already, or built from this checkout."""
    return os.environ.get("ACTION_IMAGE") or action_image()


@pytest.fixture(scope="session")
def runner(docker: None) -> str:  # noqa: ARG001 - a daemon has to run
    """The image that act runs jobs in."""
    return runner_image()


@pytest.fixture
def classic(tmp_path: Path) -> Iterator[Stage]:
    with Stage.open(tmp_path, CLASSIC) as stage:
        yield stage
        stage.forge.assert_clean()


@pytest.fixture
def overlays(tmp_path: Path) -> Iterator[Stage]:
    with Stage.open(tmp_path, OVERLAYS) as stage:
        yield stage
        stage.forge.assert_clean()
