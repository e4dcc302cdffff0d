"""What a validation found, as values: the command fills them in, the views lay them out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.diff import Change, ObjectDiff
from gitops_action.core.deploy.prune import PruneVerdict
from gitops_action.core.kustomize import is_kustomization
from gitops_action.core.outcome import Job
from gitops_action.core.redaction.known import concealed
from gitops_action.core.repository import Sides
from gitops_action.core.validation.images import ImageDifference
from gitops_action.errors import GitOpsError, Location

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
        deletions: what a deployment would delete; None where that is unknown, because a side
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


# Hashes that gates and approvals bind to: they change exactly when what was judged changes.


def rendered_hash(environments: Mapping[str, str]) -> str:
    """Hash of what environments render to.

    Args:
        environments: name to content hash of each environment that is touched. With none the
            hash is that of nothing: it is the same for every change that touches none.

    Returns:
        `sha256:…`, or nothing when the content of one of them is not known.
    """
    if not all(environments.values()):
        return ""
    return _hash(sorted(environments.items()))


def unrendered_hash(sides: Sides, shown: Collection[str]) -> str:
    """Hash of the changed files that are not wholly shown by a render.

    Args:
        sides: base and merged tree.
        shown: paths whose whole content is in a render, see `shown_files`.

    Returns:
        `sha256:…`; with no such file the hash of nothing. Name, mode and content count, and a
        removed file counts as removed; the base's content does not.
    """
    lines: list[tuple[str, str, str]] = []
    for path in sides.changed():
        if path not in shown:
            file = sides.merged.files.get(path)
            lines.append((path, file.mode, file.blob) if file else (path, "", ""))
    return _hash(lines)


def shown_files(origins: Collection[str], closure: Collection[str]) -> frozenset[str]:
    """The files that a render shows in full.

    Args:
        origins: files that rendered objects come from.
        closure: files that the render stands on; kustomizations count of these.
    """
    steering = {path for path in closure if is_kustomization(path)}
    return frozenset(steering | set(origins))


def _hash(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


# The variables of the validation's views: plain text, numbers, lists and mappings.

_ORDER = {"removed": 0, "changed": 1, "added": 2}
"""What is gone is read first: it is what hurts."""


def context_of(report: ValidationReport) -> dict[str, object]:
    """The variables of the whole report."""
    return {
        "verdict": verdict(report.everything) + (" (an older commit)" if report.moved_to else ""),
        "branch": report.branch,
        "base": report.base,
        "head": report.head,
        "moved_to": report.moved_to,
        "environments": [_environment(item) for item in report.environments],
        "left_out": list(report.left_out),
        "findings": findings_of(report.findings),
        "unrendered": list(report.unrendered),
        "rendered_hash": report.rendered_hash,
        "unrendered_hash": report.unrendered_hash,
        "notes": [concealed(note) for note in report.notes],
        "run_url": report.job.run_url,
    }


def verdict(findings: Sequence[Finding]) -> str:
    """`valid`, `2 errors and 1 warning`."""
    counts = [(level, sum(item.level == level for item in findings)) for level in _LEVELS]
    said = [f"{number} {level}{'s' * (number != 1)}" for level, number in counts if number]
    if not counts[0][1]:
        said.insert(0, "valid")
    return " and ".join(said) if counts[0][1] else ", ".join(said)


_LEVELS = ("error", "warning")


def findings_of(findings: Iterable[Finding]) -> list[dict[str, object]]:
    """Findings, errors first, otherwise in their order."""
    ordered = sorted(findings, key=lambda item: _LEVELS.index(item.level))
    return [
        {
            "level": item.level,
            "known": item.known,
            "place": str(item.error.location or ""),
            "text": sentence(item),
        }
        for item in ordered
    ]


def sentence(finding: Finding) -> str:
    """The finding without its place and without credentials: `title: cause. Fix: …`."""
    error = finding.error
    cause = f": {error.cause}" if error.cause else ""
    fix = f". Fix: {error.fix}" if error.fix else ""
    return concealed(f"{error.title}{cause}{fix}")


def _environment(report: EnvironmentReport) -> dict[str, object]:
    return {
        "name": report.name,
        "folder": report.folder or ".",
        "verdict": verdict(report.findings),
        "deployed": report.deployed,
        "merged_by": report.merged_by,
        "findings": findings_of(item for item in report.findings if not item.known),
        "known": findings_of(item for item in report.findings if item.known),
        "changes": [_change(item) for item in sorted(report.changes, key=_worst_first)],
        "images": [
            {
                "repository": item.repository,
                "old": ", ".join(item.old) or "none",
                "new": ", ".join(item.new) or "none",
            }
            for item in report.images
        ],
        "deletions": _deletions(report.deletions),
        "added": report.count("added"),
        "changed": report.count("changed"),
        "removed": report.count("removed"),
        "objects": report.objects,
        "notes": [concealed(note) for note in report.notes],
    }


def _worst_first(change: ObjectDiff) -> int:
    return _ORDER[change.change]


def _change(item: ObjectDiff) -> dict[str, object]:
    return {
        "name": str(item.id),
        "change": item.change,
        "text": item.text,
        "lines": item.text.count("\n") + 1,
        "place": _place(item.origin),
        "lines_added": item.lines_added,
        "lines_removed": item.lines_removed,
    }


def _place(origin: Location | None) -> str:
    return origin.file if origin else ""


def _deletions(deletions: PruneVerdict | None) -> dict[str, object]:
    if deletions is None:
        return {"text": "unknown", "confirm": [], "kept": [], "exceeded": False, "emptied": False}
    number = len(deletions.removed)
    text = f"{number} of {deletions.total}, limit {deletions.budget}" if number else "nothing"
    return {
        "text": text,
        "confirm": [str(item) for item in deletions.confirm],
        "kept": [str(item) for item in deletions.kept],
        "exceeded": deletions.exceeded,
        "emptied": deletions.emptied,
    }
