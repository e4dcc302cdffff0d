"""One environment on one cluster: what an engine is given, and how it reports its progress."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from gitops_action.commands.deploy.cluster import Cluster
from gitops_action.commands.ports import History, Schemas
from gitops_action.commands.render import EnvironmentRendering
from gitops_action.core.config import Environment, Target
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.field_managers import field_manager
from gitops_action.core.deploy.result import Progress, TargetResult
from gitops_action.core.manifests.model import Manifest, ObjectId
from gitops_action.core.redaction.known import Redactor
from gitops_action.errors import GitOpsError

__all__ = [
    "DeployClock",
    "Engine",
    "Options",
    "Progress",
    "SchemasOf",
    "Stop",
    "TargetRun",
    "Teller",
]


class DeployClock(Protocol):
    """Time: the real one, also where a run's report is made reproducible."""

    def now(self) -> datetime:
        """The present, with a time zone."""
        ...

    def monotonic(self) -> float:
        """Seconds that only ever grow."""
        ...


class Stop(Protocol):
    """Whether the run is to end early (a cancelled job); `threading.Event` fulfils it."""

    def is_set(self) -> bool:
        """It is to end."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Wait that many seconds, or until it is to end; whether it is."""
        ...


class Teller(Protocol):
    """Shows people how far a target is, while it goes on; for any number of threads."""

    def phase(self, text: str) -> None:
        """A part of the work begins: `Apply 12 objects`. It ends where the next one begins."""
        ...

    def tell(self, progress: Progress) -> None:
        """Something happened in it."""
        ...


class Moves(Protocol):
    """Objects that the same commits move from one environment to another."""

    def from_environment(self, label: str, item: ObjectId) -> str:
        """The environment of that inventory, where it describes the object no more."""
        ...

    def to_environment(self, item: ObjectId) -> str:
        """The environment that describes the object since it was described here."""
        ...


class NoMoves:
    """Nothing moves."""

    def from_environment(self, label: str, item: ObjectId) -> str:
        """None."""
        del label, item
        return ""

    def to_environment(self, item: ObjectId) -> str:
        """None."""
        del item
        return ""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the run was asked for.

    Attributes:
        dry_run: show what would be done, write nothing.
        force_conflicts: take over fields that other managers own.
        confirm_prune: a person confirmed what is to be deleted.
        destroy: delete everything that was applied.
        timeout: for everything to be healthy; None: the environment's `health.timeout`.
        holder: who we are, for those who wait for our lease: repository, run and attempt.
        lease_wait: seconds to wait for another run on the same environment.
        prune_wait: seconds that deleted objects may take to be gone, all together.
    """

    dry_run: bool = False
    force_conflicts: bool = False
    confirm_prune: bool = False
    destroy: bool = False
    timeout: timedelta | None = None
    holder: str = "gitops-action"
    lease_wait: float = 300.0
    prune_wait: float = 60.0


SchemasOf = Callable[[str, Sequence[Manifest]], Schemas]
"""The schemas of a Kubernetes version (`v1.36.3`), and of the definitions among these objects."""


@dataclass(frozen=True, kw_only=True)
class TargetRun:
    """One environment on one of its clusters at one commit.

    Attributes:
        environment: as the commit's own configuration describes it.
        target: which cluster, and by which engine.
        repository: the environment repository, OWNER/NAME.
        server_url: where people and Flux find it, such as `https://github.com`.
        branch: its base branch.
        commit: what is deployed, a full id.
        rendering: what the environment comes to at the commit.
        cluster: the cluster.
        history: of the environment repository.
        clock: the time.
        stop: set when the job is cancelled: the engine then returns what it knows, within seconds.
        teller: who shows progress.
        redactor: takes known secrets out of foreign text, log lines above all.
        options: what the run was asked for.
        moves: between this environment and others.
        declared: names of the environments of the configuration, and their former names.
        schemas: see `SchemasOf`; None: no schemas are at hand.
    """

    environment: Environment
    target: Target
    repository: str
    server_url: str
    branch: str
    commit: str
    rendering: EnvironmentRendering
    cluster: Cluster
    history: History
    clock: DeployClock
    stop: Stop
    teller: Teller
    redactor: Redactor
    options: Options = field(default_factory=Options)
    moves: Moves = field(default_factory=NoMoves)
    declared: frozenset[str] = frozenset()
    schemas: SchemasOf | None = None

    @property
    def manager(self) -> str:
        """The field manager, and the marker of what is ours to prune."""
        return field_manager(self.environment.name)

    @property
    def former_managers(self) -> frozenset[str]:
        """The field managers of the environment's former names."""
        return frozenset(map(field_manager, self.environment.formerly))

    @property
    def timeout(self) -> timedelta:
        """How long everything may take to be healthy."""
        return self.options.timeout or self.environment.deploy.health.timeout


Engine = Callable[[TargetRun], TargetResult]
"""Brings a target to the commit, or waits until it is there.

What a cluster refuses is in the result, never raised: failed where it is certain, unknown where it
could not be determined (no answer, expired credentials, interrupted). Exceptions are bugs.
"""


# Questions to the cluster that may take long, asked so that the run can still end in time.

T = TypeVar("T")

_WORKERS = 6
_LOOK_UP = 0.1


def ask(
    questions: Sequence[Callable[[], T]], *, stop: Stop, seconds: float
) -> list[T | GitOpsError | None]:
    """Ask all of them at once, a few at a time.

    Args:
        questions: what to call.
        stop: when it is set nobody waits any longer.
        seconds: how long to wait for all answers.

    Returns:
        For each question its answer, its error, or None where there was no time.
    """
    numbers = iter(range(len(questions)))
    turn = threading.Lock()
    answers: queue.SimpleQueue[tuple[int, T | GitOpsError]] = queue.SimpleQueue()
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            with turn:
                number = next(numbers, None)
            if number is None:
                return
            try:
                answers.put((number, questions[number]()))
            except GitOpsError as error:
                answers.put((number, error))

    for _ in range(min(_WORKERS, len(questions))):
        threading.Thread(target=work, name="gitops-wait-ask", daemon=True).start()
    found: list[T | GitOpsError | None] = [None] * len(questions)
    deadline = time.monotonic() + seconds
    missing = len(questions)
    while missing and not stop.is_set() and time.monotonic() < deadline:
        with suppress(queue.Empty):
            number, answer = answers.get(timeout=_LOOK_UP)
            found[number] = answer
            missing -= 1
    over.set()
    return found
