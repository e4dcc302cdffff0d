"""Fields that others own, on a real API server: autoscalers, people's kubectl, controllers."""

from __future__ import annotations

import copy
import json
import time
from dataclasses import replace
from typing import Any

import pytest

from gitops_action.commands.deploy.push.engine import deploy_by_push
from gitops_action.core.config import Deploy
from gitops_action.core.config.resolved import IgnoredFields
from gitops_action.core.deploy.result import Result
from testbed.cluster import ControlPlane
from testbed.cluster.api import Json
from tests.support.pruning import config_map
from tests.support.push import Place, actions, again, deploy, live, place, sentences
from tests.support.wait import workload

US = "gitops-action:production"
Body = dict[str, Any]


def web(namespace: str, replicas: int | None = 4, image: str = "") -> Body:
    body = copy.deepcopy(dict(workload("Deployment", namespace)))
    spec: Body = body["spec"]  # type: ignore[assignment]
    spec.pop("replicas", None)
    if replicas is not None:
        spec["replicas"] = replicas
    if image:
        spec["template"]["spec"]["containers"][0]["image"] = image
    return body


def scaler(namespace: str, low: int, high: int = 8) -> Body:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {
            "namespace": namespace,
            "name": "web",
            "annotations": {"gitops-action/wait": "ignore"},
        },
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": low,
            "maxReplicas": high,
        },
    }


def replicas(plane: ControlPlane, namespace: str) -> int:
    found: int = live(plane, web(namespace))["spec"]["replicas"]
    return found


def owners(plane: ControlPlane, namespace: str) -> set[str]:
    """Who owns the number of replicas."""
    return {
        entry["manager"]
        for entry in live(plane, web(namespace))["metadata"]["managedFields"]
        if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
    }


def scaled_to(plane: ControlPlane, namespace: str, number: int) -> None:
    deadline = time.monotonic() + 60
    while replicas(plane, namespace) != number:
        assert time.monotonic() < deadline, "the autoscaler did not scale"
        time.sleep(0.2)


def good(here: Place, *bodies: Body, **options: object) -> dict[str, str]:
    result = deploy(here, *bodies, **options)
    assert result.result is Result.SUCCEEDED, sentences(result)
    return actions(result)


def noted(here: Place, *bodies: Body, **options: object) -> str:
    result = deploy_by_push(again(here, *bodies, **options).run)
    assert result.result is Result.SUCCEEDED, sentences(result)
    return "\n".join(result.notes)


def test_an_autoscaler_takes_over_and_gives_back_without_scaling_down(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    good(here, web(namespace))
    for described in (None, 4):
        good(here, web(namespace, described), scaler(namespace, 2))
        assert replicas(control_plane, namespace) == 4
    assert owners(control_plane, namespace) == {US}
    good(here, web(namespace, None), scaler(namespace, 5))
    scaled_to(control_plane, namespace, 5)
    good(here, web(namespace, None), scaler(namespace, 5))
    assert owners(control_plane, namespace) == {"kube-controller-manager"}
    assert replicas(control_plane, namespace) == 5
    assert good(here, web(namespace, None), scaler(namespace, 5)) == {
        "web": "unchanged",
    }
    found = good(here, web(namespace, 3))
    assert found["web"] in {"configured", "pruned"}
    assert replicas(control_plane, namespace) == 3
    assert US in owners(control_plane, namespace)


def test_replicas_that_are_described_no_more_stay(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    good(here, web(namespace))
    good(here, web(namespace, None))
    assert replicas(control_plane, namespace) == 4
    control_plane.kubectl("scale", "deployment/web", f"-n{namespace}", "--replicas=2")
    good(here, web(namespace, None))
    assert replicas(control_plane, namespace) == 2


def test_keda_s_target_keeps_its_replicas(control_plane: ControlPlane, namespace: str) -> None:
    definition: Json = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "scaledobjects.keda.sh"},
        "spec": {
            "group": "keda.sh",
            "scope": "Namespaced",
            "names": {"kind": "ScaledObject", "plural": "scaledobjects"},
            "versions": [
                {
                    "name": "v1alpha1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "x-kubernetes-preserve-unknown-fields": True,
                        }
                    },
                }
            ],
        },
    }
    keda: Body = {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {
            "namespace": namespace,
            "name": "web",
            "annotations": {"gitops-action/wait": "ignore"},
        },
        "spec": {"scaleTargetRef": {"name": "web"}},
    }
    here = place(control_plane, namespace)
    control_plane.kubectl("apply", "-f", "-", stdin=json.dumps(definition))
    good(here, web(namespace))
    good(here, web(namespace, None), keda)
    assert replicas(control_plane, namespace) == 4
    by_keda = ("scale", "deployment/web", f"-n{namespace}", "--replicas=6")
    control_plane.kubectl(*by_keda)
    good(here, web(namespace, 1), keda)
    assert replicas(control_plane, namespace) == 6
    control_plane.kubectl("delete", "crd", "scaledobjects.keda.sh")


