"""The words of pull requests, commits and summaries, from our views or the user's templates."""

from __future__ import annotations

from dataclasses import dataclass

from gitops_action.adapters.templates import Safe, Templates
from gitops_action.core.inert import inert, readable
from gitops_action.core.job import Job
from gitops_action.core.markdown import shown
from gitops_action.core.report import limits, names
from gitops_action.core.report.context import context_of
from gitops_action.core.report.marks import trailers_of
from gitops_action.core.report.model import BumpReport, ProposalResult, ProposalView
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

    def branch(self, view: ProposalView) -> str:
        """The branch's name, by the user's template or our rule.

        Raises:
            UsageError: the template fails, or gives what is no branch name.
        """
        if not self._user.branch:
            return names.branch(view)
        variables = _variables(view)
        rendered = self._templates.user(self._user.branch, variables, name="branch")
        branch = readable(rendered).strip()  # a branch's name acts on nothing, and has no backslash
        if problem := names.branch_problem(branch):
            raise UsageError(
                f"The template in `branch` gives {shown(branch)!r}, which is no branch name",
                cause=problem,
                fix="change the template; the filter `slug` makes any text fit",
            )
        return branch

    def title(self, view: ProposalView) -> str:
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

    def body(self, view: ProposalView) -> str:
        """The pull request's body with the trailers as its last paragraph.

        Raises:
            GitOpsError: the user's template fails, or the trailers alone are too long.
        """
        trailers = trailers_of(view)
        room = limits.room_beside(format_trailers(trailers), limits.BODY_LIMIT)
        text = limits.fitting(lambda rows: self._body(view, rows), limits.characters, room)
        # Trailers count only below a first paragraph, so there is one whatever a template gives.
        return with_trailers(text.strip() or names.title(view), trailers).rstrip("\n")

    def _body(self, view: ProposalView, rows: int) -> str:
        variables = {**_variables(view), "rows": rows}
        if self._user.body:
            return self._templates.user(self._user.body, variables, name="pull-request-body")
        return self._templates.view("pull-request-body.md.j2", variables)

    def commit_message(self, view: ProposalView) -> str:
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
        return with_trailers(text, trailers_of(view, signed=True))

    def summary(self, report: BumpReport) -> str:
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
        """A comment that tells a reason, with where it comes from."""
        variables = {"reason": reason, "run_url": self._job.run_url}
        return self._templates.view("remark.md.j2", variables)


def _variables(view: ProposalView) -> dict[str, object]:
    variables = context_of(view)
    return {**variables, "title": Safe(variables["title"])}


def _result(result: ProposalResult, report: BumpReport) -> dict[str, object]:
    changed = {"commit": "committed", "local": "edited"}.get(report.mode, "nothing to do")
    label = _LABELS.get(result.operation or "", changed if result.view.lines else "nothing to do")
    return {
        **_variables(result.view),
        "label": Safe("would change" if report.dry_run and result.view.lines else label),
        "name": f"#{result.number}" if result.number else inert(result.url),
        "url": result.url,
        "branch": result.branch,
        "commit": result.commit,
        "reason": result.reason,
    }
