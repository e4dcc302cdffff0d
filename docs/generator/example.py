"""The pull requests and replies that documents show: the real views with an example's values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from gitops_action.adapters.views import Views
from gitops_action.commands.comment.command import refusal_text
from gitops_action.core.comments.parse import CommentContext, CommentRefusal, parse_comment
from gitops_action.core.images import ImageSource, parse_reference
from gitops_action.core.outcome import Job
from gitops_action.core.plan import PlanLine
from gitops_action.core.pull_requests import Comparison, SourceCommit
from gitops_action.core.report.bump import ImageStep, PromotionView, ProposalView

_SERVER = "https://github.example.com"
_DIGEST = "sha256:3f1c0e6b58a94d27c1f0a9be6d3572c8e4b1960fa7d28c35be0419f6c7d2a853"
_OLD, _NEW = "8d1f4c2a7be09356d4e8c1f2a6b7039d5e4c8a17", "c05b9a3e71d24f68ab90e3c5d7f1826b4a9e0d33"


def pull_request() -> str:
    """Title and body of a bump, as a quotation."""
    return _quoted(_view())


def promotion_pull_request() -> str:
    """Title and body of a promotion, as a quotation."""
    promotion = PromotionView(
        source="staging",
        since=datetime(2026, 11, 28, 12, 5, tzinfo=UTC),
        deployment=f"{_SERVER}/acme/environment/actions/runs/4712/job/9",
        differences=(
            "ConfigMap web: key LOG_LEVEL differs",
            "Deployment web: env FEATURE_X is only in staging",
            "Deployment web: replicas 1 → 3",
            "Deployment web: resources of web differ",
        ),
    )
    job = Job(
        in_actions=True,
        repository="acme/environment",
        workflow="promote",
        run_id="4713",
        server_url=_SERVER,
    )
    view = _view()
    (line,) = view.lines
    file = "environments/production/kustomization.yaml"
    lines = (replace(line, environment="production", file=file),)
    return _quoted(
        replace(view, environment="production", lines=lines, promotion=promotion, job=job)
    )


def comment_refusal() -> str:
    """A command that is refused, and the reply to it."""
    context = CommentContext(
        created=datetime(2026, 11, 28, 12, 5, tzinfo=UTC),
        environments=("staging", "production"),
        applications=("web",),
    )
    written = "/gitops hold prodution web@v1.2.3 because it leaks"
    try:
        parse_comment(written, context)
    except CommentRefusal as refusal:
        reply = refusal_text(refusal)
        lines = [f"**alice**: {written}", "", "**gitops-gate** (bot):", "", *reply.splitlines()]
        return "".join(f"> {line}".rstrip() + "\n" for line in lines)
    raise AssertionError("the example has to be refused")


def _quoted(view: ProposalView) -> str:
    texts = Views()
    lines = [f"**{texts.title(view)}**", "", *texts.body(view).splitlines()]
    return "".join(f"> {line}".rstrip() + "\n" for line in _with_breaks(lines))


def _with_breaks(lines: list[str]) -> list[str]:
    """Trailers keep their lines on GitHub's page of a pull request; in a file they need a break."""
    return [f"{line}<br>" if line.startswith("GitOps-") else line for line in lines]


def _view() -> ProposalView:
    return ProposalView(
        environment="staging",
        base="main",
        applications=("web",),
        images=(
            ImageStep(
                old=parse_reference("ghcr.io/acme/web:v1.2.2"),
                new=parse_reference(f"ghcr.io/acme/web:v1.2.3@{_DIGEST}"),
                old_source=ImageSource(repository="acme/web", commit=_OLD),
                new_source=ImageSource(repository="acme/web", commit=_NEW),
                comparison=_comparison(),
            ),
        ),
        lines=(
            PlanLine(
                environment="staging",
                application="web",
                file="environments/staging/kustomization.yaml",
                line=7,
                path="images[0].newTag",
                old="v1.2.2",
                new=f"v1.2.3@{_DIGEST}",
                rule="kustomize-images",
                reason="the `images` entry for ghcr.io/acme/web",
                repository="ghcr.io/acme/web",
            ),
        ),
        job=Job(
            in_actions=True,
            repository="acme/web",
            actor="alice",
            workflow="release",
            run_id="4711",
            server_url=_SERVER,
        ),
    )


def _comparison() -> Comparison:
    page = f"{_SERVER}/acme/web"
    subjects = (("5e20d7b", "Greet people by their name"), (_NEW[:7], "Fix the greeting at night"))
    return Comparison(
        status="ahead",
        total=2,
        url=f"{page}/compare/{_OLD[:7]}...{_NEW[:7]}",
        commits=tuple(
            SourceCommit(oid=oid, subject=subject, author="alice", url=f"{page}/commit/{oid}")
            for oid, subject in subjects
        ),
    )