@pytest.mark.parametrize(
    ("command", "manager"),
    [
        (("set", "image", "deployment/web", "*=ghcr.io/acme/web:hotfix"), "kubectl-set"),
        (("scale", "deployment/web", "--replicas=1"), "kubectl"),
        (("rollout", "undo", "deployment/web"), "kubectl"),
        (("edit", "deployment/web"), "kubectl-edit"),
    ],
)
def test_what_a_person_changed_with_kubectl_is_taken_back(
    control_plane: ControlPlane, namespace: str, command: tuple[str, ...], manager: str
) -> None:
    here = place(control_plane, namespace)
    good(here, web(namespace, image="ghcr.io/acme/web:v1"))
    good(here, web(namespace, image="ghcr.io/acme/web:v2"))
    by_hand = "sed -i s/replicas:.4/replicas:\\ 1/"
    control_plane.kubectl(*command, f"-n{namespace}", editor=by_hand)
    changed = live(control_plane, web(namespace))["spec"]
    image = changed["template"]["spec"]["containers"][0]["image"]
    assert (changed["replicas"], image) != (4, "ghcr.io/acme/web:v2")
    release = web(namespace, image="ghcr.io/acme/web:v3")
    shown = deploy(here, release, dry_run=True)
    assert shown.result is Result.SUCCEEDED, sentences(shown)
    notes = noted(here, release)
    assert f"changed by {manager}, goes back to what is described" in notes
    found = live(control_plane, release)["spec"]
    assert found["replicas"] == 4
    assert found["template"]["spec"]["containers"][0]["image"] == "ghcr.io/acme/web:v3"
    assert good(here, release) == {"web": "unchanged"}


def test_others_stay_a_conflict_unless_the_configuration_takes_over(
    control_plane: ControlPlane, namespace: str
) -> None:
    here, ours = place(control_plane, namespace), config_map(namespace, "shared")
    good(here, ours)
    change = {**ours, "data": {"a": "theirs"}}
    by_others = ("apply", "--server-side", "--force-conflicts", "--field-manager=someone")
    control_plane.kubectl(*by_others, "-f", "-", stdin=json.dumps(change))
    refused = deploy(here, ours)
    assert refused.result is Result.FAILED
    assert "deploy.conflicts: force" in sentences(refused)
    forced = replace(here, settings=Deploy(conflicts="force"))
    assert good(forced, ours) == {"shared": "configured"}
    assert live(control_plane, ours)["data"] == {"a": "b"}
    other = replace(forced, repository="acme/other")
    foreign = deploy(other, ours)
    assert "belongs to another environment" in sentences(foreign)


def test_an_aggregated_role_leaves_its_rules_to_the_controller(
    control_plane: ControlPlane, namespace: str
) -> None:
    label = f"aggregate-to-{namespace}"
    total: Body = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": f"{namespace}-total"},
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {label: "true"}}]},
        "rules": [],
    }
    part: Body = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": f"{namespace}-part", "labels": {label: "true"}},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
    }
    here = place(control_plane, namespace)
    good(here, total, part)
    deadline = time.monotonic() + 30
    while not live(control_plane, total).get("rules"):
        assert time.monotonic() < deadline, "the controller did not aggregate"
        time.sleep(0.2)
    good(here, total, part)
    assert live(control_plane, total)["rules"] == part["rules"]
    assert set(good(here, total, part).values()) == {"unchanged"}
    control_plane.kubectl("delete", "clusterrole", f"{namespace}-total", f"{namespace}-part")


