"""A proposal's view with everything in it, for the tests of words."""

from __future__ import annotations

from dataclasses import replace

from gitops_action.core.images import ImageSource, parse_reference
from gitops_action.core.outcome import Job
from gitops_action.core.plan import PlanLine, Skipped
from gitops_action.core.pull_requests import Comparison, Identity, SourceCommit
from gitops_action.core.report.bump import ImageStep, ProposalView

DIGEST = f"sha256:{'a' * 64}"
BOT = Identity(login="b[bot]", name="b[bot]", email="1+b[bot]@users.noreply.github.com")
LINE = PlanLine(
    environment="staging",
    application="web",
    file="env/staging/web/kustomization.yaml",
    line=7,
    path="images[0].newTag",
    old="v1.2.2",
    new="v1.2.3",
    rule="kustomize-images",
    reason="kustomize replaces `ghcr.io/acme/web` here",
    repository="ghcr.io/acme/web",
)


def commit(subject: str, number: int = 1) -> SourceCommit:
    oid = f"{number:040x}"
    url = f"https://github.com/acme/web/commit/{oid}"
    return SourceCommit(oid=oid, subject=subject, author="alice", url=url)


def step(new: str, old: str | None = None, *subjects: str) -> ImageStep:
    commits = tuple(commit(subject, number) for number, subject in enumerate(subjects))
    return ImageStep(
        old=parse_reference(old) if old else None,
        new=parse_reference(new),
        old_source=ImageSource(repository="acme/web", commit="a" * 40),
        new_source=ImageSource(repository="acme/web", commit="b" * 40),
        comparison=Comparison(
            status="ahead",
            total=len(commits),
            commits=commits,
            url="https://github.com/acme/web/compare/a...b",
        ),
    )


def proposal(**changes: object) -> ProposalView:
    view = ProposalView(
        environment="staging",
        base="main",
        applications=("web",),
        images=(step(f"ghcr.io/acme/web:v1.2.3@{DIGEST}", "ghcr.io/acme/web:v1.2.2", "Fix"),),
        lines=(LINE,),
        notes=("the registry could not be read",),
        skipped=(Skipped(file="chart/x.tpl", line=3, reason="a template that is not YAML"),),
        job=Job(repository="acme/web", run_id="5", actor="alice", workflow="release"),
        signoff=BOT,
    )
    return replace(view, **changes)  # type: ignore[arg-type]
