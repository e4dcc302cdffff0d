"""Waits until Flux runs the commit in a cluster, and proves it.

The story: find the Kustomizations and their sources, see that they follow this branch, ask Flux to
look, wait until each has applied the commit (or a newer one that contains it) and everything that
it applied is healthy; end as soon as it is certain that this will not happen.
"""

from __future__ import annotations

from gitops_action.commands.deploy.flux.find import FoundKustomizations, find
from gitops_action.commands.deploy.flux.state import CommitAncestry
from gitops_action.commands.deploy.flux.wait import FluxWait
from gitops_action.commands.deploy.results import Book
from gitops_action.commands.deploy.target import TargetRun
from gitops_action.core.cluster.errors import ExpiredError, UnreachableError
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.deploy.hooks import not_followed
from gitops_action.core.deploy.result import TargetResult
from gitops_action.core.flux.source_match import stale_charts
from gitops_action.core.flux.status import applied, id_of, source_of, suspended
from gitops_action.core.flux.verdict import Relation, suspension
from gitops_action.errors import GitOpsError

# A dry run: what Flux runs now, and whether it would come to the commit. Nothing is asked.


def show(run: TargetRun, found: FoundKustomizations, book: Book) -> None:
    """Say it of every Kustomization, and what would keep it from the commit."""
    ancestry = CommitAncestry(run)
    for one, body in (*found.sources.items(), *found.kustomizations.items()):
        if suspended(body):
            book.fail(one, suspension(body))
    for body in found.kustomizations.values():
        source = found.sources[source_of(body)]
        book.note(_runs(run, body, source, ancestry))
        now = applied(body, source)
        book.applied(body, reached=now is not None and ancestry(now) is Relation.HAS)


def _runs(run: TargetRun, body: LiveObject, source: LiveObject, ancestry: CommitAncestry) -> str:
    now, commit = applied(body, source), run.commit[:12]
    if now is None:
        return f"{id_of(body)} runs nothing that is known yet; {commit} would be its first"
    has = ancestry(now) is Relation.HAS
    words = "contains" if has else "does not contain"
    return f"{id_of(body)} runs {now.short}, which {words} {commit}"


def deploy_by_flux(run: TargetRun) -> TargetResult:
    """Wait, or with `dry_run` show what runs now.

    What the cluster refuses is in the result. Nothing is written but the annotation that asks Flux
    to reconcile.
    """
    book = Book(run)
    book.note(*stale_charts(run.rendering.manifests), *not_followed(run.rendering.manifests))
    try:
        found = find(run)
        book.note(*found.notes)
        book.open(found.kustomizations)
        if run.options.dry_run:
            show(run, found, book)
        else:
            names = ", ".join(f"{one.namespace}/{one.name}" for one in found.kustomizations)
            run.teller.phase(f"Wait until Flux runs {run.commit[:12]}: {names}")
            FluxWait(run, found, book).story()
    except (UnreachableError, ExpiredError) as error:
        book.refused(error, certain=False)
    except GitOpsError as error:
        book.refused(error, certain=True)
    return book.result()