def test_ignored_fields_are_created_as_described_and_then_left_alone(
    control_plane: ControlPlane, namespace: str
) -> None:
    rules = (
        IgnoredFields(kind="ConfigMap", name="settings", fields=("/data/a",), reason="by hand"),
        IgnoredFields(kind="Secret", fields=("/data/x",), reason="rotated"),
    )
    here = replace(place(control_plane, namespace), settings=Deploy(ignore=rules))
    settings, other = config_map(namespace, "settings"), config_map(namespace, "other")
    good(here, settings, other)
    assert live(control_plane, settings)["data"] == {"a": "b"}
    by_hand = ("patch", "configmap", "settings", f"-n{namespace}", '-p={"data": {"a": "9"}}')
    control_plane.kubectl(*by_hand)
    changed = {**settings, "data": {"a": "new", "b": "new"}}
    notes = noted(here, changed, {**other, "data": {"a": "new"}})
    assert "/data/a of 1 objects (ConfigMap settings) stay as they live: by hand" in notes
    assert "deploy.ignore names Secret, which the environment does not describe" in notes
    assert live(control_plane, settings)["data"] == {"a": "9", "b": "new"}
    assert live(control_plane, other)["data"] == {"a": "new"}
    without = {**settings, "data": {"b": "new"}}
    good(here, without, other)
    assert live(control_plane, settings)["data"] == {"a": "9", "b": "new"}


def test_the_annotation_says_whether_an_object_is_applied(
    control_plane: ControlPlane, namespace: str
) -> None:
    def annotated(name: str, policy: str, value: str) -> Body:
        body = dict(config_map(namespace, name))
        body["metadata"] = {**body["metadata"], "annotations": {"gitops-action/apply": policy}}
        return {**body, "data": {"a": value}}

    here = place(control_plane, namespace)
    keep = config_map(namespace, "keep")
    first = good(here, keep, annotated("once", "if-absent", "1"), annotated("never", "ignore", "1"))
    assert first == {"keep": "created", "once": "created", "never": "skipped"}
    assert not live(control_plane, config_map(namespace, "never"))
    again_ = good(
        here, keep, annotated("once", "if-absent", "2"), annotated("never", "ignore", "2")
    )
    assert again_ == {"keep": "unchanged", "once": "unchanged", "never": "skipped"}
    assert live(control_plane, config_map(namespace, "once"))["data"] == {"a": "1"}
    assert good(here, keep) == {"keep": "unchanged", "once": "pruned"}
    theirs = config_map(namespace, "theirs")
    control_plane.kubectl("apply", "-f", "-", stdin=json.dumps(theirs))
    good(here, keep, annotated("theirs", "if-absent", "2"))
    assert good(here, keep) == {"keep": "unchanged"}
    assert live(control_plane, theirs)["data"] == {"a": "b"}
    wrong = deploy(here, keep, annotated("once", "sometimes", "1"))
    assert "gitops-action/apply: sometimes" in sentences(wrong)


def test_values_that_are_no_text_or_no_base64_are_certain_failures(
    control_plane: ControlPlane, namespace: str
) -> None:
    secret: Body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": namespace, "name": "login"},
    }
    here = place(control_plane, namespace)
    for wrong, words in (
        ({"stringData": {"debug": True}}, "stringData.debug is not text"),
        ({"stringData": {"version": 1.5}}, "stringData.version is not text"),
        ({"data": {"key": "not base64!"}}, "data.key is not base64"),
    ):
        result = deploy(here, {**secret, **wrong})
        assert result.result is Result.FAILED
        assert words in sentences(result)
        assert all(one.lasting for one in result.failures)
        assert not live(control_plane, secret)
    good(here, {**secret, "stringData": {"debug": "true"}, "data": {"key": "YWJj\nZGVm"}})


def test_bytes_that_are_no_base64_are_a_certain_failure_wherever_they_stand(
    control_plane: ControlPlane, namespace: str
) -> None:
    client = {"url": "https://127.0.0.1:1/", "caBundle": "not base64!"}
    webhook: Body = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": f"{namespace}-webhook"},
        "webhooks": [
            {
                "name": "hook.test.bed",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "clientConfig": client,
            }
        ],
    }
    result = deploy(place(control_plane, namespace), webhook)
    assert result.result is Result.FAILED
    assert "illegal base64 data at input byte 3" in sentences(result)
    assert [one.lasting for one in result.failures] == [True]


def test_an_immutable_field_is_named_and_the_object_once(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    job = copy.deepcopy(dict(workload("Job", namespace)))
    good(here, job)
    changed = copy.deepcopy(job)
    container = changed["spec"]["template"]["spec"]["containers"][0]  # type: ignore[index]
    container["image"] = "ghcr.io/acme/other:v1"
    result = deploy(here, changed)
    assert result.result is Result.FAILED
    (failure,) = result.failures
    assert "spec.template: field is immutable" in failure.sentence
    assert "core." not in failure.sentence
    assert failure.about == ""
    assert failure.lasting
