"""`validate` predicts what `deploy` deletes: the same protection, the same budget."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.config.resolved import Engine, PruneBudget
from gitops_action.core.deploy.inventory import Inventory, InventoryEntry
from gitops_action.core.deploy.prune import PrunePlan, PruneRequest, keeps, plan_prune, prune_budget
from gitops_action.core.manifests import Manifest, ObjectId

US = "gitops-action:production"
OURS, FLUX = "gitops-action/prune", "kustomize.toolkit.fluxcd.io/prune"
RECONCILE = "kustomize.toolkit.fluxcd.io/reconcile"

KEYS = st.sampled_from([OURS, FLUX, RECONCILE, "gitops-action/wait"])
MARKS = st.dictionaries(KEYS, st.sampled_from(["disabled", "Disabled", "enabled", ""]), max_size=2)
METADATA = st.fixed_dictionaries({"labels": MARKS, "annotations": MARKS})
NAMES = st.sampled_from(
    [f"{kind}/{number}" for kind in ("ConfigMap", "Widget") for number in "abc"]
)
BUDGETS = st.one_of(
    st.builds(
        PruneBudget, max_percent=st.integers(0, 100).map(float), confirm=st.just(("Widget",))
    ),
    st.builds(PruneBudget, max_percent=st.none(), max_count=st.integers(0, 6)),
)


def manifest(name: str, metadata: dict[str, Any]) -> Manifest:
    kind, short = name.split("/")
    identity = ObjectId(group="", kind=kind, namespace="shop", name=short)
    return Manifest(id=identity, version="v1", body={"kind": kind, "metadata": metadata})


def live(one: Manifest) -> dict[str, Any]:
    """The object as the cluster has it after we applied it."""
    metadata: Any = one.body["metadata"]
    return {
        "metadata": {
            **metadata,
            "uid": str(one.id),
            "labels": {**metadata["labels"], "gitops-action/inventory": "production"},
            "managedFields": [{"manager": US, "operation": "Apply"}],
        }
    }


def deployed(before: list[Manifest], after: list[Manifest], budget: PruneBudget) -> PrunePlan:
    recorded = [InventoryEntry(id=m.id, version="v1", uid=str(m.id)) for m in (*before, *after)]
    return plan_prune(
        PruneRequest(
            inventory=Inventory.of("production", recorded),
            desired=[m.id for m in after],
            live={m.id: live(m) for m in before},
            manager=US,
            label="production",
            budget=budget,
        )
    )


@given(
    before=st.dictionaries(NAMES, METADATA, max_size=6),
    after=st.dictionaries(NAMES, METADATA, max_size=6),
    budget=BUDGETS,
)
def test_validate_predicts_what_deploy_deletes(
    before: dict[str, Any], after: dict[str, Any], budget: PruneBudget
) -> None:
    old = [manifest(name, metadata) for name, metadata in before.items()]
    new = [manifest(name, metadata) for name, metadata in after.items()]
    said, done = prune_budget(old, new, budget, ["push"]), deployed(old, new, budget)
    assert (done.refusal is not None) is (said.exceeded and bool(said.removed))
    if done.refusal is None:
        assert {one.id for one in done.deletes} == set(said.removed) - set(said.confirm)
        assert {one.id for one in done.kept} == {*said.kept, *said.confirm}
    else:
        assert (done.deletes, {one.id for one in done.kept}) == ((), set(said.kept))


@pytest.mark.parametrize(
    ("engine", "place", "mark", "kept"),
    [
        ("push", "annotations", {OURS: "disabled"}, True),
        ("push", "labels", {OURS: "Disabled"}, True),
        ("push", "annotations", {FLUX: "disabled"}, True),
        ("push", "annotations", {RECONCILE: "disabled"}, False),
        ("push", "annotations", {OURS: "enabled"}, False),
        ("flux", "annotations", {OURS: "disabled"}, False),
        ("flux", "annotations", {FLUX: "Disabled"}, True),
        ("flux", "labels", {FLUX: "disabled"}, True),
        ("flux", "annotations", {RECONCILE: "disabled"}, True),
        ("flux", "annotations", {FLUX: "true"}, False),
    ],
)
def test_what_protects_from_which_engine(
    engine: Engine, place: str, mark: dict[str, str], kept: bool
) -> None:
    assert bool(keeps({"metadata": {place: mark}}, engine)) is kept


@pytest.mark.parametrize(
    ("engines", "kept"),
    [((), True), (("push",), True), (("flux",), False), (("push", "flux"), False)],
)
def test_an_object_is_kept_only_where_every_target_keeps_it(
    engines: tuple[Engine, ...], kept: bool
) -> None:
    old = [
        manifest("ConfigMap/a", {"annotations": {OURS: "disabled"}}),
        manifest("ConfigMap/b", {}),
    ]
    verdict = prune_budget(old, old[1:], PruneBudget(), engines)
    assert (verdict.kept, verdict.removed) == (((old[0].id,), ()) if kept else ((), (old[0].id,)))


def test_what_is_new_counts_for_the_budget_as_a_deployment_counts_it() -> None:
    old = [manifest(f"ConfigMap/{number}", {}) for number in range(5)]
    new = [*old[1:], *(manifest(f"ConfigMap/new-{number}", {}) for number in range(5))]
    verdict = prune_budget(old, new, PruneBudget(max_percent=20), ["push"])
    assert (verdict.total, verdict.allowed) == (10, 2)
