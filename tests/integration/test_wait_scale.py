"""Many objects: one watch a kind, little processor time, and nothing asked for what is healthy."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import cast

import pytest

from gitops_action.commands.deploy.cluster import Cluster
from gitops_action.commands.deploy.wait import Awaited, Ending
from gitops_action.core.manifests.model import Body
from testbed.cluster import ControlPlane
from tests.support.wait import (
    OPTIONS,
    Bench,
    Counting,
    awaited,
    bench,
    client,
    config_map,
    leftovers,
    unread,
    workload,
)

DEPLOYMENTS = 500


@pytest.fixture
def counted(control_plane: ControlPlane) -> Counting:
    return Counting(client(control_plane))


def stand_at(counted: Counting) -> Bench:
    return Bench(cast("Cluster", counted))  # what it does not count it passes on


def apply_all(plane: ControlPlane, bodies: Sequence[Body]) -> list[Awaited]:
    done = client(plane).apply_all(bodies, OPTIONS)
    return [awaited(one.body, one.live) for one in done]


def test_five_hundred_deployments_cost_one_watch_a_kind(
    control_plane: ControlPlane, namespace: str, counted: Counting
) -> None:
    bodies = [
        workload("Deployment", namespace, f"web-{number}", replicas=1)
        for number in range(DEPLOYMENTS)
    ]
    objects = apply_all(control_plane, bodies)
    processor = time.process_time()
    result = stand_at(counted).wait(objects, 180)
    used = time.process_time() - processor
    assert result.ending is Ending.HEALTHY
    for call in ("list", "watch"):
        kinds = {("Deployment", namespace), ("Pod", namespace)}
        kinds |= {("ReplicaSet", namespace), ("Event", namespace)}
        assert counted.times(call) == dict.fromkeys(kinds, 1)
    assert not counted.times("get")
    assert used < 30
    assert list(leftovers()) == []
    again = Counting(client(control_plane))
    assert stand_at(again).wait(unread(objects), 60).ending is Ending.HEALTHY
    assert again.times("list") == again.times("watch") == {("Deployment", namespace): 1}


def test_several_namespaces_share_a_watch_where_the_account_may(
    control_plane: ControlPlane, namespace: str, counted: Counting
) -> None:
    other = control_plane.namespace(f"{namespace}-b")
    objects = apply_all(
        control_plane, [workload("Deployment", place) for place in (namespace, other)]
    )
    assert stand_at(counted).wait(objects).ending is Ending.HEALTHY
    assert counted.times("watch")["Deployment", ""] == 1
    control_plane.api.delete(f"/api/v1/namespaces/{other}")


def test_without_rights_everywhere_each_namespace_has_its_watch(
    control_plane: ControlPlane, namespace: str
) -> None:
    other = control_plane.namespace(f"{namespace}-b")
    rules = [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list", "watch"]}]
    account = control_plane.account(namespace, "narrow", rules=rules)
    there = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{other}"
    control_plane.api.create(f"{there}/roles", {"metadata": {"name": "narrow"}, "rules": rules})
    subject = {"kind": "ServiceAccount", "namespace": namespace, "name": "narrow"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "narrow"}
    control_plane.api.create(
        f"{there}/rolebindings",
        {"metadata": {"name": "narrow"}, "roleRef": role, "subjects": [subject]},
    )
    objects = apply_all(
        control_plane, [workload("Deployment", place) for place in (namespace, other)]
    )
    counted = Counting(bench(control_plane, account.kubeconfig).cluster)
    result = stand_at(counted).wait(unread(objects))
    assert result.ending is Ending.HEALTHY
    watches = counted.times("watch")
    watched = {place: times for (kind, place), times in watches.items() if kind == "Deployment"}
    assert watched == {namespace: 1, other: 1}
    control_plane.api.delete(f"/api/v1/namespaces/{other}")


def test_what_is_healthy_at_once_costs_nothing(
    control_plane: ControlPlane, namespace: str, counted: Counting
) -> None:
    live = client(control_plane).apply(config_map(namespace, "settings"), OPTIONS)
    objects = [awaited(config_map(namespace, f"map-{n}"), live) for n in range(1000)]
    begun = time.process_time()
    result = stand_at(counted).wait(objects)
    used = time.process_time() - begun
    assert result.ending is Ending.HEALTHY
    assert not counted.calls
    assert used < 0.5
