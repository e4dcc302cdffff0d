"""Only what is ours, described no more and within the budget goes; the rest says why it stays."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.config.resolved import PruneBudget
from gitops_action.core.deploy.inventory import Inventory, InventoryEntry
from gitops_action.core.deploy.prune import PrunePlan, PruneRequest, candidates, plan_prune
from gitops_action.core.manifests.model import ObjectId

US = "gitops-action:production"
Body = dict[str, Any]


def an(kind: str, name: str, namespace: str = "shop", group: str = "") -> ObjectId:
    return ObjectId(group=group, kind=kind, namespace=namespace, name=name)


OLD = an("ConfigMap", "old")
KEPT = tuple(an("ConfigMap", f"kept-{number}") for number in range(9))


def alive(uid: str = "u", **metadata: Any) -> Body:
    return {
        "metadata": {
            "uid": uid,
            "labels": {"gitops-action/inventory": "production"},
            "managedFields": [{"manager": US, "operation": "Apply"}],
            **metadata,
        }
    }


def plan(
    *removed: ObjectId,
    live: dict[ObjectId, Body | None] | None = None,
    budget: PruneBudget | None = None,
    uid: str = "u",
    desired: tuple[ObjectId, ...] = KEPT,
    **more: Any,
) -> PrunePlan:
    entries = [InventoryEntry(id=item, version="v1", uid=uid) for item in removed]
    entries += [InventoryEntry(id=item, version="v1", uid=item.name) for item in KEPT]
    return plan_prune(
        PruneRequest(
            inventory=Inventory.of("production", entries),
            desired=desired,
            live=dict.fromkeys(removed, alive()) if live is None else live,
            manager=US,
            label="production",
            budget=budget or PruneBudget(max_percent=100),
            **more,
        )
    )


def test_what_is_ours_and_described_no_more_goes_with_its_uid() -> None:
    found = plan(OLD)
    assert [(item.id, item.version, item.uid) for item in found.deletes] == [(OLD, "v1", "u")]
    assert (found.kept, found.gone, found.refusal) == ((), (), None)


def test_what_is_gone_already_leaves_the_inventory() -> None:
    found = plan(OLD, live={OLD: None})
    assert found.deletes == ()
    assert found.forgotten == (OLD,)


@pytest.mark.parametrize(
    ("live", "reason", "forget"),
    [
        (alive("other"), "different UID", True),
        (alive(""), "different UID", True),
        (alive(labels={}), "lacks the label", True),
        (alive(labels={"gitops-action/inventory": "staging"}), "inventory staging", True),
        (alive(managedFields=[]), "owns nothing of it", True),
        (alive(managedFields=[{"manager": US, "operation": "Update"}]), "owns nothing", True),
        (alive(annotations={"gitops-action/prune": "disabled"}), "keeps it", True),
    ],
)
def test_an_edited_inventory_deletes_nothing_of_others(
    live: Body, reason: str, forget: bool
) -> None:
    found = plan(OLD, live={OLD: live})
    assert found.deletes == ()
    assert reason in found.kept[0].reason
    assert (OLD in found.forgotten) is forget


def test_an_object_that_moved_to_another_group_is_the_same_object() -> None:
    found = plan(OLD, live={OLD: alive("kept-3")}, uid="kept-3")
    assert found.deletes == ()
    assert "another API group" in found.kept[0].reason


def test_what_could_not_be_read_is_tried_again() -> None:
    found = plan(OLD, live={})
    assert found.deletes == ()
    assert found.kept[0].reason == "it could not be read"
    assert found.forgotten == ()


def test_an_apply_that_was_never_confirmed_is_ours_by_label_and_field_manager() -> None:
    found = plan(OLD, uid="")
    assert [one.id for one in found.deletes] == [OLD]
    assert plan(OLD, uid="", live={OLD: alive(managedFields=[])}).deletes == ()
    assert plan(OLD, uid="", live={OLD: alive(labels={})}).forgotten == (OLD,)


def test_an_empty_environment_is_refused_even_when_confirmed() -> None:
    for confirmed in (True, False):
        found = plan(
            OLD, desired=(), live=dict.fromkeys((OLD, *KEPT), alive("")), confirmed=confirmed
        )
        assert found.deletes == ()
    live: dict[ObjectId, Body | None] = {OLD: alive()}
    live |= {item: alive(item.name) for item in KEPT}
    found = plan(OLD, desired=(), live=live, confirmed=True)
    assert found.deletes == ()
    assert "describes no object" in str(found.refusal)


@pytest.mark.parametrize(
    ("budget", "count", "passes"),
    [
        (PruneBudget(max_percent=20), 2, True),
        (PruneBudget(max_percent=20), 3, False),
        (PruneBudget(max_percent=None, max_count=3), 3, True),
        (PruneBudget(max_percent=None, max_count=0), 1, False),
        (PruneBudget(max_percent=0), 1, False),
    ],
)
def test_the_budget(budget: PruneBudget, count: int, passes: bool) -> None:
    removed = tuple(an("ConfigMap", f"old-{number}") for number in range(count))
    found = plan(*removed, budget=budget)
    assert len(found.deletes) == (count if passes else 0)
    assert (found.refusal is None) is passes
    assert len(plan(*removed, budget=budget, confirmed=True).deletes) == count


def test_a_refusal_names_objects_and_the_way_out() -> None:
    removed = tuple(an("ConfigMap", f"old-{number}") for number in range(7))
    told = str(plan(*removed, budget=PruneBudget(max_percent=20)).refusal)
    assert "7 of 16 objects" in told
    assert "20%" in told
    assert "ConfigMap shop/old-0" in told
    assert "and 2 more" in told
    assert "confirm-prune" in told


def test_kinds_that_hold_data_need_a_confirmation() -> None:
    claim = an("PersistentVolumeClaim", "data")
    found = plan(OLD, claim)
    assert [item.id for item in found.deletes] == [OLD]
    assert found.kept[0].id == claim
    assert "confirm-prune" in found.kept[0].reason
    assert found.forgotten == ()
    assert [item.id for item in plan(OLD, claim, confirmed=True).deletes] == [OLD, claim]


def test_a_namespace_that_is_still_used_stays() -> None:
    space = an("Namespace", "shop", "")
    found = plan(space, confirmed=True, occupied={"shop": "Pod shop/x"})
    assert found.deletes == ()
    assert found.kept[0].reason == "it still holds Pod shop/x"
    assert [item.id for item in plan(space, confirmed=True).deletes] == [space]
    system = an("Namespace", "kube-system", "")
    assert plan(system, confirmed=True).deletes == ()


def test_dependents_go_first() -> None:
    removed = (
        an("Namespace", "shop", ""),
        an("ConfigMap", "web"),
        an("Deployment", "web", group="apps"),
        an("APIService", "v1.acme", "", "apiregistration.k8s.io"),
    )
    found = plan(*removed, confirmed=True)
    assert [item.id.kind for item in found.deletes] == [
        "APIService",
        "Deployment",
        "ConfigMap",
        "Namespace",
    ]


def test_an_object_without_a_uid_is_not_the_one_of_an_entry_without_a_uid() -> None:
    found = plan(OLD, live={OLD: alive("")}, uid="")
    assert not found.deletes
    assert "different UID" in found.kept[0].reason


LIVE = st.sampled_from([None, alive(), alive("other"), alive(labels={}), alive(managedFields=[])])


OLD_IDS = st.sampled_from([an("ConfigMap", f"old-{number}") for number in range(8)])


@given(st.dictionaries(OLD_IDS, LIVE), st.booleans())
def test_whatever_lives_only_ours_goes(live: dict[ObjectId, Body | None], confirmed: bool) -> None:
    found = plan(*live, live=live, confirmed=confirmed, budget=PruneBudget(max_percent=50))
    assert {item.id for item in found.deletes} <= {k for k, v in live.items() if v == alive()}
    assert {keep.id for keep in found.kept}.isdisjoint(item.id for item in found.deletes)


def test_candidates_are_what_is_described_no_more() -> None:
    inventory = Inventory.of(
        "x", [InventoryEntry(id=OLD, version="v1"), InventoryEntry(id=KEPT[0], version="v1")]
    )
    assert [entry.id for entry in candidates(inventory, {KEPT[0]})] == [OLD]
