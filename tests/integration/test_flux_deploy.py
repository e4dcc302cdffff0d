"""`deploy` with `engine: flux`: real Flux applies, and the step proves that this commit runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.action import StepResult
from testbed.cluster import ControlPlane
from testbed.flux import Flux
from testbed.registry import Registry
from tests.support.deploy_forge import CONFIG, settings, web
from tests.support.flux import until
from tests.support.fluxing import FOLDER, WEB, Fluxing, beside, config, fluxing

GOOD = "ghcr.io/acme/web:v1"
BETTER = "ghcr.io/acme/web:v2"
BAD = "ghcr.io/acme/web:v3"


@pytest.fixture
def stage(
    tmp_path: Path, control_plane: ControlPlane, namespace: str, flux: Flux
) -> Iterator[Fluxing]:
    files = {WEB: web(namespace, GOOD)}
    with fluxing(tmp_path, control_plane, namespace, flux, files) as found:
        yield found


def rows(result: StepResult, name: str = "objects") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(result.outputs[name])
    return found


def actions(result: StepResult) -> dict[str, str]:
    return {row["name"]: row["action"] for row in rows(result)}


def image(stage: Fluxing) -> str:
    (container,) = stage.stage.live("deployment", "web")["spec"]["template"]["spec"]["containers"]
    return str(container["image"])


def test_the_commit_is_seen_running_and_healthy_and_what_is_gone_is_pruned(stage: Fluxing) -> None:
    stage.reconcile()
    stage.commit({f"{FOLDER}/old.yaml": settings(stage.name, "old", "1")})
    first = stage.deploy()
    assert first.exit_code == 0, first.log
    assert first.outputs["result"] == "succeeded"
    assert actions(first) == {"web": "applied", "old": "applied"}
    assert {row["health"] for row in rows(first)} == {"Current"}
    assert stage.stage.states("staging") == [["success", "in_progress", "queued"]]
    stage.commit({WEB: web(stage.name, BETTER), f"{FOLDER}/old.yaml": None})
    second = stage.deploy()
    assert second.exit_code == 0, second.log
    assert image(stage) == BETTER
    assert actions(second) == {"web": "applied", "old": "pruned"}
    assert stage.stage.live("configmap", "old") == {}


def test_a_crash_is_caught_long_before_flux_gives_up(stage: Fluxing) -> None:
    stage.plane.behave(BAD, "crash-loop", log="panic: no database")
    stage.reconcile(stage.source(), stage.kustomization(timeout="1m"))
    stage.commit({WEB: web(stage.name, BAD)})
    result = stage.deploy()
    assert result.exit_code == 1, result.log
    assert result.outputs["result"] == "failed"
    (failure,) = rows(result, "failures")
    assert "crash" in failure["message"]
    assert any("no database" in line for line in failure["log"])
    assert stage.stage.states("staging")[0][0] == "failure"


def test_a_plain_revert_is_waited_for_in_the_same_way(stage: Fluxing) -> None:
    stage.plane.behave(BAD, "crash-loop")
    stage.reconcile(stage.source(), stage.kustomization(wait=False))
    assert stage.deploy().exit_code == 0
    stage.commit({WEB: web(stage.name, BAD)})
    assert stage.deploy().exit_code == 1
    stage.commit({WEB: web(stage.name, GOOD)})
    back = stage.deploy()
    assert back.exit_code == 0, back.log
    assert image(stage) == GOOD


def test_where_flux_does_not_wait_we_look_ourselves(stage: Fluxing) -> None:
    stage.plane.behave(BAD, "crash-loop", log="panic: no database")
    stage.reconcile(stage.source(), stage.kustomization(wait=False))
    assert stage.deploy().exit_code == 0
    stage.commit({WEB: web(stage.name, BAD)})
    result = stage.deploy()
    assert result.exit_code == 1, result.log
    assert "crash" in rows(result, "failures")[0]["message"]


def test_kustomizations_are_found_by_the_path_that_they_read(stage: Fluxing) -> None:
    stage.commit({CONFIG: config("")})
    stage.reconcile()
    result = stage.deploy()
    assert result.exit_code == 0, result.log
    assert f"flux-system/{stage.name}" in result.log


def test_an_artifact_of_a_registry_tells_its_commit(stage: Fluxing, tmp_path: Path) -> None:
    with Registry.start(tmp_path / "registry") as registry:

        def push(commit: str, text: str) -> None:
            """What `flux push artifact --path … --revision …` does."""
            registry.push_image(
                "acme/environment",
                "main",
                annotations={"org.opencontainers.image.revision": f"main@sha1:{commit}"},
                files={WEB: text.encode()},
            )

        first = stage.stage.repository.resolve("main")
        push(first, web(stage.name, GOOD))
        stage.reconcile(
            {
                "apiVersion": "source.toolkit.fluxcd.io/v1beta2",
                "kind": "OCIRepository",
                "metadata": {"name": stage.name, "namespace": "flux-system"},
                "spec": {
                    "interval": "1h",
                    "insecure": True,
                    "url": f"oci://{registry.address}/acme/environment",
                    "ref": {"tag": "main"},
                },
            },
            stage.kustomization(sourceRef={"kind": "OCIRepository", "name": stage.name}),
        )
        assert stage.deploy().outputs["result"] == "succeeded"
        second = stage.commit({WEB: web(stage.name, BETTER)})
        late = stage.deploy(timeout="3s")
        assert late.outputs["result"] == "unknown", late.log
        assert "is out of date" in late.log
        push(second, web(stage.name, BETTER))
        result = stage.deploy()
        assert result.outputs["result"] == "succeeded", result.log
        assert image(stage) == BETTER


def test_what_is_applied_elsewhere_and_not_waited_for_cannot_be_told(stage: Fluxing) -> None:
    key = {"name": f"{stage.name}-kubeconfig"}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {**key, "namespace": "flux-system"},
        "stringData": {"value": stage.plane.kubeconfig},
    }
    remote: dict[str, Any] = {"kubeConfig": {"secretRef": key}}
    stage.reconcile(secret, stage.source(), stage.kustomization(wait=False, **remote))
    result = stage.deploy()
    assert result.outputs["result"] == "unknown", result.log
    assert "applies to another cluster and does not wait" in result.log
    stage.patch("kustomization", wait=True)
    waiting = stage.deploy()
    assert waiting.outputs["result"] == "succeeded", waiting.log
    assert "health there is Flux's word" in waiting.log


HELM_RELEASES = "helmreleases.helm.toolkit.fluxcd.io"
RELEASES: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": HELM_RELEASES},
    "spec": {
        "group": "helm.toolkit.fluxcd.io",
        "names": {"kind": "HelmRelease", "plural": "helmreleases", "singular": "helmrelease"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v2",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
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


def released(stage: Fluxing, value: str) -> str:
    """A HelmRelease whose chart comes from Git."""
    source = {"kind": "GitRepository", "name": stage.name, "namespace": "flux-system"}
    chart = {"spec": {"chart": "./charts/web", "sourceRef": source}}
    return json.dumps(
        {
            "apiVersion": "helm.toolkit.fluxcd.io/v2",
            "kind": "HelmRelease",
            "metadata": {"name": "web", "namespace": stage.name},
            "spec": {"interval": "1h", "chart": chart, "values": {"value": value}},
        }
    )


def test_a_helm_release_is_waited_for_and_its_chart_is_warned_about(stage: Fluxing) -> None:
    stage.reconcile(RELEASES)
    definition = f"crd/{HELM_RELEASES}"
    stage.plane.kubectl("wait", "--for=condition=Established", definition)
    stage.reconcile(stage.source(), stage.kustomization(wait=False))

    def report(commit: str, generation: int, *conditions: dict[str, str]) -> None:
        """What helm-controller writes, once it is there."""
        stage.applies(commit)
        until(lambda: stage.stage.live("helmrelease", "web"), what="the release is there")
        until(
            lambda: stage.stage.live("helmrelease", "web")["metadata"]["generation"] == generation,
            what="the release is the new one",
        )
        status = {"status": {"observedGeneration": generation, "conditions": list(conditions)}}
        place = ("-n", stage.name, "--subresource=status", "--type=merge", "-p", json.dumps(status))
        stage.plane.kubectl("patch", "helmrelease", "web", *place)

    first = stage.commit({WEB: released(stage, "1")})
    good = {"type": "Ready", "status": "True", "reason": "UpgradeSucceeded"}
    result = beside(stage.deploy, lambda: report(first, 1, good))
    assert result.outputs["result"] == "succeeded", result.log
    assert "reconcileStrategy: ChartVersion" in result.log
    second = stage.commit({WEB: released(stage, "2")})
    bad = {"type": "Ready", "status": "False", "reason": "UpgradeFailed", "message": "timed out"}
    over = {"type": "Stalled", "status": "True", "reason": "RetriesExceeded", "message": "no more"}
    failed = beside(stage.deploy, lambda: report(second, 2, bad, over))
    assert failed.outputs["result"] == "failed", failed.log
    (failure,) = rows(failed, "failures")
    assert failure["object"] == f"{stage.name}_web_helm.toolkit.fluxcd.io_HelmRelease"
