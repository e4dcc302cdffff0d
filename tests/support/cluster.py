"""One control plane for all tests of a worker; a namespace for each test.

A worker runs one test at a time, so a test may stop the API server: nobody else is looking.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest

from testbed.cluster import ControlPlane

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane.start(tmp_path_factory.mktemp("cluster") / "plane") as plane:
        yield plane


@pytest.fixture
def namespace(control_plane: ControlPlane, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of this test's own, called after it; its removal is not waited for."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40].strip("-")
    name = control_plane.namespace(f"{words}-{next(_numbers)}")
    yield name
    control_plane.start_api()  # a test that stopped it and failed must not fail the next ones
    control_plane.api.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture(autouse=True)
def usual_images(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test lets an image do ends with the test: the next one may use the same image."""
    yield
    if "control_plane" in request.fixturenames:
        plane: ControlPlane = request.getfixturevalue("control_plane")
        plane.forget_behaviours()
