"""What a dry run shows: the difference from live to described, and what would be pruned."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.commands.steps.deploy.push.ahead import Ahead
from gitops_action.commands.steps.deploy.push.inventory import InventoryStore
from gitops_action.commands.steps.deploy.push.ledger import Ledger
from gitops_action.commands.steps.deploy.push.prune import plan
from gitops_action.commands.steps.deploy.run import TargetRun
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.deploy.placing import Placed
from gitops_action.core.deploy.prune import PrunePlan
from gitops_action.core.deploy.rehearsed import described
from gitops_action.core.deploy.result import Action, ObjectResult
from gitops_action.core.inventory import Inventory
from gitops_action.core.manifests.model import Body, Manifest, ObjectId
from gitops_action.core.validation.diff import diff_objects


def show(
    run: TargetRun, ledger: Ledger, store: InventoryStore, inventory: Inventory, ahead: Ahead
) -> None:
    """Enter into the ledger what would be done; nothing is written.

    Raises:
        ClusterError: the cluster does not answer.
    """
    for change in ahead.write:
        action = Action.CREATED if change.live is None else Action.CONFIGURED
        note = "deleted and made anew" if change.recreate else ""
        ledger.set(ObjectResult(id=change.placed.id, action=action, note=note))
    written = [change.placed for change in ahead.write]
    before = [_manifest(one, ahead.before[one.id]) for one in written if one.id in ahead.before]
    after = [_manifest(one, _answer(one, ahead.answers)) for one in written]
    ledger.differ(diff_objects(before, after))
    chosen = plan(run, store, inventory, {one.id for one in ahead.objects})
    _show_prune(ledger, chosen)


def _show_prune(ledger: Ledger, chosen: PrunePlan) -> None:
    rows = (ObjectResult(id=one.id, action=Action.PRUNED) for one in chosen.deletes)
    ledger.set(*rows)
    ledger.note(*(f"{keep.id} would stay: {keep.reason}" for keep in chosen.kept))
    if chosen.refusal is not None:
        ledger.refused(None, chosen.refusal)


def _answer(placed: Placed, answers: Mapping[ObjectId, LiveObject]) -> Body:
    """How it would look; what could not be tried is shown as it is described."""
    return answers.get(placed.id, placed.body)


def _manifest(placed: Placed, body: Body) -> Manifest:
    return Manifest(
        id=placed.id,
        version=placed.resource.version,
        body=described(body),
        origin=placed.manifest.origin,
    )
