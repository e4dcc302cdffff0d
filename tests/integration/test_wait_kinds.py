"""Kinds that are no Deployment: jobs, pods, claims, load balancers, definitions, custom kinds."""

from __future__ import annotations

from gitops_action.commands.deploy.wait import Ending
from gitops_action.core.config import KindRule
from gitops_action.core.health import Status
from gitops_action.core.manifests.model import Body
from testbed.cluster import ControlPlane
from testbed.cluster.api import Json
from tests.support.flux import until
from tests.support.wait import awaited, bench, config_map, only, unread, workload


def claim(namespace: str, name: str, storage_class: str, **annotations: str) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"namespace": namespace, "name": name, "annotations": annotations},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": storage_class,
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


def balancer(namespace: str, name: str, **annotations: str) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": namespace, "name": name, "annotations": annotations},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": "web"}},
    }


def definition(group: str, kind: str, plural: str) -> Json:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": plural},
            "scope": "Namespaced",
            "versions": [version],
        },
    }


def test_jobs_and_pods_end_well(control_plane: ControlPlane, namespace: str) -> None:
    stand = bench(control_plane)
    objects = stand.apply(
        workload("Job", namespace, "migrate"),
        workload("Job", namespace, "swept", ttlSecondsAfterFinished=0),
        workload("Pod", namespace, "alone", "ready-after=1"),
        workload("StatefulSet", namespace, "db", "ready-after=0.5", replicas=2),
        workload("DaemonSet", namespace, "agent"),
    )
    result = stand.wait(objects)
    assert result.ending is Ending.HEALTHY
    assert all(one.seconds is not None for one in result.objects)


def test_a_failed_job_is_told_with_its_log(control_plane: ControlPlane, namespace: str) -> None:
    stand = bench(control_plane)
    body = workload("Job", namespace, "migrate", "exit=4", log="no such table\n", backoffLimit=0)
    result = stand.wait(stand.apply(body), 60)
    assert result.ending is Ending.FAILED
    failure = only(result)
    assert "exit code 4" in failure.sentence
    assert "Job failed" in failure.sentence
    assert failure.log == ("no such table",)


def test_a_job_that_was_swept_before_anybody_looked_is_unknown(
    control_plane: ControlPlane, namespace: str
) -> None:
    stand = bench(control_plane)
    desired = workload("Job", namespace, "swept", ttlSecondsAfterFinished=0)
    result = stand.wait([awaited(desired, None)], 20)
    assert result.ending is Ending.UNKNOWN
    assert result.objects[0].health.reason == "RemovedUnseen"


def test_objects_that_somebody_deletes_or_nobody_made_are_missed(
    control_plane: ControlPlane, namespace: str
) -> None:
    stand = bench(control_plane)
    objects = stand.apply(workload("Deployment", namespace, behaviour="never-ready"))
    control_plane.api.delete(f"/apis/apps/v1/namespaces/{namespace}/deployments/web")
    absent = unread([awaited(config_map(namespace, "absent"), None)])
    result = stand.wait([*objects, *absent], 60)
    assert result.ending is Ending.FAILED
    assert {one.health.status for one in result.objects} == {Status.NOT_FOUND}
    assert all("not in the cluster" in one.sentence for one in result.failures)
    assert [one.object_id for one in result.failures] == [one.id for one in result.objects]


def test_claims_and_load_balancers_wait_for_their_providers(
    control_plane: ControlPlane, namespace: str
) -> None:
    stand = bench(control_plane)
    classes = [
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": f"{namespace}-{mode.lower()}"[-60:].strip("-")},
            "provisioner": "example.org/none",
            "volumeBindingMode": mode,
        }
        for mode in ("Immediate", "WaitForFirstConsumer")
    ]
    stand.apply(*classes)
    now, later = (one["metadata"]["name"] for one in classes)  # type: ignore[index]
    good = stand.apply(
        claim(namespace, "bound", now),
        claim(namespace, "waits", later),
        balancer(namespace, "door"),
    )
    result = stand.wait(good)
    assert result.ending is Ending.HEALTHY
    assert result.objects[1].health.reason == "WaitForFirstConsumer"
    never = {"testbed/behaviour": "pending"}
    bad = stand.apply(claim(namespace, "stuck", now, **never), balancer(namespace, "shut", **never))
    result = stand.wait(bad, 2)
    assert result.ending is Ending.TIMEOUT
    reasons = {one.id.name: one.health.reason for one in result.objects}
    assert reasons == {"stuck": "NotBound", "shut": "NoIngress"}
    assert all(one.fix for one in result.failures)


