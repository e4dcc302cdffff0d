"""What a validation found, as values: the command fills them in, the views lay them out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from gitops_action.core.deploy.diff import Change, ObjectDiff
from gitops_action.core.deploy.prune import PruneVerdict
from gitops_action.core.outcome import Job
from gitops_action.core.validation.images import ImageDifference
from gitops_action.errors import GitOpsError

Level = Literal["error", "warning"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is wrong, or that a person should look at.

    `known` says that the base branch has it as well: the change did not bring it in.
    """

    level: Level
    error: GitOpsError
    known: bool = False


@dataclass(frozen=True, kw_only=True)
class EnvironmentReport:
    """One environment that the change touches.

    Attributes:
        name: its name.
        folder: its folder; empty for the whole repository.
        deployed: in words, how and where it is deployed.
        merged_by: in words, who merges a change of it.
        findings: what is wrong, worst first.
        changes: the objects that differ, in canonical order.
        images: the images that differ.
        deletions: what a deployment would delete; None where that cannot be told, because a side
            does not render.
        objects: how many objects it has after the merge.
        content_hash: of what it renders to after the merge; empty when it does not render.
        notes: what else a person should know.
    """

    name: str
    folder: str = ""
    deployed: str = ""
    merged_by: str = ""
    findings: tuple[Finding, ...] = ()
    changes: tuple[ObjectDiff, ...] = ()
    images: tuple[ImageDifference, ...] = ()
    deletions: PruneVerdict | None = None
    objects: int = 0
    content_hash: str = ""
    notes: tuple[str, ...] = ()

    def count(self, change: Change) -> int:
        """How many objects are added, changed or removed."""
        return sum(item.change == change for item in self.changes)


@dataclass(frozen=True, kw_only=True)
class ValidationReport:
    """The whole validation: of which commits, of what, and what was found.

    Attributes:
        repository: OWNER/NAME, where it is known.
        number: the pull request; None for a checkout that belongs to none.
        branch: the base branch.
        base: the base's tip that head was merged into.
        head: the commit that was judged; empty for files that no commit holds.
        moved_to: the newer head, when it moved meanwhile.
        environments: those that were looked at.
        left_out: those that the change touches and `environment` does not name.
        findings: what concerns no single environment.
        unrendered: changed files outside of every touched environment.
        rendered_hash: see `core.bindings`.
        unrendered_hash: see `core.bindings`.
        notes: what else a person should know.
        job: which run found it.
    """

    repository: str = ""
    number: int | None = None
    branch: str = ""
    base: str = ""
    head: str = ""
    moved_to: str = ""
    environments: tuple[EnvironmentReport, ...] = ()
    left_out: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    unrendered: tuple[str, ...] = ()
    rendered_hash: str = ""
    unrendered_hash: str = ""
    notes: tuple[str, ...] = ()
    job: Job = field(default_factory=Job)

    @property
    def everything(self) -> tuple[Finding, ...]:
        """Every finding: general ones first, then each environment's."""
        return (*self.findings, *(item for env in self.environments for item in env.findings))

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong with the pull request as it is now."""
        moved = self.number is not None and bool(self.moved_to)
        return not moved and all(item.level != "error" for item in self.everything)

    def count(self, change: Change) -> int:
        """How many objects are added, changed or removed in all environments."""
        return sum(environment.count(change) for environment in self.environments)
