"""CPU time of a bump on trees that hold much which has nothing to do with the image.

    python -m benchmarks trees

One tree has thousands of manifests of which many carry Argo CD's annotations; the other has
vendored definitions of tens of thousands of lines beside a few applications.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.parts.figures import Figure
from benchmarks.parts.scratch import scratch
from testbed.cache import ROOT
from testbed.process import run

REPEATS = 3
MOST_SECONDS = 4.0
MANIFESTS, ANNOTATED = 4_000, 600
VENDORED_LINES = 78_000
_IMAGE = "registry.example.com/acme/web"
_FIELDS = 30


def measure() -> Iterator[Figure]:
    """Measure both trees."""
    names = {
        f"{MANIFESTS} YAML files, {ANNOTATED} with Argo CD's annotations": _annotated,
        f"{VENDORED_LINES} lines of vendored YAML": _vendored,
    }
    for name, made in names.items():
        with scratch() as root:
            seconds = _seconds(root, made)
        yield Figure(
            row="trees",
            name=f"{name}: CPU of `bump --mode local --dry-run`",
            value=seconds,
            unit="s",
            target=MOST_SECONDS,
            detail=f"median of {REPEATS}, interpreter start and imports included",
        )


def _seconds(root: Path, made: Callable[[], Iterator[tuple[str, str]]]) -> float:
    for path, text in made():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return statistics.median(_cpu(root) for _ in range(REPEATS))


def _cpu(root: Path) -> float:
    command = ("-m", "gitops_action", "bump", "--mode=local", "--dry-run", f"--images={_IMAGE}:v2")
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(sys.executable, *command, cwd=root, env={"PYTHONPATH": paths})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _annotated() -> Iterator[tuple[str, str]]:
    for number in range(MANIFESTS):
        note = '{argocd.argoproj.io/sync-wave: "1"}' if number < ANNOTATED else "{}"
        yield f"apps/app{number}/deployment.yaml", _deployment(f"app{number}", note)
    yield "apps/web/deployment.yaml", _deployment("web", "{}")


def _vendored() -> Iterator[tuple[str, str]]:
    definition = _definition()
    lines = definition.count("\n")
    copies = VENDORED_LINES // lines // 10
    for number in range(10):
        files = f"vendor/{number}/install.yaml"
        yield files, "---\n".join([definition] * copies)
        yield f"vendor/{number}/kustomization.yaml", "resources: [install.yaml]\n"
    yield "apps/web/deployment.yaml", _deployment("web", "{}")


def _deployment(name: str, annotations: str) -> str:
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  annotations: {annotations}
spec:
  template:
    spec:
      containers:
        - name: {name}
          image: registry.example.com/acme/{name}:v1
          env: [{{name: PORT, value: "8080"}}]
"""


def _definition() -> str:
    """A definition of a custom kind, which speaks of Flux, of webhooks and of the web."""
    head = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: things.example.toolkit.fluxcd.io
  annotations: {argocd.argoproj.io/sync-options: Replace=true}
spec:
  group: example.toolkit.fluxcd.io
  names: {kind: Thing, plural: things}
  versions:
    - name: v1
      schema:
        openAPIV3Schema:
          properties:
"""
    fields = [
        f"            field{number}:\n              type: string\n"
        f"              description: the version and tag of the webhook number {number}\n"
        for number in range(_FIELDS)
    ]
    return head + "".join(fields)
