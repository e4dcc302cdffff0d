"""Accounts that may not, credentials that end, a server that goes away and comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from gitops_action.adapters.cluster import ClusterClient, access_of, connect
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.cluster import ApplyOptions, Given, Right
from gitops_action.core.cluster import errors as refused
from gitops_action.core.manifests.fields import text
from testbed.cluster import ControlPlane
from testbed.cluster.api import Json

OPTIONS = ApplyOptions(manager="gitops-action:test")
IMPATIENT = RetryPolicy(attempts=3, initial=0.1, maximum=0.2, jitter=0.0)
CONFIG_MAPS = {
    "apiGroups": [""],
    "resources": ["configmaps"],
    "verbs": ["get", "list", "watch", "create", "patch"],
}


@pytest.fixture
def cluster(control_plane: ControlPlane) -> Iterator[ClusterClient]:
    client = connect(access_of(Given(kubeconfig=control_plane.kubeconfig)))
    yield client
    client.close()


def config_map(namespace: str, name: str) -> Json:
    meta = {"namespace": namespace, "name": name}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"a": "b"}}


def restricted(plane: ControlPlane, namespace: str, name: str = "deployer") -> ClusterClient:
    account = plane.account(namespace, name, [CONFIG_MAPS])
    given = Given(server=plane.server, ca=plane.ca, token=account.token)
    return connect(access_of(given), IMPATIENT)


def test_a_restricted_account_is_told_what_it_lacks(
    control_plane: ControlPlane, namespace: str
) -> None:
    client = restricted(control_plane, namespace)
    client.apply(config_map(namespace, "allowed"), OPTIONS)
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": namespace, "name": "denied"},
    }
    with pytest.raises(refused.AccessDeniedError) as error:
        client.apply(secret, OPTIONS)
    assert error.value.verb == "patch"
    assert error.value.resource == "secrets"
    assert error.value.namespace == namespace
    assert error.value.account == f"system:serviceaccount:{namespace}:deployer"
    with pytest.raises(refused.AccessDeniedError) as error:
        client.list(client.resource("v1", "Node"))
    assert (error.value.resource, error.value.namespace) == ("nodes", "")


def test_rights_are_asked_for_before_anything_is_written(
    control_plane: ControlPlane, cluster: ClusterClient, namespace: str
) -> None:
    other = control_plane.namespace(f"{namespace}-other")
    client = restricted(control_plane, namespace)
    kinds = client.resources()
    maps, secrets = (kinds.exact("v1", kind) for kind in ("ConfigMap", "Secret"))
    nodes = kinds.exact("v1", "Node")
    assert maps
    assert secrets
    assert nodes
    requested = [
        Right(verb="patch", resource=maps, namespace=namespace),
        Right(verb="patch", resource=maps, namespace=other),
        Right(verb="delete", resource=maps, namespace=namespace),
        Right(verb="patch", resource=secrets, namespace=namespace),
        Right(verb="get", resource=nodes),
    ]
    denied = client.denied(requested)
    assert {str(one) for one in denied} == {
        f"patch configmaps in namespace {other}",
        f"delete configmaps in namespace {namespace}",
        f"patch secrets in namespace {namespace}",
        "get nodes",
    }
    assert cluster.denied(requested) == ()
    control_plane.api.delete(f"/api/v1/namespaces/{other}")


@pytest.mark.parametrize("token", ["nonsense", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"])
def test_a_wrong_token_is_no_refusal_of_rights(control_plane: ControlPlane, token: str) -> None:
    given = Given(server=control_plane.server, ca=control_plane.ca, token=token)
    with pytest.raises(refused.ExpiredError) as error:
        connect(access_of(given)).resources()
    assert token not in str(error.value)


def test_a_token_that_ends_on_the_way_ends_the_rest_untried(
    control_plane: ControlPlane, namespace: str
) -> None:
    account = control_plane.account(namespace, "short-lived", [CONFIG_MAPS])
    client = connect(access_of(Given(kubeconfig=account.kubeconfig)), IMPATIENT)
    client.apply(config_map(namespace, "first"), OPTIONS)
    control_plane.revoke(account)
    _until_expired(client, namespace)
    results = list(client.apply_all([config_map(namespace, f"c{n}") for n in range(100)], OPTIONS))
    assert len(results) == 100
    assert {type(one.error) for one in results} == {refused.ExpiredError}
    assert sum(one.tried for one in results) <= 16


def _until_expired(client: ClusterClient, namespace: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            client.apply(config_map(namespace, "first"), OPTIONS)
        except refused.ExpiredError:
            return
        time.sleep(0.2)
    pytest.fail("the token still counts")


def test_another_authority_is_not_trusted(control_plane: ControlPlane) -> None:
    kubelet = (control_plane.folder / "kubelet.crt").read_text()
    given = Given(server=control_plane.server, ca=kubelet, token=control_plane.token)
    with pytest.raises(refused.UnreachableError) as error:
        connect(access_of(given)).version()
    assert "not trusted" in error.value.cause
    assert control_plane.token not in str(error.value)


def test_a_stopped_server_is_waited_for_while_retry_policy_lasts(
    control_plane: ControlPlane, cluster: ClusterClient, namespace: str
) -> None:
    cluster.apply(config_map(namespace, "before"), OPTIONS)
    control_plane.stop_api()
    begun = threading.Timer(1.0, control_plane.start_api)
    begun.start()
    try:
        live = cluster.apply(config_map(namespace, "after"), OPTIONS)
    finally:
        begun.join()
    assert text(live, "metadata", "uid")


def test_a_server_that_stays_away_is_unreachable_and_the_rest_is_not_tried(
    control_plane: ControlPlane, namespace: str
) -> None:
    client = connect(access_of(Given(kubeconfig=control_plane.kubeconfig)), IMPATIENT)
    client.resources()
    bodies = [config_map(namespace, f"c{number}") for number in range(300)]
    results = []
    for applied in client.apply_all(bodies, OPTIONS):
        results.append(applied)
        if len(results) == 30:
            control_plane.stop_api()
    control_plane.start_api()
    assert len(results) == len(bodies)
    failed = [one for one in results if one.error]
    assert {type(one.error) for one in failed} == {refused.UnreachableError}
    assert any(not one.tried for one in failed)
    again = list(client.apply_all(bodies, OPTIONS))  # the next run finishes it
    assert [one.error for one in again if one.error] == []
    kind = client.resource("v1", "ConfigMap")
    names = {text(one, "metadata", "name") for one in client.list(kind, namespace=namespace).items}
    assert {f"c{number}" for number in range(300)} <= names


def test_a_cut_off_iteration_leaves_no_thread_behind(
    cluster: ClusterClient, namespace: str
) -> None:
    before = set(threading.enumerate())  # of earlier tests some may end meanwhile
    bodies = [config_map(namespace, f"c{number}") for number in range(200)]
    results = cluster.apply_all(bodies, OPTIONS)
    next(results)
    results.close()
    assert set(threading.enumerate()) <= before
