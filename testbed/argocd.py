"""The test objects of Argo CD's health checks, as its release has them; Argo CD does not run."""

from __future__ import annotations

from pathlib import Path

from testbed import cache
from testbed.gotool import go_source
from testbed.progress import progress

_MODULE = "github.com/argoproj/argo-cd/v3"
_VERSION = "v3.4.3"
_CHECKS = "resource_customizations"
HEALTH_TESTS = f"go/argocd-health-{_VERSION}"


def health_tests() -> Path:
    """A folder that has `resource_customizations` as a checkout does; fetched once.

    Raises:
        PartError: the release cannot be had.
    """
    return cache.item(HEALTH_TESTS, _copy)


def _copy(target: Path) -> None:
    with progress("fetching the tests of Argo CD's health checks", "1 min"):
        source = go_source(_MODULE, _VERSION)
    for path in source.joinpath(_CHECKS).rglob("*.yaml"):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
