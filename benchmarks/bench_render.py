"""Rendering both sides of a change, against `kubectl kustomize` of the same folders.

    python -m benchmarks render

The peer renders each folder of one side, one after the other; we render both sides: copy what each
folder stands on, run kubectl, read what it prints into objects, and hash them. Then the same for a
change in one of the environments, where the others cost nothing.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from benchmarks.parts.figures import Figure
from benchmarks.parts.scratch import scratch
from gitops_action.adapters.process import Runner
from gitops_action.adapters.renderer import KustomizeRenderer, find_kubectl
from gitops_action.commands.validate.scope import find_touched, render_both
from gitops_action.core.config import Config, load_config
from gitops_action.core.repository import REGULAR, RepositoryFile, Sides, Tree, TreeFile, blob_id
from testbed.process import PartError, run

FOLDERS = 20
APPLICATIONS = 25
"""Two objects each: 1,000 in all."""
REPEATS = 5

_DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{number:02}
  labels: {{app.kubernetes.io/name: app-{number:02}}}
spec:
  replicas: 2
  selector:
    matchLabels: {{app.kubernetes.io/name: app-{number:02}}}
  template:
    metadata:
      labels: {{app.kubernetes.io/name: app-{number:02}}}
    spec:
      containers:
        - name: app
          image: registry.example.com/acme/app-{number:02}:v1.0.0
          ports: [{{name: http, containerPort: 8080}}]
          readinessProbe: {{httpGet: {{path: /ready, port: http}}}}
          livenessProbe: {{httpGet: {{path: /live, port: http}}}}
          resources:
            requests: {{cpu: 100m, memory: 64Mi}}
            limits: {{memory: 128Mi}}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {{drop: [ALL]}}
"""
_SERVICE = """apiVersion: v1
kind: Service
metadata:
  name: app-{number:02}
spec:
  selector: {{app.kubernetes.io/name: app-{number:02}}}
  ports: [{{name: http, port: 80, targetPort: http}}]
"""

Content = Mapping[str, bytes]


class _Contents:
    """The port `Trees` on files in memory: what Git costs is measured elsewhere."""

    def __init__(self, before: Content, after: Content) -> None:
        self._sides = {"base": before, "head": after}

    def sides(self) -> Sides:
        """Both sides by name and id."""
        base, merged = (self._tree(commit) for commit in self._sides)
        return Sides(base=base, merged=merged)

    def read(self, tree: Tree, paths: Iterable[str]) -> Mapping[str, RepositoryFile]:
        """The content of files of one side."""
        side = self._sides[tree.commit]
        return {path: RepositoryFile(path=path, data=side[path]) for path in paths if path in side}

    def _tree(self, commit: str) -> Tree:
        files = {
            path: TreeFile(mode=REGULAR, blob=blob_id(data))
            for path, data in self._sides[commit].items()
        }
        return Tree(commit=commit, files=files)


def measure() -> Iterator[Figure]:
    """Measure in turns."""
    before = dict(_content("v1.0.0"))
    everywhere = dict(_content("v2.0.0"))
    once = {**before, **{path: everywhere[path] for path in before if "/env-07/" in path}}
    config = load_config("gitops.yaml", _config().encode())
    both, single, peer = [], [], []
    with scratch() as root:
        _write(root, before)
        for _ in range(REPEATS + 1):
            peer.append(_timed(lambda: _peer(root)))
            both.append(_timed(lambda: _ours(config, before, everywhere, FOLDERS)))
            single.append(_timed(lambda: _ours(config, before, once, 1)))
            _ours(config, before, before, 0)
    other = statistics.median(peer[1:])
    for name, times, target in (
        (f"both sides of {FOLDERS * APPLICATIONS * 2} objects in {FOLDERS} folders", both, 1.5),
        (f"a change in one of the {FOLDERS}", single, 1.5 / FOLDERS + 0.05),
    ):
        mine = statistics.median(times[1:])
        yield Figure(
            row="render",
            name=f"{name}: time to kubectl kustomize",
            value=mine / other,
            unit="x",
            target=target,
            detail=f"{mine:.2f} s to {other:.2f} s",
        )


def _ours(config: Config, before: Content, after: Content, touched: int) -> None:
    trees = _Contents(before, after)
    runner = Runner(environ=os.environ, redact=str)
    renderer = KustomizeRenderer(find_kubectl(), runner)
    sides = trees.sides()
    pairs = render_both(find_touched(config, sides, trees), trees, renderer)
    whole = all(len(pair.after.manifests) == APPLICATIONS * 2 for pair in pairs)
    told = [problem for pair in pairs for problem in pair.after.problems]
    if len(pairs) != touched or not whole or told:
        raise PartError(f"{len(pairs)} environments rendered, not {touched}: {told[:1]}")


def _peer(root: Path) -> None:
    kubectl = find_kubectl() or "kubectl"
    for number in range(FOLDERS):
        run(kubectl, "kustomize", root / _folder(number))


def _timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _folder(number: int) -> str:
    return f"environments/env-{number:02}"


def _content(tag: str) -> Iterator[tuple[str, bytes]]:
    """One base of all applications, and environments that set the tag of each image."""
    names = [f"app-{number:02}" for number in range(APPLICATIONS)]
    for number, name in enumerate(names):
        text = f"{_DEPLOYMENT.format(number=number)}---\n{_SERVICE.format(number=number)}"
        yield f"bases/{name}.yaml", text.encode()
    listed = "".join(f"  - {name}.yaml\n" for name in names)
    yield "bases/kustomization.yaml", f"resources:\n{listed}".encode()
    images = "".join(
        f"  - name: registry.example.com/acme/{name}\n    newTag: {tag}\n" for name in names
    )
    for number in range(FOLDERS):
        text = f"resources: [../../bases]\nnamespace: env-{number:02}\nimages:\n{images}"
        yield f"{_folder(number)}/kustomization.yaml", text.encode()


def _config() -> str:
    lines = [f"  env-{number:02}: {{path: {_folder(number)}}}\n" for number in range(FOLDERS)]
    return f"version: 1\nenvironments:\n{''.join(lines)}"


def _write(root: Path, content: Content) -> None:
    for path, data in content.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
