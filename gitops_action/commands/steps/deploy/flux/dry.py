"""A dry run: what Flux runs now, and whether it would come to the commit. Nothing is asked."""

from __future__ import annotations

from gitops_action.commands.steps.deploy.flux.book import Book
from gitops_action.commands.steps.deploy.flux.finding import Found
from gitops_action.commands.steps.deploy.flux.lineage import Lineage
from gitops_action.commands.steps.deploy.run import TargetRun
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.flux.facts import applied, id_of, source_of, suspended
from gitops_action.core.flux.sources import suspension
from gitops_action.core.flux.verdict import Relation


def show(run: TargetRun, found: Found, book: Book) -> None:
    """Say it of every Kustomization, and what would keep it from the commit."""
    lineage = Lineage(run)
    for one, body in (*found.sources.items(), *found.kustomizations.items()):
        if suspended(body):
            book.fail(one, suspension(body))
    for body in found.kustomizations.values():
        source = found.sources[source_of(body)]
        book.note(_runs(run, body, source, lineage))
        now = applied(body, source)
        book.applied(body, reached=now is not None and lineage(now) is Relation.HAS)


def _runs(run: TargetRun, body: LiveObject, source: LiveObject, lineage: Lineage) -> str:
    now, commit = applied(body, source), run.commit[:12]
    if now is None:
        return f"{id_of(body)} runs nothing that is known yet; {commit} would be its first"
    has = lineage(now) is Relation.HAS
    words = "contains" if has else "does not contain"
    return f"{id_of(body)} runs {now.short}, which {words} {commit}"
