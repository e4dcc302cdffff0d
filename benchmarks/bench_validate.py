"""CPU time of a validation on large environments, kubectl and Git included.

    python -m benchmarks validate

One environment has 600 kustomizations with 1,000 old problems, of which a change touches one; the
other has 4,000 plain files.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.parts.figures import Figure
from benchmarks.parts.scratch import scratch
from testbed.cache import ROOT
from testbed.process import PartError, run

KUSTOMIZATIONS, FINDINGS = 600, 1_000
FILES = 4_000
MOST_SECONDS = 10.0

_DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  {odd}: 5
  selector:
    matchLabels: {{app: {name}}}
  template:
    metadata:
      labels: {{app: {name}}}
    spec:
      containers:
        - name: app
          image: registry.example.com/acme/{name}:v1.0.0
          {policy}: Always
          ports: [{{name: http, containerPort: 8080}}]
"""
_RIGHT = ("minReadySeconds", "imagePullPolicy")
_SERVICE = """apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec:
  selector: {{app: {name}}}
  ports: [{{port: 80, targetPort: http}}]
"""
_CONFIG_MAP = """apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}, namespace: default}}
data: {{key: "{number}"}}
"""


def measure() -> Iterator[Figure]:
    """Measure both."""
    for name, made, changed, expected in (
        (
            f"{KUSTOMIZATIONS} kustomizations, {FINDINGS} findings",
            _kustomizations,
            "app7",
            FINDINGS,
        ),
        (f"{FILES} YAML files", _plain, "app7", 0),
    ):
        with scratch() as root:
            seconds = _seconds(root, dict(made()), changed, expected)
        yield Figure(
            row="validate",
            name=f"{name}: CPU of `validate`",
            value=seconds,
            unit="s",
            target=MOST_SECONDS,
            detail="every process, interpreter start and imports included",
        )


def _seconds(root: Path, content: dict[str, str], changed: str, expected: int) -> float:
    config = "version: 1\nenvironments:\n  staging: {path: staging}\n"
    for path, text in {**content, ".github/gitops.yaml": config}.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    _git(root, "init", "--quiet", "--initial-branch=main")
    _git(root, "add", "--all")
    _git(root, "commit", "--quiet", "--message=base")
    _git(root, "checkout", "--quiet", "-b", "change")
    place = root / f"staging/{changed}/deployment.yaml"
    place.write_text(place.read_text().replace("v1.0.0", "v1.0.1").replace('"7"', '"8"'))
    return _cpu(root, expected)


def _cpu(root: Path, expected: int) -> float:
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = run(
        sys.executable,
        *("-m", "gitops_action", "validate", "--verify=off"),
        cwd=root,
        env={"PYTHONPATH": paths},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = said.count("(also without this change)")
    if found != expected:
        raise PartError(f"{found} findings, not {expected}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _git(root: Path, *words: str) -> None:
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")
    run("git", *who, *words, cwd=root)


def _kustomizations() -> Iterator[tuple[str, str]]:
    for number in range(KUSTOMIZATIONS):
        name = f"app{number}"
        wrong = number < FINDINGS // 2  # two mistakes each
        odd, policy = ("minReadySecs", "imagePulPolicy") if wrong else _RIGHT
        deployment = _DEPLOYMENT.format(name=name, odd=odd, policy=policy)
        yield f"staging/{name}/deployment.yaml", deployment
        yield f"staging/{name}/service.yaml", _SERVICE.format(name=name)
        image = f"{{name: registry.example.com/acme/{name}, newTag: v1.1.0}}"
        resources = "namespace: default\nresources: [deployment.yaml, service.yaml]\n"
        yield f"staging/{name}/kustomization.yaml", f"{resources}images: [{image}]\n"


def _plain() -> Iterator[tuple[str, str]]:
    for number in range(FILES):
        yield (
            f"staging/app{number}/deployment.yaml",
            _CONFIG_MAP.format(name=f"app{number}", number=number),
        )
