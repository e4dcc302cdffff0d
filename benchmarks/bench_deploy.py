"""Deploying by push to a real API server: a thousand new objects, then the same again.

    python -m benchmarks deploy

The peer is `kubectl apply --server-side` of the same objects on the same control plane, alternating
in the same run. Ours looks, asks for its rights, tries every write without writing, applies, keeps
its inventory and judges health; the peer applies.
"""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable, Iterator
from statistics import median

from benchmarks.parts.figures import Figure
from benchmarks.parts.scratch import scratch
from gitops_action.core.deploy.result import Result
from testbed.cluster import ControlPlane
from testbed.process import PartError
from tests.support.pruning import config_map, place
from tests.support.push import deploy

OBJECTS = 1_000
ROUNDS = 3
MANY = 5_000


def measure() -> Iterator[Figure]:
    """The figures of row `deploy`."""
    with scratch() as root, ControlPlane.start(root / "plane") as plane:
        rounds = [_round(plane, number) for number in range(ROUNDS)]
        new = median(ours / peer for ours, peer, _, _ in rounds)
        same = median(ours / peer for _, _, ours, peer in rounds)
        seconds = f"{rounds[-1][0]:.2f} s against {rounds[-1][1]:.2f} s in the last round"
        yield Figure(
            row="deploy",
            name=f"{OBJECTS} new objects: time to kubectl apply --server-side",
            value=new,
            unit="x",
            target=0.45,
            detail=seconds,
        )
        yield Figure(
            row="deploy",
            name=f"{OBJECTS} unchanged objects: the same",
            value=same,
            unit="x",
            target=0.15,
            detail=f"{rounds[-1][2]:.2f} s against {rounds[-1][3]:.2f} s in the last round",
        )
        yield Figure(
            row="deploy",
            name=f"memory at {MANY} objects, with the interpreter and the bench",
            value=_memory(plane),
            unit="MB",
            target=300,
        )


def _round(plane: ControlPlane, number: int) -> tuple[float, float, float, float]:
    """Seconds of ours and the peer for new objects, then for the same ones again."""
    peer = plane.namespace(f"peer-{number}")
    objects = [config_map(peer, f"settings-{one}") for one in range(OBJECTS)]
    listing = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})

    def apply() -> None:
        plane.kubectl("apply", "--server-side", "-f", "-", stdin=listing)

    peer_new, peer_same = _timed(apply), _timed(apply)
    ours = _deployer(plane, plane.namespace(f"ours-{number}"), OBJECTS)
    return _timed(ours), peer_new, _timed(ours), peer_same


def _deployer(plane: ControlPlane, namespace: str, count: int) -> Callable[[], None]:
    objects = [config_map(namespace, f"settings-{one}") for one in range(count)]
    here = place(plane, namespace)

    def run() -> None:
        result = deploy(here, *objects)
        if result.result is not Result.SUCCEEDED:
            raise PartError(f"the deployment {result.result}: {result.failures[:3]}")

    return run


def _memory(plane: ControlPlane) -> float:
    """The most that the process ever used, in MB, after a deployment of many objects."""
    _deployer(plane, plane.namespace("many"), MANY)()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
