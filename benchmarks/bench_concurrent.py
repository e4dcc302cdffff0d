"""A hundred bumps of one repository at once: what lands, what is lost, what collisions cost.

    python -m benchmarks concurrent

Each bump is the whole command on real adapters, in a thread; the GitHub double is another process.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from benchmarks.parts.environment import FILES_PER_APPLICATION, application
from benchmarks.parts.figures import Figure
from benchmarks.parts.forge import ForgeHost, forge_process
from benchmarks.parts.scratch import scratch
from gitops_action.app.commands import RUNNERS, execute
from gitops_action.app.tools import Context
from gitops_action.core.inputs import command_named
from gitops_action.core.redaction.known import Redactor
from gitops_action.errors import GitOpsError
from testbed.process import PartError
from testbed.registry import Registry
from tests.support.reporters import QUIET

BUMPS = 100
NEW = "v2.0.0"
EXTRA = 3.0
_MOVES = frozenset({"updateRefs", "createCommitOnBranch"})

Mode = Literal["pull-request", "commit"]


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """Where the bumps go."""

    host: ForgeHost
    registry: Registry
    repository: str
    mode: Mode

    def bump(self, number: int) -> None:
        """One bump, of an application of its own.

        Raises:
            GitOpsError: it gave up.
        """
        command = command_named("bump")
        if command is None:
            raise PartError("there is no command `bump`")
        name = application(number)
        given = {
            **self.host.addresses(),
            "token": self.host.token(self.repository),
            "repository": self.repository,
            "images": f"{self.registry.address}/acme/{name}:{NEW}",
            "application": name,
            "mode": self.mode,
        }
        execute(command, given, Context(environ={}, redactor=Redactor(()), reporter=QUIET), RUNNERS)

    def at_once(self) -> tuple[list[str], float]:
        """All bumps started together; returns why some failed, and the seconds all took."""
        gate = threading.Barrier(BUMPS)

        def one(number: int) -> str:
            gate.wait()
            try:
                self.bump(number)
            except GitOpsError as error:
                return str(error)
            return ""

        started = time.perf_counter()
        with ThreadPoolExecutor(BUMPS) as pool:
            said = list(pool.map(one, range(1, BUMPS + 1)))
        return [text for text in said if text], time.perf_counter() - started

    def landed(self) -> int:
        """How many of the new images stand where they belong."""
        branches = self.host.branches(self.repository)
        proposed = set(self.host.open_pull_requests(self.repository))
        count = 0
        for number in range(1, BUMPS + 1):
            name = application(number)
            branch = f"gitops/default/{name}" if self.mode == "pull-request" else "main"
            if branch not in branches or (self.mode == "pull-request" and branch not in proposed):
                continue
            path = f"applications/{name}/deployment.yaml"
            (data,) = self.host.files(self.repository, branch, [path])
            count += f"/acme/{name}:{NEW}@sha256:".encode() in data
        return count


def measure() -> Iterator[Figure]:
    """Measure both modes."""
    with scratch() as root, forge_process(root / "forge") as host:
        with Registry.start(root / "registry") as registry:
            for number in range(BUMPS + 1):
                registry.push_image(f"acme/{application(number)}", NEW)
            modes: tuple[Mode, ...] = ("pull-request", "commit")
            for mode in modes:
                repository = f"acme/{mode}"
                host.create(repository, FILES_PER_APPLICATION * (BUMPS + 1), registry.address)
                crowd = Crowd(host=host, registry=registry, repository=repository, mode=mode)
                yield from _figures(crowd)
        if problems := host.problems():
            raise PartError("GitHub would have refused:\n" + "\n".join(problems))


def _figures(crowd: Crowd) -> Iterator[Figure]:
    crowd.host.requests()
    crowd.bump(0)
    alone = len(crowd.host.requests())
    failures, seconds = crowd.at_once()
    requests = crowd.host.requests()
    operations = Counter(request.operation for request in requests)
    conflicts = sum(operations[name] for name in _MOVES) - (BUMPS - len(failures))
    extra = len(requests) - alone * BUMPS
    landed = crowd.landed()
    name = f"{BUMPS} at once, mode: {crowd.mode}"
    yield Figure(
        row="concurrent",
        name=f"{name}: landed",
        value=landed,
        unit="bumps",
        target=BUMPS,
        exactly=True,
        detail=f"{seconds:.1f} s in all; {'; '.join(sorted(set(failures)))[:200]}".rstrip("; "),
    )
    yield Figure(
        row="concurrent",
        name=f"{name}: said to have landed, and not there",
        value=BUMPS - len(failures) - landed,
        unit="bumps",
        target=0,
        exactly=True,
    )
    yield Figure(
        row="concurrent",
        name=f"{name}: requests more per conflict",
        value=extra / conflicts if conflicts else 0,
        unit="requests",
        target=EXTRA,
        detail=f"{conflicts} conflicts, {len(requests)} requests, {alone} for a bump alone",
    )
