"""Deletes that are held up, refused or cut off: nothing is lost, and the next run finishes."""

from __future__ import annotations

import threading
import time
from typing import cast

from gitops_action.adapters.cluster import ClusterClient
from gitops_action.commands.deploy.cluster import Cluster
from gitops_action.commands.deploy.push.prune import plan, prune
from gitops_action.core.cluster import errors as refused
from gitops_action.core.cluster.errors import StoppedError
from gitops_action.core.deploy.inventory import recorded
from gitops_action.core.deploy.result import Action
from testbed.cluster import ControlPlane
from testbed.cluster.api import Json
from testbed.cluster.webhook import Webhook, serve_webhook
from tests.support.pruning import (
    Place,
    actions,
    client,
    config_map,
    exists,
    notes,
    object_id,
    place,
)

PLAIN = ["get", "list", "create", "update", "patch", "delete"]


def test_what_a_finalizer_holds_is_named_and_goes_with_the_next_run(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    kept = config_map(namespace, "kept")
    held = config_map(namespace, "held", finalizers=["test.bed/one", "test.bed/two"])
    here.apply(kept, held, config_map(namespace, "old"))
    pruned = here.prune(kept, seconds=1)
    assert actions(pruned) == {"held": Action.SKIPPED, "old": Action.PRUNED}
    assert "test.bed/one, test.bed/two" in notes(pruned)["held"]
    assert (pruned.failures, pruned.ended) == ((), None)
    assert here.known() == {"kept", "held"}
    path = f"/api/v1/namespaces/{namespace}/configmaps/held"
    control_plane.api.merge(path, {"metadata": {"finalizers": None}})
    again = here.prune(kept)
    assert again.objects == ()  # its deletion had begun, so it went when it was let go
    assert here.known() == {"kept"}


def test_one_that_is_let_go_in_time_is_seen_to_go(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    kept = config_map(namespace, "kept")
    here.apply(kept, config_map(namespace, "held", finalizers=["test.bed/one"]))
    path = f"/api/v1/namespaces/{namespace}/configmaps/held"
    free = threading.Timer(
        1.0, lambda: control_plane.api.merge(path, {"metadata": {"finalizers": None}})
    )
    free.start()
    pruned = here.prune(kept, seconds=15)
    assert actions(pruned) == {"held": Action.PRUNED}
    assert here.known() == {"kept"}


class StopsAt:
    """A cluster whose server is stopped before its nth delete."""

    def __init__(self, inner: ClusterClient, plane: ControlPlane, count: int) -> None:
        self._inner = inner
        self._plane = plane
        self._left = count
        self._lock = threading.Lock()

    def delete(self, *args: object, **how: object) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self._plane.stop_api()
        self._inner.delete(*args, **how)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)


def test_a_server_that_goes_away_ends_it_and_the_next_run_finishes(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    kept = config_map(namespace, "kept")
    names = {f"old-{number}" for number in range(40)}
    here.apply(kept, *(config_map(namespace, name) for name in sorted(names)))
    stopping = StopsAt(client(control_plane, namespace), control_plane, 20)
    cut = place(control_plane, namespace)
    cut.cluster = cast("Cluster", stopping)
    began = time.monotonic()
    pruned = cut.prune(kept, lease=_Ours())
    assert isinstance(pruned.ended, refused.UnreachableError)
    assert time.monotonic() - began < 20
    assert pruned.failures == ()
    assert {one.name for one in pruned.inventory.entries} >= {"kept"}
    control_plane.start_api()
    assert here.known() == names | {"kept"}  # nothing could be saved, nothing is forgotten
    again = here.prune(kept)
    assert set(actions(again).values()) == {Action.PRUNED}
    assert again.notes  # those of the first run were gone already
    assert here.known() == {"kept"}


def test_a_cancelled_job_ends_at_once_and_records_what_is_gone(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    kept = config_map(namespace, "kept")
    here.apply(kept, config_map(namespace, "old"), _claim(namespace, "test.bed/hold"))
    confirmed = here.with_options(confirm_prune=True)
    threading.Timer(1.0, confirmed.stop.set).start()
    began = time.monotonic()
    pruned = confirmed.prune(kept, seconds=30)
    assert time.monotonic() - began < 4
    assert actions(pruned)["old"] is Action.PRUNED
    assert here.known() == {"kept", "disk"}
    cancelled = here.with_options(confirm_prune=True)
    cancelled.stop.set()
    store, lease = cancelled.store, _Ours()
    assert store.load()
    untouched = cancelled.prune(kept, lease=lease)
    assert isinstance(untouched.ended, StoppedError)
    assert actions(untouched) == {"disk": Action.SKIPPED}
    path = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/disk"
    control_plane.api.merge(path, {"metadata": {"finalizers": None}})


class _Ours:
    def check(self) -> None:
        return


def _claim(namespace: str, finalizer: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"namespace": namespace, "name": "disk", "finalizers": [finalizer]},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


def test_what_admission_refuses_to_delete_is_a_failure_and_stays_recorded(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    kept = config_map(namespace, "kept")
    here.apply(kept, config_map(namespace, "old"))
    webhook = Webhook(
        name="keep.test.bed",
        reject="nothing is deleted on Fridays",
        operations=("CREATE", "UPDATE", "DELETE"),
    )
    with serve_webhook(control_plane, namespace, webhook, timeout=1):
        pruned = here.prune(kept)
    assert actions(pruned) == {"old": Action.FAILED}
    assert "Fridays" in pruned.failures[0].sentence
    assert pruned.failures[0].object_id
    assert here.known() == {"kept", "old"}
    assert actions(here.prune(kept)) == {"old": Action.PRUNED}


def test_a_confined_account_prunes_what_it_may_and_tells_the_rest(
    control_plane: ControlPlane, namespace: str
) -> None:
    rules = [
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": PLAIN},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": PLAIN},
    ]
    account = control_plane.account(namespace, "deployer", rules)
    here = place(control_plane, namespace)
    kept = config_map(namespace, "kept")
    secret = {**config_map(namespace, "secret"), "kind": "Secret", "data": {}}
    service = {**config_map(namespace, "account"), "kind": "ServiceAccount"}
    del service["data"]
    here.apply(kept, secret, service, *(config_map(namespace, f"old-{n}") for n in range(9)))
    confined: Place = place(control_plane, namespace, account.kubeconfig)
    pruned = confined.prune(kept)
    found = actions(pruned)
    assert found.pop("secret") is Action.FAILED
    assert found.pop("account") is Action.SKIPPED
    assert set(found.values()) == {Action.PRUNED}
    assert "could not be read" in notes(pruned)["account"]
    assert "`delete` secrets" in pruned.failures[0].sentence
    assert here.known() == {"kept", "secret", "account"}


def test_a_lost_inventory_deletes_nothing_and_tells_what_it_knew(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace, repository=f"acme/{namespace}")
    kept = config_map(namespace, "kept")
    known = here.apply(kept, config_map(namespace, "old"))
    control_plane.api.delete(f"/api/v1/namespaces/{namespace}/configmaps/{here.store.name}")
    run, store = here.run, here.store
    inventory = recorded(store.load(), [known.entries[object_id(kept)]])
    store.save(inventory)
    first = prune(run, plan(run, store, inventory, [object_id(kept)]), inventory, store, _Ours())
    assert first.objects == ()
    assert f"ConfigMap {namespace}/old. They stay" in first.notes[0]
    elsewhere = place(control_plane, "default", repository=f"acme/{namespace}")
    assert f"there is one in {namespace}" in elsewhere.prune(kept).notes[0]
    second = here.prune(kept)
    assert (second.objects, second.notes) == ((), ())
    assert exists(control_plane, namespace, "old")
    assert here.known() == {"kept"}
    control_plane.api.delete(f"/api/v1/namespaces/default/configmaps/{here.store.name}")


def test_a_token_that_runs_out_ends_it(control_plane: ControlPlane, namespace: str) -> None:
    here = place(control_plane, namespace)
    kept = config_map(namespace, "kept")
    inventory = here.apply(kept, config_map(namespace, "old"))
    planned = here.plan(kept)
    expired = place(
        control_plane, namespace, control_plane.kubeconfig.replace(control_plane.token, "nonsense")
    )
    pruned = prune(expired.run, planned, inventory, expired.store, _Ours())
    assert isinstance(pruned.ended, refused.ExpiredError)
    assert actions(pruned) == {"old": Action.SKIPPED}
    assert "still in the inventory" in pruned.notes[0]
    assert here.known() == {"kept", "old"}
