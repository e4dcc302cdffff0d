"""Unchanged only when hash, managed fields and live values agree; everything else is told."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.deploy.compare import (
    ChangedFields,
    Comparison,
    Doubt,
    Unchanged,
    compare,
    quantity,
    same_quantity,
)
from gitops_action.core.deploy.field_managers import managers_to_migrate
from gitops_action.core.deploy.inventory import InventoryEntry
from gitops_action.core.deploy.objects import to_apply
from gitops_action.core.manifests.model import ObjectId

US = "gitops-action:production"
Body = dict[str, Any]
ID = ObjectId(group="apps", kind="Deployment", namespace="shop", name="web")
KEYED = {"containers": ("name",), "env": ("name",), "ports": ("containerPort", "protocol")}


def owned(value: Any, key: str = "") -> Body:
    """The managed fields that the API server records for an applied value."""
    if isinstance(value, dict) and value and key not in {"matchLabels", "atomic"}:
        return {".": {}} | {f"f:{name}": owned(item, name) for name, item in value.items()}
    if isinstance(value, list) and key in KEYED:
        result: Body = {}
        for item in value:
            names = {name: item.get(name, "TCP") for name in KEYED[key]}
            result[f"k:{json.dumps(names, separators=(',', ':'))}"] = owned(item)
        return result
    if isinstance(value, list) and key == "finalizers":
        return {f'v:"{item}"': {} for item in value}
    return {}


def applied(desired: Body, **entry: Any) -> Body:
    """The live object after an apply: values, our entry, and what the server fills in."""
    live: Body = copy.deepcopy(desired)
    fields = owned({k: v for k, v in desired.items() if k not in {"apiVersion", "kind"}})
    for name in ("name", "namespace"):
        fields["f:metadata"].pop(f"f:{name}", None)
    ours = {
        "manager": US,
        "operation": "Apply",
        "apiVersion": desired["apiVersion"],
        "fieldsV1": fields,
        **entry,
    }
    other = {
        "manager": "kube-controller-manager",
        "operation": "Update",
        "subresource": "status",
        "fieldsV1": {"f:status": {}},
    }
    live["metadata"] |= {"uid": "u", "generation": 4, "managedFields": [other, ours]}
    live["status"] = {"replicas": 1}
    return live


def web() -> Body:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "labels": {"gitops-action/inventory": "production"},
            "finalizers": ["acme/a", "acme/b"],
        },
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "spec": {
                    "containers": [
                        {
                            "name": "app",
                            "image": "web:v1",
                            "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                            "ports": [{"containerPort": 80}],
                            "resources": {"limits": {"cpu": "1000m", "memory": "1Gi"}},
                        },
                        {"name": "side", "image": "side:v1", "args": ["a", "b"]},
                    ],
                    "volumes": [],
                }
            },
        },
    }


def told(desired: Body, live: Body, *, recorded: str = "h", uid: str = "u") -> Comparison:
    entry = InventoryEntry(id=ID, version="v1", uid=uid, hash=recorded)
    return compare(desired, live, manager=US, recorded=entry, desired_hash="h")


def containers(live: Body) -> list[Body]:
    return live["spec"]["template"]["spec"]["containers"]  # type: ignore[no-any-return]


def test_an_object_as_it_was_applied_is_unchanged() -> None:
    live = applied(web())
    live["spec"]["progressDeadlineSeconds"] = 600
    live["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "1"}
    containers(live)[0]["imagePullPolicy"] = "IfNotPresent"
    containers(live)[0]["ports"][0]["protocol"] = "TCP"
    containers(live)[0]["resources"]["limits"]["cpu"] = "1"
    assert told(web(), live) == Unchanged()


def test_an_injected_container_is_nobodys_business() -> None:
    live = applied(web())
    containers(live)[0]["ports"][0]["protocol"] = "TCP"
    containers(live).insert(1, {"name": "mesh", "image": "mesh:v1"})
    assert told(web(), live) == Unchanged()


def live_with(change: str) -> Body:  # noqa: C901, PLR0912, PLR0915 - a table: one case a fault
    live = applied(web())
    first = containers(live)[0]
    first["ports"][0]["protocol"] = "TCP"
    fields = live["metadata"]["managedFields"][1]["fieldsV1"]
    spec = fields["f:spec"]
    template = spec["f:template"]["f:spec"]
    match change:
        case "image":
            first["image"] = "web:hacked"
        case "replicas":
            live["spec"]["replicas"] = 5
        case "label gone":
            live["metadata"]["labels"] = {}
        case "container gone":
            del containers(live)[1]
        case "order":
            first["env"].reverse()
        case "finalizer":
            live["metadata"]["finalizers"].remove("acme/a")
        case "selector":
            live["spec"]["selector"]["matchLabels"]["tier"] = "x"
        case "amount":
            first["resources"]["limits"]["cpu"] = "2"
        case "arguments":
            containers(live)[1]["args"] = ["a", "c"]
        case "type":
            live["spec"]["replicas"] = True
        case "list gone":
            live["spec"]["template"]["spec"]["containers"] = None
        case "taken over":
            del spec["f:replicas"]
        case "pruned":
            del spec["f:replicas"]
            del live["spec"]["replicas"]
        case "left over":
            spec["f:paused"] = {}
            live["spec"]["paused"] = True
        case "item left over":
            template["f:containers"]['k:{"name":"old"}'] = {".": {}, "f:name": {}}
        case "item not ours":
            del template["f:containers"]['k:{"name":"side"}']
        case "positions":
            template["f:containers"] = {"i:0": {}}
        case "bad key":
            template["f:containers"] = {"k:{": {}}
        case "member not ours":
            del fields["f:metadata"]["f:finalizers"]['v:"acme/a"']
        case "no entry":
            live["metadata"]["managedFields"].pop()
        case "update only":
            live["metadata"]["managedFields"][1]["operation"] = "Update"
        case "other version":
            live["metadata"]["managedFields"][1]["apiVersion"] = "apps/v1beta2"
        case "going":
            live["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"
    return live


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ("image", "spec.template.spec.containers[name=app].image"),
        ("replicas", "spec.replicas"),
        ("label gone", "metadata.labels.gitops-action/inventory"),
        ("container gone", "spec.template.spec.containers[name=side]"),
        ("order", "spec.template.spec.containers[name=app].env"),
        ("finalizer", "metadata.finalizers"),
        ("selector", "spec.selector.matchLabels"),
        ("amount", "spec.template.spec.containers[name=app].resources.limits.cpu"),
        ("arguments", "spec.template.spec.containers[name=side].args"),
        ("type", "spec.replicas"),
        ("list gone", "spec.template.spec.containers"),
    ],
)
def test_what_somebody_changed_is_named(change: str, path: str) -> None:
    found = told(web(), live_with(change))
    assert isinstance(found, ChangedFields)
    assert path in found.paths


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("taken over", "spec.replicas is desired, but not ours"),
        ("pruned", "spec.replicas is desired, but not ours"),
        ("left over", "spec.paused is ours, but not desired"),
        ("item left over", "has an item that is ours, but not desired"),
        ("item not ours", "has an item that is desired, but not ours"),
        ("positions", "owned by positions"),
        ("bad key", "desired, but not ours"),
        ("member not ours", "other members"),
        ("no entry", "0 entries of gitops-action:production"),
        ("update only", "0 entries"),
        ("other version", "another version"),
        ("going", "being deleted"),
    ],
)
def test_what_cannot_be_told_is_a_doubt(change: str, reason: str) -> None:
    found = told(web(), live_with(change))
    assert isinstance(found, Doubt)
    assert reason in found.reason


def test_the_record_has_to_agree() -> None:
    live = live_with("")
    assert told(web(), live) == Unchanged()
    assert isinstance(told(web(), live, recorded="other"), Doubt)
    assert isinstance(told(web(), live, recorded=""), Doubt)
    assert isinstance(told(web(), live, uid="other"), Doubt)
    assert isinstance(told(web(), live, uid=""), Doubt)
    found = compare(web(), live, manager=US, recorded=None, desired_hash="h")
    assert isinstance(found, Doubt)


SCALAR = st.text(max_size=4) | st.integers() | st.booleans() | st.floats(allow_nan=False)
KEYS = st.sampled_from(["a", "b", "limits", "image", "atomic", "list"])
VALUES = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
SPECS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=4)


def shop(spec: Body) -> Body:
    metadata = {"name": "x", "labels": {"gitops-action/inventory": "production"}}
    return {"apiVersion": "acme.dev/v1", "kind": "Shop", "metadata": metadata, "spec": spec}


@given(SPECS)
def test_anything_applied_is_unchanged_against_itself(spec: Body) -> None:
    assert told(shop(spec), applied(shop(spec))) == Unchanged()


@given(SPECS, st.data())
def test_any_leaf_that_was_changed_is_seen(spec: Body, data: st.DataObject) -> None:
    live = applied(shop(spec))
    node: Any = live["spec"]
    while True:
        key = data.draw(st.sampled_from(sorted(node)))
        if not isinstance(node[key], dict) or not node[key]:
            break
        node = node[key]
    node[key] = {"changed": "by hand"}
    assert told(shop(spec), live) != Unchanged()


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "1000m"), (1, "1"), ("1Gi", "1024Mi"), ("1e3", "1k"), ("0.5", "500m"), ("1.0", 1)],
)
def test_same_amounts(one: object, other: object) -> None:
    assert same_quantity(one, other)


@pytest.mark.parametrize("other", ["2", "1Mi", "one", "", None, True, [], "1 ", "1e9999"])
def test_other_amounts(other: object) -> None:
    assert not same_quantity("1", other)


def test_no_quantity() -> None:
    assert quantity("1.2.3") is None


def test_what_is_sent() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "web",
            "uid": "u",
            "creationTimestamp": None,
            "annotations": {},
            "labels": {"app": "web"},
        },
        "data": {"old": "b2xk", "both": "eA=="},
        "stringData": {"both": "new", "null": None},
        "status": {},
    }
    assert to_apply(secret, inventory="production") == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "web",
            "labels": {"app": "web", "gitops-action/inventory": "production"},
        },
        "data": {"old": "b2xk", "both": "bmV3"},
    }


@pytest.mark.parametrize(
    ("annotated", "manager", "operation", "expected"),
    [
        (True, "kubectl-client-side-apply", "Update", ("kubectl-client-side-apply",)),
        (True, "kubectl", "Update", ("kubectl",)),
        (False, "kubectl", "Update", ()),
        (True, "kubectl", "Apply", ()),
        (True, "helm", "Update", ()),
    ],
)
def test_whose_fields_become_ours(
    annotated: bool, manager: str, operation: str, expected: tuple[str, ...]
) -> None:
    annotation = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    live = {
        "metadata": {
            "annotations": annotation if annotated else {},
            "managedFields": [{"manager": manager, "operation": operation}],
        }
    }
    assert managers_to_migrate(live) == expected
