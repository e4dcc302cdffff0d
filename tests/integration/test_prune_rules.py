"""What is described no more goes, and only that: whose it is, how many, and what asks first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

import pytest

from gitops_action.commands.deploy.cluster import Cluster
from gitops_action.core.config.resolved import PruneBudget
from gitops_action.core.deploy.inventory import Inventory, InventoryEntry
from gitops_action.core.deploy.result import Action
from gitops_action.core.manifests.model import ObjectId
from testbed.cluster import ControlPlane
from testbed.cluster.api import Json
from tests.support.flux import until
from tests.support.pruning import (
    actions,
    client,
    config_map,
    exists,
    notes,
    object_id,
    place,
)
from tests.support.wait import Counting


def test_what_is_described_no_more_goes_and_the_rest_stays(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    kept = config_map(namespace, "kept")
    here.apply(kept, *(config_map(namespace, f"old-{number}") for number in range(12)))
    pruned = here.prune(kept)
    assert pruned.ended is None
    assert set(actions(pruned).values()) == {Action.PRUNED}
    assert len(pruned.objects) == 12
    assert here.known() == {one.name for one in pruned.inventory.entries} == {"kept"}
    assert exists(control_plane, namespace, "kept")
    assert not any(exists(control_plane, namespace, f"old-{number}") for number in range(12))
    assert here.prune(kept).objects == ()


def test_what_went_without_us_leaves_the_inventory(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    kept = config_map(namespace, "kept")
    here.apply(kept, *(config_map(namespace, f"old-{number}") for number in range(9)))
    for number in range(9):
        control_plane.api.delete(f"/api/v1/namespaces/{namespace}/configmaps/old-{number}")
    pruned = here.prune(kept)
    assert pruned.objects == ()
    assert "9 objects" in pruned.notes[0]
    assert here.known() == {"kept"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"labels": {"gitops-action/inventory": None}}, "lacks the label"),
        ({"labels": {"gitops-action/inventory": "staging"}}, "belongs to the inventory staging"),
        ({"managedFields": [{}]}, "owns nothing of it"),
        ({"annotations": {"gitops-action/prune": "disabled"}}, "prune: disabled"),
    ],
)
def test_what_is_not_ours_to_delete_stays_and_is_forgotten(
    control_plane: ControlPlane, namespace: str, change: Json, reason: str
) -> None:
    here = place(control_plane, namespace)
    kept = config_map(namespace, "kept")
    here.apply(kept, config_map(namespace, "theirs"))
    path = f"/api/v1/namespaces/{namespace}/configmaps/theirs"
    control_plane.api.merge(path, {"metadata": change})
    pruned = here.prune(kept)
    assert actions(pruned) == {"theirs": Action.SKIPPED}
    assert reason in notes(pruned)["theirs"]
    assert exists(control_plane, namespace, "theirs")
    assert here.known() == {"kept"}
    assert pruned.failures == ()


def test_one_that_was_made_anew_is_not_the_one_that_was_applied(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    kept, old = config_map(namespace, "kept"), config_map(namespace, "old")
    here.apply(kept, old)
    path = f"/api/v1/namespaces/{namespace}/configmaps/old"
    control_plane.api.delete(path)
    place(control_plane, namespace, environment="production", repository="acme/other").apply(old)
    control_plane.api.merge(
        path, {"metadata": {"labels": {"gitops-action/inventory": here.store.label}}}
    )
    pruned = here.prune(kept)
    assert "different UID" in notes(pruned)["old"]
    assert exists(control_plane, namespace, "old")


def test_a_forged_inventory_deletes_nothing_of_others(
    control_plane: ControlPlane, namespace: str
) -> None:
    """Even one whose checksum is right: someone who knows the format wrote it."""
    here = place(control_plane, namespace)
    kept = config_map(namespace, "kept")
    here.apply(kept, config_map(namespace, "ours"))
    theirs = control_plane.api.create(
        f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "theirs"}}
    )
    given = _given_by_the_cluster(control_plane, namespace)
    forged = [
        InventoryEntry(id=object_id(kept), version="v1"),
        _entry("v1", "ConfigMap", namespace, "theirs", str(theirs["metadata"]["uid"])),
        _entry("v1", "ConfigMap", namespace, "kube-root-ca.crt"),
        _entry("v1", "ConfigMap", namespace, "ours"),  # label and field manager say so
        _entry("v1", "ServiceAccount", namespace, "default"),
        _entry("v1", "Namespace", "", "kube-system"),
        _entry("v1", "Namespace", "", namespace),
        _entry("v1", "Sorcerer", namespace, "unknown-kind"),
    ]
    store = here.with_options(confirm_prune=True).store
    store.load()
    store.save(Inventory.of("production", forged))
    pruned = here.with_options(confirm_prune=True).prune(kept)
    went = {name for name, action in actions(pruned).items() if action is Action.PRUNED}
    assert went == {"ours"}
    for name in ("theirs", "kept"):
        assert exists(control_plane, namespace, name)
    assert _given_by_the_cluster(control_plane, namespace) == given
    assert here.known() == {"kept"}


def _given_by_the_cluster(plane: ControlPlane, namespace: str) -> str:
    """The UID of what a controller puts into each namespace, once it has."""
    path = f"/api/v1/namespaces/{namespace}/configmaps/kube-root-ca.crt"
    until(lambda: exists(plane, namespace, "kube-root-ca.crt"), what="the authority is there")
    return str(plane.api.get(path)["metadata"]["uid"])


def _entry(version: str, kind: str, namespace: str, name: str, uid: str = "") -> InventoryEntry:
    item = ObjectId(group="", kind=kind, namespace=namespace, name=name)
    return InventoryEntry(id=item, version=version, uid=uid)


@pytest.mark.parametrize("confirmed", [True, False])
def test_an_empty_render_is_refused_as_a_whole(
    control_plane: ControlPlane, namespace: str, *, confirmed: bool
) -> None:
    here = place(control_plane, namespace).with_options(confirm_prune=confirmed)
    here.apply(config_map(namespace, "one"), config_map(namespace, "two"))
    pruned = here.prune()
    assert "describes no object" in pruned.failures[0].sentence
    assert pruned.failures[0].fix
    assert here.known() == {"one", "two"}
    assert exists(control_plane, namespace, "one")


def test_more_than_the_budget_waits_for_a_confirmation(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace, budget=PruneBudget(max_percent=20))
    kept = [config_map(namespace, f"kept-{number}") for number in range(3)]
    here.apply(*kept, config_map(namespace, "old-1"), config_map(namespace, "old-2"))
    refused = here.prune(*kept)
    assert "2 of 5 objects" in refused.failures[0].sentence
    assert "confirm-prune" in refused.failures[0].fix
    assert here.known() == {"kept-0", "kept-1", "kept-2", "old-1", "old-2"}
    assert exists(control_plane, namespace, "old-1")
    confirmed = here.with_options(confirm_prune=True).prune(*kept)
    assert set(actions(confirmed).values()) == {Action.PRUNED}


def test_a_kind_that_asks_first_stays_until_it_is_confirmed(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    kept = config_map(namespace, "kept")
    claim: Json = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"namespace": namespace, "name": "disk"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    here.apply(kept, claim, config_map(namespace, "old"))
    pruned = here.prune(kept)
    assert actions(pruned) == {"disk": Action.SKIPPED, "old": Action.PRUNED}
    assert "confirm-prune" in notes(pruned)["disk"]
    assert here.known() == {"kept", "disk"}
    confirmed = here.with_options(confirm_prune=True).prune(kept)
    assert actions(confirmed) == {"disk": Action.PRUNED}
    assert here.known() == {"kept"}


@pytest.mark.parametrize("who", [{"environment": "staging"}, {"repository": "acme/other"}])
def test_environments_never_prune_each_other_and_a_moved_object_lives_on(
    control_plane: ControlPlane, namespace: str, who: dict[str, str]
) -> None:
    here, other = place(control_plane, namespace), place(control_plane, namespace, **who)
    kept = config_map(namespace, "kept")
    here.apply(kept, config_map(namespace, "moved"))
    other.apply(config_map(namespace, "of-the-other"))
    _apply_by_force(control_plane, namespace, other.run.manager, other.store.label)
    pruned = here.prune(kept)
    assert f"belongs to the inventory {other.store.label}" in notes(pruned)["moved"]
    assert exists(control_plane, namespace, "moved")
    assert exists(control_plane, namespace, "of-the-other")
    assert here.known() == {"kept"}


def _apply_by_force(plane: ControlPlane, namespace: str, manager: str, label: str) -> None:
    """What the other environment does when it takes the object over."""
    body = config_map(namespace, "moved", labels={"gitops-action/inventory": label})
    arguments = ("--server-side", "--force-conflicts", f"--field-manager={manager}", "-f", "-")
    plane.kubectl("apply", *arguments, stdin=json.dumps(body))


def test_what_is_asked_does_not_grow_with_what_is_deleted(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    kept = config_map(namespace, "kept")
    here.apply(kept, *(config_map(namespace, f"old-{number}") for number in range(60)))
    counting = Counting(client(control_plane, namespace))
    here.cluster = cast("Cluster", counting)
    here.prune(kept)
    assert counting.calls["delete", "", ""] == 60
    reads: Mapping[tuple[str, str], int] = counting.times("get")
    assert sum(reads.values()) <= 2  # the inventory, not the objects
