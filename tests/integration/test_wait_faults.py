"""Faults during a wait: what is not determined is unknown, and no result is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gitops_action.commands.deploy.wait import Ending
from gitops_action.core.health import Status
from testbed.cluster import ControlPlane
from tests.support.flux import until
from tests.support.wait import bench, leftovers, only, unread, workload

DEPLOYMENTS = {
    "apiGroups": ["apps"],
    "resources": ["deployments"],
    "verbs": ["get", "list", "watch", "patch", "create"],
}


@contextmanager
def after(seconds: float, action: Callable[[], None]) -> Iterator[None]:
    """Do it in a while, and be done with it when the block ends."""
    timer = threading.Timer(seconds, action)
    timer.start()
    yield
    timer.join()


def test_the_wait_goes_on_over_a_restart_of_the_api_server(
    control_plane: ControlPlane, namespace: str
) -> None:
    def restart() -> None:
        control_plane.stop_api()
        time.sleep(2)
        control_plane.start_api()

    stand = bench(control_plane)
    objects = stand.apply(workload("Deployment", namespace, behaviour="ready-after=3"))
    with after(0.5, restart):
        result = stand.wait(objects, 60)
    assert result.ending is Ending.HEALTHY
    assert any("tried again" in one.text for one in stand.told.lines)
    assert any("did not answer for a while" in note for note in result.notes)
    assert list(leftovers()) == []


def test_a_server_that_stays_away_is_unknown_and_no_failure(
    control_plane: ControlPlane, namespace: str
) -> None:
    stand = bench(control_plane)
    objects = stand.apply(
        workload("Deployment", namespace), workload("Deployment", namespace, "late", "never-ready")
    )
    available = "--for=condition=Available"
    control_plane.kubectl("wait", available, "deployment/web", "-n", namespace, "--timeout=60s")
    with after(2, control_plane.stop_api):
        result = stand.wait(objects, 5)
    control_plane.start_api()
    assert result.ending is Ending.UNKNOWN
    failure = only(result)
    assert "did not answer any more" in failure.sentence
    assert "1 of 2 objects were healthy" in failure.sentence
    assert f"Deployment {namespace}/late" in failure.sentence
    assert [one.health.status for one in result.objects] == [Status.CURRENT, Status.IN_PROGRESS]
    until(lambda: not list(leftovers()), what="threads in the middle of a request end after it")


def test_a_server_that_goes_just_before_the_end_is_unknown_too(
    control_plane: ControlPlane, namespace: str
) -> None:
    stand = bench(control_plane)
    objects = stand.apply(workload("Deployment", namespace, behaviour="never-ready"))
    with after(1.8, control_plane.stop_api):
        result = stand.wait(objects, 2)
    control_plane.start_api()
    assert result.ending is Ending.UNKNOWN


def test_a_token_that_runs_out_is_unknown_and_no_failure(
    control_plane: ControlPlane, namespace: str
) -> None:
    account = control_plane.account(namespace, "short", rules=[DEPLOYMENTS])
    objects = bench(control_plane).apply(workload("Deployment", namespace, behaviour="never-ready"))
    stand = bench(control_plane, account.kubeconfig)
    with after(0.5, lambda: control_plane.revoke(account)):
        late = stand.wait(objects, 12)  # the server remembers a token for ten seconds
    begun = time.monotonic()
    at_once = stand.wait(objects, 60)
    assert time.monotonic() - begun < 5
    for result in (late, at_once):
        assert result.ending is Ending.UNKNOWN
        failure = only(result)
        assert "stopped accepting the credentials" in failure.sentence
        assert f"Deployment {namespace}/web" in failure.sentence
        assert "token" in failure.fix
    assert list(leftovers()) == []


def test_without_rights_on_pods_the_own_status_decides_with_a_note(
    control_plane: ControlPlane, namespace: str
) -> None:
    account = control_plane.account(namespace, "narrow", rules=[DEPLOYMENTS])
    stand = bench(control_plane, account.kubeconfig)
    objects = stand.apply(workload("Deployment", namespace))
    assert stand.wait(objects, 60).ending is Ending.HEALTHY
    objects += stand.apply(
        workload("Deployment", namespace, "bad", "crash-loop", progressDeadlineSeconds=5)
    )
    result = stand.wait(objects, 60)
    assert result.ending is Ending.FAILED
    assert "progress" in only(result).sentence
    assert [one.health.status for one in result.objects] == [Status.CURRENT, Status.FAILED]
    for kind in ("Pod", "Event", "ReplicaSet"):
        assert any(note.startswith(f"{kind} in namespace") for note in result.notes), result.notes


def test_without_the_right_to_read_logs_the_rest_is_told(
    control_plane: ControlPlane, namespace: str
) -> None:
    verbs = ["get", "list", "watch"]
    pods = {"apiGroups": ["", "apps"], "resources": ["pods", "replicasets"], "verbs": verbs}
    account = control_plane.account(namespace, "no-logs", rules=[DEPLOYMENTS, pods])
    stand = bench(control_plane, account.kubeconfig)
    result = stand.wait(stand.apply(workload("Deployment", namespace, behaviour="crash-loop")), 60)
    assert result.ending is Ending.FAILED
    failure = only(result)
    assert "crashed" in failure.sentence
    assert failure.log == ()
    assert any(note.startswith("Log lines could not be read") for note in result.notes)


def test_with_the_right_to_get_alone_objects_are_asked_for(
    control_plane: ControlPlane, namespace: str
) -> None:
    rules = [{**DEPLOYMENTS, "verbs": ["get", "patch", "create"]}]
    account = control_plane.account(namespace, "getter", rules=rules)
    stand = bench(control_plane, account.kubeconfig)
    objects = stand.apply(workload("Deployment", namespace))
    result = stand.wait(objects, 30)
    assert result.ending is Ending.HEALTHY
    assert any("every few seconds" in note for note in result.notes)


def test_what_may_not_be_read_at_all_is_unknown(
    control_plane: ControlPlane, namespace: str
) -> None:
    account = control_plane.account(namespace, "blind", rules=[])
    objects = unread(bench(control_plane).apply(workload("Deployment", namespace)))
    result = bench(control_plane, account.kubeconfig).wait(objects, 30)
    assert result.ending is Ending.UNKNOWN
    assert result.objects[0].health.reason == "AccessDenied"
    assert "deployments.apps" in only(result).sentence


def test_a_cancelled_job_says_how_far_it_got_within_a_second(
    control_plane: ControlPlane, namespace: str
) -> None:
    stand = bench(control_plane)
    objects = stand.apply(
        workload("Deployment", namespace), workload("Deployment", namespace, "late", "never-ready")
    )
    ended: list[float] = []

    def cancel() -> None:
        ended.append(time.monotonic())
        stand.stop.set()

    with after(2, cancel):
        result = stand.wait(objects, 60)
        assert time.monotonic() - ended[0] < 1
    assert result.ending is Ending.UNKNOWN
    assert "interrupted: 1 of 2 objects were healthy after 2s" in only(result).sentence
    assert list(leftovers()) == []
