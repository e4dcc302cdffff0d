"""Everything that is found out before the first write."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
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
from gitops_action.commands.deploy.push.inventory import former_labels, home_rights
from gitops_action.commands.deploy.push.live import LiveState, Scaled, look, scaled_in
from gitops_action.commands.deploy.results import Ledger
from gitops_action.commands.deploy.target import TargetRun
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.ignored_fields import ignored_fields
from gitops_action.core.deploy.inventory import Inventory, InventoryEntry
from gitops_action.core.deploy.objects import APPLY_ANNOTATION, ClusterState, Placed, place, sealed
from gitops_action.core.deploy.prune import candidates
from gitops_action.core.deploy.result import Action, ObjectResult
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import ObjectId
from gitops_action.errors import GitOpsError


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """What is about to be done.

    Attributes:
        objects: everything that is described, as far as it is applied.
        left: what is described and not applied, by its annotation `gitops-action/apply`.
        unscaled: what an autoscaler scales that is about to be pruned.
        write: what has to be written.
        confirmed: entries of what a dry run showed to be as described.
        live: what lives of the objects that are not written, as far as health needs it.
        before: what lives of the objects that are; only for a dry run that people look at.
        answers: how they would look; the same.
    """

    objects: tuple[Placed, ...]
    left: tuple[Placed, ...]
    unscaled: tuple[Placed, ...]
    write: tuple[Change, ...]
    confirmed: tuple[InventoryEntry, ...]
    live: Mapping[ObjectId, LiveObject]
    before: Mapping[ObjectId, LiveObject]
    answers: Mapping[ObjectId, LiveObject]

    @property
    def described(self) -> frozenset[ObjectId]:
        """Everything that the environment describes: it is not pruned."""
        return frozenset(one.id for one in (*self.objects, *self.left))


def look_ahead(run: TargetRun, ledger: Ledger, inventory: Inventory, *, label: str) -> Ahead | None:
    """Find what differs, and whether it may and can be written; reads only.

    Returns:
        What is about to be done; None when something stands in the way: it is in the ledger.

    Raises:
        ClusterError: the cluster does not answer.
    """
    run.teller.phase(f"Compare {len(run.rendering.applied)} objects with the cluster")
    placed = _objects(run, ledger, label)
    if ledger.has_failed():
        return None
    ledger.open(placed)
    live = look(run.cluster, placed)
    objects, left = _applied(ledger, placed, live)
    _note_ignored(run, ledger, placed)
    leaving = {one.id for one in candidates(inventory, {one.id for one in placed})}
    scaled = scaled_in(run.cluster, placed, leaving)
    objects = sealed(objects, _state(run, live, scaled))
    changes, unchanged = changes_of(objects, live, inventory, run=run)
    _refuse(ledger, changes, {label, *former_labels(run)})
    _refuse_denied(run, ledger, changes, live)
    if ledger.has_failed():
        return None
    unscaled = tuple(one for one in objects if one.target in scaled.until_pruned)
    return _rehearsed(run, ledger, _Found(objects, left, unscaled, changes, unchanged, live))


def _objects(run: TargetRun, ledger: Ledger, label: str) -> tuple[Placed, ...]:
    manifests = run.rendering.applied
    served = run.cluster.resources()
    placing = place(manifests, served, namespace=run.cluster.namespace, inventory=label)
    if any("does not know the kind" in one.title for one in placing.problems):
        served = run.cluster.resources(fresh=True)
        placing = place(manifests, served, namespace=run.cluster.namespace, inventory=label)
    for problem in placing.problems:
        ledger.refused(None, problem)
    return placing.objects


def _applied(
    ledger: Ledger, placed: Iterable[Placed], live: LiveState
) -> tuple[tuple[Placed, ...], tuple[Placed, ...]]:
    """What is applied, and what its annotation leaves as it is."""
    applied: list[Placed] = []
    left: list[Placed] = []
    for one in placed:
        stays = one.policy == "if-absent" and not live.absent(one.id)
        if one.policy != "ignore" and not stays:
            applied.append(one)
            continue
        left.append(one)
        action = Action.UNCHANGED if stays else Action.SKIPPED
        note = f"left as it is ({APPLY_ANNOTATION}: {one.policy})"
        ledger.set(ObjectResult(id=one.id, action=action, note=note))
    return tuple(applied), tuple(left)


def _state(run: TargetRun, live: LiveState, scaled: Scaled) -> ClusterState:
    return ClusterState(
        live=live.objects,
        scaled=scaled.targets,
        ignore=run.environment.deploy.ignore,
        manager=run.manager,
    )


def _note_ignored(run: TargetRun, ledger: Ledger, placed: Sequence[Placed]) -> None:
    for rule in run.environment.deploy.ignore:
        found = [one.id for one in placed if ignored_fields(one.id, [rule])]
        fields = ", ".join(rule.fields)
        name = f"{rule.kind} {rule.name}".rstrip()
        ledger.note(
            f"{fields} of {len(found)} objects ({name}) stay as they live: {rule.reason}"
            if found
            else f"deploy.ignore names {name}, which the environment does not describe"
        )


def _refuse(ledger: Ledger, changes: Iterable[Change], labels: Collection[str]) -> None:
    for change in changes:
        error = foreign(change, labels) or leaving(change)
        if error is not None:
            ledger.refused(change.placed.id, error)


def _refuse_denied(
    run: TargetRun, ledger: Ledger, changes: tuple[Change, ...], live: LiveState
) -> None:
    """Name in one go every right that is missing."""
    if not changes:
        return
    requested = rights_for(changes, live)
    if not run.options.dry_run:
        requested |= frozenset(home_rights(run.cluster.namespace))
    for right in run.cluster.denied(requested):
        error = GitOpsError(
            f"the account may not {right}",
            cause=f"the cluster {run.cluster.name} denies it (RBAC)",
            fix="grant it (docs/deploy.md, RBAC), or describe the object elsewhere",
        )
        ledger.refused(None, error)


class _Found(NamedTuple):
    """What was found out so far."""

    objects: tuple[Placed, ...]
    left: tuple[Placed, ...]
    unscaled: tuple[Placed, ...]
    changes: tuple[Change, ...]
    unchanged: tuple[Placed, ...]
    live: LiveState


def _rehearsed(run: TargetRun, ledger: Ledger, found: _Found) -> Ahead:
    objects, left, unscaled, changes, unchanged, live = found
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
        left=left,
        unscaled=unscaled,
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


def _arriving(objects: Iterable[Placed], live: LiveState) -> frozenset[str]:
    """Namespaces that are described and not there yet."""
    return frozenset(
        one.id.name
        for one in objects
        if (one.id.group, one.id.kind) == ("", "Namespace") and live.absent(one.id)
    )
