"""What `rollback` needs from outside."""

from __future__ import annotations

from gitops_action.commands.history import DeploymentRecords
from gitops_action.commands.ports import Clock, ContentStore, Forge, Registry, Texts
from gitops_action.core.dataclass import dataclass
from gitops_action.core.outcome import Job


@dataclass(frozen=True, kw_only=True)
class RollbackPorts:
    """What `rollback` talks to."""

    store: ContentStore
    forge: Forge
    records: DeploymentRecords
    registry: Registry
    texts: Texts
    clock: Clock
    job: Job
