"""The order of Kustomizations: what others depend on comes first."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.flux.facts import dependencies_of
from gitops_action.core.manifests.model import ObjectId


def in_order(kustomizations: Mapping[ObjectId, LiveObject]) -> tuple[ObjectId, ...]:
    """Each after those of the same target that it depends on; Flux itself refuses circles."""
    ordered: dict[ObjectId, None] = {}
    seen: set[ObjectId] = set()

    def visit(one: ObjectId) -> None:
        if one in seen:
            return
        seen.add(one)
        for before in dependencies_of(kustomizations[one]):
            if before in kustomizations:
                visit(before)
        ordered[one] = None

    for one in kustomizations:
        visit(one)
    return tuple(ordered)
