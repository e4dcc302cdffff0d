"""What goes into a plan and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gitops_action.core.config import Config, Environment
from gitops_action.core.discovery import Skipped, keep_files
from gitops_action.core.files import Keep, Snapshot
from gitops_action.core.images import ImageChange, ImageReference
from gitops_action.core.plan.sets import SetEdit

DigestMode = Literal["pin", "keep", "drop"]


@dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """One environment and what is to change in it.

    Attributes:
        snapshot: the repository's files; more than `make_keep` wants does not matter.
        environment: the one that is edited.
        config: the whole configuration, because no other environment may change along.
        changes: wanted images; targets carry the digest to pin already.
        applications: names asked for; none means every application that has the image.
        digest_mode: what becomes of digests when the target has none.
        sets: explicit edits.
        paths: globs of the files that may be edited; none means all.
    """

    snapshot: Snapshot
    environment: Environment
    config: Config
    changes: tuple[ImageChange, ...] = ()
    applications: tuple[str, ...] = ()
    digest_mode: DigestMode = "pin"
    sets: tuple[SetEdit, ...] = ()
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlanLine:
    """One scalar that changes, or is what it should be already, and why it is the one.

    `rule` is the short id of what recognised it, `reason` a sentence.
    """

    environment: str
    application: str | None
    file: str
    line: int
    path: str
    old: str
    new: str
    rule: str
    reason: str
    repository: str | None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Byte edits for one environment, each with its reason.

    Attributes:
        environment: its name.
        applications: those touched or found at the target already, sorted.
        lines: what changes.
        unchanged: what is at the target already.
        edits: new content by path; only files that change.
        skipped: what was left alone, and why.
        previous: the wanted repositories' references as rendered before, each once.
    """

    environment: str
    applications: tuple[str, ...]
    lines: tuple[PlanLine, ...]
    unchanged: tuple[PlanLine, ...]
    edits: Mapping[str, bytes]
    skipped: tuple[Skipped, ...]
    previous: tuple[ImageReference, ...] = ()

    @property
    def found(self) -> bool:
        """Whether the environment has anything that was asked for."""
        return bool(self.lines or self.unchanged)


def make_keep(changes: Sequence[ImageChange], sets: Sequence[SetEdit]) -> Keep:
    """The prefilter for reading a tree; without changes and edits it keeps every YAML file."""
    wanted = [change.repository for change in changes]
    wanted += [change.target.repository for change in changes if change.rename]
    return keep_files(wanted, frozenset(edit.file for edit in sets))
