"""Health against the test objects of Argo CD's own health checks, as its release has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.bench_health import measure
from testbed.argocd import health_tests


@pytest.fixture(scope="module")
def checkout() -> Path:
    return health_tests()


def test_four_of_five_agree_and_hardly_a_healthy_object_is_called_otherwise(
    checkout: Path,
) -> None:
    found = measure(checkout)
    assert found.cases >= 1_000
    assert found.share >= 0.8
    assert found.share > found.plain
    assert len(found.turned) <= 0.01 * found.healthy, [case.path for case in found.turned]
