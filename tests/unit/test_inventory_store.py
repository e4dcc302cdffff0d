"""Inventories: ids as Flux writes them, round trips, size, damage."""

from __future__ import annotations

import copy
import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.deploy.inventory import (
    Inventory,
    InventoryEntry,
    InventoryError,
    chunk_names,
    decode,
    encode,
    inventory_id,
    parse_inventory_id,
    recorded,
    shrink,
    union,
)
from gitops_action.core.manifests.model import ObjectId

RBAC = "rbac.authorization.k8s.io"
WHERE = {"name": "gitops-action-production", "namespace": "gitops"}


def an(kind: str, name: str, namespace: str = "", group: str = "") -> ObjectId:
    return ObjectId(group=group, kind=kind, namespace=namespace, name=name)


@pytest.mark.parametrize(
    ("object_id", "written"),
    [
        (an("ConfigMap", "web", "shop"), "shop_web__ConfigMap"),
        (an("Namespace", "shop"), "_shop__Namespace"),
        (an("Deployment", "web", "shop", "apps"), "shop_web_apps_Deployment"),
        (an("ClusterRole", "system:node", group=RBAC), f"_system__node_{RBAC}_ClusterRole"),
        (an("Role", "a:b:c", "shop", RBAC), f"shop_a__b__c_{RBAC}_Role"),
        (an("Role", "trailing:", "shop", RBAC), f"shop_trailing___{RBAC}_Role"),
        (an("Role", "one_underscore", "shop", RBAC), f"shop_one_underscore_{RBAC}_Role"),
    ],
)
def test_ids_are_those_of_flux(object_id: ObjectId, written: str) -> None:
    assert inventory_id(object_id) == written
    assert parse_inventory_id(written) == object_id


@pytest.mark.parametrize("written", ["", "web", "a_b", "a_b_c", "a___b_", "___Kind"])
def test_what_is_no_id(written: str) -> None:
    with pytest.raises(ValueError, match="namespace_name_group_kind"):
        parse_inventory_id(written)


LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
RBAC_NAME = st.from_regex(r"[a-z:_.]{1,12}", fullmatch=True)
IDS = st.builds(
    an,
    st.sampled_from(["Role", "ClusterRole", "Deployment"]),
    LABEL | RBAC_NAME,
    st.just("") | LABEL,
    st.sampled_from(["", "apps", RBAC]),
)
ENTRIES = st.builds(
    InventoryEntry,
    id=IDS,
    version=st.sampled_from(["v1", "v1beta2"]),
    uid=st.just("") | st.uuids().map(str),
    hash=st.just("") | st.binary(max_size=8).map(lambda data: sha256(data).hexdigest()),
)
INVENTORIES = st.lists(ENTRIES, max_size=20).map(
    lambda entries: Inventory.of("production", entries, commit="abc")
)


@given(INVENTORIES)
def test_what_is_stored_reads_back(inventory: Inventory) -> None:
    stored = encode(inventory, **WHERE)
    assert decode(stored.head, {}, environment="production") == inventory


def large(count: int) -> Inventory:
    return Inventory.of(
        "production",
        (
            InventoryEntry(
                id=an("Deployment", f"application-{number}", "a-namespace", "apps"),
                version="v1",
                uid=f"{number:08x}-0000-4000-8000-{sha256(b'%d' % number).hexdigest()[:12]}",
                hash=f"sha256:{sha256(b'x%d' % number).hexdigest()}",
            )
            for number in range(count)
        ),
    )


@pytest.mark.parametrize(("count", "parts"), [(500, 0), (5_000, 1), (16_000, 2)])
def test_any_size_fits(count: int, parts: int) -> None:
    inventory = large(count)
    stored = encode(inventory, **WHERE)
    assert len(stored.chunks) >= parts
    for body in (stored.head, *stored.chunks):
        assert len(json.dumps(body)) < 1_000_000
    by_name: dict[str, Any] = {body["metadata"]["name"]: body for body in stored.chunks}  # type: ignore[index]
    assert set(chunk_names(stored.head)) == set(by_name)
    assert decode(stored.head, by_name, environment="production") == inventory
    assert encode(inventory, **WHERE) == stored


