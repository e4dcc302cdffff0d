"""Drift on a real API server: no false alarm, and everything that people and controllers do."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import yaml

from gitops_action.commands.deploy.push.lease import held
from gitops_action.commands.drift.push import drift_of_push
from gitops_action.core.cluster.errors import AccessDeniedError
from gitops_action.core.config import Deploy
from gitops_action.core.config.resolved import IgnoredFields
from gitops_action.core.deploy.result import Result
from gitops_action.core.drift.report import DriftKind, DriftState
from testbed.cluster import ControlPlane
from testbed.cluster.accounts import Rule
from tests.support.drift import drift, fields, only
from tests.support.every_kind import every_kind, kinds
from tests.support.pruning import config_map
from tests.support.push import Place, deploy, place, sentences
from tests.support.wait import workload

Body = dict[str, Any]
CA = "bmV3Cg=="


def web(namespace: str, **spec: object) -> Body:
    body: Body = json.loads(json.dumps(workload("Deployment", namespace, **spec)))  # type: ignore[arg-type]
    return body


@pytest.fixture
def here(control_plane: ControlPlane, namespace: str) -> Place:
    return place(control_plane, namespace)


def deployed(here: Place, *bodies: Body) -> None:
    result = deploy(here, *bodies)
    assert result.result is Result.SUCCEEDED, sentences(result)


def eventually(look: Callable[[], object], *, what: str) -> None:
    deadline = time.monotonic() + 60
    while not look():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def reading(plane: ControlPlane, bodies: list[Body]) -> list[Rule]:
    """Rules that let an account get and list the kinds of these objects, and nothing else."""
    rules = []
    for kind, group in {(body["kind"], body["apiVersion"].rpartition("/")[0]) for body in bodies}:
        collection = plane.resources.collection(f"{kind}.{group}".lower())
        plural = collection.rpartition("/")[2]
        rules.append({"apiGroups": [group], "resources": [plural], "verbs": ["get", "list"]})
    return rules


def test_nothing_differs_after_thirty_kinds_were_applied_twice(
    here: Place, control_plane: ControlPlane, namespace: str
) -> None:
    bodies = every_kind(namespace)
    assert len(kinds(bodies)) >= 30
    deployed(here, *bodies)
    account = control_plane.account(
        namespace, "onlooker", cluster_rules=reading(control_plane, bodies)
    )
    reader = place(control_plane, namespace, account.kubeconfig)
    for _ in range(2):
        found = drift(reader, *bodies)
        assert fields(found) == {}
        assert found.unread == ()
        assert found.state is DriftState.CLEAN, found.reason
        assert found.notes == ()
        assert found.compared == len(bodies)
        deployed(here, *bodies)
    _injected_and_scaled(control_plane, namespace)
    found = drift(reader, *bodies)
    assert fields(found) == {}
    assert found.state is DriftState.CLEAN


def _injected_and_scaled(plane: ControlPlane, namespace: str) -> None:
    """What controllers do: fill in authorities and pull secrets, scale, reorder, clean up."""
    plane.kubectl("delete", "job", "gone", "-n", namespace)
    bundle = [{"op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": CA}]
    _patched(plane, "validatingwebhookconfiguration", f"{namespace}-hook", bundle, "cainjector")
    pull = [{"op": "add", "path": "/imagePullSecrets/-", "value": {"name": "pull-token"}}]
    _patched(plane, "serviceaccount", "web", pull, "openshift", namespace)
    scale = f"/apis/{namespace}.example.org/v1/namespaces/{namespace}/widgets/one/scale"
    _merged(plane, scale, {"spec": {"replicas": 7}}, "some-autoscaler")
    reordered = json.loads(plane.kubectl("get", "hpa", "web", "-n", namespace, "-o", "json"))[
        "spec"
    ]["metrics"][::-1]
    metrics = [{"op": "replace", "path": "/spec/metrics", "value": reordered}]
    _patched(plane, "hpa.v2.autoscaling", "web", metrics, "operator", namespace)
    deployment = f"/apis/apps/v1/namespaces/{namespace}/deployments/web/scale"
    _merged(plane, deployment, {"spec": {"replicas": 3}}, "kubectl")
    defaulted = [{"op": "remove", "path": "/spec/interval"}]
    _patched(plane, f"widgets.{namespace}.example.org", "one", defaulted, "kubectl-edit", namespace)


def _patched(  # noqa: PLR0913, PLR0917 - what, how, and by whom
    plane: ControlPlane,
    kind: str,
    name: str,
    operations: list[Body],
    manager: str,
    namespace: str = "",
) -> None:
    where = ("-n", namespace) if namespace else ()
    patch = json.dumps(operations)
    plane.kubectl(
        "patch", kind, name, *where, "--type=json", "-p", patch, f"--field-manager={manager}"
    )


def _merged(plane: ControlPlane, path: str, patch: Body, manager: str) -> None:
    plane.api.merge(f"{path}?fieldManager={manager}", patch)


def test_what_people_do_by_hand_is_found_and_named(
    here: Place, control_plane: ControlPlane, namespace: str
) -> None:
    body = web(namespace)
    body["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "LEVEL", "value": "info"}]
    deployed(here, body, config_map(namespace, "settings"))
    control_plane.kubectl("scale", "deployment/web", "-n", namespace, "--replicas=2")
    control_plane.kubectl("set", "env", "deployment/web", "-n", namespace, "LEVEL=debug")
    found = only(drift(here, body, config_map(namespace, "settings")))
    assert found.change is DriftKind.CHANGED
    shown = {one.path: one for one in found.fields}
    assert set(shown) == {
        "spec.replicas",
        "spec.template.spec.containers[name=main].env[name=LEVEL].value",
    }
    replicas = shown["spec.replicas"]
    assert (replicas.described, replicas.live) == ("1", "2")
    assert (replicas.manager, replicas.by) == ("kubectl", "person")
    level = shown["spec.template.spec.containers[name=main].env[name=LEVEL].value"]
    assert (level.described, level.live) == ('"info"', '"debug"')
    assert level.by == "person"
    assert level.time.startswith("20")
    patch = yaml.safe_load(found.patch)
    assert patch["spec"]["replicas"] == 2
    (container,) = patch["spec"]["template"]["spec"]["containers"]
    assert container == {"name": "main", "env": [{"name": "LEVEL", "value": "debug"}]}


def test_the_patch_adopts_the_change(
    here: Place, control_plane: ControlPlane, namespace: str
) -> None:
    """The patched description has no drift any more."""
    body = web(namespace)
    deployed(here, body)
    control_plane.kubectl("set", "image", "deployment/web", "-n", namespace, "main=web:2")
    control_plane.kubectl("label", "deployment/web", "-n", namespace, "team=a")
    patch = yaml.safe_load(only(drift(here, body)).patch)
    container = body["spec"]["template"]["spec"]["containers"][0]
    container |= patch["spec"]["template"]["spec"]["containers"][0]
    assert fields(drift(here, body)) == {}


def test_deleted_objects_and_foreign_managers_are_found(
    here: Place, control_plane: ControlPlane, namespace: str
) -> None:
    settings, kept = config_map(namespace, "settings"), config_map(namespace, "kept")
    deployed(here, settings, kept)
    control_plane.kubectl("delete", "configmap", "kept", "-n", namespace)
    other = json.dumps({**settings, "data": {"a": "theirs"}})
    control_plane.kubectl(
        *("apply", "--server-side", "--force-conflicts", "--field-manager=other-tool", "-f", "-"),
        stdin=other,
    )
    found = drift(here, settings, kept)
    assert found.state is DriftState.DRIFTED
    changed, missing = sorted(found.objects, key=lambda one: one.change)
    assert (missing.id.name, missing.change) == ("kept", DriftKind.MISSING)
    (field,) = changed.fields
    assert (field.path, field.manager, field.by) == ("data.a", "other-tool", "controller")
    assert field.time
    patch = yaml.safe_load(changed.patch)
    assert (patch["metadata"]["name"], patch["data"]) == ("settings", {"a": "theirs"})


def test_a_secret_s_values_are_never_shown(
    here: Place, control_plane: ControlPlane, namespace: str
) -> None:
    secret: Body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "login", "namespace": namespace},
        "stringData": {"password": "described-password"},
    }
    deployed(here, secret)
    change = json.dumps({"stringData": {"password": "changed-password"}})
    control_plane.kubectl("patch", "secret", "login", "-n", namespace, "-p", change)
    found = drift(here, secret)
    one = only(found)
    assert [field.path for field in one.fields] == ["data.password"]
    written = json.dumps(found.as_json())
    for value in ("described-password", "changed-password", "Y2hhbmdlZC1wYXNzd29yZA", "ZGVzY3Jp"):
        assert value not in written
    assert one.patch == ""


def test_ignored_fields_and_objects_are_left_out(
    control_plane: ControlPlane, namespace: str
) -> None:
    rule = IgnoredFields(kind="ConfigMap", name="a", fields=("/data/a",), reason="by hand")
    here = place(control_plane, namespace, settings=Deploy(ignore=(rule,)))
    a, b = config_map(namespace, "a"), config_map(namespace, "b")
    left = config_map(namespace, "c", annotations={"gitops-action/apply": "if-absent"})
    deployed(here, a, b, left)
    for name in "abc":
        change = json.dumps({"data": {"a": "changed"}})
        control_plane.kubectl("patch", "configmap", name, "-n", namespace, "-p", change)
    assert fields(drift(here, a, b, left)) == {"ConfigMap/b": ["data.a"]}


def test_what_waits_to_be_pruned_is_listed_and_no_drift(
    control_plane: ControlPlane, namespace: str, here: Place
) -> None:
    kept: Body = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": "kept",
            "namespace": namespace,
            "annotations": {"gitops-action/wait": "ignore"},
        },
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "",
        },
    }
    deployed(here, kept, config_map(namespace, "settings"))
    deploy(here, config_map(namespace, "settings"))  # its deletion has to be confirmed
    found = drift(here, config_map(namespace, "settings"))
    assert [one.name for one in found.waiting] == ["kept"]
    assert found.state is DriftState.CLEAN
    patch = '{"metadata": {"finalizers": null}}'
    control_plane.kubectl("patch", "pvc", "kept", "-n", namespace, "--type=merge", "-p", patch)
    control_plane.kubectl("delete", "pvc", "kept", "-n", namespace)
    assert drift(here, config_map(namespace, "settings")).waiting == ()


def test_nothing_is_compared_during_a_deployment_and_shortly_after(
    here: Place, control_plane: ControlPlane, namespace: str
) -> None:
    body = config_map(namespace, "settings")
    deployed(here, body)
    control_plane.kubectl("delete", "configmap", "settings", "-n", namespace)
    found = drift(here, body, minutes=0)
    assert found.state is DriftState.UNKNOWN
    assert "only just ended" in found.reason
    assert drift(here, body).state is DriftState.DRIFTED


def test_nothing_is_compared_while_a_deployment_holds_the_lease(
    here: Place, control_plane: ControlPlane, namespace: str
) -> None:
    body = config_map(namespace, "settings")
    deployed(here, body)
    control_plane.kubectl("delete", "configmap", "settings", "-n", namespace)
    with held(here.run, seconds=3600):
        found = drift(here, body)
    assert found.state is DriftState.UNKNOWN
    assert "a deployment runs" in found.reason
    assert found.objects == ()


def test_five_thousand_objects_cost_a_list_and_only_those_that_differ_are_named(
    here: Place, control_plane: ControlPlane, namespace: str
) -> None:
    bodies = [config_map(namespace, f"settings-{one}") for one in range(5_000)]
    deployed(here, *bodies)
    change = json.dumps({"data": {"a": "by hand"}})
    control_plane.kubectl("patch", "configmap", "settings-4321", "-n", namespace, "-p", change)
    control_plane.kubectl("delete", "configmap", "settings-17", "-n", namespace)
    found = drift(here, *bodies)
    assert found.compared == len(bodies)
    assert {one.id.name: one.change for one in found.objects} == {
        "settings-4321": DriftKind.CHANGED,
        "settings-17": DriftKind.MISSING,
    }


def test_what_may_not_be_read_is_unknown(
    here: Place, control_plane: ControlPlane, namespace: str
) -> None:
    secret: Body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "login", "namespace": namespace},
        "stringData": {"password": "x"},
    }
    deployed(here, secret, config_map(namespace, "settings"))
    maps = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}
    account = control_plane.account(namespace, "half", rules=[maps])
    reader = place(control_plane, namespace, account.kubeconfig)
    found = drift(reader, secret, config_map(namespace, "settings"))
    assert [one.kind for one in found.unread] == ["Secret"]
    assert found.state is DriftState.UNKNOWN


def test_the_kinds_that_are_described_are_all_that_has_to_be_read(
    here: Place, control_plane: ControlPlane, namespace: str
) -> None:
    """Without the lease and the inventory, the notes name what is not known then."""
    body = web(namespace)
    deployed(here, body)
    account = control_plane.account(namespace, "narrow", rules=reading(control_plane, [body]))
    reader = place(control_plane, namespace, account.kubeconfig)
    found = drift(reader, body)
    assert (found.state, found.compared) == (DriftState.CLEAN, 1), found.reason
    lease, inventory = found.notes
    assert "leases" in lease
    assert "configmaps" in inventory
    assert found.waiting == ()
    control_plane.kubectl("scale", "deployment/web", "-n", namespace, "--replicas=2")
    assert fields(drift(reader, body)) == {"Deployment/web": ["spec.replicas"]}
    unrecorded = replace(reader.run, commit="")
    with pytest.raises(AccessDeniedError, match="configmaps"):
        drift_of_push(unrecorded, found, lambda _: unrecorded.rendering)


def test_what_may_wait_to_be_pruned_and_may_not_be_read_is_named(
    here: Place, control_plane: ControlPlane, namespace: str
) -> None:
    account: Body = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "old", "namespace": namespace},
    }
    settings = config_map(namespace, "settings")
    deployed(here, account, settings)
    own = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get"]}
    rules = [own, *reading(control_plane, [settings])]
    narrow = control_plane.account(namespace, "narrow", rules=rules)
    reader = place(control_plane, namespace, narrow.kubeconfig)
    assert drift(reader, settings).notes == (
        "which objects of ServiceAccount wait to be pruned could not be read",
    )


def test_a_volume_with_another_source_and_an_emptied_list_are_found(
    here: Place, control_plane: ControlPlane, namespace: str
) -> None:
    body = web(namespace)
    pod = body["spec"]["template"]["spec"]
    pod["volumes"] = [{"name": "tmp", "emptyDir": {}}]
    pod["tolerations"] = [{"key": "spot", "operator": "Exists"}]
    deployed(here, body)
    operations = [
        {
            "op": "replace",
            "path": "/spec/template/spec/volumes/0",
            "value": {"name": "tmp", "hostPath": {"path": "/"}},
        },
        {"op": "remove", "path": "/spec/template/spec/tolerations"},
    ]
    _patched(control_plane, "deployment", "web", operations, "kubectl-edit", namespace)
    assert fields(drift(here, body)) == {
        "Deployment/web": [
            "spec.template.spec.volumes[name=tmp]",
            "spec.template.spec.tolerations",
        ]
    }
