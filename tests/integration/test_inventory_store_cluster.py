"""An inventory in the cluster: whole whatever is cut off, and never trusted when it was edited."""

from __future__ import annotations

from uuid import uuid4

import pytest

from gitops_action.adapters.cluster import ClusterClient
from gitops_action.commands.deploy.push.inventory import STORED_LABEL, InventoryStore
from gitops_action.core.cluster import errors as refused
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.deploy.inventory import Inventory, InventoryEntry, InventoryError
from gitops_action.core.manifests.model import Body, ObjectId
from testbed.cluster import ControlPlane
from tests.support.pruning import Place, client, config_map, place


def entries(count: int, mark: str = "x") -> list[InventoryEntry]:
    """As different from each other as real ones, so that they pack as badly."""
    return [
        InventoryEntry(
            id=ObjectId(group="apps", kind="Deployment", namespace="shop", name=f"{mark}-{number}"),
            version="v1",
            uid=str(uuid4()),
            hash=uuid4().hex + uuid4().hex,
        )
        for number in range(count)
    ]


def stored(plane: ControlPlane, namespace: str) -> set[str]:
    path = f"/api/v1/namespaces/{namespace}/configmaps?labelSelector={STORED_LABEL}"
    return {one["metadata"]["name"] for one in plane.api.get(path)["items"]}


def store_of(place: Place, cluster: object) -> InventoryStore:
    return InventoryStore(
        cluster,  # type: ignore[arg-type]
        environment="production",
        manager=place.run.manager,
        label=place.store.label,
    )


def test_nothing_recorded_is_empty_and_what_is_recorded_comes_back(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    store = here.store
    assert store.load() == Inventory(environment="production")
    assert store.lost
    requested = Inventory.of("production", entries(3), commit="c1")
    store.save(requested)
    again = here.store
    assert again.load() == requested
    assert not again.lost
    path = f"/api/v1/namespaces/{namespace}/configmaps/{store.name}"
    version = control_plane.api.get(path)["metadata"]["resourceVersion"]
    again.save(requested)
    assert control_plane.api.get(path)["metadata"]["resourceVersion"] == version


def test_a_namespace_that_is_not_there_yet_holds_no_inventory(control_plane: ControlPlane) -> None:
    assert place(control_plane, "not-there-yet").store.load().entries == {}


def test_a_large_one_is_kept_in_chunks_and_old_chunks_go(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    store = here.store
    large = Inventory.of("production", entries(5_000), commit="c1")
    store.save(large)
    first = stored(control_plane, namespace)
    assert len(first) == 2
    assert here.store.load() == large
    larger = Inventory.of("production", entries(14_000, "y"), commit="c2")
    store.save(larger)
    second = stored(control_plane, namespace)
    assert len(second) >= 3
    assert first & second == {store.name}
    assert here.store.load() == larger
    store.save(Inventory.of("production", entries(2)))
    assert stored(control_plane, namespace) == {store.name}
    assert len(here.store.load().entries) == 2


class CutBeforeHead:
    """A cluster that is away when the head is to be written."""

    def __init__(self, inner: ClusterClient) -> None:
        self._inner = inner

    def replace(self, body: Body, *, manager: str) -> LiveObject:
        raise refused.UnreachableError(f"cut off: {manager} {body['kind']}")

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)


def test_a_write_that_is_cut_between_chunk_and_head_leaves_the_old_whole(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    old = Inventory.of("production", entries(5_000), commit="c1")
    here.store.save(old)
    new = Inventory.of("production", entries(5_000, "new"), commit="c2")
    cut = store_of(here, CutBeforeHead(client(control_plane, namespace)))
    with pytest.raises(refused.UnreachableError):
        cut.save(new)
    assert len(stored(control_plane, namespace)) == 3  # the new chunk was written, for nothing
    store = here.store
    assert store.load() == old
    store.save(new)
    assert here.store.load() == new
    assert len(stored(control_plane, namespace)) == 2


class AnswerLost(CutBeforeHead):
    """A cluster that does what it is told and never says so."""

    def replace(self, body: Body, *, manager: str) -> LiveObject:
        self._inner.replace(body, manager=manager)
        raise refused.UnreachableError("the answer was lost")


def test_a_write_whose_answer_was_lost_counts(control_plane: ControlPlane, namespace: str) -> None:
    here = place(control_plane, namespace)
    here.store.save(Inventory.of("production", entries(1)))
    store = store_of(here, AnswerLost(client(control_plane, namespace)))
    requested = Inventory.of("production", entries(2))
    store.save(requested)
    assert here.store.load() == requested


def test_of_two_writers_the_second_is_told_and_changes_nothing(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    first, second = here.store, here.store
    for store in (first, second):
        store.load()
    requested = Inventory.of("production", entries(1, "first"))
    first.save(requested)
    with pytest.raises(refused.ChangedMeanwhileError, match="changed by another writer"):
        second.save(Inventory.of("production", entries(1, "second")))
    assert here.store.load() == requested
    first.save(Inventory.of("production", entries(2)))
    with pytest.raises(refused.ChangedMeanwhileError):
        second.save(requested)


@pytest.mark.parametrize("edit", ["entries", "environment", "count", "chunk", "no chunk", "empty"])
def test_an_edited_inventory_is_an_error_with_a_way_out(
    control_plane: ControlPlane, namespace: str, edit: str
) -> None:
    here = place(control_plane, namespace)
    store = here.store
    store.save(Inventory.of("production", entries(5_000 if "chunk" in edit else 2)))
    base = f"/api/v1/namespaces/{namespace}/configmaps"
    chunk = next(iter(stored(control_plane, namespace) - {store.name}), "")
    if edit == "chunk":
        control_plane.api.merge(f"{base}/{chunk}", {"binaryData": {"part": "H4sIAAAA"}})
    elif edit == "no chunk":
        control_plane.api.delete(f"{base}/{chunk}")
    elif edit == "empty":
        control_plane.api.merge(f"{base}/{store.name}", {"data": None})
    else:
        control_plane.api.merge(f"{base}/{store.name}", {"data": {edit: "7"}})
    before = control_plane.api.get(f"{base}/{store.name}")
    with pytest.raises(InventoryError) as error:
        here.store.load()
    assert store.name in error.value.title
    assert "delete it" in error.value.fix
    with pytest.raises(InventoryError):
        here.store.save(Inventory(environment="production"))
    assert control_plane.api.get(f"{base}/{store.name}") == before


def test_environments_and_repositories_do_not_share_an_inventory(
    control_plane: ControlPlane, namespace: str
) -> None:
    one = place(control_plane, namespace)
    others = [
        place(control_plane, namespace, environment="staging"),
        place(control_plane, namespace, repository="acme/other"),
    ]
    one.apply(config_map(namespace, "mine"))
    assert [other.known() for other in others] == [set(), set()]
    assert len({one.store.label, *(other.store.label for other in others)}) == 3
