"""Drift on a real API server where webhooks and operators write beside the deployment."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
import yaml

from gitops_action.core.deploy.result import Result
from gitops_action.core.drift.report import DriftState, TargetDrift
from testbed.cluster import ControlPlane
from testbed.cluster.webhook import Webhook, serve_webhook
from tests.support.drift import drift, fields, only
from tests.support.every_kind import every_kind
from tests.support.pruning import config_map
from tests.support.push import Place, deploy, live, place, sentences
from tests.support.wait import workload

Body = dict[str, Any]
POD = "/spec/template/spec"
MAIN = f"{POD}/containers/0"


@pytest.fixture
def here(control_plane: ControlPlane, namespace: str) -> Place:
    return place(control_plane, namespace)


def web(namespace: str) -> Body:
    body: Body = json.loads(json.dumps(workload("Deployment", namespace)))
    pod = body["spec"]["template"]["spec"]
    pod["securityContext"] = {}
    pod["containers"][0] |= {"resources": {}, "env": [{"name": "LEVEL", "value": "info"}]}
    return body


def compared(here: Place, *bodies: Body) -> TargetDrift:
    result = deploy(here, *bodies)
    assert result.result is Result.SUCCEEDED, sentences(result)
    return drift(here, *bodies)


def set_by(path: str, value: object) -> Body:
    return {"op": "add", "path": path, "value": value}


DEFAULTS = (
    set_by("/metadata/annotations/example.org~1injected", "yes"),
    set_by(f"{POD}/priorityClassName", "system-cluster-critical"),
    set_by(f"{POD}/securityContext", {"runAsNonRoot": True}),
    set_by(f"{MAIN}/imagePullPolicy", "Always"),
    set_by(f"{MAIN}/resources", {"limits": {"cpu": "1"}}),
    set_by(f"{MAIN}/env/0", {"name": "REGION", "value": "north"}),
    set_by(f"{POD}/containers/0", {"name": "proxy", "image": "proxy:1"}),
    set_by(f"{POD}/tolerations", [{"key": "spot", "operator": "Exists"}]),
)


def test_what_a_webhook_sets_beside_the_description_is_no_drift(
    here: Place, control_plane: ControlPlane, namespace: str
) -> None:
    body = web(namespace)
    body["metadata"]["annotations"] = {"example.org/owner": "a-team"}
    webhook = Webhook(name=f"defaults.{namespace}.bed", operations=["CREATE"], patch=DEFAULTS)
    with serve_webhook(control_plane, namespace, webhook, resources=("deployments",)):
        for _ in range(2):
            found = compared(here, body)
            assert fields(found) == {}
            assert found.state is DriftState.CLEAN
    template = live(control_plane, body)["spec"]["template"]["spec"]
    assert [one["name"] for one in template["containers"]] == ["proxy", "main"]
    assert template["securityContext"] == {"runAsNonRoot": True}


def widgets(namespace: str) -> list[Body]:
    """A custom kind and one object of it, in that order."""
    kinds = {"CustomResourceDefinition": 0, "Widget": 1}
    chosen = [one for one in every_kind(namespace) if one["kind"] in kinds]
    return sorted(chosen, key=lambda one: kinds[one["kind"]])


def operator_applies(plane: ControlPlane, namespace: str, spec: Body) -> Body:
    """What an operator applies under its own name; gives what lives then."""
    body = widgets(namespace)[1]
    applied = {
        "apiVersion": body["apiVersion"],
        "kind": "Widget",
        "metadata": {"name": "one", "namespace": namespace},
        "spec": spec,
    }
    plane.kubectl(
        *("apply", "--server-side", "--force-conflicts", "--field-manager=widget-operator"),
        *("-f", "-"),
        stdin=json.dumps(applied),
    )
    return live(plane, body)


FILLED = {
    "size": 2,  # as Git has it
    "tags": ["y", "z"],
    "parts": [{"id": "a", "weight": 1}, {"id": "c", "weight": 3}],
}


def test_what_an_operator_fills_in_is_no_drift_until_it_takes_a_field_over(
    here: Place, control_plane: ControlPlane, namespace: str
) -> None:
    bodies = [*widgets(namespace), config_map(namespace, "settings")]
    for _ in range(2):
        assert fields(compared(here, *bodies)) == {}
        operator_applies(control_plane, namespace, FILLED)
        _controller_adds(control_plane, namespace)
        found = drift(here, *bodies)
        assert fields(found) == {}
        assert found.state is DriftState.CLEAN
    taken = {**FILLED, "size": 7, "parts": [{"id": "b", "weight": 9}]}
    lives = operator_applies(control_plane, namespace, taken)
    one = only(drift(here, *bodies))
    shown = {each.path: each for each in one.fields}
    assert {path: each.live for path, each in shown.items()} == {
        "spec.size": "7",
        "spec.parts[id=b].weight": "9",
    }
    assert {(each.manager, each.by) for each in one.fields} == {("widget-operator", "controller")}
    assert {each.time for each in one.fields} == {_written_at(lives, "widget-operator")}
    _adopted(bodies[1], yaml.safe_load(one.patch))
    assert fields(drift(here, *bodies)) == {}


def _controller_adds(plane: ControlPlane, namespace: str) -> None:
    """A controller that updates, as most do."""
    path = f"/api/v1/namespaces/{namespace}/configmaps/settings?fieldManager=reloader"
    plane.api.merge(path, {"data": {"b": "filled in"}, "metadata": {"labels": {"seen": "true"}}})


def _written_at(lives: Body, manager: str) -> str:
    (entry,) = [one for one in lives["metadata"]["managedFields"] if one["manager"] == manager]
    written = str(entry["time"])
    assert datetime.fromisoformat(written).tzinfo is not None
    return written


def _adopted(body: Body, patch: Body) -> None:
    """Merge the patch as kustomize does for custom kinds: lists as a whole."""
    body["spec"] |= patch["spec"]
