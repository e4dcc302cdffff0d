"""The test bed's own control plane: it gives what tests believe it gives, and ends for good."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from testbed.cluster import ControlPlane
from testbed.cluster.api import Json
from testbed.cluster.binaries import find_binaries
from testbed.process import PartError
from tests.support.flux import until

ROOT = Path(__file__).parents[2]


def pod(name: str, behaviour: str) -> Json:
    return {
        "metadata": {"name": name, "annotations": {"testbed/behaviour": behaviour}},
        "spec": {
            "initContainers": [{"name": "init", "image": "web:1"}],
            "containers": [{"name": "main", "image": "web:1"}, {"name": "side", "image": "web:1"}],
        },
    }


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ("ready-after=0.1", '"Ready","status":"True"'),
        ("slow-start=0.5", "ContainerCreating"),
        ("crash-loop=3", "CrashLoopBackOff"),
        ("oom-killed", "OOMKilled"),
        ("init-crash-loop", "CrashLoopBackOff"),
        ("restarts-then-fine=1", '"Ready","status":"True"'),
        ("never-ready", '"Ready","status":"False"'),
        ("image-pull-error", "ImagePullBackOff"),
        ("config-error", "CreateContainerConfigError"),
        ("unschedulable", '"PodScheduled","status":"False"'),
        ("exit=0", '"phase":"Succeeded"'),
        ("exit=2", '"phase":"Failed"'),
        ("dance", "the test bed has no behaviour"),
    ],
)
def test_pods_behave_as_they_are_annotated(
    control_plane: ControlPlane, namespace: str, behaviour: str, words: str
) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    control_plane.api.create(path, pod("it", behaviour))
    deadline = time.monotonic() + 20
    while True:
        status = control_plane.api.get(f"{path}/it")["status"]
        told = {**status, "conditions": [_brief(one) for one in status.get("conditions", [])]}
        if words in json.dumps(told, separators=(",", ":")):
            return
        assert time.monotonic() < deadline, told
        time.sleep(0.02)


def _brief(condition: Json) -> Json:
    return {"type": condition["type"], "status": condition["status"]}


def test_services_and_claims_get_what_a_cloud_would_give(
    control_plane: ControlPlane, namespace: str
) -> None:
    path = f"/api/v1/namespaces/{namespace}"
    ports = {"type": "LoadBalancer", "ports": [{"port": 80}]}
    disk = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    control_plane.api.create(f"{path}/services", {"metadata": {"name": "it"}, "spec": ports})
    claims = f"{path}/persistentvolumeclaims"
    control_plane.api.create(claims, {"metadata": {"name": "it"}, "spec": disk})
    control_plane.kubectl(
        *("wait", "-n", namespace, "--timeout=20s", "--for=jsonpath={.status.phase}=Bound"),
        "pvc/it",
    )
    service = "--for=jsonpath={.status.loadBalancer.ingress[0].ip}=192.0.2.10"
    control_plane.kubectl("wait", "-n", namespace, "--timeout=20s", service, "service/it")


@pytest.mark.usefixtures("cluster_parts")
def test_it_ends_with_all_that_it_started() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "testbed.cluster"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    folder = process.stdout.readline().strip().removeprefix("export KUBECONFIG=")
    assert Path(folder).is_file()
    mark = str(Path(folder).parent)
    assert len(_commands(mark)) == 4  # etcd, API server, controller manager, simulator
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert _commands(mark) == []
    assert not Path(mark).exists()


def _commands(mark: str) -> list[bytes]:
    """The command lines of all processes that name this folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if os.fsencode(mark) in command:
            found.append(command)
    return found


def test_prebuilt_programs_are_taken_from_envtest_s_folder(tmp_path: Path) -> None:
    for name in ("etcd", "kube-apiserver", "kube-controller-manager"):
        (tmp_path / name).touch(mode=0o755)
    found = find_binaries({"KUBEBUILDER_ASSETS": str(tmp_path)})
    assert {found.etcd.parent, found.apiserver.parent, found.controller_manager.parent} == {
        tmp_path
    }
    with pytest.raises(PartError, match="KUBEBUILDER_ASSETS"):
        find_binaries({"KUBEBUILDER_ASSETS": str(tmp_path / "absent")})


def test_an_image_can_break_wherever_it_runs(control_plane: ControlPlane, namespace: str) -> None:
    control_plane.behave("web:v2", "crash-loop", log="fatal: no database\n")
    path = f"/api/v1/namespaces/{namespace}/pods"
    body = pod("broken", "")
    body["metadata"].pop("annotations")
    body["spec"]["containers"][0]["image"] = f"web:v2@sha256:{'0' * 64}"
    control_plane.api.create(path, body)
    told = "CrashLoopBackOff"
    until(lambda: told in json.dumps(control_plane.api.get(f"{path}/broken")), what=told)
    logs = control_plane.kubectl(
        "logs", "broken", "-c", "main", "--namespace", namespace, "--previous"
    )
    assert "no database" in logs
