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
