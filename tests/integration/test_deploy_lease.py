"""One deployment at a time: who waits, who refuses, and what happens to a lease that is lost."""

from __future__ import annotations

import threading
import time

import pytest

from gitops_action.adapters.cluster import ClusterClient
from gitops_action.commands.deploy.push.inventory import ensure_home, home_rights
from gitops_action.commands.deploy.push.lease import held
from gitops_action.core.cluster import errors as refused
from gitops_action.core.cluster.errors import StoppedError
from gitops_action.core.deploy.inventory import record_name
from gitops_action.errors import GitOpsError
from testbed.cluster import ControlPlane
from testbed.cluster.api import ApiError, Json
from tests.support.pruning import Place, client, config_map, place

LEASES = "/apis/coordination.k8s.io/v1/namespaces/{}/leases"


def waiting(here: Place, holder: str, wait: float) -> Place:
    return here.with_options(holder=holder, lease_wait=wait)


def lease_path(here: Place) -> str:
    base = LEASES.format(here.cluster.namespace)
    return f"{base}/{record_name(here.store.label)}"


def test_a_second_run_waits_tells_who_is_first_and_comes_after(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    first, second = waiting(here, "acme run 1", 0), waiting(here, "acme run 2", 30)
    order: list[str] = []

    def later() -> None:
        with held(second.run) as lease:
            lease.check()
            order.append("second")

    with held(first.run) as lease:
        thread = threading.Thread(target=later)
        thread.start()
        time.sleep(0.5)
        lease.check()
        order.append("first")
    thread.join(20)
    assert order == ["first", "second"]
    told = [one.text for one in second.told.lines]
    assert len(told) == 1
    assert "acme run 1" in told[0]


@pytest.mark.parametrize("holder", ["acme run 2", "acme run 1"])
def test_a_second_run_refuses_when_its_retry_policy_ends_even_of_the_same_name(
    control_plane: ControlPlane, namespace: str, holder: str
) -> None:
    here = place(control_plane, namespace)
    began = time.monotonic()
    with held(waiting(here, "acme run 1", 0).run) as lease:
        with (
            pytest.raises(refused.LeaseHeldError) as error,
            held(waiting(here, holder, 0.5).run),
        ):
            pytest.fail("both have it")
        lease.check()
    assert "acme run 1" in error.value.cause
    assert 0.5 <= time.monotonic() - began < 5


def test_other_environments_and_repositories_are_not_waited_for(
    control_plane: ControlPlane, namespace: str
) -> None:
    one = waiting(place(control_plane, namespace), "one", 0)
    staging = place(control_plane, namespace, environment="staging")
    other = place(control_plane, namespace, repository="acme/other")
    with (
        held(one.run) as first,
        held(waiting(staging, "two", 0).run) as second,
        held(waiting(other, "three", 0).run) as third,
    ):
        for lease in (first, second, third):
            lease.check()


def test_a_cancelled_job_stops_waiting_at_once(control_plane: ControlPlane, namespace: str) -> None:
    here = place(control_plane, namespace)
    second = waiting(here, "acme run 2", 60)
    with held(waiting(here, "acme run 1", 0).run):
        threading.Timer(0.3, second.stop.set).start()
        began = time.monotonic()
        with pytest.raises(StoppedError, match="acme run 1"), held(second.run):
            pytest.fail("it was cancelled")
        assert time.monotonic() - began < 2


def test_the_lease_of_a_dead_run_is_taken_over(control_plane: ControlPlane, namespace: str) -> None:
    here = place(control_plane, namespace)
    dead: Json = {
        "metadata": {"name": record_name(here.store.label)},
        "spec": {
            "holderIdentity": "killed",
            "leaseDurationSeconds": 2,
            "renewTime": time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime()),
        },
    }
    control_plane.api.create(LEASES.format(namespace), dead)
    alive = waiting(here, "alive", 20)
    with held(alive.run) as lease:
        lease.check()
        spec = control_plane.api.get(lease_path(here))["spec"]
        assert spec["holderIdentity"] == "alive"
    assert any("killed" in one.text for one in alive.told.lines)


def test_a_lease_that_was_taken_away_prunes_nothing_more(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    here.apply(config_map(namespace, "kept"), config_map(namespace, "old"))
    with held(here.run, seconds=3) as lease:
        control_plane.api.merge(lease_path(here), {"spec": {"holderIdentity": "a person"}})
        time.sleep(1.5)
        pruned = here.prune(config_map(namespace, "kept"), lease=lease)
    assert isinstance(pruned.ended, refused.LeaseLostError)
    assert here.known() == {"kept", "old"}
    assert control_plane.api.get(f"/api/v1/namespaces/{namespace}/configmaps/old")
    assert control_plane.api.get(lease_path(here))["spec"]["holderIdentity"] == "a person"


def test_giving_it_back_takes_seconds_when_the_server_is_away(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    with held(here.run, seconds=3):
        control_plane.stop_api()
        time.sleep(1.2)  # a renewal is under way
        began = time.monotonic()
    assert time.monotonic() - began < 6
    control_plane.start_api()


def test_a_home_that_is_described_is_created_first(control_plane: ControlPlane) -> None:
    name = "home-that-arrives"
    body: Json = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"team": "web"}},
    }
    here = place(control_plane, name, described=[body])
    with held(here.run) as lease:
        lease.check()
        labels = control_plane.api.get(f"/api/v1/namespaces/{name}")["metadata"]["labels"]
        assert labels["team"] == "web"
        assert labels["gitops-action/inventory"] == here.store.label
        assert ensure_home(here.run) is None
    assert here.told.about(name)
    control_plane.api.delete(f"/api/v1/namespaces/{name}")


def test_a_home_that_nobody_describes_is_an_error_with_ways_out(
    control_plane: ControlPlane,
) -> None:
    here = place(control_plane, "home-of-nobody")
    with pytest.raises(GitOpsError, match="home-of-nobody is not there") as error, held(here.run):
        pytest.fail("nowhere to hold it")
    assert "kube-namespace" in error.value.fix
    with pytest.raises(ApiError):
        control_plane.api.get("/api/v1/namespaces/home-of-nobody")


def test_a_confined_account_with_the_rights_told_can_do_all_of_it(
    control_plane: ControlPlane, namespace: str
) -> None:
    rules: list[dict[str, list[str]]] = [
        {
            "apiGroups": [right.resource.group],
            "resources": [right.resource.plural],
            "verbs": [right.verb],
        }
        for right in home_rights(namespace)
    ]
    account = control_plane.account(namespace, "keeper", rules)
    confined: ClusterClient = client(control_plane, namespace, account.kubeconfig)
    assert confined.denied(home_rights(namespace)) == ()
    here = place(control_plane, namespace, account.kubeconfig)
    assert ensure_home(here.run) is None
    with held(here.run) as lease:
        lease.check()
        store = here.store
        inventory = store.load()
        store.save(inventory)
        assert here.store.load() == inventory
