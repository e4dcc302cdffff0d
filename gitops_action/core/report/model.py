"""What a report is about, as values: the views lay it out, the commands fill it in."""

from __future__ import annotations

from dataclasses import dataclass, field

from gitops_action.core.images import ImageReference, ImageSource
from gitops_action.core.outcome import Job
from gitops_action.core.plan import PlanLine, Skipped
from gitops_action.core.pull_requests import Comparison, Identity, Operation


@dataclass(frozen=True, kw_only=True)
class ImageStep:
    """One image's way from the version described to the one proposed.

    `old` is None where nothing was described before; sources and `comparison` are None where
    they are not known or may not be read.
    """

    old: ImageReference | None
    new: ImageReference
    old_source: ImageSource | None = None
    new_source: ImageSource | None = None
    comparison: Comparison | None = None


@dataclass(frozen=True, kw_only=True)
class ProposalView:
    """Everything that the words about one environment's change are made of.

    Attributes:
        environment: its name.
        base: the branch that is changed.
        applications: those whose files change.
        images: the images, wanted and carried over.
        sets: explicit edits, as lines of the `set` input.
        lines: every place that changes, with the reason.
        skipped: places that were left alone, with the reason.
        notes: warnings for whoever reviews.
        job: who and which run did it.
        signoff: whose `Signed-off-by` the commit carries.
        declared: whether environments are configured (one unnamed environment otherwise).
    """

    environment: str
    base: str
    applications: tuple[str, ...] = ()
    images: tuple[ImageStep, ...] = ()
    sets: tuple[str, ...] = ()
    lines: tuple[PlanLine, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    job: Job = field(default_factory=Job)
    signoff: Identity | None = None
    declared: bool = True


@dataclass(frozen=True, kw_only=True)
class ProposalResult:
    """What became of one environment's change.

    `operation` is None where no pull request is involved: nothing to do, a dry run, a direct
    commit or a local edit. `written` says that a branch or files moved. `reason` says why it is
    so, in a sentence's part.
    """

    view: ProposalView
    operation: Operation | None = None
    number: int | None = None
    url: str = ""
    branch: str = ""
    commit: str = ""
    reason: str = ""
    written: bool = False


@dataclass(frozen=True, kw_only=True)
class BumpReport:
    """The whole run of a bump, for the job summary and the terminal."""

    results: tuple[ProposalResult, ...]
    repository: str = ""
    mode: str = "pull-request"
    dry_run: bool = False
