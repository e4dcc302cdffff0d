"""Flux on the control plane, for all tests of the session that use it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from testbed.cluster import ControlPlane
from testbed.flux import NAMESPACE, Flux

Json = dict[str, Any]
_SECONDS = 180.0
_POLL = 0.1


@pytest.fixture(scope="session")
def flux(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flux]:
    with Flux.start(control_plane, tmp_path_factory.mktemp("cluster") / "flux") as running:
        yield running


def git_repository(name: str, url: str, *, interval: str = "10m") -> Json:
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"interval": interval, "url": url, "ref": {"branch": "main"}},
    }


def kustomization(name: str, source: str, path: str, **spec: object) -> Json:
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "interval": "10m",
            "retryInterval": "2s",
            "path": path,
            "prune": True,
            "sourceRef": {"kind": "GitRepository", "name": source},
            **spec,
        },
    }


def apply(cluster: ControlPlane, *objects: Json) -> None:
    listing = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    cluster.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(listing))


def get(cluster: ControlPlane, kind: str, name: str, namespace: str = NAMESPACE) -> Json:
    return cluster.resources.get(kind, name, namespace)


def until(seen: Callable[[], object], *, what: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not seen():
        assert time.monotonic() < deadline, f"not within {_SECONDS:.0f} s: {what}"
        time.sleep(_POLL)
