"""Parts for tests that start processes which need them: as fixtures, outside any time limit."""

from __future__ import annotations

import pytest

from testbed import parts


@pytest.fixture(scope="session")
def cluster_parts() -> None:
    parts.build(["cluster"])


@pytest.fixture(scope="session")
def flux_parts() -> None:
    parts.build(["github-descriptions", "registry", "flux"])
