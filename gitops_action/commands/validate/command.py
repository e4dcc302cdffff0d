"""`validate`: what a pull request or a checkout changes, and what is wrong with it.

The story: take the base's tip and head merged into it, read the settings of the base, find the
environments that the change touches, render both sides of those alone, judge each by itself, hold
it against what the pull request declares, and say so: summary, annotations, comment, outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gitops_action.commands.render import EnvironmentRendering, RenderedPair
from gitops_action.commands.validate import scope
from gitops_action.commands.validate.environment import DescribedObjects, Evaluate
from gitops_action.commands.validate.images import ImageCheck, check_promises, trusted_domains
from gitops_action.commands.validate.ports import Comments, ValidatePorts
from gitops_action.commands.validate.report import validation_outcome
from gitops_action.core.config import select_environments
from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs.validate import ValidateInputs
from gitops_action.core.outcome import Notice, Outcome
from gitops_action.core.report import validation
from gitops_action.core.repository import Sides
from gitops_action.core.trailers import ProposalTrailers, declared_by
from gitops_action.errors import ConflictError, DeniedError, GitOpsError

# Where the comment goes: into a file, and onto the pull request, in one place of its own.

MARKER = "validate"
"""Identifies our comment; it is hidden in the comment's first line."""


@dataclass(frozen=True, kw_only=True)
class Posted:
    """What to say about the comment; `failed` when it should be there and is not."""

    notices: tuple[Notice, ...] = ()
    failed: bool = False


def post_comment(
    report: validation.ValidationReport, text: str, comments: Comments | None
) -> Posted:
    """Write the comment, unless it would be about an older commit than the newest.

    A run for the newer head writes its own, and ours must not come after it. A token that may not
    comment (a fork's pull request) is no failure of the validation; every other reason is.
    """
    if comments is None:
        return Posted()
    if report.number is None:
        return _noted("there is no pull request to comment on")
    if report.moved_to:
        return _noted("no comment was written: the run for the newer commit writes it")
    try:
        comments.comment(report.number, body=text, marker=MARKER)
    except DeniedError as error:
        return _noted(f"no comment was written: {error}")
    except GitOpsError as error:
        return Posted(notices=(Notice(level="error", text=str(error)),), failed=True)
    return Posted()


def write_text(text: str, write: Callable[[str], None] | None) -> None:
    """Write the comment's text to the file that was asked for.

    Raises:
        GitOpsError: it cannot be written.
    """
    if write:
        write(f"{text}\n")


def _noted(text: str) -> Posted:
    return Posted(notices=(Notice(level="notice", text=text),))


__all__ = ["ValidatePorts", "run"]


def run(inputs: ValidateInputs, ports: ValidatePorts) -> Outcome:
    """Validate.

    Raises:
        GitOpsError: it could not be done at all: the repository cannot be read, neither side has
            a configuration that can be, or an environment that is asked for does not exist. What
            is wrong with the change itself is part of the outcome.
    """
    return _Validation(inputs=inputs, ports=ports).run()


