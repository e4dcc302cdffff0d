"""Waits until Flux runs the commit in a cluster, and proves it.

The story: find the Kustomizations and their sources, see that they follow this branch, ask Flux to
look, wait until each has applied the commit (or a newer one that contains it) and everything that
it applied is healthy; end as soon as it is certain that this will not happen.
"""

from __future__ import annotations

from gitops_action.commands.steps.deploy.flux.book import Book
from gitops_action.commands.steps.deploy.flux.dry import show
from gitops_action.commands.steps.deploy.flux.finding import find
from gitops_action.commands.steps.deploy.flux.waiting import FluxWait
from gitops_action.commands.steps.deploy.run import TargetRun
from gitops_action.core.cluster.errors import ExpiredError, UnreachableError
from gitops_action.core.deploy.result import TargetResult
from gitops_action.core.flux.charts import stale_charts
from gitops_action.errors import GitOpsError


def deploy_by_flux(run: TargetRun) -> TargetResult:
    """Wait, or with `dry_run` show what runs now.

    What the cluster refuses is in the result. Nothing is written but the annotation that asks Flux
    to reconcile.
    """
    book = Book(run)
    book.note(*stale_charts(run.rendering.manifests))
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
