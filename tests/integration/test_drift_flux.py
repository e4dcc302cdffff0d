"""Drift where real Flux applies the environment."""

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
from tests.support.deploy_forge import settings
from tests.support.flux import until
from tests.support.fluxing import FOLDER, Fluxing, fluxing

SETTINGS = f"{FOLDER}/settings.yaml"


@pytest.fixture
def stage(
    tmp_path: Path, control_plane: ControlPlane, namespace: str, flux: Flux
) -> Iterator[Fluxing]:
    files = {SETTINGS: settings(namespace, "settings", "1")}
    with fluxing(tmp_path, control_plane, namespace, flux, files) as found:
        yield found


def drift(stage: Fluxing) -> StepResult:
    """Compare, some minutes from now."""
    later = str(int(time.time() + 600))
    return stage.stage.deploy(at=later, command="drift", environment="staging")


def objects(result: StepResult) -> dict[str, Any]:
    (found,) = json.loads(result.outputs["report"])["environments"]
    return {one["kind"]: one for one in found["objects"]}


def test_what_flux_applied_is_compared_and_flux_itself_is_looked_at(stage: Fluxing) -> None:
    stage.reconcile()
    assert stage.deploy().exit_code == 0
    clean = drift(stage)
    assert clean.outputs["state"] == "clean", clean.log
    (found,) = json.loads(clean.outputs["report"])["environments"]
    assert found["compared"] == 1
    space = stage.stage.namespace
    change = json.dumps({"data": {"value": "by hand"}})
    stage.plane.kubectl("patch", "configmap", "settings", "-n", space, "-p", change)
    stage.patch("kustomization", suspend=True)
    result = drift(stage)
    assert result.outputs["state"] == "drifted"
    assert objects(result)["Kustomization"]["change"] == "suspended"
    assert "flux resume kustomization" in objects(result)["Kustomization"]["fix"]
    (field,) = objects(result)["ConfigMap"]["fields"]
    assert (field["path"], field["live"]) == ("data.value", '"by hand"')
    assert field["by"] == "person"
    stage.plane.kubectl("delete", "configmap", "settings", "-n", space)
    assert objects(drift(stage))["ConfigMap"]["change"] == "missing"


def test_a_kustomization_that_fell_back_is_out_of_date(stage: Fluxing) -> None:
    """Its source names an older commit than the one that was deployed."""
    old = stage.stage.repository.resolve("main")
    stage.reconcile()
    new = stage.commit({SETTINGS: settings(stage.stage.namespace, "settings", "2")})
    assert stage.deploy().exit_code == 0
    stage.patch("gitrepository", ref={"branch": "main", "commit": old})
    stage.applies(old)
    result = drift(stage)
    assert result.outputs["state"] == "drifted", result.log
    found = objects(result)
    for kind, does in (("GitRepository", "holds"), ("Kustomization", "runs")):
        assert found[kind]["change"] == "outdated"
        said = f"it {does} main@{old[:12]}, which does not contain {new[:12]}"
        assert said in found[kind]["sentence"]
    assert "does not contain" in result.summary


def test_a_suspended_source_is_named_with_who_suspended_it(stage: Fluxing) -> None:
    """What runs is as described, and nothing newer will ever come."""
    stage.reconcile()
    assert stage.deploy().exit_code == 0
    stage.patch("gitrepository", suspend=True)
    newer = stage.commit({SETTINGS: settings(stage.stage.namespace, "settings", "2")})
    result = drift(stage)
    assert result.outputs["state"] == "drifted", result.log
    ((kind, found),) = objects(result).items()
    assert (kind, found["change"]) == ("GitRepository", "suspended")
    assert "is suspended (by kubectl" in found["sentence"]
    resume = f"flux resume source git {stage.name} -n flux-system"
    assert resume in found["fix"]
    assert resume in result.log
    assert resume in result.summary
    stage.patch("gitrepository", suspend=False)
    until(lambda: newer in stage.status().get("lastAppliedRevision", ""), what="it is applied")
    assert drift(stage).outputs["state"] == "clean"


def test_a_source_that_cannot_fetch_is_stuck_while_its_old_artifact_still_runs(
    stage: Fluxing,
) -> None:
    stage.reconcile()
    assert stage.deploy().exit_code == 0
    stage.patch("gitrepository", secretRef={"name": "no-such-secret"})
    until(lambda: is_ready(stage, "gitrepository") == "False", what="the source fails")
    assert stage.status("gitrepository")["artifact"]["revision"].startswith("main@")
    result = drift(stage)
    assert result.outputs["state"] == "drifted", result.log
    ((kind, found),) = objects(result).items()
    assert (kind, found["change"]) == ("GitRepository", "stuck")
    assert "no-such-secret" in found["sentence"]
    assert "no-such-secret" in result.summary


def is_ready(stage: Fluxing, kind: str) -> str:
    found = stage.status(kind).get("conditions", [])
    return next((str(one["status"]) for one in found if one["type"] == "Ready"), "")


def test_a_kustomization_that_cannot_go_on_is_stuck(stage: Fluxing) -> None:
    stage.reconcile()
    assert stage.deploy().exit_code == 0
    stage.patch("kustomization", path="./no/such/folder")
    deadline = time.monotonic() + 60
    while objects_of(result := drift(stage)) != ["stuck"]:
        assert time.monotonic() < deadline, result.log
    assert result.outputs["state"] != "clean"
    assert "no/such/folder" in result.log


def objects_of(result: StepResult) -> list[str]:
    """What is wrong with each of Flux's own objects."""
    (found,) = json.loads(result.outputs["report"])["environments"]
    return [one["change"] for one in found["objects"] if one["kind"] == "Kustomization"]
