"""Watches and leases against a real API server."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from gitops_action.adapters.cluster import ClusterClient, access_of, connect, watching
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.cluster import ApplyOptions, Given, LeaseTerms
from gitops_action.core.cluster import errors as refused
from gitops_action.core.cluster.model import Listing, Resource, WatchEvent
from gitops_action.core.manifests.fields import mapping, text
from testbed.cluster import ControlPlane
from testbed.cluster.api import Json

OPTIONS = ApplyOptions(manager="gitops-action:test")


@pytest.fixture
def cluster(control_plane: ControlPlane) -> Iterator[ClusterClient]:
    client = connect(access_of(Given(kubeconfig=control_plane.kubeconfig)))
    yield client
    client.close()


@pytest.fixture
def maps(cluster: ClusterClient) -> Resource:
    return cluster.resource("v1", "ConfigMap")


def config_map(namespace: str, name: str, value: str = "1") -> Json:
    meta = {"namespace": namespace, "name": name, "labels": {"seen": "yes"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"value": value}}


def told(event: WatchEvent) -> tuple[str, str, str]:
    data = mapping(event.body, "data")
    return event.change, text(event.body, "metadata", "name"), str(data.get("value", ""))


class Collector:
    """Reads a watch in a thread of its own."""

    def __init__(self, events: Iterator[WatchEvent]) -> None:
        self.seen: list[tuple[str, str, str]] = []
        self.error: Exception | None = None
        self._events = events
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            for event in self._events:
                self.seen.append(told(event))
        except refused.ClusterError as error:
            self.error = error

    def wait_for(self, what: tuple[str, str, str], seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while what not in self.seen:
            assert time.monotonic() < deadline, (what, self.seen, self.error)
            time.sleep(0.02)

    def ended(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()


def test_changes_come_from_a_listing_on(
    cluster: ClusterClient, maps: Resource, namespace: str
) -> None:
    cluster.apply(config_map(namespace, "old"), OPTIONS)
    start = cluster.list(maps, namespace=namespace, labels="seen")
    watch = cluster.watch(maps, namespace=namespace, labels="seen", start=start, seconds=60)
    collector = Collector(iter(watch))
    live = cluster.apply(config_map(namespace, "new"), OPTIONS)
    cluster.apply(config_map(namespace, "new", "2"), OPTIONS)
    uid = text(live, "metadata", "uid")
    cluster.delete(maps, namespace=namespace, name="new", uid=uid)
    collector.wait_for(("deleted", "new", "2"))
    watch.close()
    assert collector.ended(5)
    assert collector.seen == [
        ("added", "new", "1"),
        ("modified", "new", "2"),
        ("deleted", "new", "2"),
    ]


def test_without_a_listing_what_is_there_comes_first_and_time_ends_it(
    cluster: ClusterClient, maps: Resource, namespace: str
) -> None:
    cluster.apply(config_map(namespace, "there"), OPTIONS)
    begun = time.monotonic()
    events = [
        told(one) for one in cluster.watch(maps, namespace=namespace, labels="seen", seconds=1)
    ]
    assert events == [("added", "there", "1")]
    assert time.monotonic() - begun < 5


def test_nothing_is_missed_over_a_restart_of_the_server(
    control_plane: ControlPlane, cluster: ClusterClient, maps: Resource, namespace: str
) -> None:
    cluster.apply(config_map(namespace, "before"), OPTIONS)
    watch = cluster.watch(maps, namespace=namespace, labels="seen", seconds=120)
    collector = Collector(iter(watch))
    collector.wait_for(("added", "before", "1"))
    control_plane.stop_api()
    time.sleep(0.5)
    control_plane.start_api()
    cluster.apply(config_map(namespace, "after"), OPTIONS)
    collector.wait_for(("added", "after", "1"))
    watch.close()
    assert collector.ended(5)
    assert collector.seen.count(("added", "before", "1")) == 1


def test_a_forgotten_version_is_listed_anew_and_only_differences_are_told(
    control_plane: ControlPlane, cluster: ClusterClient, maps: Resource, namespace: str
) -> None:
    for name in ("stays", "goes", "changes"):
        cluster.apply(config_map(namespace, name), OPTIONS)
    start = cluster.list(maps, namespace=namespace, labels="seen")
    gone = cluster.get(maps, namespace=namespace, name="goes")
    cluster.delete(maps, namespace=namespace, name="goes", uid=text(gone, "metadata", "uid"))
    cluster.apply(config_map(namespace, "changes", "2"), OPTIONS)
    cluster.apply(config_map(namespace, "comes"), OPTIONS)
    control_plane.stop_api()  # a server that starts again knows no version from before: 410
    control_plane.start_api()
    stale = Listing(items=start.items, version="1")
    watch = cluster.watch(maps, namespace=namespace, labels="seen", start=stale, seconds=2)
    events = [told(one) for one in watch]
    assert sorted(events) == [
        ("added", "comes", "1"),
        ("deleted", "goes", ""),
        ("modified", "changes", "2"),
    ]


def test_connections_are_renewed_and_nothing_is_missed_or_told_twice(
    cluster: ClusterClient, maps: Resource, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_LONGEST", 1.0)
    watch = cluster.watch(maps, namespace=namespace, labels="seen", seconds=60)
    collector = Collector(iter(watch))
    for number in range(3):
        cluster.apply(config_map(namespace, f"one-{number}"), OPTIONS)
        time.sleep(1.2)
    watch.close()
    assert collector.ended(5)
    assert collector.seen == [("added", f"one-{number}", "1") for number in range(3)]


def test_a_watch_that_may_not_be_is_an_error(control_plane: ControlPlane, namespace: str) -> None:
    account = control_plane.account(namespace, "blind")
    client = connect(access_of(Given(kubeconfig=account.kubeconfig)))
    kind = client.resource("v1", "ConfigMap")
    start = Listing(items=(), version="0")
    with pytest.raises(refused.AccessDeniedError):
        list(client.watch(kind, namespace=namespace, start=start, seconds=5))


def test_pods_are_followed_to_their_events_and_logs(
    control_plane: ControlPlane, cluster: ClusterClient, namespace: str
) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "namespace": namespace,
            "name": "broken",
            "annotations": {"testbed/behaviour": "crash-loop", "testbed/log": "one\ntwo\nthree\n"},
        },
        "spec": {"containers": [{"name": "main", "image": "web:1"}]},
    }
    cluster.apply(pod, OPTIONS)
    pods = cluster.resource("v1", "Pod")
    for event in cluster.watch(pods, namespace=namespace, name="broken", seconds=30):
        live = event.body
        if "CrashLoopBackOff" in str(live.get("status")):
            break
    assert cluster.log(namespace, "broken", "main", lines=2, previous=True) == "two\nthree\n"
    reasons = {one.reason: one.warning for one in cluster.events(live)}
    assert reasons["Scheduled"] is False
    assert reasons["BackOff"] is True
    with pytest.raises(refused.NotFoundError):
        cluster.log(namespace, "absent", "main", lines=2)
    assert "fatal" not in control_plane.kubectl("logs", "-n", namespace, "broken")


def terms(namespace: str, holder: str, **changes: float) -> LeaseTerms:
    return LeaseTerms(
        namespace=namespace,
        name="production",
        holder=holder,
        seconds=int(changes.get("seconds", 30)),
        wait=changes.get("wait", 0),
    )


def test_a_second_run_refuses_names_the_first_and_may_go_after_it(
    cluster: ClusterClient, namespace: str
) -> None:
    with cluster.lease(terms(namespace, "run 1")) as lease:
        lease.check()
        with (
            pytest.raises(refused.LeaseHeldError) as error,
            cluster.lease(terms(namespace, "run 2")),
        ):
            pytest.fail("both have it")
        assert error.value.holder == "run 1"
        lease.check()
    with cluster.lease(terms(namespace, "run 2")) as lease:
        lease.check()


def test_a_second_run_that_waits_comes_when_the_first_has_ended(
    cluster: ClusterClient, namespace: str
) -> None:
    order: list[str] = []

    def second() -> None:
        with cluster.lease(terms(namespace, "run 2", wait=30)):
            order.append("second")

    with cluster.lease(terms(namespace, "run 1")):
        waiting = threading.Thread(target=second)
        waiting.start()
        time.sleep(1)
        order.append("first")
    waiting.join(30)
    assert order == ["first", "second"]


def test_a_dead_holder_s_lease_expires_and_a_live_one_s_is_renewed(
    control_plane: ControlPlane, cluster: ClusterClient, namespace: str
) -> None:
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    dead = {
        "metadata": {"name": "production"},
        "spec": {
            "holderIdentity": "dead",
            "leaseDurationSeconds": 2,
            "renewTime": time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime()),
        },
    }
    control_plane.api.create(path, dead)
    with cluster.lease(terms(namespace, "alive", seconds=3, wait=20)) as lease:
        time.sleep(5)  # longer than it lasts without renewal
        lease.check()
        assert control_plane.api.get(f"{path}/production")["spec"]["holderIdentity"] == "alive"
        with pytest.raises(refused.LeaseHeldError), cluster.lease(terms(namespace, "other")):
            pytest.fail("both have it")


def test_a_lease_that_another_took_is_lost(
    control_plane: ControlPlane, cluster: ClusterClient, namespace: str
) -> None:
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/production"
    with cluster.lease(terms(namespace, "run 1", seconds=3)) as lease:
        control_plane.api.merge(path, {"spec": {"holderIdentity": "a person"}})
        time.sleep(2)
        with pytest.raises(refused.LeaseLostError, match="no longer holds") as error:
            lease.check()
        assert "a person" in str(error.value)
    assert control_plane.api.get(path)["spec"]["holderIdentity"] == "a person"


def test_only_one_of_many_gets_a_lease(cluster: ClusterClient, namespace: str) -> None:
    inside = 0
    most = 0
    turns = 0
    lock = threading.Lock()

    def work(number: int) -> None:
        nonlocal inside, most, turns
        with cluster.lease(terms(namespace, f"run {number}", wait=60)):
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.05)
            with lock:
                inside -= 1
                turns += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (most, turns) == (1, 5)


def test_impatience_is_told_when_the_server_stays_away(
    control_plane: ControlPlane, namespace: str
) -> None:
    policy = RetryPolicy(attempts=2, initial=0.1, maximum=0.1, jitter=0)
    client = connect(access_of(Given(kubeconfig=control_plane.kubeconfig)), policy)
    kind = client.resource("v1", "ConfigMap")
    collector = Collector(iter(client.watch(kind, namespace=namespace, seconds=60)))
    control_plane.stop_api()
    try:
        assert collector.ended(20)
    finally:
        control_plane.start_api()
    assert isinstance(collector.error, refused.UnreachableError)
