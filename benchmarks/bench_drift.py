"""Comparing a cluster with what was deployed, as whole processes.

    python -m benchmarks drift

The peer is `kubectl diff --server-side` of the same objects on the same control plane, in turns in
the same run: it sends a dry run of each object. Ours reads the checkout, renders, lists, compares.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from statistics import median

from benchmarks.bench_deploy import PushBench, Spent, maps
from benchmarks.parts.figures import Figure
from benchmarks.parts.scratch import scratch
from testbed.cluster import ControlPlane
from testbed.cluster.binaries import find_kubectl

OBJECTS = 1_000
ROUNDS = 3
_SETTLED = 600
"""Seconds after the deployment: shortly after one nothing is compared."""


def measure() -> Iterator[Figure]:
    """The figure of row `drift`."""
    with scratch() as root, ControlPlane.start(root / "plane") as plane:
        bench = PushBench(root, plane)
        namespace = plane.namespace("drift")
        objects = maps(namespace, OBJECTS)
        bench.ours(namespace, objects)
        pairs = [(_ours(bench, namespace), _peer(bench, namespace)) for _ in range(ROUNDS)]
        (ours, ours_cpu), (peer, peer_cpu) = pairs[-1]
        yield Figure(
            row="drift",
            name=f"{OBJECTS} objects: time to kubectl diff --server-side",
            value=median(mine[0] / other[0] for mine, other in pairs),
            unit="x",
            target=0.1,
            detail=f"{ours:.2f} s ({ours_cpu:.2f} s CPU) against {peer:.2f} s ({peer_cpu:.2f} s"
            " CPU) in the last round",
        )


def _ours(bench: PushBench, namespace: str) -> Spent:
    command = [
        *(sys.executable, "-m", "gitops_action", "drift", "--environment", "staging"),
        *("--repository", "acme/environments", "--kube-namespace", namespace, "--exit-code"),
    ]
    later = str(int(time.time()) + _SETTLED)
    return bench.spent(command, bench.folder(namespace), SOURCE_DATE_EPOCH=later)


def _peer(bench: PushBench, namespace: str) -> Spent:
    folder = bench.folder(namespace)
    files = str(folder / "environments" / "staging" / "all.yaml")
    command = [str(find_kubectl()), "diff", "--server-side", "-f", files, "--force-conflicts"]
    return bench.spent(command, folder, good=(0, 1))
