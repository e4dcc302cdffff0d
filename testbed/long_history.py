"""An environment repository with a long history: many bumps, and the deployments of some of them.

Every environment has one kustomization with an image for each application; the last environment is
production. Each commit bumps one application in one environment, with the trailers of a bump, every
eleventh changes configuration alone; deployments are spread evenly over the commits, each with the
run and the job that prove it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gitops_action.core.deployments.payload import RecordContent, write_payload
from testbed.forge.runs import job_url

if TYPE_CHECKING:
    from testbed.forge.handle import RepositoryHandle
    from testbed.forge.world import World

WORKFLOW = ".github/workflows/deploy.yml"
_EVERY = timedelta(minutes=30)
_CONFIGURATION = 11
"""Of this many commits one changes configuration and no image."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How much there is."""

    commits: int = 10_000
    environments: int = 5
    applications: int = 10
    deployments: int = 2_000

    def names(self) -> tuple[str, ...]:
        """The environments."""
        return (*(f"env-{number}" for number in range(self.environments - 1)), "production")

    def owners(self) -> tuple[str, ...]:
        """The applications."""
        return tuple(f"app-{number:02}" for number in range(self.applications))


@dataclass(frozen=True, kw_only=True)
class _Step:
    """What one commit leaves in the environment that it touches."""

    environment: str
    path: str
    data: bytes
    images: Mapping[str, tuple[str, ...]]
    bumped: str = ""
    """The application; empty where configuration alone changes."""

    def message(self, number: int) -> str:
        """Of its commit."""
        subject = f"Change {self.environment} (#{number})"
        if not self.bumped:
            return subject
        (new,) = self.images[self.bumped]
        source = f"acme/{self.bumped}@{number:040x}"
        return f"{subject}\n\nGitOps-Action: bump\nGitOps-Image: {new}\nGitOps-Source: {source}"


def image(application: str, version: int) -> str:
    """A version of an application, by tag and digest."""
    digest = f"{version:08x}{int(application[-2:]):056x}"
    return f"registry.example.com/acme/{application}:v{version}@sha256:{digest}"


def fill(world: World, handle: RepositoryHandle, shape: Shape, *, end: datetime) -> None:
    """Write the commits and record the deployments; the newest is made shortly before `end`."""
    steps = list(_steps(shape))
    begin = end - _EVERY * (len(steps) + 1)
    store = handle.repository.git
    store.run("fast-import", "--quiet", "--force", stdin=_stream(shape, steps, begin))
    store.run("repack", "-adbq")
    listed = store.run("rev-list", "--first-parent", "--reverse", "main").decode().split()
    every = max(1, len(steps) // max(shape.deployments, 1))
    try:
        for number, oid in list(enumerate(listed[1:]))[::every][: shape.deployments]:
            at = begin + _EVERY * (number + 1) + timedelta(minutes=5)
            world.now_shift = int((at - datetime.now(at.tzinfo)).total_seconds())
            _deploy(world, handle, steps[number], oid)
    finally:
        world.now_shift = 0


def _deploy(world: World, handle: RepositoryHandle, step: _Step, oid: str) -> None:
    name = f"deploy / {step.environment}"
    run = handle.record_run(WORKFLOW, branch="main", oid=oid, jobs={name: "success"})
    content = RecordContent(
        environment=step.environment, commit=oid, hash=f"sha256:{oid}", applications=step.images
    )
    page = job_url(world, handle.repository, run, run.jobs[0])
    handle.record_deployment(
        step.environment, oid=oid, log_url=page, payload=write_payload(content)
    )


def _steps(shape: Shape) -> Iterator[_Step]:
    versions = {name: dict.fromkeys(shape.owners(), 0) for name in shape.names()}
    for number in range(shape.commits):
        environment = shape.names()[number % shape.environments]
        own = versions[environment]
        folder, bumped = f"environments/{environment}", ""
        if number % _CONFIGURATION == _CONFIGURATION - 1:
            path, data = f"{folder}/settings.yaml", _settings(environment, number)
        else:
            bumped = shape.owners()[number // shape.environments % shape.applications]
            own[bumped] += 1
            path, data = f"{folder}/kustomization.yaml", _overlay(own)
        images = {name: (image(name, version),) for name, version in own.items()}
        yield _Step(
            environment=environment, path=path, data=data.encode(), images=images, bumped=bumped
        )


_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: %(name)s}
spec:
  selector: {matchLabels: {app: %(name)s}}
  template:
    metadata: {labels: {app: %(name)s}}
    spec: {containers: [{name: main, image: registry.example.com/acme/%(name)s}]}
"""


def _settings(environment: str, number: int) -> str:
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
    return f"{head}data: {{environment: {environment}, LIMIT: '{number}'}}\n"


def _overlay(versions: Mapping[str, int]) -> str:
    lines = ["resources:", "  - settings.yaml"]
    lines += [f"  - ../../applications/{name}" for name in versions]
    lines.append("images:")
    for name, version in versions.items():
        repository, _, digest = image(name, version).partition("@")
        lines += [
            f"  - name: {repository.rpartition(':')[0]}",
            f"    newTag: v{version}",
            f"    digest: {digest}",
        ]
    return "\n".join(lines) + "\n"


def _first(shape: Shape) -> Iterator[tuple[str, str]]:
    """The files that the history begins with."""
    yield ".github/gitops.yaml", _configuration(shape)
    for name in shape.owners():
        folder = f"applications/{name}"
        yield f"{folder}/deployment.yaml", _DEPLOYMENT % {"name": name}
        yield f"{folder}/kustomization.yaml", "resources: [deployment.yaml]\n"
    for name in shape.names():
        folder = f"environments/{name}"
        yield f"{folder}/settings.yaml", _settings(name, 0)
        yield f"{folder}/kustomization.yaml", _overlay(dict.fromkeys(shape.owners(), 0))


def _configuration(shape: Shape) -> str:
    lines = ["version: 1", "environments:"]
    previous = ""
    for name in shape.names():
        after = f", after: [{previous}]" if previous else ""
        lines.append(f"  {name}: {{path: environments/{name}, deploy: {{engine: push}}{after}}}")
        previous = name
    return "\n".join(lines) + "\n"


def _stream(shape: Shape, steps: list[_Step], begin: datetime) -> bytes:
    """Every commit for `git fast-import` (its documentation, "INPUT FORMAT")."""
    out = io.BytesIO()
    first = [(path, text.encode()) for path, text in _first(shape)]
    _write(out, first, "Initial commit", begin)
    for number, step in enumerate(steps, start=1):
        _write(out, [(step.path, step.data)], step.message(number), begin + _EVERY * number)
    return out.getvalue()


def _write(out: io.BytesIO, files: list[tuple[str, bytes]], message: str, at: datetime) -> None:
    signature = f"Alice <alice@example.com> {int(at.timestamp())} +0000"
    out.write(f"commit refs/heads/main\ncommitter {signature}\n".encode())
    out.write(f"data {len(message)}\n{message}\n".encode())
    for path, data in files:
        head = f"M 100644 inline {path}\ndata {len(data)}\n".encode()
        out.writelines((head, data, b"\n"))
