"""What ends a wait early, on a real control plane: workloads whose newest pods cannot run."""

from __future__ import annotations

import time

import pytest

from gitops_action.commands.deploy.wait import Ending
from gitops_action.commands.deploy.wait import report as lines
from gitops_action.core.health import Status
from testbed.cluster import ControlPlane
from tests.support.wait import bench, leftovers, only, workload

SECRET = "s3cr3t-planted-token"


def test_a_healthy_deployment_tells_its_seconds(
    control_plane: ControlPlane, namespace: str
) -> None:
    stand = bench(control_plane)
    result = stand.wait(stand.apply(workload("Deployment", namespace, replicas=2)))
    (web,) = result.objects
    assert result.ending is Ending.HEALTHY
    assert web.health.status is Status.CURRENT
    assert web.seconds is not None
    assert 0.1 < web.seconds < 15
    assert stand.told.about("web")[-1] == f"is healthy after {web.seconds:.1f} s"
    assert not result.failures
    assert not result.notes
    assert list(leftovers()) == []


def test_a_crash_loop_ends_the_wait_early_with_its_log_and_no_secret(
    control_plane: ControlPlane, namespace: str
) -> None:
    stand = bench(control_plane, secrets=(SECRET,))
    log = "\n".join([*(f"line {n}" for n in range(30)), f"token {SECRET}", "fatal: no database"])
    objects = stand.apply(
        workload("Deployment", namespace, "bad", "crash-loop=3", log=log),
        workload("StatefulSet", namespace, "worse", "oom-killed"),
        workload("Deployment", namespace, "slow", "never-ready"),
        workload("Deployment", namespace, "fine"),
    )
    begun = time.monotonic()
    result = stand.wait(objects, 60)
    assert time.monotonic() - begun < 20
    assert result.ending is Ending.FAILED
    failures = {one.object_id.name: one for one in result.failures if one.object_id}
    assert set(failures) == {"bad", "worse"}
    bad = failures["bad"]
    assert "exit code 3" in bad.sentence
    assert bad.log[-2:] == ("token ***", "fatal: no database")
    assert len(bad.log) == 20
    assert any("BackOff" in line for line in bad.events)
    assert bad.fix
    assert "OOMKilled" in failures["worse"].sentence
    states = {one.id.name: one.health.status for one in result.objects}
    assert states == {
        "bad": Status.FAILED,
        "worse": Status.FAILED,
        "slow": Status.IN_PROGRESS,
        "fine": Status.CURRENT,
    }
    assert SECRET not in repr((result, stand.told.lines))
    assert list(leftovers()) == []


def test_restarts_within_the_tolerance_are_no_failure(
    control_plane: ControlPlane, namespace: str
) -> None:
    stand = bench(control_plane, restarts=3)
    objects = stand.apply(workload("Deployment", namespace, behaviour="restarts-then-fine=2"))
    result = stand.wait(objects)
    assert result.ending is Ending.HEALTHY
    assert any("CrashLoopBackOff" in line for line in stand.told.about("web"))


def test_what_time_runs_out_for_says_what_its_pods_wait_for(
    control_plane: ControlPlane, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "EVERY", 2.0)
    stand = bench(control_plane)
    objects = stand.apply(
        workload("Deployment", namespace, "pull", "image-pull-error"),
        workload("Deployment", namespace, "config", "config-error"),
        workload("Deployment", namespace, "node", "unschedulable"),
        workload("DaemonSet", namespace, "probe", "never-ready"),
    )
    result = stand.wait(objects, 4)
    assert result.ending is Ending.TIMEOUT
    told = {one.object_id.name: one for one in result.failures if one.object_id}
    for name, word in {
        "pull": "cannot pull its image pull:1",
        "config": "CreateContainerConfigError",
        "node": "Insufficient cpu",
        "probe": "is not ready",
    }.items():
        assert word in told[name].sentence
        assert "after 4s" in told[name].sentence
        assert told[name].events
        assert "timeout" in told[name].fix
    assert told["probe"].log == ("starting", "listening")
    (still,) = (one.text for one in stand.told.lines if one.object_id is None)
    assert still.startswith("0 of 4 healthy after 2 s; still")
    assert f"Deployment {namespace}/node (Unschedulable)" in still


def test_a_progress_deadline_is_a_failure(control_plane: ControlPlane, namespace: str) -> None:
    stand = bench(control_plane)
    body = workload("Deployment", namespace, behaviour="never-ready", progressDeadlineSeconds=2)
    result = stand.wait(stand.apply(body), 60)
    assert result.ending is Ending.FAILED
    assert "is not ready" in only(result).sentence
    assert "progress" in only(result).sentence


def test_only_pods_of_the_new_revision_count(control_plane: ControlPlane, namespace: str) -> None:
    stand = bench(control_plane, restarts=0)
    broken = stand.apply(workload("Deployment", namespace, behaviour="crash-loop"))
    assert stand.wait(broken).ending is Ending.FAILED
    fixed = workload(
        "Deployment",
        namespace,
        behaviour="slow-start=3",
        strategy={"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
    )
    objects = stand.apply(fixed)
    result = stand.wait(objects)
    assert result.ending is Ending.HEALTHY
    assert result.objects[0].seconds is not None
    assert result.objects[0].seconds > 2