def small() -> dict[str, Any]:
    head = encode(large(3), **WHERE).head
    return json.loads(json.dumps(head))  # type: ignore[no-any-return]


def edit(**data: str | None) -> dict[str, Any]:
    body = small()
    for key, value in data.items():
        body["data"].pop(key)
        if value is not None:
            body["data"][key] = value
    return body


ROW = small()["data"]["entries"].splitlines()[0]
DAMAGED = [
    edit(entries=""),
    edit(entries=None),
    edit(entries=ROW),
    edit(format="2"),
    edit(format=None),
    edit(environment="staging"),
    edit(digest=None),
    edit(count="2"),
    edit(entries="{", digest=sha256(b"{").hexdigest()),
    edit(entries="[]", digest=sha256(b"[]").hexdigest(), count="1"),
    edit(entries='{"id":"a"}', digest=sha256(b'{"id":"a"}').hexdigest(), count="1"),
    {"metadata": {"name": "x"}},
]


@pytest.mark.parametrize("head", DAMAGED)
def test_damage_is_an_error_with_a_fix(head: dict[str, Any]) -> None:
    with pytest.raises(InventoryError) as caught:
        decode(head, {}, environment="production")
    assert "restore the ConfigMap" in caught.value.fix
    assert caught.value.cause


def test_a_missing_or_damaged_chunk_is_an_error() -> None:
    stored = encode(large(5_000), **WHERE)
    with pytest.raises(InventoryError, match="missing"):
        decode(stored.head, {}, environment="production")
    name = chunk_names(stored.head)[0]
    for part in ("", "AAAA", "no base64!", "H4sIAAAA"):
        damaged: dict[str, Any] = copy.deepcopy(dict(stored.chunks[0]))
        damaged["binaryData"]["part"] = part
        with pytest.raises(InventoryError):
            decode(stored.head, {name: damaged}, environment="production")


WEB, API, OLD = (an("Deployment", name, "shop", "apps") for name in ("web", "api", "old"))


def test_the_union_forgets_nothing_and_trusts_no_hash_of_before() -> None:
    before = Inventory.of(
        "production",
        [
            InventoryEntry(id=OLD, version="v1", uid="1", hash="a"),
            InventoryEntry(id=WEB, version="v1", uid="2", hash="b"),
        ],
    )
    planned = [
        InventoryEntry(id=WEB, version="v1", hash="c"),
        InventoryEntry(id=API, version="v1", hash="d"),
    ]
    found = union(before, planned).entries
    assert found[OLD] == before.entries[OLD]
    assert found[WEB] == InventoryEntry(id=WEB, version="v1", uid="2", hash="")
    assert found[API] == InventoryEntry(id=API, version="v1", uid="", hash="")
    same = union(before, [InventoryEntry(id=WEB, version="v1", hash="b")]).entries
    assert same[WEB] == before.entries[WEB]


@given(INVENTORIES, st.lists(ENTRIES, max_size=10))
def test_the_union_holds_both(inventory: Inventory, planned: list[InventoryEntry]) -> None:
    found = set(union(inventory, planned).entries)
    assert found == set(inventory.entries) | {entry.id for entry in planned}


def test_what_is_confirmed_is_recorded_and_what_is_gone_leaves() -> None:
    before = Inventory.of(
        "production", [InventoryEntry(id=OLD, version="v1"), InventoryEntry(id=WEB, version="v1")]
    )
    after = recorded(before, [InventoryEntry(id=WEB, version="v1", uid="9", hash="z")])
    assert after.entries[WEB].uid == "9"
    assert set(shrink(after, {OLD}).entries) == {WEB}
