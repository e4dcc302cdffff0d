"""A bump of a large environment repository, whole processes: ours by the API, against Git and yq.

    python -m benchmarks bump

Ours starts the interpreter, verifies the image in a registry, pins its digest and opens a pull
request. The peer only clones, edits and pushes. Both talk to one GitHub double in another process,
with no network between; the peer's checkout is measured on disk, and in memory as its best case.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.parts.environment import application
from benchmarks.parts.figures import Figure
from benchmarks.parts.forge import ForgeHost, forge_process
from benchmarks.parts.peer import Change, clone_edit_push, remove, yq
from benchmarks.parts.scratch import disk, scratch
from testbed.action import Step, run_step
from testbed.process import PartError
from testbed.registry import Registry

LARGE = 20_000
SMALL = 20
REPEATS = 5
ON_DISK = 3
NEW = "v2.0.0"
RATIO = 0.25
REQUESTS = 9
CREATING = 4

_DISK = "on disk"
_MEMORY = "in memory"
_CONFIG = """version: 1
environments:
  default:
    path: applications/{application}
"""


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to call a bump: with configuration or not, with the application named or not."""

    name: str
    config: str = ""
    named: bool = False


WAYS = (
    Way(name="application given", named=True),
    Way(name="folders by configuration", config=_CONFIG, named=True),
    Way(name="whole tree"),
)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one bump took: seconds, and requests by their operation."""

    seconds: float
    requests: tuple[str, ...]
    creating: int = 0


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The running parts; each run takes an application of its own."""

    root: Path
    host: ForgeHost
    registry: Registry
    used: list[int] = field(default_factory=list)

    def ours(self, repository: str, way: Way, files: int) -> Cost:
        """One bump as a process.

        Raises:
            PartError: it failed.
        """
        name = self._next(files)
        inputs = {
            **self.host.addresses(),
            "token": self.host.token(repository),
            "repository": repository,
            "images": f"{self.registry.address}/acme/{name}:{NEW}",
        }
        if way.named:
            inputs["application"] = name
        return self.opened(inputs)

    def opened(self, inputs: Mapping[str, str], env: Mapping[str, str] | None = None) -> Cost:
        """One process that opens a pull request.

        Raises:
            PartError: it failed, or opened none.
        """
        with tempfile.TemporaryDirectory(dir=self.root) as folder:
            self.host.requests()
            started = time.perf_counter()
            result = run_step(Step(inputs=inputs, env=env or {}), Path(folder))
            seconds = time.perf_counter() - started
        if result.exit_code or result.outputs.get("pull-request-operation") != "created":
            raise PartError(f"no pull request was opened:\n{result.log}")
        requests = self.host.requests()
        return Cost(
            seconds=seconds,
            requests=tuple(request.operation for request in requests),
            creating=sum(request.content_creating for request in requests),
        )

    def peer(self, repository: str, url: str, folder: Path) -> Cost:
        """One clone into `folder`, edit and push."""
        name = self._next(LARGE)
        change = Change(
            file=f"applications/{name}/deployment.yaml",
            image=f"{self.registry.address}/acme/{name}:{NEW}",
            branch=f"peer/{name}",
        )
        token = self.host.token(repository)
        self.host.requests()
        started = time.perf_counter()
        clone_edit_push(url, token, change, folder)
        seconds = time.perf_counter() - started
        remove(folder)
        requests = tuple(request.operation for request in self.host.requests())
        return Cost(seconds=seconds, requests=requests)

    def _next(self, files: int) -> str:
        """An application without a pull request; its new image is in the registry."""
        number = len(self.used) + 1 if files == LARGE else 0
        self.used.append(number)
        name = application(number)
        self.registry.push_image(f"acme/{name}", NEW)
        return name


def measure() -> Iterator[Figure]:
    """Measure all ways, in turns with the peer so that all see the same machine."""
    yq()
    with ExitStack() as stack:
        root, slow = stack.enter_context(scratch()), stack.enter_context(disk())
        host = stack.enter_context(forge_process(root / "forge"))
        registry = stack.enter_context(Registry.start(root / "registry"))
        bench = Bench(root=root, host=host, registry=registry)
        plain, configured = "acme/plain", "acme/configured"
        url = host.create(plain, LARGE, registry.address)
        host.create(configured, LARGE, registry.address, _CONFIG)
        runs: dict[str, Callable[[], Cost]] = {
            way.name: partial(bench.ours, configured if way.config else plain, way, LARGE)
            for way in WAYS
        }
        runs[_MEMORY] = partial(bench.peer, plain, url, root / "clone")
        costs = _in_turns(runs)
        costs[_DISK] = [bench.peer(plain, url, slow / "clone") for _ in range(ON_DISK)]
        small = {way.name: _small(bench, way) for way in WAYS}
        yield from _figures(costs, small)
        if problems := host.problems():
            raise PartError("GitHub would have refused:\n" + "\n".join(problems))


def _in_turns(runs: Mapping[str, Callable[[], Cost]]) -> dict[str, list[Cost]]:
    costs: dict[str, list[Cost]] = {name: [] for name in runs}
    for _ in range(REPEATS + 1):
        for name, run in runs.items():
            costs[name].append(run())
    return {name: found[1:] for name, found in costs.items()}  # the first warms caches


def _small(bench: Bench, way: Way) -> Cost:
    repository = f"acme/small-{WAYS.index(way)}"
    bench.host.create(repository, SMALL, bench.registry.address, way.config)
    return bench.ours(repository, way, SMALL)


def _figures(costs: Mapping[str, list[Cost]], small: Mapping[str, Cost]) -> Iterator[Figure]:
    for way in WAYS:
        for peer in (_DISK, _MEMORY):
            yield _ratio(way, costs[way.name], peer, costs[peer])
        yield from _counts(way, costs[way.name], small[way.name])
    yield Figure(
        row="bump",
        name="clone + yq + push: requests",
        value=len(costs[_MEMORY][0].requests),
        unit="requests",
    )


def _ratio(way: Way, ours: list[Cost], where: str, peers: list[Cost]) -> Figure:
    mine, peer = (statistics.median(cost.seconds for cost in found) for found in (ours, peers))
    return Figure(
        row="bump",
        name=f"{LARGE} files, {way.name}: time to clone + yq + push {where}",
        value=mine / peer,
        unit="x",
        target=RATIO,
        detail=f"{mine:.2f} s to {peer:.2f} s, medians of {len(ours)} and {len(peers)}",
    )


def _counts(way: Way, found: list[Cost], small: Cost) -> Iterator[Figure]:
    most = max(len(cost.requests) for cost in found)
    yield Figure(
        row="bump",
        name=f"{LARGE} files, {way.name}: requests to GitHub",
        value=most,
        unit="requests",
        target=REQUESTS,
        detail=", ".join(_short(operation) for operation in found[0].requests),
    )
    yield from counts("bump", f"{LARGE} files, {way.name}", found, small)


def counts(row: str, about: str, found: Sequence[Cost], small: Cost) -> Iterator[Figure]:
    """Requests that create content, and how many more there are than in a small repository."""
    yield Figure(
        row=row,
        name=f"{about}: those that create content",
        value=max(cost.creating for cost in found),
        unit="requests",
        target=CREATING,
    )
    yield Figure(
        row=row,
        name=f"{about}: requests more than for {SMALL} files",
        value=max(len(cost.requests) for cost in found) - len(small.requests),
        unit="requests",
        target=0,
        exactly=True,
    )


def _short(operation: str) -> str:
    """What a request did, in a word or two."""
    return {"web": "archive", "{ref}": "archive's address"}.get(
        last := operation.rpartition("/")[2], last
    )
