"""Everything that is found out before the first write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from gitops_action.commands.deploy.push.apply import for_health
from gitops_action.commands.deploy.push.changes import (
    Change,
    changes_of,
    foreign,
    leaving,
    rights_for,
)
from gitops_action.commands.deploy.push.dry_run import rehearse
from gitops_action.commands.deploy.push.inventory import home_rights
from gitops_action.commands.deploy.push.live import Live, look, scaled_in
from gitops_action.commands.deploy.results import Ledger
from gitops_action.commands.deploy.target import TargetRun
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.deploy.inventory import Entry, Inventory
from gitops_action.core.deploy.objects import Placed, place, sealed
from gitops_action.core.deploy.result import Action, ObjectResult
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import ObjectId
from gitops_action.errors import GitOpsError


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """What is about to be done.

    Attributes:
        objects: everything that is described.
        write: what has to be written.
        confirmed: entries of what a dry run showed to be as described.
        live: what lives of the objects that are not written, as far as health needs it.
        before: what lives of the objects that are; only for a dry run that people look at.
        answers: how they would look; the same.
    """

    objects: tuple[Placed, ...]
    write: tuple[Change, ...]
    confirmed: tuple[Entry, ...]
    live: Mapping[ObjectId, LiveObject]
    before: Mapping[ObjectId, LiveObject]
    answers: Mapping[ObjectId, LiveObject]


def look_ahead(run: TargetRun, ledger: Ledger, inventory: Inventory, *, label: str) -> Ahead | None:
    """Find what differs, and whether it may and can be written; reads only.

    Returns:
        What is about to be done; None when something stands in the way: it is in the ledger.

    Raises:
        ClusterError: the cluster does not answer.
    """
    run.teller.phase(f"Compare {len(run.rendering.manifests)} objects with the cluster")
    objects = _objects(run, ledger, label)
    if ledger.has_failed():
        return None
    ledger.open(objects)
    live = look(run.cluster, objects)
    changes, unchanged = changes_of(
        objects, live, inventory, manager=run.manager, force=run.options.force_conflicts
    )
    _refuse(ledger, changes, label)
    _refuse_denied(run, ledger, changes, live)
    if ledger.has_failed():
        return None
    return _rehearsed(run, ledger, _Found(objects, changes, unchanged, live))


def _objects(run: TargetRun, ledger: Ledger, label: str) -> tuple[Placed, ...]:
    manifests = run.rendering.manifests
    if not manifests:
        ledger.note("the environment describes no object at all")
    served = run.cluster.resources()
    placing = place(manifests, served, namespace=run.cluster.namespace, inventory=label)
    if any("does not know the kind" in one.title for one in placing.problems):
        served = run.cluster.resources(fresh=True)
        placing = place(manifests, served, namespace=run.cluster.namespace, inventory=label)
    for problem in placing.problems:
        ledger.refused(None, problem)
    if placing.problems:
        return placing.objects
    return sealed(placing.objects, scaled_in(run.cluster, placing.objects))


def _refuse(ledger: Ledger, changes: Iterable[Change], label: str) -> None:
    for change in changes:
        error = foreign(change, label) or leaving(change)
        if error is not None:
            ledger.refused(change.placed.id, error)


def _refuse_denied(run: TargetRun, ledger: Ledger, changes: tuple[Change, ...], live: Live) -> None:
    """Name in one go every right that is missing."""
    if not changes:
        return
    wanted = rights_for(changes, live)
    if not run.options.dry_run:
        wanted |= frozenset(home_rights(run.cluster.namespace))
    for right in run.cluster.denied(wanted):
        error = GitOpsError(
            f"the account may not {right}",
            cause=f"the cluster {run.cluster.name} denies it (RBAC)",
            fix="grant it (docs/deploy.md, RBAC), or describe the object elsewhere",
        )
        ledger.refused(None, error)


class _Found(NamedTuple):
    """What was found out so far."""

    objects: tuple[Placed, ...]
    changes: tuple[Change, ...]
    unchanged: tuple[Placed, ...]
    live: Live


def _rehearsed(run: TargetRun, ledger: Ledger, found: _Found) -> Ahead:
    objects, changes, unchanged, live = found
    if changes:
        run.teller.phase(f"Try {len(changes)} objects without writing")
    rehearsal = rehearse(run, changes, _arriving(objects, live))
    if rehearsal.ended is not None:
        raise rehearsal.ended
    ledger.note(*rehearsal.notes)
    for change, error in rehearsal.refused:
        ledger.refused(change.placed.id, error)
    same = tuple(one.placed for one in rehearsal.same)
    kept = (*unchanged, *same)
    ledger.set(*(ObjectResult(id=one.id, action=Action.UNCHANGED) for one in kept))
    there = {one.id: live.objects[one.id] for one in kept}
    return Ahead(
        objects=objects,
        write=rehearsal.write,
        confirmed=tuple(one.entry(text(there[one.id], "metadata", "uid")) for one in same),
        live={item: for_health(body) for item, body in there.items()},
        before={
            one.placed.id: one.live
            for one in rehearsal.write
            if one.live is not None and run.options.dry_run
        },
        answers=rehearsal.answers,
    )


def _arriving(objects: Iterable[Placed], live: Live) -> frozenset[str]:
    """Namespaces that are described and not there yet."""
    return frozenset(
        one.id.name
        for one in objects
        if (one.id.group, one.id.kind) == ("", "Namespace") and live.absent(one.id)
    )
