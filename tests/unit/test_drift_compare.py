"""What counts as drift, by values: described, live with its managed fields, and what differs."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.deploy.field_paths import shown
from gitops_action.core.drift.adopt import adoption
from gitops_action.core.drift.compare import differences
from gitops_action.core.drift.report import object_drift
from gitops_action.core.drift.same import same_value
from gitops_action.core.manifests.model import Manifest, ObjectId
from tests.unit.test_deploy_compare import owned

Body = dict[str, Any]
US = "gitops-action:production"
TIME = "2026-11-28T14:00:00Z"


def live_of(described: Body) -> Body:
    """The live object after our apply."""
    live: Body = copy.deepcopy(described)
    fields = owned({k: v for k, v in described.items() if k not in {"apiVersion", "kind"}})
    live["metadata"]["managedFields"] = [entry(US, fields, described["apiVersion"], "Apply")]
    return live


def entry(
    manager: str,
    fields: Body,
    version: str = "v1",
    operation: str = "Update",
    subresource: str = "",
) -> Body:
    found = {
        "manager": manager,
        "operation": operation,
        "apiVersion": version,
        "time": TIME,
        "fieldsV1": fields,
    }
    return found | ({"subresource": subresource} if subresource else {})


def body(kind: str = "Deployment", version: str = "apps/v1", **parts: Any) -> Body:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "web"}, **parts}


def paths(described: Body, live: Body) -> list[str]:
    return [shown(one.steps) for one in differences(described, live, own=(US,))]


def test_a_value_that_equals_is_no_difference_and_a_changed_one_is() -> None:
    described = body(spec={"replicas": 3, "paused": False})
    live = live_of(described)
    assert paths(described, live) == []
    live["spec"]["replicas"] = 5
    assert paths(described, live) == ["spec.replicas"]


@pytest.mark.parametrize(
    ("described", "live"),
    [
        ({"a": None}, {}),
        ({"a": {}}, {}),
        ({"a": []}, {"a": None}),
        ({"a": ""}, {}),
        ({"a": {"b": {"c": None}}}, {}),
        ({"a": False}, {}),
        ({"a": 0}, {}),
        ({"a": {}}, {"a": {"type": "Rolling"}}),
        ({}, {"a": 1}),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}),
        ({"limits": {"cpu": "1000m"}}, {"limits": {"cpu": "1"}}),
        ({"limits": {"memory": 1024}}, {"limits": {"memory": "1024"}}),
        ({"interval": "60m"}, {"interval": "1h0m0s"}),
    ],
)
def test_no_drift(described: Body, live: Body) -> None:
    wanted = body(spec={"kept": 1, **described})
    lives = live_of(wanted) | {"spec": {"kept": 1, **live}}
    assert paths(wanted, lives) == []


@pytest.mark.parametrize(
    ("described", "live"),
    [
        ({"a": True}, {}),
        ({"a": 1}, {}),
        ({"a": "x"}, {"a": ""}),
        ({"a": True}, {"a": 1}),
        ({"a": {"b": 1}}, {}),
        ({"a": {"b": 1}}, {"a": "text"}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": [1]}, {"a": [1, 2]}),
        ({"cpu": "1000m"}, {"cpu": "1"}),
        ({"interval": "60m"}, {"interval": "61m"}),
    ],
)
def test_drift(described: Body, live: Body) -> None:
    wanted = body(spec=described)
    assert paths(wanted, live_of(wanted) | {"spec": live}) != []


def test_zero_of_a_custom_kind_is_absent_unless_a_person_wrote_the_object() -> None:
    described = body("Widget", "example.org/v1", spec={"enabled": False})
    live = live_of(described) | {"spec": {}}
    assert paths(described, live) == []
    live["metadata"]["managedFields"].append(entry("kubectl-edit", {"f:spec": {}}))
    assert paths(described, live) == ["spec.enabled"]


def test_an_empty_value_is_drift_only_where_another_manager_filled_it() -> None:
    described = body(spec={"a": {}, "n": 1})
    live = live_of(described) | {"spec": {"a": {"b": 1}, "n": 1}}
    assert paths(described, live) == []
    fields = {"f:spec": {"f:a": {"f:b": {}}}}
    live["metadata"]["managedFields"].append(entry("kubectl-edit", fields, "apps/v1"))
    (found,) = differences(described, live, own=(US,))
    assert (shown(found.steps), found.owner and found.owner.manager) == ("spec.a", "kubectl-edit")


def test_items_go_by_their_merge_key_and_more_of_them_are_none_of_ours() -> None:
    described = body(spec={"containers": [{"name": "a", "image": "a:1"}, {"name": "b"}]})
    live = live_of(described)
    live["spec"]["containers"] = [
        {"name": "injected"},
        {"name": "b", "x": 1},
        {"name": "a", "image": "a:2"},
    ]
    assert paths(described, live) == ["spec.containers[name=a].image"]
    del live["spec"]["containers"][2]
    assert paths(described, live) == ["spec.containers[name=a]"]


def test_ports_have_a_default_in_their_key() -> None:
    ports = [{"containerPort": 53}, {"containerPort": 53, "protocol": "UDP"}]
    described = body(spec={"ports": ports})
    live = live_of(described)
    live["spec"]["ports"] = [
        {"containerPort": 53, "protocol": "UDP"},
        {"containerPort": 53, "protocol": "TCP"},
    ]
    assert paths(described, live) == []
    live["spec"]["ports"].pop()
    assert paths(described, live) == ["spec.ports[containerPort=53,protocol=TCP]"]


def test_a_list_that_nobody_owns_any_more_is_matched_by_names() -> None:
    described = body(spec={"containers": [{"name": "a"}]})
    live = live_of(described)
    live["metadata"]["managedFields"] = []
    live["spec"]["containers"] = [{"name": "b"}, {"name": "a"}]
    assert paths(described, live) == []


def test_members_of_a_set_may_stand_anywhere() -> None:
    described = body()
    described["metadata"]["finalizers"] = ["a", "b"]
    live = live_of(described)
    live["metadata"]["finalizers"] = ["z", "b", "a"]
    assert paths(described, live) == []
    live["metadata"]["finalizers"] = ["z", "b"]
    assert paths(described, live) == ["metadata.finalizers"]


def test_what_is_added_to_a_value_that_is_owned_as_a_whole() -> None:
    described = body(spec={"rules": [{"port": 80}], "n": 1})
    live = live_of(described)
    live["spec"]["rules"] = [{"port": 80, "protocol": "TCP"}]
    assert paths(described, live) == []
    live["spec"]["rules"] = [{"port": 80, "protocol": "UDP"}]
    assert paths(described, live) == []  # a default that this list does not know, still ours
    entries = live["metadata"]["managedFields"]
    del entries[0]["fieldsV1"]["f:spec"]["f:rules"]
    entries.append(entry("kubectl-edit", {"f:spec": {"f:rules": {}}}, "apps/v1"))
    assert paths(described, live) == ["spec.rules[0]"]
    live["spec"]["rules"] = [{"port": 80, "protocol": "TCP"}]
    assert paths(described, live) == []


def test_metrics_of_an_autoscaler_have_no_order() -> None:
    metrics = [{"type": "cpu", "target": 1}, {"type": "memory", "target": 2}]
    described = body("HorizontalPodAutoscaler", "autoscaling/v2", spec={"metrics": metrics})
    live = live_of(described)
    live["spec"]["metrics"] = metrics[::-1]
    assert paths(described, live) == []
    live["spec"]["metrics"] = [metrics[0], {"type": "memory", "target": 3}]
    assert paths(described, live) == ["spec.metrics"]
    live["spec"]["metrics"] = [*metrics, {"type": "more"}]
    assert paths(described, live) == ["spec.metrics"]


@pytest.mark.parametrize(("manager", "expected"), [("keda", []), ("kubectl", ["spec.size"])])
def test_a_scale_subresource_is_for_controllers(manager: str, expected: list[str]) -> None:
    described = body("Widget", "example.org/v1", spec={"size": 2})
    live = live_of(described) | {"spec": {"size": 7}}
    scaled = entry(manager, {"f:spec": {"f:size": {}}}, "example.org/v1", subresource="scale")
    live["metadata"]["managedFields"] = [scaled]
    assert paths(described, live) == expected


@pytest.mark.parametrize(
    ("annotations", "bundle", "expected"),
    [
        ({}, "QQ==", ["bundle"]),
        ({}, "Cg==", []),
        ({"cert-manager.io/inject-ca-from": "a"}, "QQ==", []),
    ],
)
def test_injected_authorities(annotations: Body, bundle: str, expected: list[str]) -> None:
    described = body("APIService", "apiregistration.k8s.io/v1", spec={"caBundle": bundle})
    described["metadata"]["annotations"] = annotations
    live = live_of(described)
    live["spec"]["caBundle"] = "bmV3"
    assert paths(described, live) == ["spec.caBundle" for _ in expected]


def test_pull_secrets_of_a_service_account_may_be_more() -> None:
    described = body("ServiceAccount", "v1", imagePullSecrets=[{"name": "a"}], secrets=[])
    live = live_of(described)
    live |= {"imagePullSecrets": [{"name": "x"}, {"name": "a"}], "secrets": [{"name": "t"}]}
    live["metadata"]["managedFields"].append(entry("openshift", {"f:secrets": {}}))
    assert paths(described, live) == []
    live["imagePullSecrets"] = [{"name": "x"}]
    assert paths(described, live) == ["imagePullSecrets[name=a]"]


@pytest.mark.parametrize(
    ("kind", "names", "same"),
    [
        ("Secret", ("data", "a"), True),
        ("ConfigMap", ("binaryData", "a"), True),
        ("ConfigMap", ("data", "a"), False),
        ("Webhook", ("clientConfig", "caBundle"), True),
    ],
)
def test_base64_is_compared_by_its_bytes(kind: str, names: tuple[str, ...], same: bool) -> None:
    assert same_value("YWJj\nZGVm\n", "YWJjZGVm", names, kind=kind) is same


def test_order_counts_for_init_containers() -> None:
    described = body(spec={"initContainers": [{"name": "a"}, {"name": "b"}]})
    live = live_of(described)
    live["metadata"]["managedFields"] = []
    live["spec"]["initContainers"].reverse()
    assert paths(described, live) == ["spec.initContainers"]


def test_a_copied_field_is_no_field_of_its_own() -> None:
    described = body(spec={"serviceAccount": "old", "serviceAccountName": "web"})
    live = live_of(described) | {"spec": {"serviceAccount": "web", "serviceAccountName": "web"}}
    assert paths(described, live) == []


def test_the_patch_holds_what_lives_and_removes_what_does_not() -> None:
    described = body(
        spec={
            "replicas": 1,
            "gone": "x",
            "containers": [{"name": "a", "image": "a:1"}, {"name": "b"}],
            "args": [1, 2],
        }
    )
    live = live_of(described)
    live["spec"] = {"replicas": 2, "containers": [{"name": "a", "image": "a:2"}], "args": [2, 1]}
    found = differences(described, live, own=(US,))
    assert yaml.safe_load(adoption(live, found)) == body(
        spec={
            "replicas": 2,
            "gone": None,
            "containers": [{"name": "a", "image": "a:2"}, {"name": "b", "$patch": "delete"}],
            "args": [2, 1],
        }
    )


def test_the_patch_of_a_custom_kind_holds_whole_lists() -> None:
    described = body("Widget", "example.org/v1", spec={"containers": [{"name": "a", "x": 1}]})
    live = live_of(described)
    live["spec"]["containers"] = [{"name": "a", "x": 2}, {"name": "b"}]
    found = differences(described, live, own=(US,))
    patch = yaml.safe_load(adoption(live, found))
    assert patch["spec"] == {"containers": [{"name": "a", "x": 2}, {"name": "b"}]}


def test_a_credential_is_shown_neither_as_a_value_nor_in_a_patch() -> None:
    env = [{"name": "DB_PASSWORD", "value": "described-secret"}]
    described = body(spec={"env": env})
    live = live_of(described)
    live["spec"]["env"] = [{"name": "DB_PASSWORD", "value": "live-secret"}]
    found = differences(described, live, own=(US,))
    item = ObjectId(group="apps", kind="Deployment", namespace="", name="web")
    manifest = Manifest(id=item, version="v1", body=described)
    drift = object_drift(manifest, described, live, found)
    assert [one.path for one in drift.fields] == ["spec.env[name=DB_PASSWORD].value"]
    written = json.dumps(drift.as_json())
    assert "described-secret" not in written
    assert "live-secret" not in written
    assert drift.patch == ""


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from("abcd"), JSON_VALUES, max_size=4), st.booleans())
def test_an_object_never_differs_from_itself(spec: Body, known: bool) -> None:
    described = body(spec=spec)
    live = live_of(described)
    if not known:
        live["metadata"]["managedFields"] = []
    assert paths(described, live) == []
