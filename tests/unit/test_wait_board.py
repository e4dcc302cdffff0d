"""What a wait concludes from what it knows, without a cluster."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from gitops_action.commands.deploy.target import ask
from gitops_action.commands.deploy.wait.state import RETURN, Rules, WaitState
from gitops_action.commands.deploy.wait.watches import WatchSource
from gitops_action.core.cluster.errors import UnreachableError
from gitops_action.core.cluster.model import WatchEvent
from gitops_action.core.health import Status
from gitops_action.core.health.diagnose import Tolerance
from gitops_action.core.health.diagnose.workload import MENDING
from gitops_action.core.manifests.model import Body
from tests.support.wait import awaited, workload

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
PODS = WatchSource(api_version="v1", kind="Pod", namespace="web")
SETS = WatchSource(api_version="apps/v1", kind="ReplicaSet", namespace="web")


def board(*bodies: Body) -> WaitState:
    rules = Rules(kinds=(), tolerance=Tolerance(restarts=1), begun=START)
    return WaitState([awaited(body, body) for body in bodies], rules)


def owned(uid: str, owner: str) -> dict[str, object]:
    meta: dict[str, object] = {"namespace": "web", "name": uid, "uid": uid}
    return {**meta, "ownerReferences": [{"uid": owner}]} if owner else meta


def deployment(*, ready: int = 0, generation: int = 1, observed: int = 1) -> Body:
    body = dict(workload("Deployment", "web", "api"))
    counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), ready)
    good = [
        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        {"type": "Available", "status": "True"},
    ]
    body["metadata"] = {
        **owned("deployment", ""),
        "name": "api",
        "generation": generation,
        "annotations": {"deployment.kubernetes.io/revision": "2"},
    }
    body["status"] = counts | {
        "observedGeneration": observed,
        "readyReplicas": ready,
        "conditions": good if ready else [],
    }
    return body


def replica_set(revision: int) -> Body:
    meta = owned(f"set-{revision}", "deployment")
    meta["annotations"] = {"deployment.kubernetes.io/revision": str(revision)}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta}


def crashing_pod(owner: str, created: datetime, restarts: int = 9) -> Body:
    state = {
        "name": "main",
        "restartCount": restarts,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"exitCode": 1}},
    }
    meta = owned(f"pod-of-{owner}", owner) | {"creationTimestamp": created.isoformat()}
    status = {"phase": "Running", "containerStatuses": [state]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "status": status}


def surrounded(found: WaitState, *, pod_of: int, created: datetime) -> WaitState:
    found.neighbours.listed(SETS, (replica_set(1), replica_set(2)))
    found.neighbours.listed(PODS, (crashing_pod(f"set-{pod_of}", created),))
    return found


def evaluated(found: WaitState, now: datetime) -> bool:
    (one,) = found.all.values()
    found.evaluate(one, now, (now - START).total_seconds())
    return one.certain


def states(found: WaitState) -> list[Status]:
    return [one.shown.status for one in found.all.values()]


def test_a_status_of_an_earlier_generation_is_waited_for() -> None:
    (one,) = board(deployment(ready=1, generation=2, observed=1)).all.values()
    assert one.open
    (one,) = board(deployment(ready=1, generation=2, observed=2)).all.values()
    assert one.seconds == 0


@pytest.mark.parametrize(("pod_of", "certain"), [(1, False), (2, True)])
def test_only_pods_of_the_newest_replica_set_count(pod_of: int, *, certain: bool) -> None:
    found = surrounded(board(deployment()), pod_of=pod_of, created=START)
    assert evaluated(found, START + timedelta(seconds=3)) is certain


def test_trouble_older_than_the_wait_gets_a_minute_to_mend() -> None:
    old = START - timedelta(hours=1)
    found = surrounded(board(deployment()), pod_of=2, created=old)
    assert not evaluated(found, START + timedelta(seconds=3))
    (one,) = found.all.values()
    assert one.timed  # time alone will change it, without any news
    assert evaluated(found, START + MENDING)


def test_an_old_deadline_gets_a_minute_and_a_failed_job_none() -> None:
    exceeded = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    since = (START - timedelta(hours=1)).isoformat()
    late = {**deployment(), "status": {"conditions": [exceeded | {"lastTransitionTime": since}]}}
    assert not evaluated(board(late), START + timedelta(seconds=3))
    assert evaluated(board(late), START + MENDING)
    ended = {"type": "Failed", "status": "True", "lastTransitionTime": since}
    job = {**workload("Job", "web", "job"), "status": {"conditions": [ended]}}
    assert evaluated(board(job), START)


def test_what_was_healthy_stays_so_unless_it_is_certain_that_it_fails() -> None:
    found = board(deployment(ready=1))
    (one,) = found.all.values()
    found.seen(one.id, deployment())  # scaled, or a pod moves
    assert not evaluated(found, START + timedelta(seconds=2))
    assert states(found) == [Status.CURRENT]
    surrounded(found, pod_of=2, created=START)
    assert evaluated(found, START + timedelta(seconds=3))
    assert states(found) == [Status.FAILED]


def test_an_object_that_comes_back_was_not_missed() -> None:
    found = board(deployment())
    (one,) = found.all.values()
    found.absent(one.id, START)
    assert not evaluated(found, START + timedelta(seconds=1))
    found.seen(one.id, deployment(ready=1))
    assert not evaluated(found, START + timedelta(seconds=2))
    assert one.seconds == 2
    found.absent(one.id, START)
    assert evaluated(found, START + RETURN)
    assert one.shown.status is Status.NOT_FOUND


def test_a_job_whose_end_came_with_its_removal_has_that_end() -> None:
    job = dict(workload("Job", "web", "job", ttlSecondsAfterFinished=0))
    found = board(job)
    (one,) = found.all.values()
    done = {"conditions": [{"type": "Complete", "status": "True"}], "startTime": "now"}
    meta = {"name": "job", "namespace": "web", "deletionTimestamp": "2026-01-01T12:00:00Z"}
    found.seen(one.id, {**job, "metadata": meta, "status": done})
    found.absent(one.id, START)
    assert not evaluated(found, START)
    assert one.shown.status is Status.CURRENT


def test_news_of_a_pod_concern_its_deployment_until_it_is_gone() -> None:
    found = surrounded(board(deployment()), pod_of=2, created=START)
    pod = crashing_pod("set-2", START)
    (concerned,) = found.of_uids(found.neighbours.concerned(PODS, pod))
    assert concerned.kind == "Deployment"
    found.neighbours.changed(PODS, WatchEvent(change="deleted", body=pod))
    assert not found.neighbours.of(deployment()).pods
    assert not evaluated(found, START + timedelta(seconds=3))


def test_questions_end_with_their_time_with_a_stop_and_with_errors() -> None:
    def fails() -> int:
        raise UnreachableError("away")

    slow = threading.Event()
    stop = threading.Event()
    one, two, three = ask([lambda: 1, fails, lambda: int(slow.wait(5))], stop=stop, seconds=0.5)
    assert (one, three) == (1, None)
    assert isinstance(two, UnreachableError)
    stop.set()
    begun = time.monotonic()
    assert ask([lambda: int(slow.wait(5))], stop=stop, seconds=5) == [None]
    assert time.monotonic() - begun < 1
    slow.set()
