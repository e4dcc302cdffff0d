"""A cluster that nobody reaches: `deploy` waits for what Flux reports on GitHub."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from testbed.action import StepResult
from testbed.cluster import ControlPlane
from tests.support.deploy_forge import CONFIG, RIGHTS, Deploying, deploying, settings
from tests.support.github_forge import REPOSITORY

PREFIX = "kustomization/staging"
CONTEXT = f"{PREFIX}/0c9c2e41"
GITOPS = f"""\
version: 1
environments:
  staging:
    path: environments/staging
    deploy: {{engine: flux, access: none, status-prefix: {PREFIX}, health: {{timeout: 30s}}}}
"""
FILE = "environments/staging/settings.yaml"


@pytest.fixture
def stage(tmp_path: Path, control_plane: ControlPlane, namespace: str) -> Iterator[Deploying]:
    files = {CONFIG: GITOPS, FILE: settings(namespace, "web", "1")}
    with deploying(tmp_path, control_plane, namespace, files) as found:
        found.token = token(found, statuses="read")
        yield found


def token(stage: Deploying, **more: str) -> str:
    return stage.forge.token(
        login="github-actions[bot]", repositories=[REPOSITORY], permissions={**RIGHTS, **more}
    )


def report(stage: Deploying, commit: str, words: str, state: str = "success") -> None:
    """What notification-controller posts."""
    stage.repository.status(commit, CONTEXT, state, description=words, by="flux")


def deploy(stage: Deploying, **given: str) -> StepResult:
    """No kubeconfig, no address of a cluster, and none in the surroundings."""
    return stage.deploy(environment="staging", kubeconfig="", kube_namespace="", **given)


@contextmanager
def reporting(stage: Deploying, *told: tuple[float, str, str, str]) -> Iterator[None]:
    """Flux at work: after so many seconds, these words and this state about that commit."""

    def post() -> None:
        for seconds, commit, words, state in told:
            time.sleep(seconds)
            report(stage, commit, words, state)

    thread = threading.Thread(target=post)
    thread.start()
    yield
    thread.join()


def message(result: StepResult) -> str:
    (failure,) = json.loads(result.outputs["failures"])
    return str(failure["message"])


def test_a_success_is_waited_for_without_any_cluster(stage: Deploying) -> None:
    commit = stage.repository.resolve("main")
    report(stage, commit, "dependency not ready")
    with reporting(stage, (3, commit, "reconciliation succeeded", "success")):
        result = deploy(stage)
    assert result.exit_code == 0, result.log
    assert result.outputs["result"] == "succeeded"
    assert stage.states("staging") == [["success", "in_progress", "queued"]]
    assert stage.token not in result.log + result.summary


def test_a_superseded_commit_gets_none_and_the_newer_one_counts(stage: Deploying) -> None:
    ours = stage.repository.resolve("main")
    newer = stage.commit({FILE: settings(stage.namespace, "web", "2")})
    newest = stage.commit({FILE: settings(stage.namespace, "web", "3")})
    report(stage, newer, "reconciliation succeeded")
    result = deploy(stage, commit=ours)
    assert result.outputs["result"] == "succeeded", result.log
    assert f"succeeded on {newer[:12]}, which is newer and contains {ours[:12]}" in result.log
    assert newest[:12] not in result.log


def test_a_commit_that_is_superseded_while_it_is_waited_for(stage: Deploying) -> None:
    """What the branch holds is asked for again each time."""
    ours = stage.repository.resolve("main")

    def supersede() -> None:
        time.sleep(2)
        newer = stage.commit({FILE: settings(stage.namespace, "web", "2")})
        report(stage, newer, "reconciliation succeeded")

    thread = threading.Thread(target=supersede)
    thread.start()
    result = deploy(stage)
    thread.join()
    newer = stage.repository.resolve("main")
    assert result.outputs["result"] == "succeeded", result.log
    assert f"succeeded on {newer[:12]}, which is newer and contains {ours[:12]}" in result.log
    assert stage.states("staging")[0][0] == "success"


def test_a_failure_of_a_newer_commit_is_named(stage: Deploying) -> None:
    ours = stage.repository.resolve("main")
    newer = stage.commit({FILE: settings(stage.namespace, "web", "2")})
    report(stage, newer, "build failed", "failure")
    result = deploy(stage, commit=ours)
    assert result.outputs["result"] == "failed", result.log
    assert f"on {newer[:12]}, which contains {ours[:12]}: {CONTEXT}: build failed" in message(
        result
    )


def test_an_older_success_says_nothing(stage: Deploying) -> None:
    report(stage, stage.repository.resolve("main"), "reconciliation succeeded")
    stage.commit({FILE: settings(stage.namespace, "web", "2")})
    result = deploy(stage, timeout="2s")
    assert result.outputs["result"] == "unknown", result.log


def test_a_failure_ends_it_early_in_the_words_of_flux(stage: Deploying) -> None:
    commit = stage.repository.resolve("main")
    began = time.monotonic()
    with reporting(stage, (1, commit, "health check failed", "failure")):
        result = deploy(stage)
    assert time.monotonic() - began < 15
    assert result.exit_code == 1
    assert result.outputs["result"] == "failed"
    assert f"{CONTEXT}: health check failed" in message(result)
    assert json.loads(result.outputs["objects"]) == []
    assert stage.states("staging")[0][0] == "failure"


def test_one_that_flux_mends_is_no_failure(stage: Deploying) -> None:
    commit = stage.repository.resolve("main")
    report(stage, commit, "reconciliation failed", "failure")
    with reporting(stage, (4, commit, "reconciliation succeeded", "success")):
        result = deploy(stage)
    assert result.outputs["result"] == "succeeded", result.log


def test_no_status_at_all_is_unknown_and_shows_what_there_is(stage: Deploying) -> None:
    commit = stage.repository.resolve("main")
    stage.repository.status(commit, "kustomization/web/0c9c2e41", "success", by="flux")
    result = deploy(stage, timeout="2s")
    assert result.exit_code == 1
    assert result.outputs["result"] == "unknown"
    assert "Within 2s Flux reported nothing" in message(result)
    assert f"no commit status `{PREFIX}…`" in message(result)
    assert "other contexts there: `kustomization/web/0c9c2e41`" in message(result)
    (failure,) = json.loads(result.outputs["failures"])
    assert "status-prefix" in failure["fix"]
    assert "docs/flux.md" in failure["fix"]
    assert stage.states("staging")[0][0] == "error"


def test_a_token_that_may_not_read_statuses_is_told_so(stage: Deploying) -> None:
    stage.token = token(stage)
    result = deploy(stage)
    assert result.outputs["result"] == "failed", result.log
    assert "statuses: read" in result.log


def test_a_token_in_the_words_of_others_is_not_printed(stage: Deploying) -> None:
    words = f"build failed: token={stage.token}"
    report(stage, stage.repository.resolve("main"), words, "failure")
    result = deploy(stage)
    assert "build failed" in message(result)
    assert stage.token not in result.log + result.summary + json.dumps(dict(result.outputs))


def test_it_stands_beside_a_target_that_is_reached(stage: Deploying) -> None:
    """Only the one with access is connected to; each Kustomization needs its own status."""
    eu = "{name: eu, engine: push}"
    us = (
        "{name: us, engine: flux, access: none, status-prefix: kustomization/,"
        " kustomizations: [flux-system/web, flux-system/api]}"
    )
    both = f"deploy: {{targets: [{eu}, {us}], health: {{timeout: 4s}}}}"
    start = GITOPS[: GITOPS.index("    deploy:")]
    commit = stage.commit({CONFIG: f"{start}    {both}\n"})
    for name, words in (("web", "reconciliation succeeded"), ("api", "dependency not ready")):
        context = f"kustomization/{name}/0c9c2e41"
        stage.repository.status(commit, context, "success", description=words, by="flux")
    result = stage.deploy(environment="staging")
    assert result.outputs["result"] == "unknown", result.log
    assert "kustomization/api/0c9c2e41: dependency not ready" in message(result)
    assert [row["target"] for row in json.loads(result.outputs["objects"])] == ["eu"]


def test_without_a_token_nothing_can_be_known(stage: Deploying) -> None:
    folder = stage.root / "checkout"
    header = f"http.extraHeader=Authorization: bearer {stage.token}"
    clone = ["git", "-c", header, "clone", "-q", stage.repository.clone_url, str(folder)]
    subprocess.run(clone, check=True)
    program = [sys.executable, "-m", "gitops_action", "deploy", "--environment", "staging"]
    env = {"PATH": os.environ["PATH"], "HOME": str(stage.root), "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(
        [*program, "--repository", REPOSITORY],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "`access: none`" in done.stderr
    assert 'give `GITOPS_TOKEN` (`export GITOPS_TOKEN="$(gh auth token)"`) or' in done.stderr


def test_github_that_does_not_answer_is_unknown(stage: Deploying) -> None:
    stage.forge.fail("GET .*/commits/.*/status", status=502, times=100)
    result = deploy(stage, timeout="3s")
    assert result.outputs["result"] == "unknown", result.log


def test_a_dry_run_looks_once(stage: Deploying) -> None:
    result = deploy(stage, dry_run="true")
    assert result.exit_code == 0, result.log
    assert "nothing is reported yet" in result.log
    assert stage.states("staging") == []


def test_it_is_pending_as_any_other(stage: Deploying) -> None:
    report(stage, stage.repository.resolve("main"), "reconciliation succeeded")
    first = stage.deploy(pending="true", kubeconfig="", kube_namespace="")
    assert json.loads(first.outputs["environments"]) == ["staging"]
    again = stage.deploy(pending="true", kubeconfig="", kube_namespace="")
    assert again.outputs["result"] == "nothing", again.log
