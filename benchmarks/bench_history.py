"""History and status of a repository with 10,000 commits and 2,000 Deployments.

    python -m benchmarks history

It has five environments with ten applications each, the last of them production, so that `status`
counts the DORA metrics. Our own time is the CPU of the process; that of the Git that it starts
stands beside it. The GitHub double runs in another process, with no network between.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator

from benchmarks.parts.figures import Figure
from benchmarks.parts.forge import ForgeHost, forge_process
from benchmarks.parts.scratch import scratch
from gitops_action.app.commands import RUNNERS
from gitops_action.app.session import execute
from gitops_action.app.tools import Context
from gitops_action.core.inputs import command_named
from gitops_action.core.redaction.known import Redactor
from testbed.long_history import Shape
from testbed.process import PartError
from tests.support.reporters import QUIET

SHAPE = Shape()
SECONDS = 3.0
REQUESTS = 100
REPEATS = 3
_REPOSITORY = "acme/environment"


def measure() -> Iterator[Figure]:
    """Measure `history`, and `status`, which reads it for the last twelve weeks."""
    with scratch() as root, forge_process(root / "forge") as host:
        host.create_history(_REPOSITORY, SHAPE)
        for command in ("history", "status"):
            yield from _figures(host, command)
        if problems := host.problems():
            raise PartError("GitHub would have refused:\n" + "\n".join(problems))


def _figures(host: ForgeHost, command: str) -> Iterator[Figure]:
    runs = [_run(host, command) for _ in range(REPEATS)]
    wall, seconds, git, requests = min(runs, key=lambda one: one[1])
    name = f"{command}, {SHAPE.commits} commits, {SHAPE.deployments} Deployments"
    yield Figure(
        row="history",
        name=f"{name}: our own CPU time",
        value=seconds,
        unit="s",
        target=SECONDS,
        detail=f"best of {REPEATS}; Git {git:.1f} s; {wall:.1f} s with the double's answers",
    )
    yield Figure(
        row="history",
        name=f"{name}: requests",
        value=sum(requests.values()),
        unit="requests",
        target=REQUESTS,
        detail=", ".join(f"{number} {kind}" for kind, number in requests.most_common(4)),
    )


def _run(host: ForgeHost, name: str) -> tuple[float, float, float, Counter[str]]:
    """Seconds on the wall, our seconds of CPU, those of Git, and requests by what they asked."""
    command = command_named(name)
    if command is None:
        raise PartError(f"there is no command `{name}`")
    given = {
        **host.addresses(),
        "token": host.token(_REPOSITORY),
        "repository": _REPOSITORY,
        "format": "json",
    }
    host.requests()
    context = Context(environ={}, redactor=Redactor(()), reporter=QUIET)
    before, started = os.times(), time.perf_counter()
    outcome = execute(command, given, context, RUNNERS)
    wall, after = time.perf_counter() - started, os.times()
    user, system, git_user, git_system = (
        now - then for now, then in zip(after[:4], before[:4], strict=True)
    )
    if not json.loads(outcome.outputs[name]):
        raise PartError(f"`{name}` found nothing")
    requests = Counter(one.operation for one in host.requests())
    return wall, user + system, git_user + git_system, requests
