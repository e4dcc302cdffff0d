"""What `rollback` needs from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gitops_action.commands.deploy.application_status import SourceStatuses
from gitops_action.commands.history import DeploymentRecords
from gitops_action.commands.issues import Issues
from gitops_action.commands.ports import Clock, ContentStore, Forge, Registry, Texts
from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.decisions import Decision
from gitops_action.core.outcome import Job
from gitops_action.core.rollback.origin import Origin
from gitops_action.core.rollback.revert import MergeLines


class Origins(Protocol):
    """Which commits and pull requests brought a version."""

    def between(self, old: str, new: str, *, paths: Sequence[str] = ()) -> tuple[Origin, ...]:
        """What `new` has over `old` in these files (none: anywhere), newest first."""
        ...

    def files(self, old: str, new: str) -> tuple[str, ...] | None:
        """The files that differ, under both names where one was renamed.

        None where not all of them are known, or `new` does not contain `old`.
        """
        ...


class Requests(Protocol):
    """Rollbacks that people ask for by the workflow's form."""

    def may_write(self, login: str) -> bool | None:
        """Whether a person has write access; None where that cannot be read."""
        ...

    def record(self, number: int, decision: Decision) -> None:
        """Record on the pull request who asked, as the gate reads it."""
        ...


@dataclass(frozen=True, kw_only=True)
class RollbackPorts:
    """What `rollback` talks to.

    Attributes:
        merge_lines: merges a file that was changed since, where a whole change is reverted.
        requests: records who asked; None where that is done elsewhere, as by `comment`.
        sources: statuses of application repositories; None where no token reaches them.
    """

    store: ContentStore
    forge: Forge
    records: DeploymentRecords
    registry: Registry
    texts: Texts
    clock: Clock
    job: Job
    issues: Issues
    origins: Origins
    merge_lines: MergeLines
    requests: Requests | None = None
    sources: SourceStatuses | None = None
