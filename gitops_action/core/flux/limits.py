"""What a wait for a Kustomization does not prove, said so that nobody takes it for proved."""

from __future__ import annotations

from collections.abc import Collection

from gitops_action.core.flux.facts import GROUP, id_of, inventory_of, is_elsewhere
from gitops_action.core.manifests.model import Body, ObjectId


def beyond(kustomization: Body, awaited: Collection[ObjectId]) -> tuple[str, ...]:
    """Notes about other Kustomizations that it applies, and about another cluster.

    Args:
        kustomization: one that is waited for.
        awaited: all that are.
    """
    name = id_of(kustomization)
    notes = [
        f"{name} applies {one}, of which only the readiness is seen, not the commit: name it in"
        " `deploy.kustomizations` to wait for it"
        for one, _ in inventory_of(kustomization)
        if one.group == GROUP and one not in awaited
    ]
    if is_elsewhere(kustomization):
        notes.append(f"{name} applies to another cluster: health there is Flux's word")
    return tuple(notes)
