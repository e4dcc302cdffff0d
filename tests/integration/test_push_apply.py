"""Deployments by push on a real API server: what is written, in which order, and what is not."""

from __future__ import annotations

import base64
import copy
import json

from gitops_action.core.deploy.result import Result
from testbed.cluster import ControlPlane
from testbed.cluster.api import Json
from tests.support.pruning import config_map
from tests.support.push import actions, again, deploy, live, place, sentences, version
from tests.support.wait import workload

SPEC: Json = {"size": {"type": "integer"}}
WIDGET: Json = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.push.test.bed"},
    "spec": {
        "group": "push.test.bed",
        "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"spec": {"type": "object", "properties": SPEC}},
                    }
                },
            }
        ],
    },
}


def test_objects_are_created_then_unchanged_then_configured(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    settings, web = config_map(namespace, "settings"), workload("Deployment", namespace)
    first = deploy(here, settings, web)
    assert first.result is Result.SUCCEEDED, sentences(first)
    assert actions(first) == {"settings": "created", "web": "created"}
    assert all(one.seconds is not None for one in first.objects)
    before = version(control_plane, settings), live(control_plane, web)["metadata"]["generation"]

    second = deploy(here, settings, web)
    assert second.result is Result.SUCCEEDED
    assert actions(second) == {"settings": "unchanged", "web": "unchanged"}
    after = version(control_plane, settings), live(control_plane, web)["metadata"]["generation"]
    assert after == before

    settings = {**settings, "data": {"a": "c"}}
    third = deploy(here, settings, web)
    assert actions(third) == {"settings": "configured", "web": "unchanged"}
    assert live(control_plane, settings)["data"] == {"a": "c"}
    assert live(control_plane, settings)["metadata"]["labels"]["gitops-action/inventory"]


def test_a_namespace_a_kind_and_its_objects_arrive_in_one_run(
    control_plane: ControlPlane, namespace: str
) -> None:
    new = f"{namespace}-new"
    space: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": new}}
    widget = {
        "apiVersion": "push.test.bed/v1",
        "kind": "Widget",
        "metadata": {"namespace": new, "name": "small"},
        "spec": {"size": 1},
    }
    here = place(control_plane, namespace)
    result = deploy(here, widget, config_map(new, "settings"), space, WIDGET)
    assert result.result is Result.SUCCEEDED, sentences(result)
    assert set(actions(result).values()) == {"created"}
    assert live(control_plane, widget)["spec"] == {"size": 1}
    control_plane.api.delete(f"/api/v1/namespaces/{new}")
    control_plane.kubectl("delete", "crd", "widgets.push.test.bed", "--wait=false")


def test_what_is_wrong_with_one_object_keeps_all_from_being_written(
    control_plane: ControlPlane, namespace: str
) -> None:
    bad = workload("Deployment", namespace, "bad")
    bad = copy.deepcopy(dict(bad))
    bad["spec"]["template"]["spec"]["containers"][0]["image"] = 3  # type: ignore[index]
    result = deploy(place(control_plane, namespace), config_map(namespace, "good"), bad)
    assert result.result is Result.FAILED
    assert "image" in sentences(result)
    assert actions(result) == {"good": "skipped", "bad": "failed"}
    assert not live(control_plane, config_map(namespace, "good"))


def test_an_unknown_kind_and_a_duplicate_are_told_in_one_go(
    control_plane: ControlPlane, namespace: str
) -> None:
    unknown = {"apiVersion": "acme.dev/v1", "kind": "Car", "metadata": {"name": "fast"}}
    twice = config_map(namespace, "settings")
    nameless = copy.deepcopy(twice)
    del nameless["metadata"]["namespace"]
    result = deploy(place(control_plane, namespace), unknown, twice, nameless)
    assert result.result is Result.FAILED
    assert "kind of Car fast" in sentences(result)
    assert "described twice" in sentences(result)
    assert not live(control_plane, twice)


def test_a_dry_run_shows_the_difference_and_writes_nothing(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    secret: Json = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": namespace, "name": "login"},
        "stringData": {"password": "hunter2-hunter2"},
    }
    settings, gone = config_map(namespace, "settings"), config_map(namespace, "gone")
    deploy(here, settings, gone)
    before = version(control_plane, settings)
    changed = {**settings, "data": {"a": "changed"}}
    here = again(here, changed, secret, dry_run=True)
    result = deploy(here, changed, secret, dry_run=True)
    assert result.result is Result.SUCCEEDED, sentences(result)
    assert actions(result) == {"settings": "configured", "login": "created", "gone": "pruned"}
    text = "\n".join(one.text for one in result.differences)
    assert "+  a: changed" in text
    assert "hunter2" not in text
    assert "aHVudGVyMi1odW50ZXIy" not in text
    assert version(control_plane, settings) == before
    assert not live(control_plane, secret)
    assert live(control_plane, gone)


def test_a_dry_run_shows_no_copy_of_what_a_secret_holds(
    control_plane: ControlPlane, namespace: str
) -> None:
    password = "hunter2-hunter2"
    secret: Json = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": namespace, "name": "login"},
        "stringData": {"password": password},
    }
    settings = config_map(namespace, "settings")
    here = place(control_plane, namespace)
    deploy(here, settings, secret)
    encoded = base64.b64encode(password.encode()).decode()
    copied = json.dumps({"data": {"a": f"user {password} reads {encoded}"}})
    control_plane.kubectl("patch", "configmap", "settings", f"-n{namespace}", f"-p={copied}")
    result = deploy(here, settings, secret, dry_run=True, force_conflicts=True)
    text = "\n".join(one.text for one in result.differences)
    assert "+  a: b" in text
    assert "-  a: user *** reads ***" in text
    assert password not in text
    assert encoded not in text


def test_what_is_described_no_more_is_pruned_after_the_rest_is_healthy(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    keep, gone = config_map(namespace, "keep"), config_map(namespace, "gone")
    deploy(here, keep, gone)
    ill = workload("Deployment", namespace, "ill", "crash-loop")
    failing = deploy(here, keep, ill)
    assert failing.result is Result.FAILED
    assert "crashed" in sentences(failing)
    assert live(control_plane, gone)
    result = deploy(here, keep)
    assert result.result is Result.SUCCEEDED, sentences(result)
    assert actions(result) == {"keep": "unchanged", "gone": "pruned", "ill": "pruned"}
    assert not live(control_plane, gone)


def test_many_objects(control_plane: ControlPlane, namespace: str) -> None:
    here = place(control_plane, namespace)
    many = [config_map(namespace, f"settings-{number}") for number in range(1500)]
    assert deploy(here, *many).result is Result.SUCCEEDED
    result = deploy(here, *many)
    assert {one.action.value for one in result.objects} == {"unchanged"}
    assert len(result.objects) == 1500
