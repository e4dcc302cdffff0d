"""Every fault that a deployment by push can meet, and that nothing is lost by it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from gitops_action.commands.deploy.push.engine import deploy_by_push
from gitops_action.core.cluster.model import Applied, ApplyOptions
from gitops_action.core.config.resolved import PruneBudget
from gitops_action.core.deploy.result import Result
from gitops_action.core.manifests.model import Body
from testbed.cluster import ControlPlane
from testbed.cluster.api import Json
from testbed.cluster.webhook import Webhook, serve_webhook
from tests.support.flux import until
from tests.support.pruning import config_map
from tests.support.push import (
    Place,
    actions,
    again,
    deploy,
    is_retried,
    live,
    place,
    sentences,
)
from tests.support.wait import workload


class Meddling:
    """A cluster in which something happens after so many objects were really applied."""

    def __init__(self, inner: object, after: int, happens: object) -> None:
        self._inner = inner
        self._after = after
        self._happens = happens
        self.applied = 0

    def apply_all(
        self, bodies: Sequence[Body], options: ApplyOptions, **more: object
    ) -> Iterator[Applied]:
        for done in self._inner.apply_all(bodies, options, **more):  # type: ignore[attr-defined]
            if not options.dry_run and done.live is not None:
                self.applied += 1
                if self.applied == self._after:
                    self._happens()  # type: ignore[operator]
            yield done

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)


def meddled(here: Place, described: Sequence[Body], after: int, happens: object) -> Place:
    run = again(here, *described)
    run.cluster = Meddling(here.cluster, after, happens)  # type: ignore[assignment]
    return run


def test_an_api_server_that_stops_half_way_is_unknown_and_the_next_run_finishes(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    many = [config_map(namespace, f"settings-{number:03}") for number in range(120)]
    broken = meddled(here, many, 20, control_plane.stop_api)
    result = deploy_by_push(broken.run)
    assert result.result is Result.UNKNOWN, sentences(result)
    assert "of 120 objects were written" in sentences(result)
    control_plane.start_api()
    # The next run would wait for the lease's expiry, which is another test's.
    control_plane.kubectl("delete", "leases", "--all", f"-n{namespace}")
    second = deploy(here, *many)
    assert second.result is Result.SUCCEEDED, sentences(second)
    done = actions(second)
    assert len(done) == 120
    assert set(done.values()) == {"created", "unchanged"}
    # The inventory knows all of them, also those of the run that broke off.
    third = deploy(replace(here, budget=PruneBudget()), many[0])
    assert "119 of 120 objects would go" in sentences(third)


def test_a_cancelled_job_says_how_far_it_got_and_the_next_run_goes_on(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    many = [config_map(namespace, f"settings-{number}") for number in range(60)]
    many.append(dict(workload("Deployment", namespace, "web")))
    run = meddled(here, many, 10, lambda: run.stop.set())  # noqa: PLW0108 - `run` is made here
    result = deploy_by_push(run.run)
    assert result.result is Result.UNKNOWN
    assert "cancelled" in sentences(result)
    assert "web" in {one.id.name for one in result.objects if one.action.value == "skipped"}
    assert deploy(here, *many).result is Result.SUCCEEDED


def test_a_quota_that_is_used_up_is_told_before_any_write(
    control_plane: ControlPlane, namespace: str
) -> None:
    quota: Json = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "small"},
        "spec": {"hard": {"count/secrets": "0"}},
    }
    control_plane.api.create(f"/api/v1/namespaces/{namespace}/resourcequotas", quota)
    path = f"/api/v1/namespaces/{namespace}/resourcequotas/small"
    until(lambda: control_plane.api.get(path).get("status", {}).get("hard"), what="the quota")
    secret: Json = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": namespace, "name": "login"},
    }
    here = place(control_plane, namespace)
    result = deploy(here, secret, config_map(namespace, "other"))
    assert result.result is Result.FAILED
    assert "quota" in sentences(result)
    assert is_retried(result)
    assert not live(control_plane, config_map(namespace, "other"))


def test_a_right_that_is_missing_is_named_before_any_write(
    control_plane: ControlPlane, namespace: str
) -> None:
    verbs = ["get", "list", "watch", "create", "patch", "update", "delete"]
    account = control_plane.account(
        namespace,
        "deployer",
        rules=[
            {"apiGroups": [""], "resources": ["configmaps"], "verbs": verbs},
            {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": verbs},
        ],
    )
    here = place(control_plane, namespace, account.kubeconfig)
    settings = config_map(namespace, "settings")
    refused = deploy(here, settings, workload("Deployment", namespace))
    assert refused.result is Result.FAILED
    assert "may not patch deployments.apps in namespace" in sentences(refused)
    assert is_retried(refused)
    assert not live(control_plane, settings)
    assert deploy(here, settings).result is Result.SUCCEEDED


def test_a_token_that_has_run_out_is_unknown(control_plane: ControlPlane, namespace: str) -> None:
    here = place(
        control_plane, namespace, control_plane.kubeconfig.replace(control_plane.token, "x" * 32)
    )
    result = deploy(here, config_map(namespace, "settings"))
    assert result.result is Result.UNKNOWN
    assert not live(control_plane, config_map(namespace, "settings"))


def test_an_object_that_is_too_large_is_told_before_any_write(
    control_plane: ControlPlane, namespace: str
) -> None:
    large = config_map(namespace, "large")
    large["data"] = {"a": "x" * 1_200_000}
    result = deploy(place(control_plane, namespace), large, config_map(namespace, "other"))
    assert result.result is Result.FAILED
    assert "large" in sentences(result)
    assert actions(result) == {"large": "failed", "other": "skipped"}
    assert not is_retried(result)
    assert not live(control_plane, config_map(namespace, "other"))


def test_a_namespace_that_is_going_takes_nothing(
    control_plane: ControlPlane, namespace: str
) -> None:
    going = control_plane.namespace(f"{namespace}-going")
    path = f"/api/v1/namespaces/{going}"
    control_plane.api.merge(path, {"metadata": {"finalizers": ["test.bed/hold"]}})
    control_plane.api.delete(path)
    result = deploy(
        place(control_plane, namespace), config_map(going, "a"), config_map(namespace, "b")
    )
    control_plane.api.merge(path, {"metadata": {"finalizers": None}})
    assert result.result is Result.FAILED
    assert "delet" in sentences(result) or "terminat" in sentences(result)
    assert not live(control_plane, config_map(namespace, "b"))


@pytest.mark.parametrize(
    ("reject", "delay", "words"),
    [("no deployments on Fridays", 0, "no deployments on Fridays"), ("", 3, "friday.test.bed")],
)
def test_a_webhook_that_rejects_or_is_late_keeps_all_from_being_written(
    control_plane: ControlPlane, namespace: str, reject: str, delay: float, words: str
) -> None:
    webhook = Webhook(name="friday.test.bed", reject=reject, delay=delay)
    secret: Json = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": namespace, "name": "login"},
    }
    with serve_webhook(control_plane, f"{namespace}", webhook, timeout=1):
        here = place(control_plane, "default", environment=f"friday-{delay}")
        result = deploy(here, config_map(namespace, "settings"), secret)
    assert result.result is Result.FAILED
    assert words in sentences(result)
    assert is_retried(result)
    assert not live(control_plane, secret)


def test_another_writer_s_moment_is_tried_again(
    control_plane: ControlPlane, namespace: str
) -> None:
    settings = config_map(namespace, "settings")
    over = threading.Event()

    def write() -> None:
        number = 0
        while not over.is_set():
            number += 1
            control_plane.api.merge(
                f"/api/v1/namespaces/{namespace}/configmaps/settings",
                {"metadata": {"annotations": {"someone": str(number)}}},
            )

    here = place(control_plane, namespace)
    deploy(here, settings)
    writer = threading.Thread(target=write)
    writer.start()
    results = [deploy(here, {**settings, "data": {"a": str(number)}}).result for number in range(5)]
    over.set()
    writer.join()
    assert set(results) == {Result.SUCCEEDED}


def test_a_definition_whose_names_are_taken_fails_and_its_objects_are_not_written(
    control_plane: ControlPlane, namespace: str
) -> None:
    def definition(plural: str) -> Json:
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.faults.test.bed"},
            "spec": {
                "group": "faults.test.bed",
                "scope": "Namespaced",
                "names": {"kind": "Taken", "plural": plural},
                "versions": [
                    {
                        "name": "v1",
                        "served": True,
                        "storage": True,
                        "schema": {"openAPIV3Schema": {"type": "object"}},
                    }
                ],
            },
        }

    here = place(control_plane, namespace)
    assert deploy(here, definition("takens")).result is Result.SUCCEEDED
    other = place(control_plane, namespace, environment="staging")
    result = deploy(other, definition("others"), config_map(namespace, "settings"))
    assert result.result is Result.FAILED
    assert "others.faults.test.bed" in sentences(result)
    assert not live(control_plane, config_map(namespace, "settings"))
    for plural in ("takens", "others"):
        control_plane.kubectl("delete", "crd", f"{plural}.faults.test.bed", "--wait=false")
