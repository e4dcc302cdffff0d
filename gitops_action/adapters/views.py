"""The words of pull requests, commits and summaries, from our views or the user's templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gitops_action.adapters.templates import Safe, Templates
from gitops_action.core import markdown as limits
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import Failure, ObjectResult, TargetResult
from gitops_action.core.markdown import escape, fenced, readable, shown
from gitops_action.core.outcome import Job
from gitops_action.core.report import bump
from gitops_action.core.report import bump as names
from gitops_action.core.report.deployment import Deployed, DeploymentReport
from gitops_action.core.report.validation import ValidationReport
from gitops_action.core.report.validation import context_of as validation_context_of
from gitops_action.core.trailers import format_trailers, with_trailers
from gitops_action.errors import UsageError

TITLE_LIMIT = 256
"""Characters of a pull request's title that GitHub takes."""

_COMMIT_LIMIT = 60_000
_COMMIT_ROWS = 50
_LABELS = {
    "created": "opened",
    "updated": "updated",
    "unchanged": "unchanged",
    "closed": "closed",
    "superseded": "newer, left as it is",
}


@dataclass(frozen=True, kw_only=True)
class UserTemplates:
    """The inputs `branch`, `pull-request-title`, `pull-request-body`, `commit-message`."""

    branch: str = ""
    title: str = ""
    body: str = ""
    commit_message: str = ""


class Views:
    """Implements the port `Texts`."""

    def __init__(self, user: UserTemplates | None = None, job: Job | None = None) -> None:
        """Templates are compiled when they are first needed."""
        self._user = user or UserTemplates()
        self._job = job or Job()
        self._loaded: Templates | None = None

    @property
    def _templates(self) -> Templates:
        self._loaded = self._loaded or Templates()
        return self._loaded

    def branch(self, view: bump.ProposalView) -> str:
        """The branch's name, by the user's template or our rule.

        Raises:
            UsageError: the template fails, or gives what is not a branch name.
        """
        if not self._user.branch:
            return names.branch(view)
        variables = _variables(view)
        rendered = self._templates.user(self._user.branch, variables, name="branch")
        branch = readable(rendered).strip()  # a branch's name acts on nothing, and has no backslash
        if problem := names.branch_problem(branch):
            raise UsageError(
                f"The template in `branch` gives {shown(branch)!r}, which is not a branch name",
                cause=problem,
                fix="change the template; the filter `slug` makes any text fit",
            )
        return branch

    def title(self, view: bump.ProposalView) -> str:
        """The pull request's title, one line.

        Raises:
            UsageError: the user's template fails, or gives no text or several lines.
        """
        if not self._user.title:
            return names.title(view)
        variables = _variables(view)
        title = self._templates.user(self._user.title, variables, name="pull-request-title")
        if not title.strip() or "\n" in title.strip():
            raise UsageError(
                "The template in `pull-request-title` gives no text, or more than one line",
                fix="let it give one line",
            )
        return shown(title, limit=TITLE_LIMIT - 1)

    def body(self, view: bump.ProposalView) -> str:
        """The pull request's body with the trailers as its last paragraph.

        Raises:
            GitOpsError: the user's template fails, or the trailers alone are too long.
        """
        trailers = bump.trailers_of(view)
        room = limits.room_beside(format_trailers(trailers), limits.BODY_LIMIT)
        text = limits.fitting(lambda rows: self._body(view, rows), limits.characters, room)
        # Trailers count only below a first paragraph, so there is one whatever a template gives.
        return with_trailers(text.strip() or names.title(view), trailers).rstrip("\n")

    def _body(self, view: bump.ProposalView, rows: int) -> str:
        variables = {**_variables(view), "rows": rows}
        if self._user.body:
            return self._templates.user(self._user.body, variables, name="pull-request-body")
        return self._templates.view("pull-request-body.md.j2", variables)

    def commit_message(self, view: bump.ProposalView) -> str:
        """Subject, body and, as the last paragraph, the trailers.

        Raises:
            UsageError: the user's template fails or gives no text.
        """
        subject = names.title(view, limit=names.SUBJECT_LIMIT)
        variables = {**_variables(view), "subject": Safe(subject), "rows": _COMMIT_ROWS}
        if self._user.commit_message:
            template = self._user.commit_message
            text = self._templates.user(template, variables, name="commit-message").strip()
        else:
            text = self._templates.view("commit-message.txt.j2", variables)
        if not text:
            raise UsageError(
                "The template in `commit-message` gives no text", fix="let it give a subject"
            )
        if limits.characters(text) > _COMMIT_LIMIT:
            text = limits.cut(text, limits.characters, _COMMIT_LIMIT)
        return with_trailers(text, bump.trailers_of(view, signed=True))

    def summary(self, report: bump.BumpReport) -> str:
        """The job summary, at most 1 MiB."""
        variables = {
            "repository": report.repository,
            "dry_run": report.dry_run,
            "results": [_result(result, report) for result in report.results],
        }
        return limits.fitting(
            lambda rows: self._templates.view("bump-summary.md.j2", {**variables, "rows": rows}),
            limits.utf8_bytes,
            limits.SUMMARY_LIMIT,
        )

    def remark(self, reason: str) -> str:
        """A comment that gives a reason, with where it comes from."""
        variables = {"reason": reason, "run_url": self._job.run_url}
        return self._templates.view("remark.md.j2", variables)


def _variables(view: bump.ProposalView) -> dict[str, object]:
    variables = bump.context_of(view)
    return {**variables, "title": Safe(variables["title"])}


