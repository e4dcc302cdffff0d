"""Objects that others own, cannot be changed, or are changed on the way in."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence

from gitops_action.core.cluster.errors import DryRunUnsupportedError
from gitops_action.core.cluster.model import Applied, ApplyOptions
from gitops_action.core.deploy.result import Result
from gitops_action.core.manifests.model import Body
from testbed.cluster import ControlPlane
from testbed.cluster.api import Json
from testbed.cluster.webhook import Webhook, serve_webhook
from tests.support.pruning import config_map
from tests.support.push import actions, deploy, live, place, sentences, version
from tests.support.wait import workload


def by_kubectl(plane: ControlPlane, body: Json, *options: str) -> None:
    plane.kubectl("apply", *options, "-f", "-", stdin=json.dumps(body))


def test_a_field_of_another_manager_is_a_conflict_with_three_ways_out(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    theirs, ours = config_map(namespace, "shared"), config_map(namespace, "shared")
    ours["data"] = {"a": "ours"}
    by_kubectl(control_plane, theirs, "--server-side", "--field-manager=someone")
    refused = deploy(here, ours, config_map(namespace, "other"))
    assert refused.result is Result.FAILED
    for word in (".data.a", "someone", "gitops-action/force: allowed", "force-conflicts"):
        assert word in sentences(refused)
    assert not live(control_plane, config_map(namespace, "other"))

    ours["metadata"]["annotations"] = {"gitops-action/force": "allowed"}
    assert deploy(here, ours).result is Result.SUCCEEDED
    assert live(control_plane, ours)["data"] == {"a": "ours"}

    again = config_map(namespace, "second")
    by_kubectl(control_plane, again, "--server-side", "--field-manager=someone")
    again["data"] = {"a": "ours"}
    assert deploy(here, ours, again, force_conflicts=True).result is Result.SUCCEEDED


def test_the_same_environment_of_another_repository_is_no_friend(
    control_plane: ControlPlane, namespace: str
) -> None:
    body = config_map(namespace, "shared")
    deploy(place(control_plane, namespace, repository="acme/first"), body)
    second = place(control_plane, namespace, repository="acme/second")
    refused = deploy(second, {**body, "data": {"a": "c"}})
    assert refused.result is Result.FAILED
    assert "belongs to another environment" in sentences(refused)
    assert live(control_plane, body)["data"] == {"a": "b"}


def test_fields_of_kubectl_s_client_side_apply_become_ours(
    control_plane: ControlPlane, namespace: str
) -> None:
    body = config_map(namespace, "old")
    body["data"] = {"a": "b", "gone": "soon"}
    by_kubectl(control_plane, body)
    ours = {**body, "data": {"a": "new"}}
    result = deploy(place(control_plane, namespace), ours)
    assert result.result is Result.SUCCEEDED, sentences(result)
    found = live(control_plane, body)
    assert found["data"] == {"a": "new"}
    managers = {one["manager"] for one in found["metadata"]["managedFields"]}
    assert managers == {"gitops-action:production"}
    assert "annotations" not in found["metadata"]
    assert actions(deploy(place(control_plane, namespace), ours)) == {"old": "unchanged"}


def test_what_cannot_be_changed_is_made_anew_only_where_that_is_allowed(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    web = dict(workload("Deployment", namespace))
    deploy(here, web)
    uid = live(control_plane, web)["metadata"]["uid"]
    changed = copy.deepcopy(web)
    changed["spec"]["selector"] = {"matchLabels": {"app": "web", "tier": "front"}}  # type: ignore[index]
    changed["spec"]["template"]["metadata"]["labels"]["tier"] = "front"  # type: ignore[index]
    refused = deploy(here, changed)
    assert refused.result is Result.FAILED
    assert "gitops-action/recreate: allowed" in sentences(refused)
    assert live(control_plane, web)["metadata"]["uid"] == uid

    changed["metadata"]["annotations"] = {"gitops-action/recreate": "allowed"}  # type: ignore[index]
    result = deploy(here, changed)
    assert result.result is Result.SUCCEEDED, sentences(result)
    assert result.objects[0].note == "deleted and recreated"
    assert live(control_plane, web)["metadata"]["uid"] != uid


def test_a_claim_is_never_made_anew(control_plane: ControlPlane, namespace: str) -> None:
    claim: Json = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "namespace": namespace,
            "name": "data",
            "annotations": {"gitops-action/recreate": "allowed", "gitops-action/wait": "ignore"},
        },
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "none",
        },
    }
    here = place(control_plane, namespace)
    assert deploy(here, claim).result is Result.SUCCEEDED
    changed = copy.deepcopy(claim)
    changed["spec"]["storageClassName"] = "other"
    refused = deploy(here, changed)
    assert refused.result is Result.FAILED
    assert "never recreated" in sentences(refused)


def test_replicas_are_left_to_an_autoscaler(control_plane: ControlPlane, namespace: str) -> None:
    here = place(control_plane, namespace)
    web = dict(workload("Deployment", namespace, replicas=1))
    scaler: Json = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"namespace": namespace, "name": "web"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": 2,
            "maxReplicas": 4,
        },
    }
    by_kubectl(control_plane, scaler)
    deploy(here, web)
    control_plane.kubectl("scale", "deployment/web", f"-n{namespace}", "--replicas=3")
    second = copy.deepcopy(web)
    second["metadata"]["labels"] = {"tier": "front"}  # type: ignore[index]
    result = deploy(here, second)
    assert result.result is Result.SUCCEEDED, sentences(result)
    assert live(control_plane, web)["spec"]["replicas"] == 3


def test_nothing_fools_the_second_run_into_writing(
    control_plane: ControlPlane, namespace: str
) -> None:
    web = copy.deepcopy(dict(workload("Deployment", namespace)))
    container = web["spec"]["template"]["spec"]["containers"][0]  # type: ignore[index]
    container["resources"] = {"requests": {"cpu": "0.5", "memory": "1024Mi"}}
    container["ports"] = [{"containerPort": 80}]
    secret: Json = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": namespace, "name": "login", "annotations": {}},
        "stringData": {"password": "hunter2"},
    }
    service: Json = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": namespace, "name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }
    here = place(control_plane, namespace)
    first = deploy(here, web, secret, service)
    assert first.result is Result.SUCCEEDED, sentences(first)
    before = [version(control_plane, one) for one in (secret, service)]
    second = deploy(here, web, secret, service)
    assert {one.action.value for one in second.objects} == {"unchanged"}
    assert [version(control_plane, one) for one in (secret, service)] == before
    by_kubectl(
        control_plane,
        {**secret, "stringData": {"password": "stolen"}},
        "--server-side",
        "--force-conflicts",
    )
    fixed = deploy(here, web, secret, service, force_conflicts=True)
    assert actions(fixed)["login"] == "configured", sentences(fixed)


def test_what_a_webhook_changes_on_the_way_in_is_not_written_again(
    control_plane: ControlPlane, namespace: str
) -> None:
    stamp = {"op": "add", "path": "/data/stamp", "value": "by the webhook"}
    webhook = Webhook(name="stamp.test.bed", patch=[stamp])
    here, settings = place(control_plane, namespace), config_map(namespace, "settings")
    with serve_webhook(control_plane, namespace, webhook):
        assert deploy(here, settings).result is Result.SUCCEEDED
        before = version(control_plane, settings)
        again = deploy(here, settings)
    assert actions(again) == {"settings": "unchanged"}
    assert version(control_plane, settings) == before
    assert live(control_plane, settings)["data"]["stamp"] == "by the webhook"


class NoDryRuns:
    """A cluster with a webhook from before dry runs; no API server of today registers one."""

    def __init__(self, inner: object) -> None:
        self._inner = inner

    def apply_all(
        self, bodies: Sequence[Body], options: ApplyOptions, **more: object
    ) -> Iterator[Applied]:
        if not options.dry_run:
            yield from self._inner.apply_all(bodies, options, **more)  # type: ignore[attr-defined]
            return
        for body in bodies:
            yield Applied(body=body, error=DryRunUnsupportedError("it takes no dry runs"))

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)


def test_a_webhook_that_takes_no_dry_runs_holds_nothing_up(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    here.cluster = NoDryRuns(here.cluster)  # type: ignore[assignment]
    result = deploy(here, config_map(namespace, "settings"))
    assert result.result is Result.SUCCEEDED
    assert actions(result) == {"settings": "unverified"}
    assert "was not tried before" in result.notes[0]
