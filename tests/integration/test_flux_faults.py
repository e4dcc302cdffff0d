"""What can go wrong between Git and Flux: each is told apart, early, and never as a success."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.action import StepResult
from testbed.cluster import ControlPlane
from testbed.flux import Flux
from tests.support.deploy_forge import CONFIG, deploying, settings, web
from tests.support.flux import until
from tests.support.fluxing import FOLDER, WEB, Fluxing, beside, config, fluxing

GOOD = "ghcr.io/acme/web:v1"
BETTER = "ghcr.io/acme/web:v2"
SLOW = "ghcr.io/acme/web:slow"


@pytest.fixture
def stage(
    tmp_path: Path, control_plane: ControlPlane, namespace: str, flux: Flux
) -> Iterator[Fluxing]:
    files = {WEB: settings(namespace, "web", "1")}
    with fluxing(tmp_path, control_plane, namespace, flux, files) as found:
        yield found


def failures(result: StepResult) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(result.outputs["failures"])
    return found


def message(result: StepResult) -> str:
    (failure,) = failures(result)
    return str(failure["message"])


def ended(result: StepResult, how: str) -> StepResult:
    assert result.outputs["result"] == how, result.log
    assert result.exit_code == (0 if how == "succeeded" else 1), result.log
    return result


def test_a_path_that_is_not_there(stage: Fluxing) -> None:
    stage.reconcile(stage.source(), stage.kustomization(path="environments/nowhere"))
    began = time.monotonic()
    result = ended(stage.deploy(), "failed")
    assert time.monotonic() - began < 20
    assert "path not found" in message(result)
    assert "see `spec.path`" in failures(result)[0]["fix"]


def test_a_manifest_that_the_api_server_rejects(stage: Fluxing) -> None:
    stage.reconcile()
    stage.commit({f"{FOLDER}/bad.yaml": web(stage.name, GOOD, replicas=-1)})
    result = ended(stage.deploy(), "failed")
    assert "could not apply" in message(result)
    assert f"Deployment/{stage.name}/web" in message(result)
    assert stage.stage.live("configmap", "web") == {}


def test_manifests_that_do_not_build(stage: Fluxing) -> None:
    stage.reconcile()
    assert stage.deploy().exit_code == 0
    broken = "resources: [web.yaml]\npatches: [{path: gone.yaml}]\n"
    stage.commit({"environments/other/kustomization.yaml": broken})
    stage.patch("kustomization", path="./environments/other")
    result = ended(stage.deploy(), "failed")
    assert "could not build" in message(result)


def test_a_newer_commit_that_contains_ours_is_as_good(stage: Fluxing) -> None:
    stage.plane.behave(SLOW, "ready-after=8")
    stage.reconcile(stage.source(), stage.kustomization(wait=False))
    first = stage.commit({WEB: web(stage.name, SLOW)})

    def supersede() -> None:
        stage.applies(first)
        stage.commit({WEB: web(stage.name, BETTER)})
        stamp = "reconcile.fluxcd.io/requestedAt=newer"
        place = ("-n", "flux-system", "gitrepository", stage.name)
        stage.plane.kubectl("annotate", "--overwrite", *place, stamp)

    # The commit of its run: Flux may have applied it before the deployment asks for the tip.
    result = ended(beside(lambda: stage.deploy(commit=first), supersede), "succeeded")
    assert "which is newer and contains" in result.log + result.summary
    assert first[:12] in result.log


def test_a_suspended_source_is_an_error_at_once(stage: Fluxing) -> None:
    stage.reconcile()
    assert stage.deploy().exit_code == 0
    stage.patch("gitrepository", suspend=True)
    stage.commit({WEB: settings(stage.name, "web", "2")})
    began = time.monotonic()
    result = ended(stage.deploy(), "failed")
    assert time.monotonic() - began < 10
    assert "is suspended (by kubectl-patch at" in message(result)
    assert f"flux resume source git {stage.name} -n flux-system" in failures(result)[0]["fix"]


def test_a_suspended_kustomization_is_an_error_at_once(stage: Fluxing) -> None:
    stage.reconcile(stage.source(), stage.kustomization(suspend=True))
    result = ended(stage.deploy(), "failed")
    assert "is suspended" in message(result)
    assert failures(result)[0]["object"].endswith("_Kustomization")
    assert f"flux resume kustomization {stage.name} -n flux-system" in failures(result)[0]["fix"]


def test_one_that_is_suspended_during_the_wait(stage: Fluxing) -> None:
    stage.plane.behave(SLOW, "never-ready")
    stage.reconcile(stage.source(), stage.kustomization(wait=False))
    commit = stage.commit({WEB: web(stage.name, SLOW)})

    def suspend() -> None:
        stage.applies(commit)
        stage.patch("kustomization", suspend=True)

    result = ended(beside(stage.deploy, suspend), "failed")
    assert "is suspended (by kubectl-patch at" in message(result)


def test_a_source_controller_that_is_down_says_nothing_about_the_commit(stage: Fluxing) -> None:
    stage.reconcile()
    assert stage.deploy().exit_code == 0
    stage.flux.stop_source()
    try:
        stage.commit({WEB: settings(stage.name, "web", "2")})
        result = ended(stage.deploy(timeout="4s"), "unknown")
        assert "was asked and has not answered (after 4s)" in message(result)
        assert "see that source-controller runs" in failures(result)[0]["fix"]
    finally:
        stage.flux.start_source()
    assert ended(stage.deploy(), "succeeded")


def test_a_kustomize_controller_that_restarts_during_the_wait(stage: Fluxing) -> None:
    stage.plane.behave(SLOW, "ready-after=4")
    stage.reconcile()
    commit = stage.commit({WEB: web(stage.name, SLOW)})

    def restart() -> None:
        stage.applies(commit)
        stage.flux.stop_kustomize()
        stage.flux.start_kustomize()

    ended(beside(stage.deploy, restart), "succeeded")


def test_what_depends_on_one_that_fails_is_not_the_failure(stage: Fluxing) -> None:
    first, second = f"{stage.name}-first", f"{stage.name}-second"
    stage.commit(
        {
            CONFIG: config(f"flux-system/{second}, flux-system/{first}"),
            "environments/first/bad.yaml": web(stage.name, GOOD, replicas=-1),
        }
    )
    stage.reconcile(
        stage.source(),
        stage.kustomization(first, "environments/first"),
        stage.kustomization(second, dependsOn=[{"name": first}]),
    )
    result = ended(stage.deploy(), "failed")
    assert "could not apply" in message(result)
    assert first in failures(result)[0]["object"]
    assert stage.stage.live("configmap", "web") == {}
    stage.commit({"environments/first/bad.yaml": web(stage.name, GOOD)})
    again = ended(stage.deploy(), "succeeded")
    assert {row["name"] for row in json.loads(again.outputs["objects"])} == {"web"}
    assert stage.stage.live("configmap", "web")


def test_a_dependency_of_somebody_else_is_waited_for(stage: Fluxing) -> None:
    other = f"{stage.name}-other"
    stage.reconcile(
        stage.source(),
        stage.kustomization(other, suspend=True),
        stage.kustomization(dependsOn=[{"name": other}]),
    )
    result = ended(stage.deploy(timeout="4s"), "unknown")
    assert f"dependency 'flux-system/{other}' is not ready" in message(result)
    began = time.monotonic()

    def resume() -> None:
        time.sleep(1)
        stage.patch("kustomization", other, suspend=False)

    ended(beside(stage.deploy, resume), "succeeded")
    assert time.monotonic() - began < 40


def test_a_branch_that_was_forced_back(stage: Fluxing) -> None:
    stage.reconcile()
    before = stage.stage.repository.resolve("main")
    assert stage.deploy().exit_code == 0
    lost = stage.commit({WEB: settings(stage.name, "web", "2")})
    stage.stage.repository.move("main", before)
    began = time.monotonic()
    result = ended(stage.deploy(commit=lost), "failed")
    assert time.monotonic() - began < 20
    assert "force-pushed" in message(result)
    assert stage.stage.live("configmap", "web")["data"] == {"value": "1"}


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"secretRef": None}, "could not fetch (authentication)"),
        ({"ref": {"tag": "v0"}}, "could not fetch (reference)"),
        ({"url": "https"}, "could not fetch (TLS or host key)"),
    ],
)
def test_a_source_that_cannot_fetch(stage: Fluxing, changed: dict[str, Any], word: str) -> None:
    source = stage.source()
    url = source["spec"]["url"]
    changed = {**changed, "url": url.replace("http:", "https:")} if "url" in changed else changed
    source["spec"] |= changed
    source["spec"] = {key: value for key, value in source["spec"].items() if value is not None}
    stage.reconcile(source, stage.kustomization())
    result = ended(stage.deploy(), "failed")
    assert word in message(result)
    assert stage.stage.token not in result.log


def test_a_source_of_another_branch(stage: Fluxing) -> None:
    stage.reconcile(stage.source(ref={"branch": "next"}), stage.kustomization())
    result = ended(stage.deploy(), "failed")
    assert "it follows the branch `next`, not `main`" in message(result)


def test_a_kustomization_that_is_not_there(stage: Fluxing) -> None:
    result = ended(stage.deploy(), "failed")
    assert f"has no Kustomization flux-system/{stage.name}" in message(result)


def test_a_cluster_that_goes_away_is_unknown(stage: Fluxing) -> None:
    stage.plane.behave(SLOW, "never-ready")
    stage.reconcile()
    commit = stage.commit({WEB: web(stage.name, SLOW)})

    def stop() -> None:
        stage.applies(commit)
        stage.plane.stop_api()

    try:
        result = beside(lambda: stage.deploy(timeout="8s"), stop)
    finally:
        stage.plane.start_api()
    ended(result, "unknown")


def test_a_cluster_without_flux(tmp_path: Path) -> None:
    with ControlPlane.start(tmp_path / "plane") as plane:
        files = {CONFIG: config("flux-system/web"), WEB: settings("default", "web", "1")}
        with deploying(tmp_path / "forge", plane, "default", files) as found:
            result = ended(found.deploy(environment="staging"), "failed")
            (record,) = found.deployments("staging")
    assert "Flux is not installed" in message(result)
    assert record["statuses"][0]["description"].startswith("to be tried again: ")
    assert "install Flux" in failures(result)[0]["fix"]


def test_a_dry_run_tells_what_runs_and_asks_nothing(stage: Fluxing) -> None:
    stage.reconcile()
    until(lambda: stage.status().get("lastAppliedRevision"), what="Flux has applied it")
    commit = stage.commit({WEB: settings(stage.name, "web", "2")})
    result = ended(stage.deploy(dry_run="true"), "succeeded")
    assert f"which does not contain {commit[:12]}" in result.log
    assert "lastHandledReconcileAt" not in stage.status("gitrepository")
