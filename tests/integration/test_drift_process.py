"""`drift` as a step of a job, after real deployments, with GitHub's records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.action import StepResult
from testbed.cluster import ControlPlane
from testbed.cluster.webhook import Webhook, serve_webhook
from tests.support.deploy_forge import CONFIG, RIGHTS, Deploying, deploying, settings, web
from tests.support.drift import STAGING
from tests.support.drift import drift_step as drift
from tests.support.github_forge import REPOSITORY

WEB = "environments/staging/web.yaml"
SETTINGS = "environments/staging/settings.yaml"
GOOD, BAD = "ghcr.io/acme/web:v1", "ghcr.io/acme/web:v3"
READS = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}


@pytest.fixture
def stage(tmp_path: Path, control_plane: ControlPlane, namespace: str) -> Iterator[Deploying]:
    files = {
        CONFIG: STAGING,
        WEB: web(namespace, GOOD),
        SETTINGS: settings(namespace, "settings", "1"),
    }
    with deploying(tmp_path, control_plane, namespace, files) as found:
        yield found


def environment(result: StepResult) -> dict[str, Any]:
    (found,) = json.loads(result.outputs["report"])["environments"]
    return dict(found)


def test_drift_is_reported_at_its_line_and_not_what_is_newer_in_git(stage: Deploying) -> None:
    reader = stage.plane.account(stage.namespace, "onlooker", rules=[READS])
    only_reads = {"kubeconfig": reader.kubeconfig}
    before = drift(stage, **only_reads)
    assert before.outputs["state"] == "drifted", before.log  # nothing was ever applied
    assert stage.deploy(environment="staging").exit_code == 0
    busy = drift(stage, minutes=0, **only_reads)
    assert busy.outputs["state"] == "unknown"
    assert "only just ended" in busy.log
    clean = drift(stage, exit_code="true", **only_reads)
    assert (clean.exit_code, clean.outputs["state"]) == (0, "clean"), clean.log
    stage.commit({SETTINGS: settings(stage.namespace, "settings", "2")})
    assert drift(stage, **only_reads).outputs["state"] == "clean"  # what is newer is pending
    stage.plane.kubectl("scale", "deployment/web", "-n", stage.namespace, "--replicas=2")
    stage.plane.kubectl("delete", "configmap", "settings", "-n", stage.namespace)
    found = drift(stage, exit_code="true", **only_reads)
    assert (found.exit_code, found.outputs["state"]) == (1, "drifted")
    assert {one["name"]: one["change"] for one in environment(found)["objects"]} == {
        "settings": "missing"
    }  # nobody described the replicas
    assert f"file={SETTINGS}" in found.log
    assert "not there" in found.summary


def test_what_a_failed_deployment_left_is_called_so(stage: Deploying) -> None:
    stage.plane.behave(BAD, "crash-loop")
    assert stage.deploy(environment="staging").exit_code == 0
    failing = stage.commit({WEB: web(stage.namespace, BAD, progressDeadlineSeconds=30)})
    assert stage.deploy(environment="staging").exit_code == 1
    found = drift(stage)
    assert found.outputs["state"] == "drifted"
    assert "left by a failed deployment" in found.summary + found.log
    assert f"{failing[:12]} did not succeed" in found.log
    (item,) = environment(found)["objects"]
    assert [one["by"] for one in item["fields"]] == ["deployment"]


def test_what_a_webhook_stored_instead_is_left_by_no_failed_deployment(stage: Deploying) -> None:
    """Another deployment would not help: the report says what does."""
    instead = {"op": "replace", "path": "/data/value", "value": "by the webhook"}
    webhook = Webhook(name=f"instead.{stage.namespace}.bed", patch=[instead])
    with serve_webhook(stage.plane, stage.namespace, webhook):
        assert stage.deploy(environment="staging").exit_code == 0
    found = drift(stage)
    assert found.outputs["state"] == "drifted"
    (item,) = environment(found)["objects"]
    (field,) = item["fields"]
    assert (field["path"], field["live"], field["by"]) == (
        "data.value",
        '"by the webhook"',
        "admission",
    )
    assert 'data.value: "1" → "by the webhook" (admission)' in found.log
    assert "a webhook, a policy or a conversion changes it" in found.log
    assert "left by a failed deployment" not in found.summary + found.log
    assert "value: by the webhook" in item["patch"]


def test_a_cluster_that_cannot_be_read_is_unknown(stage: Deploying) -> None:
    assert stage.deploy(environment="staging").exit_code == 0
    away = stage.plane.kubeconfig.replace(stage.plane.server, "https://127.0.0.1:1")
    found = drift(stage, kubeconfig=away, exit_code="true")
    assert (found.exit_code, found.outputs["state"]) == (1, "unknown")


def test_an_environment_that_was_taken_down_has_no_drift(stage: Deploying) -> None:
    assert stage.deploy(environment="staging").exit_code == 0
    assert stage.deploy(destroy="staging", confirm_prune="true").exit_code == 0
    found = drift(stage)
    assert found.outputs["state"] == "clean", found.log
    assert "was taken down" in found.log


def test_one_issue_opens_on_the_second_sight_and_closes_itself(stage: Deploying) -> None:
    rights = {**RIGHTS, "issues": "write"}
    token = stage.forge.token(
        login="github-actions[bot]", repositories=[REPOSITORY], permissions=rights
    )
    kept = {"issue": "true", "sights": str(stage.root / "sights.json"), "token": token}
    assert stage.deploy(environment="staging").exit_code == 0
    stage.plane.kubectl("delete", "configmap", "settings", "-n", stage.namespace)
    assert drift(stage, **kept).outputs["state"] == "drifted"
    assert stage.repository.issues() == []
    second = drift(stage, **kept)
    assert "issue #1 opened" in second.log
    (issue,) = stage.repository.issues()
    assert "settings" in issue.body
    away = stage.plane.kubeconfig.replace(stage.plane.server, "https://127.0.0.1:1")
    assert drift(stage, **kept, kubeconfig=away).outputs["state"] == "unknown"
    assert stage.repository.issues()[0].state == "open"  # what is unknown closes nothing
    refused = drift(stage, **{**kept, "token": stage.token})
    assert "issues: " in refused.log
    assert refused.exit_code == 0
    stage.plane.kubectl(
        *("create", "configmap", "settings", "-n", stage.namespace, "--from-literal=value=1")
    )
    assert "issue #1 closed" in drift(stage, **kept).log
    assert stage.repository.issues()[0].state == "closed"
    listed = drift(stage, dry_run="true", kubeconfig="")
    assert json.loads(listed.outputs["environments"]) == ["staging"]
