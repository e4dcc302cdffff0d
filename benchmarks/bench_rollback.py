"""A rollback of a large environment repository, whole processes, against Git and yq.

    python -m benchmarks rollback

The newest version of an application failed and the one before was verified, each recorded with the
run that proves it. `rollback` is asked for the application, or looks for itself after the failed
run: it reads what was deployed, asks the registry for the earlier image, and opens the pull request
with the hold. The peer is the one of the bump, which only clones, edits and pushes.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from benchmarks.bench_bump import LARGE, NEW, RATIO, SMALL, Bench, Cost, counts
from benchmarks.parts.environment import OLD, application
from benchmarks.parts.figures import Figure
from benchmarks.parts.forge import forge_process
from benchmarks.parts.scratch import disk, scratch
from testbed.process import PartError
from testbed.registry import Registry

REPEATS = 3
_OPENED = "/repos/{owner}/{repo}/pulls"
_FIRST = 900
"""The application that goes back first; the peer counts from the other end."""
_CONFIG = """version: 1
environments:
  default:
    path: applications/{application}
    rollback: {mode: auto}
"""


def measure() -> Iterator[Figure]:
    """Rollbacks of the large repository, in turns with the peer, and one of a small repository."""
    with ExitStack() as stack:
        root, slow = stack.enter_context(scratch()), stack.enter_context(disk())
        host = stack.enter_context(forge_process(root / "forge"))
        registry = stack.enter_context(Registry.start(root / "registry"))
        bench = Bench(root=root, host=host, registry=registry)
        large, small = "acme/back", "acme/back-small"
        url = host.create(large, LARGE, registry.address, _CONFIG)
        host.create(small, SMALL, registry.address, _CONFIG)
        asked, itself, peers = [], [], []
        for number in range(_FIRST, _FIRST + REPEATS):
            asked.append(_rolled_back(bench, large, application(number)))
            itself.append(_rolled_back(bench, large, application(number + REPEATS), asked=False))
            peers.append(bench.peer(large, url, slow / "clone"))
        yield from _figures(asked, peers, _rolled_back(bench, small, application(0)))
        yield _ratio("automatic", itself, peers)
        if problems := host.problems():
            raise PartError("GitHub would have refused:\n" + "\n".join(problems))


def _rolled_back(bench: Bench, repository: str, name: str, *, asked: bool = True) -> Cost:
    """One version verified, the next failed, and the rollback as a process.

    Args:
        bench: the parts.
        repository: OWNER/NAME.
        name: the application.
        asked: by a person who names it; else after the failed run of the deployment.

    Raises:
        PartError: it failed, or opened no pull request.
    """
    address = f"{bench.registry.address}/acme/{name}"
    for tag in (OLD, NEW):
        bench.registry.push_image(f"acme/{name}", tag)
        if tag == NEW:
            path = f"applications/{name}/deployment.yaml"
            bench.host.replace(repository, path, f"{address}:{OLD}", f"{address}:{NEW}")
        bench.host.deployed(repository, {name: (f"{address}:{tag}",)}, failed=tag == NEW)
    inputs = {
        "command": "rollback",
        **bench.host.addresses(),
        "token": bench.host.token(repository),
        "repository": repository,
    }
    if asked:
        named = {"environment": "default", "application": name, "reason": "errors after start"}
        return bench.opened({**inputs, **named})
    return bench.opened(inputs, {"GITHUB_EVENT_NAME": "workflow_run"})


def _figures(ours: Sequence[Cost], peers: Sequence[Cost], small: Cost) -> Iterator[Figure]:
    yield _ratio("asked for", ours, peers)
    opened = [_to_the_pull_request(cost.requests) for cost in ours]
    yield Figure(
        row="rollback",
        name=f"{LARGE} files: requests from the start to the open pull request",
        value=max(len(found) for found in opened),
        unit="requests",
        detail="an automatic one takes at most 10, which a test asserts",
    )
    yield from counts("rollback", f"{LARGE} files", ours, small)


def _ratio(what: str, ours: Sequence[Cost], peers: Sequence[Cost]) -> Figure:
    mine, peer = (statistics.median(cost.seconds for cost in found) for found in (ours, peers))
    return Figure(
        row="rollback",
        name=f"{LARGE} files, {what}: time to clone + yq + push on disk",
        value=mine / peer,
        unit="x",
        target=RATIO,
        detail=f"{mine:.2f} s to {peer:.2f} s, medians of {len(ours)}",
    )


def _to_the_pull_request(requests: Sequence[str]) -> Sequence[str]:
    return requests[: requests.index(_OPENED) + 1]
