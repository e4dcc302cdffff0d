"""From a workload down to what is wrong with its newest pods, on bodies as clusters write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gitops_action.core.health import Facts, Status, assess
from gitops_action.core.health.diagnose import LogRequest, RelatedObjects, Tolerance, diagnose
from gitops_action.core.health.diagnose.model import Diagnosis

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
Body = dict[str, Any]


def ago(seconds: int) -> str:
    return (NOW - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def owner(kind: str, uid: str) -> list[Body]:
    return [{"kind": kind, "name": uid, "uid": uid, "controller": True}]


def deployment(**status: Any) -> Body:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "uid": "d",
            "generation": 2,
            "annotations": {"deployment.kubernetes.io/revision": "2"},
        },
        "spec": {"replicas": 2, "progressDeadlineSeconds": 600},
        "status": {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 1, **status},
    }


def replica_set(name: str, revision: str, **status: Any) -> Body:
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "uid": name,
            "annotations": {"deployment.kubernetes.io/revision": revision},
            "labels": {"pod-template-hash": name.removeprefix("web-")},
            "ownerReferences": owner("Deployment", "d"),
        },
        "status": status,
    }


def pod(
    *containers: Body,
    name: str = "web-new-x",
    parent: list[Body] | None = None,
    age: int = 30,
    init: tuple[Body, ...] = (),
    **status: Any,
) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "uid": name,
            "creationTimestamp": ago(age),
            "ownerReferences": owner("ReplicaSet", "web-new") if parent is None else parent,
            "labels": {"controller-revision-hash": "db-2", "pod-template-generation": "2"},
        },
        "status": {
            "phase": "Pending",
            "conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": ago(age)}
            ],
            "initContainerStatuses": list(init),
            "containerStatuses": list(containers),
            **status,
        },
    }


def waiting(reason: str, message: str = "", *, restarts: int = 0, last: Any = None) -> Body:
    return {
        "name": "app",
        "image": "ghcr.io/acme/web:v2",
        "ready": False,
        "restartCount": restarts,
        "state": {"waiting": {"reason": reason, "message": message}},
        "lastState": {"terminated": last} if last else {},
    }


def running(seconds: int, *, ready: bool = False, restarts: int = 0, last: Any = None) -> Body:
    return {
        "name": "app",
        "ready": ready,
        "restartCount": restarts,
        "state": {"running": {"startedAt": ago(seconds)}},
        "lastState": {"terminated": last} if last else {},
    }


ERROR = {"exitCode": 1, "reason": "Error"}
OOM = {"exitCode": 137, "reason": "OOMKilled"}
SETS = (replica_set("web-old", "1"), replica_set("web-new", "2"))
UNPLACED = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/3 nodes are available: 3 Insufficient cpu.",
}


def verdict(
    *pods: Body,
    workload: Body | None = None,
    sets: tuple[Body, ...] = SETS,
    events: tuple[Body, ...] = (),
    tolerance: Tolerance | None = None,
) -> Diagnosis:
    body = workload or deployment()
    around = RelatedObjects(replica_sets=sets, pods=pods, events=events)
    health = assess(body, Facts(now=NOW))
    return diagnose(body, around, health=health, now=NOW, tolerance=tolerance)


PULL = "Back-off pulling image"
CASES: list[tuple[str, Body, str, bool, str]] = [
    (
        "crashes often",
        pod(waiting("CrashLoopBackOff", restarts=4, last=ERROR)),
        "CrashLoopBackOff",
        True,
        "Container app of pod web-new-x crashed 5 times, last with exit code 1 (Error).",
    ),
    (
        "crashes, tolerated",
        pod(waiting("CrashLoopBackOff", restarts=3, last=ERROR)),
        "CrashLoopBackOff",
        False,
        "Container app of pod web-new-x crashed 4 times, last with exit code 1 (Error).",
    ),
    (
        "crashed, running again",
        pod(running(5, restarts=9, last=ERROR), phase="Running"),
        "Restarted",
        False,
        "Container app of pod web-new-x crashed 10 times, last with exit code 1 (Error).",
    ),
    (
        "out of memory",
        pod(waiting("CrashLoopBackOff", restarts=4, last=OOM)),
        "OOMKilled",
        True,
        (
            "Container app of pod web-new-x crashed 5 times, last killed for lack of memory"
            " (OOMKilled)."
        ),
    ),
    (
        "just ended",
        pod({"name": "app", "restartCount": 1, "state": {"terminated": OOM}}, phase="Running"),
        "OOMKilled",
        False,
        "Container app of pod web-new-x crashed twice, last killed for lack of memory (OOMKilled).",
    ),
    (
        "start error",
        pod(
            waiting(
                "CrashLoopBackOff",
                restarts=5,
                last={
                    "exitCode": 128,
                    "reason": "StartError",
                    "message": 'exec: "serve": not found',
                },
            )
        ),
        "CrashLoopBackOff",
        True,
        (
            "Container app of pod web-new-x crashed 6 times, last with exit code 128 (StartError):"
            ' exec: "serve": not found.'
        ),
    ),
    (
        "pull fails for a moment",
        pod(waiting("ErrImagePull", "timeout"), age=20),
        "ErrImagePull",
        False,
        (
            "Container app of pod web-new-x cannot pull its image ghcr.io/acme/web:v2"
            " (ErrImagePull): timeout."
        ),
    ),
    (
        "pull fails for long",
        pod(waiting("ImagePullBackOff", PULL), age=90),
        "ImagePullBackOff",
        True,
        (
            "Container app of pod web-new-x cannot pull its image ghcr.io/acme/web:v2"
            f" (ImagePullBackOff): {PULL}."
        ),
    ),
    (
        "no image name",
        pod(waiting("InvalidImageName"), age=1),
        "InvalidImageName",
        True,
        (
            "Container app of pod web-new-x cannot use the image ghcr.io/acme/web:v2"
            " (InvalidImageName)."
        ),
    ),
    (
        "no config yet",
        pod(waiting("CreateContainerConfigError", 'configmap "web" not found'), age=20),
        "CreateContainerConfigError",
        False,
        (
            "Container app of pod web-new-x lacks part of its configuration"
            ' (CreateContainerConfigError): configmap "web" not found.'
        ),
    ),
    (
        "no config",
        pod(waiting("CreateContainerConfigError", 'secret "web" not found'), age=60),
        "CreateContainerConfigError",
        True,
        (
            "Container app of pod web-new-x lacks part of its configuration"
            ' (CreateContainerConfigError): secret "web" not found.'
        ),
    ),
    (
        "cannot run",
        pod(waiting("RunContainerError", "no such file"), age=90),
        "RunContainerError",
        True,
        "Container app of pod web-new-x could not be started (RunContainerError): no such file.",
    ),
    (
        "init container",
        pod(
            waiting("PodInitializing"),
            init=({**waiting("CrashLoopBackOff", restarts=4, last=ERROR), "name": "migrate"},),
        ),
        "CrashLoopBackOff",
        True,
        "Init container migrate of pod web-new-x crashed 5 times, last with exit code 1 (Error).",
    ),
    (
        "no node yet",
        pod(conditions=[{**UNPLACED, "lastTransitionTime": ago(100)}]),
        "Unschedulable",
        False,
        "Pod web-new-x finds no node: 0/3 nodes are available: 3 Insufficient cpu.",
    ),
    (
        "no node",
        pod(conditions=[{**UNPLACED, "lastTransitionTime": ago(400)}]),
        "Unschedulable",
        True,
        "Pod web-new-x finds no node: 0/3 nodes are available: 3 Insufficient cpu.",
    ),
    (
        "never ready",
        pod(running(240), phase="Running", age=250),
        "NotReady",
        False,
        "Container app of pod web-new-x has run for 240 s and is not ready.",
    ),
    (
        "evicted",
        pod(phase="Failed", reason="Evicted", message="The node was low on resource: memory. "),
        "Evicted",
        False,
        "Pod web-new-x was evicted (Evicted): The node was low on resource: memory.",
    ),
]


@pytest.mark.parametrize(
    ("body", "reason", "certain", "sentence"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_a_pod_explains_its_deployment(
    body: Body, reason: str, certain: bool, sentence: str
) -> None:
    found = verdict(body)
    assert (found.reason, found.certain, found.sentence) == (reason, certain, sentence)
    assert found.status is (Status.FAILED if certain else Status.IN_PROGRESS)
    assert found.pod == "web-new-x"


def test_the_log_that_tells_more_is_named() -> None:
    crashing = verdict(pod(waiting("CrashLoopBackOff", restarts=4, last=ERROR)))
    assert crashing.log == LogRequest(pod="web-new-x", container="app", previous=True)
    assert crashing.container == "app"
    unready = verdict(pod(running(240), phase="Running"))
    assert unready.log == LogRequest(pod="web-new-x", container="app")
    assert verdict(pod(waiting("ErrImagePull"))).log is None


def test_pods_of_the_old_revision_prove_nothing() -> None:
    old = pod(
        waiting("CrashLoopBackOff", restarts=50, last=ERROR),
        parent=owner("ReplicaSet", "web-old"),
    )
    found = verdict(old)
    assert not found.certain
    assert found.pod == ""
    assert found.sentence == "Deployment web: Updated: 1/2."


def test_nothing_is_read_from_pods_before_the_controller_has_looked() -> None:
    stale = verdict(
        pod(waiting("CrashLoopBackOff", restarts=50, last=ERROR)),
        workload=deployment(observedGeneration=1),
    )
    assert not stale.certain
    assert stale.reason == "LatestGenerationNotObserved"


def test_pods_on_their_way_out_and_finished_ones_are_left_out() -> None:
    leaving = pod(waiting("CrashLoopBackOff", restarts=50, last=ERROR))
    leaving["metadata"]["deletionTimestamp"] = ago(1)
    assert verdict(leaving, pod(name="web-new-y", phase="Succeeded")).pod == ""


def test_what_is_certain_outweighs_what_may_heal() -> None:
    found = verdict(
        pod(waiting("ErrImagePull"), name="web-new-a", age=5),
        pod(conditions=[{**UNPLACED, "lastTransitionTime": ago(400)}], name="web-new-b"),
        pod(waiting("CrashLoopBackOff", restarts=4, last=ERROR), name="web-new-c"),
    )
    assert (found.pod, found.reason, found.certain) == ("web-new-c", "CrashLoopBackOff", True)


def test_restarts_tolerated_come_from_the_configuration() -> None:
    body = pod(waiting("CrashLoopBackOff", restarts=1, last=ERROR))
    assert verdict(body, tolerance=Tolerance(restarts=0)).certain
    assert not verdict(body, tolerance=Tolerance(restarts=10)).certain


def test_a_deadline_is_certain_and_the_pod_says_why() -> None:
    late = {
        "type": "Progressing",
        "status": "False",
        "reason": "ProgressDeadlineExceeded",
        "message": 'ReplicaSet "web-new" has timed out progressing.',
    }
    found = verdict(
        pod(running(590), phase="Running", age=600), workload=deployment(conditions=[late])
    )
    assert found.certain
    assert found.sentence == (
        "Container app of pod web-new-x has run for 590 s and is not ready;"
        ' Deployment web: ReplicaSet "web-new" has timed out progressing.'
    )


@pytest.mark.parametrize(
    ("message", "age", "reason", "certain"),
    [
        ('pods "web-x" is forbidden: exceeded quota: compute', 10, "QuotaExceeded", False),
        ('pods "web-x" is forbidden: exceeded quota: compute', 90, "QuotaExceeded", True),
        ('pods "web-x" is forbidden: violates PodSecurity "restricted"', 1, "FailedCreate", True),
        ('serviceaccount "web" not found', 5, "FailedCreate", False),
    ],
)
def test_pods_that_the_api_refuses(message: str, age: int, reason: str, certain: bool) -> None:
    refused = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": message,
        "lastTransitionTime": ago(age),
    }
    found = verdict(sets=(SETS[0], replica_set("web-new", "2", conditions=[refused])))
    assert (found.reason, found.certain) == (reason, certain)
    assert found.sentence == f"Deployment web cannot make its pods: {message}."


def stateful(kind: str) -> Body:
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {
            "name": "db",
            "uid": "s",
            "generation": 2,
            "annotations": {"deprecated.daemonset.template.generation": "2"},
        },
        "spec": {"replicas": 1},
        "status": {"observedGeneration": 2, "replicas": 1, "updateRevision": "db-2"},
    }


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_revisions_of_other_workloads(kind: str) -> None:
    parent = owner(kind, "s")
    new = pod(waiting("CrashLoopBackOff", restarts=4, last=ERROR), name="db-0", parent=parent)
    old = pod(waiting("InvalidImageName"), name="db-1", parent=parent)
    old["metadata"]["labels"] = {"controller-revision-hash": "db-1", "pod-template-generation": "1"}
    found = verdict(old, new, workload=stateful(kind), sets=())
    assert (found.pod, found.certain) == ("db-0", True)


def test_a_stateful_set_that_is_refused_says_so_in_events() -> None:
    event = {
        "type": "Warning",
        "reason": "FailedCreate",
        "message": "create Pod db-0 failed: exceeded quota: compute",
        "firstTimestamp": ago(120),
        "lastTimestamp": ago(1),
        "count": 9,
        "involvedObject": {"name": "db", "uid": "s"},
    }
    found = verdict(workload=stateful("StatefulSet"), sets=(), events=(event,))
    assert (found.reason, found.certain) == ("QuotaExceeded", True)
    assert found.events == (
        "FailedCreate: create Pod db-0 failed: exceeded quota: compute (9 times)",
    )


def test_a_job_counts_its_tries_itself() -> None:
    job: Body = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "migrate", "uid": "j"},
        "status": {"startTime": ago(60), "active": 1},
    }
    tries = pod(
        waiting("CrashLoopBackOff", restarts=9, last=ERROR),
        name="migrate-x",
        parent=owner("Job", "j"),
    )
    assert not verdict(tries, workload=job, sets=()).certain
    ended = {"type": "Failed", "status": "True", "message": "Job has reached its backoff limit"}
    failed = verdict(tries, workload={**job, "status": {"conditions": [ended]}}, sets=())
    assert failed.certain
    assert "crashed 10 times" in failed.sentence
    assert "backoff limit" in failed.sentence


def test_a_pod_of_its_own() -> None:
    alone = pod(phase="Failed", reason="Evicted", name="tool", parent=[])
    assert verdict(workload=alone, sets=()).certain
    looping = pod(waiting("CrashLoopBackOff", restarts=1, last=ERROR), parent=[], phase="Running")
    found = verdict(workload=looping, sets=())
    assert (found.status, found.certain) == (Status.FAILED, False)


def test_a_paused_rollout_needs_a_person() -> None:
    paused = deployment()
    paused["spec"]["paused"] = True
    found = verdict(workload=paused)
    assert found.certain
    assert found.sentence == "Deployment web: Rollout is paused (spec.paused)."


def test_a_custom_object_that_failed_is_certain() -> None:
    stalled = {"type": "Stalled", "status": "True", "reason": "Broken", "message": "no such chart"}
    body = {"apiVersion": "acme.dev/v1", "kind": "Shop", "metadata": {"name": "web"}}
    found = verdict(workload={**body, "status": {"conditions": [stalled]}})
    assert found.certain
    assert found.sentence == "Shop web: no such chart."


def test_the_last_warnings_about_workload_and_pod() -> None:
    def event(name: str, seconds: int, message: str, kind: str = "Warning") -> Body:
        return {
            "type": kind,
            "reason": "BackOff",
            "message": message,
            "lastTimestamp": ago(seconds),
            "involvedObject": {"name": name},
        }

    events = (
        event("web-new-x", 1, "last"),
        event("web-new-x", 9, "first"),
        event("web-old-x", 2, "of the old revision"),
        event("web-new-x", 3, "all is well", "Normal"),
        *(event("web", 5, f"number {number}") for number in range(9)),
    )
    crashing = pod(waiting("CrashLoopBackOff", restarts=4, last=ERROR))
    found = verdict(crashing, events=events).events
    assert len(found) == 5
    assert found[-1] == "BackOff: last"
    assert not any("old" in line or "well" in line for line in found)


def test_healthy_needs_no_words() -> None:
    healthy = deployment(
        replicas=2,
        updatedReplicas=2,
        readyReplicas=2,
        availableReplicas=2,
        conditions=[
            {"type": "Available", "status": "True"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        ],
    )
    crashing = pod(waiting("CrashLoopBackOff", restarts=4, last=ERROR))
    assert verdict(crashing, workload=healthy) == Diagnosis(status=Status.CURRENT)
