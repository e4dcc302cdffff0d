"""What starting the environment repository's own bump needs from the outside world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gitops_action.commands.ports import Clock, Registry
from gitops_action.core.dispatch import Order, ProposedPull, Run
from gitops_action.core.job import Job


class Dispatcher(Protocol):
    """The environment repository's workflows."""

    def default_branch(self) -> str:
        """The branch whose workflows count."""
        ...

    def start(self, order: Order) -> Run | None:
        """Start the run; None when GitHub accepted it and does not say which run it is.

        A try that was cut off is looked for before it is repeated.
        """
        ...

    def find(self, order: Order) -> Run | None:
        """The run that carries the order's correlation in its name; None: not there (yet)."""
        ...

    def read(self, run: int) -> Run:
        """The run as it is now."""
        ...

    def pull_requests(self) -> tuple[ProposedPull, ...]:
        """The pull requests of the repository's own branches that changed last, newest first."""
        ...


@dataclass(frozen=True, kw_only=True)
class DispatchPorts:
    """What `mode: dispatch` talks to; `correlation` is a word that no other run has."""

    dispatcher: Dispatcher
    registry: Registry
    clock: Clock
    job: Job
    correlation: str