@dataclass(frozen=True, kw_only=True)
class _Validation:
    """One run."""

    inputs: ValidateInputs
    ports: ValidatePorts

    def run(self) -> Outcome:
        proposal = self._proposal(ProposalTrailers(number=self.inputs.pull_request))
        try:
            sides = self.ports.trees.sides()
        except ConflictError as error:
            report = self._report(
                proposal, findings=(validation.Finding(level="error", error=error),)
            )
            return self._tell(replace(report, head=proposal.head))
        report = self._evaluated(proposal, sides)
        now = self._proposal(proposal).head
        moved = now if now and sides.head and now != sides.head else ""
        return self._tell(replace(report, moved_to=moved))

    def _proposal(self, known: ProposalTrailers) -> ProposalTrailers:
        """The pull request as it is now; what is known of it already where it may not be read."""
        try:
            return self.ports.proposals.current()
        except GitOpsError as error:
            note = f"what the pull request declares is not checked: {error}"
            return replace(known, notes=(note,))

    def _report(
        self,
        proposal: ProposalTrailers,
        *,
        findings: tuple[validation.Finding, ...],
        notes: tuple[str, ...] = (),
    ) -> validation.ValidationReport:
        return validation.ValidationReport(
            repository=self.inputs.repository,
            number=proposal.number,
            findings=findings,
            notes=(*proposal.notes, *notes),
            job=self.ports.job,
        )

    def _evaluated(self, proposal: ProposalTrailers, sides: Sides) -> validation.ValidationReport:
        trees = self.ports.trees
        settings = scope.read_settings(trees, sides, self.inputs.config)
        requested = self._requested(settings)
        touched = scope.find_touched(
            settings.config, sides, trees, repository=self.inputs.repository
        )
        chosen = tuple(item for item in touched if not requested or item.name in requested)
        renderer = self.ports.workshop.renderer(settings.config.validate)
        pairs = scope.render_both(chosen, trees, renderer)
        environments = self._evaluate(settings, sides, pairs)
        promises = check_promises(
            declared_by(proposal), {item.environment.name: item for item in pairs}, settings.config
        )
        report = self._report(
            proposal,
            findings=(*settings.findings, *promises),
            notes=(*sides.notes, *settings.notes),
        )
        inside = {path for item in touched for path in item.files}
        return replace(
            report,
            branch=sides.branch,
            base=sides.base.commit,
            head=sides.head,
            environments=environments,
            left_out=tuple(item.name for item in touched if item not in chosen),
            unrendered=tuple(path for path in sides.changed() if path not in inside),
            rendered_hash=validation.rendered_hash(
                {item.name: item.content_hash for item in environments}
            ),
            unrendered_hash=validation.unrendered_hash(sides, _shown(chosen, pairs)),
        )

    def _requested(self, settings: scope.Settings) -> frozenset[str]:
        """The environments that are asked for by name; empty for all.

        Raises:
            UsageError: there is no such environment.
        """
        names = self.inputs.environment
        if not names:
            return frozenset()
        return frozenset(item.name for item in select_environments(settings.config, names))

    def _evaluate(
        self, settings: scope.Settings, sides: Sides, pairs: tuple[RenderedPair, ...]
    ) -> tuple[validation.EnvironmentReport, ...]:
        before = [item for pair in pairs for item in pair.before.manifests]
        registry = self.ports.workshop.registry(trusted_domains(settings.config, before))
        rules = settings.config.validate
        evaluate = Evaluate(
            trees=self.ports.trees,
            merged=sides.merged,
            settings=rules,
            workshop=self.ports.workshop,
            described=DescribedObjects(self.ports.trees, sides.merged, rules.schemas),
            images=ImageCheck(registry, self.inputs.verify),
            declared=settings.config.declared,
        )
        return tuple(evaluate.evaluate(pair) for pair in pairs)

    def _tell(self, report: validation.ValidationReport) -> Outcome:
        texts, wants_text = self.ports.texts, self.ports.comments or self.ports.write_file
        comment = texts.comment(report) if wants_text else ""
        write_text(comment, self.ports.write_file)
        posted = post_comment(report, comment, self.ports.comments)
        return validation_outcome(
            report, summary=texts.summary(report), notices=posted.notices, failed=posted.failed
        )


def _shown(touched: tuple[scope.Touched, ...], pairs: tuple[RenderedPair, ...]) -> frozenset[str]:
    """The files whose whole content is in a render that was made."""
    shown: set[str] = set()
    for item, pair in zip(touched, pairs, strict=True):
        if not pair.after.problems:
            origins = {*_origins(pair.before), *_origins(pair.after)}
            shown |= validation.shown_files(origins, item.files)
    return frozenset(shown)


def _origins(rendering: EnvironmentRendering) -> set[str]:
    return {item.origin.file for item in rendering.manifests if item.origin}
