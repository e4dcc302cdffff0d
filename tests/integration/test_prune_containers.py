"""Namespaces and definitions of kinds take along what they hold: only when that is nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from gitops_action.core.deploy.result import Action
from gitops_action.core.manifests.model import Body
from testbed.cluster import ControlPlane
from testbed.cluster.api import ApiError, Json
from tests.support.flux import until
from tests.support.pruning import Place, actions, config_map, notes, place

_numbers = itertools.count(1)
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture
def other(control_plane: ControlPlane) -> Iterator[str]:
    """The name of a namespace that the environment describes, not its home."""
    name = f"pruned-{next(_numbers)}"
    yield name
    if _there(control_plane, name):
        control_plane.api.delete(f"/api/v1/namespaces/{name}")


def space(name: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _there(plane: ControlPlane, name: str) -> bool:
    try:
        found = plane.api.get(f"/api/v1/namespaces/{name}")
    except ApiError:
        return False
    return "deletionTimestamp" not in found["metadata"]


def confirmed(plane: ControlPlane, namespace: str) -> Place:
    return place(plane, namespace).with_options(confirm_prune=True)


def test_a_namespace_goes_after_what_is_in_it(
    control_plane: ControlPlane, namespace: str, other: str
) -> None:
    here = confirmed(control_plane, namespace)
    kept = config_map(namespace, "kept")
    here.apply(space(other), kept, config_map(other, "inside"), deployment(other))
    until(lambda: replica_sets(control_plane, other), what="it has a ReplicaSet")
    pruned = here.prune(kept, seconds=30)
    assert set(actions(pruned).values()) == {Action.PRUNED}
    assert not _there(control_plane, other)
    told = [one.object_id.name for one in here.told.lines if one.object_id]
    assert told[-1] == other
    assert here.known() == {"kept"}


def deployment(namespace: str) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"namespace": namespace, "name": "web"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "web:1"}]},
            },
        },
    }


def replica_sets(plane: ControlPlane, namespace: str) -> bool:
    return bool(plane.api.get(f"/apis/apps/v1/namespaces/{namespace}/replicasets")["items"])


def test_a_namespace_with_something_of_somebody_else_stays(
    control_plane: ControlPlane, namespace: str, other: str
) -> None:
    here = confirmed(control_plane, namespace)
    kept = config_map(namespace, "kept")
    here.apply(space(other), kept, config_map(other, "inside"))
    control_plane.api.create(f"/api/v1/namespaces/{other}/secrets", {"metadata": {"name": "s"}})
    pruned = here.prune(kept)
    assert actions(pruned) == {other: Action.SKIPPED, "inside": Action.PRUNED}
    assert f"it still holds Secret {other}/s" in notes(pruned)[other]
    assert _there(control_plane, other)
    assert here.known() == {"kept", other}
    control_plane.api.delete(f"/api/v1/namespaces/{other}/secrets/s")
    assert actions(here.prune(kept, seconds=30)) == {other: Action.PRUNED}


def test_a_namespace_whose_object_is_stuck_stays_with_it(
    control_plane: ControlPlane, namespace: str, other: str
) -> None:
    here = confirmed(control_plane, namespace)
    kept = config_map(namespace, "kept")
    here.apply(space(other), kept, config_map(other, "held", finalizers=["test.bed/hold"]))
    pruned = here.prune(kept, seconds=1)
    assert actions(pruned) == {other: Action.SKIPPED, "held": Action.SKIPPED}
    assert f"it still holds ConfigMap {other}/held" in notes(pruned)[other]
    assert _there(control_plane, other)
    assert here.known() == {"kept", other, "held"}
    path = f"/api/v1/namespaces/{other}/configmaps/held"
    control_plane.api.merge(path, {"metadata": {"finalizers": None}})


def test_a_namespace_that_may_not_be_looked_through_stays(
    control_plane: ControlPlane, namespace: str, other: str
) -> None:
    here = confirmed(control_plane, namespace)
    kept = config_map(namespace, "kept")
    here.apply(space(other), kept)
    everything = ["get", "list", "create", "update", "patch", "delete"]
    rules = [
        {"apiGroups": [""], "resources": ["configmaps", "namespaces"], "verbs": everything},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": everything},
    ]
    account = control_plane.account(namespace, "half-blind", (), rules)
    pruned = (
        place(control_plane, namespace, account.kubeconfig)
        .with_options(confirm_prune=True)
        .prune(kept)
    )
    assert actions(pruned) == {other: Action.SKIPPED}
    assert "could not be looked at" in notes(pruned)[other]
    assert _there(control_plane, other)


def test_the_home_of_the_inventory_is_never_deleted(
    control_plane: ControlPlane, other: str
) -> None:
    here = confirmed(control_plane, other)
    control_plane.namespace(other)
    kept = config_map("default", "kept-elsewhere")
    here.apply(space(other), kept)
    pruned = here.prune(kept)
    assert actions(pruned) == {other: Action.SKIPPED}
    assert "the lease and the inventory" in notes(pruned)[other]
    assert _there(control_plane, other)
    control_plane.api.delete("/api/v1/namespaces/default/configmaps/kept-elsewhere")


def definition(group: str) -> Json:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"charms.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": "Charm", "plural": "charms"},
            "scope": "Namespaced",
            "versions": [version],
        },
    }


def charm(group: str, namespace: str, name: str) -> Json:
    meta = {"namespace": namespace, "name": name}
    return {"apiVersion": f"{group}/v1", "kind": "Charm", "metadata": meta}


def _applied(plane: ControlPlane, here: Place, group: str, *bodies: Body) -> None:
    here.apply(definition(group))
    until(lambda: _established(plane, group), what="the kind is served")
    here.apply(*bodies)


def _established(plane: ControlPlane, group: str) -> bool:
    try:
        plane.api.get(f"/apis/{group}/v1/charms")
    except ApiError:
        return False
    return True


def test_a_definition_stays_while_somebody_has_objects_of_its_kind(
    control_plane: ControlPlane, namespace: str
) -> None:
    group = "stays.prune.example.org"
    here = confirmed(control_plane, namespace)
    kept = config_map(namespace, "kept")
    _applied(control_plane, here, group, kept, charm(group, namespace, "ours"))
    theirs = control_plane.api.create(
        f"/apis/{group}/v1/namespaces/default/charms", charm(group, "default", "theirs")
    )
    pruned = here.prune(kept)
    assert actions(pruned) == {f"charms.{group}": Action.SKIPPED, "ours": Action.PRUNED}
    assert "it still holds Charm default/theirs" in notes(pruned)[f"charms.{group}"]
    path = f"/apis/{group}/v1/namespaces/default/charms/theirs"
    assert control_plane.api.get(path)["metadata"]["uid"] == theirs["metadata"]["uid"]
    control_plane.api.delete(path)
    assert actions(here.prune(kept)) == {f"charms.{group}": Action.PRUNED}


def test_objects_of_a_kind_that_is_gone_are_gone(
    control_plane: ControlPlane, namespace: str
) -> None:
    group = "goes.prune.example.org"
    here = confirmed(control_plane, namespace)
    kept = config_map(namespace, "kept")
    _applied(control_plane, here, group, kept, charm(group, namespace, "ours"))
    control_plane.api.delete(f"{_DEFINITIONS}/charms.{group}")
    until(lambda: not _established(control_plane, group), what="the kind is gone")
    pruned = place(control_plane, namespace).with_options(confirm_prune=True).prune(kept)
    assert pruned.objects == ()
    assert here.known() == {"kept"}


def test_custom_objects_go_before_what_cleans_up_after_them(
    control_plane: ControlPlane, namespace: str
) -> None:
    group = "cleans.prune.example.org"
    here = confirmed(control_plane, namespace)
    kept = config_map(namespace, "kept")
    operator, ours = deployment(namespace), charm(group, namespace, "ours")
    ours["metadata"]["finalizers"] = ["test.bed/operator"]
    _applied(control_plane, here, group, kept, operator, ours)
    pruned = here.prune(kept, seconds=1)
    assert actions(pruned)["ours"] is Action.SKIPPED
    assert actions(pruned)["web"] is Action.PRUNED  # the time was over, and it is not held up
    assert f"charms.{group}" in here.known()
    path = f"/apis/{group}/v1/namespaces/{namespace}/charms/ours"
    control_plane.api.merge(path, {"metadata": {"finalizers": None}})
    assert actions(here.prune(kept)) == {f"charms.{group}": Action.PRUNED}