def test_definitions_are_established_or_told(control_plane: ControlPlane) -> None:
    stand = bench(control_plane)
    group = "wait.example.org"
    first = stand.apply(definition(group, "Thing", "things"))
    assert stand.wait(first, 10).ending is Ending.HEALTHY
    clash = stand.apply(definition(group, "Thing", "thingies"))
    result = stand.wait(clash, 10)
    assert result.ending is Ending.FAILED
    assert "Thing" in only(result).sentence


def test_custom_kinds_follow_the_rule_of_the_configuration(
    control_plane: ControlPlane, namespace: str
) -> None:
    group = "rule.example.org"
    rule = KindRule(
        group=group,
        kind="Widget",
        current="has(status.phase) && status.phase == 'Up'",
        failed="has(status.phase) && status.phase == 'Broken'",
    )
    stand = bench(control_plane, kinds=(rule,))
    crd = definition(group, "Widget", "widgets")
    assert stand.wait(stand.apply(crd), 10).ending is Ending.HEALTHY
    until(lambda: stand.cluster.resources(fresh=True).preferred(group, "Widget"), what="discovery")
    api_version = f"{group}/v1"
    up, down = (
        {
            "apiVersion": api_version,
            "kind": "Widget",
            "metadata": {"namespace": namespace, "name": name},
            "status": {"phase": phase},
        }
        for name, phase in (("up", "Up"), ("down", "Broken"))
    )
    assert stand.wait(stand.apply(up), 10).ending is Ending.HEALTHY
    result = stand.wait(stand.apply(up, down), 10)
    assert result.ending is Ending.FAILED
    assert [one.health.status for one in result.objects] == [Status.CURRENT, Status.FAILED]


def test_a_new_object_waits_for_its_controller(control_plane: ControlPlane, namespace: str) -> None:
    group = "status.example.org"
    crd = definition(group, "Gadget", "gadgets")
    crd["spec"]["versions"][0]["subresources"] = {"status": {}}
    stand = bench(control_plane)
    assert stand.wait(stand.apply(crd), 10).ending is Ending.HEALTHY
    until(lambda: stand.cluster.resources(fresh=True).preferred(group, "Gadget"), what="discovery")
    gadget = {
        "apiVersion": f"{group}/v1",
        "kind": "Gadget",
        "metadata": {"namespace": namespace, "name": "web"},
    }
    result = stand.wait(stand.apply(gadget), 2)
    assert result.ending is Ending.TIMEOUT
    assert result.objects[0].health.reason == "NoStatusYet"
    path = f"/apis/{group}/v1/namespaces/{namespace}/gadgets/web/status"
    control_plane.api.merge(path, {"status": {"phase": "Running"}})
    assert stand.wait(unread(stand.apply(gadget)), 10).ending is Ending.HEALTHY


def test_an_autoscaler_of_the_first_version_becomes_healthy(
    control_plane: ControlPlane, namespace: str
) -> None:
    stand = bench(control_plane)
    scaler = {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"namespace": namespace, "name": "web"},
        "spec": {
            "maxReplicas": 3,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        },
    }
    target = workload("Deployment", namespace, "web", replicas=0)
    assert stand.wait(stand.apply(target, scaler), 60).ending is Ending.HEALTHY


def test_what_somebody_else_applied_is_read_first(
    control_plane: ControlPlane, namespace: str
) -> None:
    stand = bench(control_plane)
    objects = stand.apply(
        workload("Deployment", namespace),
        config_map(namespace, "settings"),
        balancer(namespace, "door"),
    )
    assert stand.wait(unread(objects)).ending is Ending.HEALTHY
