"""Planning over kustomize overlays, against `kubectl kustomize` that renders them.

    python -m benchmarks kustomize

Both go through the same overlays and bases; what kubectl renders after our edit has to be the image
that was asked for.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.parts.figures import Figure
from benchmarks.parts.scratch import scratch
from gitops_action.adapters.worktree import WorktreeStore
from gitops_action.core.config import load_config
from gitops_action.core.images import parse_image_lines
from gitops_action.core.plan import Plan, PlanRequest, make_keep, make_plan
from testbed.process import PartError, run

OVERLAYS = 200
REPEATS = 5
_ENVIRONMENT = "environments/production"
_IMAGE = "registry.example.com/acme/web"
_CONFIG = f"version: 1\nenvironments:\n  production: {{path: {_ENVIRONMENT}}}\n"
_DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: web
          image: {image}
"""


def measure() -> Iterator[Figure]:
    """Measure in turns."""
    with scratch() as root:
        _write(root)
        ours, peer = [], []
        for _ in range(REPEATS + 1):
            started = time.perf_counter()
            plan = _plan(root)
            between = time.perf_counter()
            _render(root)
            ours.append(between - started)
            peer.append(time.perf_counter() - between)
        _check(root, plan)
    mine, other = statistics.median(ours[1:]), statistics.median(peer[1:])
    yield Figure(
        row="kustomize",
        name=f"{OVERLAYS} overlays, read and plan: time to kubectl kustomize",
        value=mine / other,
        unit="x",
        detail=f"{mine:.2f} s to {other:.2f} s; kubectl renders {len(plan.lines)} edits as planned",
    )


def _write(root: Path) -> None:
    """One base, and overlays that each set its tag under a name prefix of their own."""
    names = [f"shop-{number:03}" for number in range(OVERLAYS)]
    files = {
        "bases/web/deployment.yaml": _DEPLOYMENT.format(image=_IMAGE),
        "bases/web/kustomization.yaml": "resources: [deployment.yaml]\n",
        f"{_ENVIRONMENT}/kustomization.yaml": f"resources: [{', '.join(names)}]\n",
    }
    for name in names:
        text = f"resources: [../../../bases/web]\nnamePrefix: {name}-\nimages:\n"
        text += f"  - name: {_IMAGE}\n    newTag: v1.0.0\n"
        files[f"{_ENVIRONMENT}/{name}/kustomization.yaml"] = text
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def _plan(root: Path) -> Plan:
    changes = parse_image_lines(f"{_IMAGE}:v2.0.0")
    config = load_config("gitops.yaml", _CONFIG.encode())
    keep = make_keep(changes, ())
    snapshot = WorktreeStore(root).read(commit="", folders=(), keep=keep)
    return make_plan(
        PlanRequest(
            snapshot=snapshot,
            environment=config.environments[0],
            config=config,
            changes=changes,
            digest_mode="keep",
        )
    )


def _render(root: Path) -> str:
    kubectl = Path(sys.executable).parent / "kubectl"
    return run(kubectl, "kustomize", root / _ENVIRONMENT)


def _check(root: Path, plan: Plan) -> None:
    for path, data in plan.edits.items():
        (root / path).write_bytes(data)
    rendered = _render(root).count(f"image: {_IMAGE}:v2.0.0\n")
    if rendered != OVERLAYS:
        raise PartError(f"kubectl renders the new image {rendered} times, not {OVERLAYS}")