def _result(result: bump.ProposalResult, report: bump.BumpReport) -> dict[str, object]:
    changed = {"commit": "committed", "local": "edited"}.get(report.mode, "nothing to do")
    label = _LABELS.get(result.operation or "", changed if result.view.lines else "nothing to do")
    return {
        **_variables(result.view),
        "label": Safe("would change" if report.dry_run and result.view.lines else label),
        "name": f"#{result.number}" if result.number else escape(result.url),
        "url": result.url,
        "branch": result.branch,
        "commit": result.commit,
        "reason": result.reason,
    }


# The words of a deployment: the job summary.

_DEPLOY_VIEW = "deploy-summary.md.j2"
_LIMIT = limits.SUMMARY_LIMIT - 4096
"""Bytes, with room for what takes secrets out of it afterwards."""


class DeployViews:
    """Implements the port `DeploymentTexts`."""

    def summary(self, report: DeploymentReport) -> str:
        """The job summary: at most 1 MiB, in as many rows as fit."""
        templates = Templates()

        def render(rows: int) -> str:
            return templates.view(_DEPLOY_VIEW, _deploy_variables(report, rows))

        return limits.fitting(render, limits.utf8_bytes, _LIMIT)


def _deploy_variables(report: DeploymentReport, rows: int) -> Mapping[str, object]:
    return {
        "rows": rows,
        "commit": report.commit,
        "result": report.result.value,
        "dry_run": report.dry_run,
        "interrupted": report.interrupted,
        "decisions": report.left_out,
        "environments": [_deploy_environment(one, rows) for one in report.environments],
    }


def _deploy_environment(one: Deployed, rows: int) -> dict[str, Any]:
    return {
        "name": one.outcome.environment,
        "result": one.outcome.result.value,
        "deployment": one.deployment,
        "seconds": f"{one.seconds:.1f}",
        "notes": one.notes,
        "targets": [_target(target, rows) for target in one.outcome.targets],
    }


def _target(target: TargetResult, rows: int) -> dict[str, Any]:
    return {
        "name": target.target,
        "result": target.result.value,
        "notes": target.notes,
        "failures": [_failure(item, rows) for item in target.failures[:rows]],
        "more_failures": max(0, len(target.failures) - rows),
        "objects": [_object(item) for item in target.objects[:rows]],
        "more_objects": max(0, len(target.objects) - rows),
        "counts": ", ".join(f"{number} {action}" for action, number in target.counts.items()),
        "differences": [
            {
                "id": str(item.id),
                "change": item.change,
                "diff": Safe(fenced(item.text, language="diff", lines=rows)),
            }
            for item in target.differences[:rows]
        ],
        "more_differences": max(0, len(target.differences) - rows),
    }


def _failure(failure: Failure, rows: int) -> dict[str, Any]:
    block = "\n".join([*failure.events, *failure.log])
    return {
        "object": failure.about,
        "sentence": failure.sentence,
        "fix": failure.fix,
        "block": Safe(fenced(block, language="text", lines=rows)) if block else "",
    }


def _object(item: ObjectResult) -> dict[str, Any]:
    health = item.health
    words = [health.status.value, health.reason] if health else []
    return {
        "id": str(item.id),
        "action": item.action.value,
        "health": ": ".join(word for word in words if word),
        "seconds": "" if item.seconds is None else f"{item.seconds:.1f} s",
        "note": item.note,
    }


# The words of a validation: the job summary and the pull request's comment.

_VALIDATION_VIEW = "validate-report.md.j2"
_SUMMARY_LIMIT = limits.SUMMARY_LIMIT - 4096
"""Bytes, with room for what takes secrets out of it afterwards."""


class ValidationViews:
    """Implements the port `ValidationTexts`."""

    def __init__(self) -> None:
        """The view is compiled when it is first needed."""
        self._loaded: Templates | None = None

    def summary(self, report: ValidationReport) -> str:
        """The job summary: at most 1 MiB."""
        variables = {**validation_context_of(report), "in_comment": False}
        return self._fitting(variables, limits.utf8_bytes, _SUMMARY_LIMIT)

    def comment(self, report: ValidationReport) -> str:
        """The comment's text, counted in UTF-16 units; one that is cut links to the summary."""
        variables = {**validation_context_of(report), "in_comment": True}
        return self._fitting(variables, limits.characters, limits.COMMENT_LIMIT)

    def _fitting(self, variables: Mapping[str, Any], size: Callable[[str], int], limit: int) -> str:

        def render(rows: int) -> str:
            self._loaded = self._loaded or Templates()
            return self._loaded.view(_VALIDATION_VIEW, _with_rows(variables, rows))

        return limits.fitting(render, size, limit)


def _with_rows(variables: Mapping[str, Any], rows: int) -> dict[str, object]:
    """Lay out as many rows as are shown, so that what is not shown costs nothing."""
    return {
        **variables,
        "rows": rows,
        "shortened": rows < limits.ROWS,
        "verdict": Safe(variables["verdict"]),
        "environments": [
            _validation_environment(item, rows) for item in variables["environments"][:rows]
        ]
        + variables["environments"][rows:],
    }


def _validation_environment(item: Mapping[str, Any], rows: int) -> dict[str, object]:
    changes = [
        {**change, "diff": Safe(fenced(change["text"], language="diff", lines=rows))}
        for change in item["changes"][:rows]
    ]
    return {
        **item,
        "verdict": Safe(item["verdict"]),
        "changes": [*changes, *item["changes"][rows:]],
    }
