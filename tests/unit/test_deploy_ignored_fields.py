"""Fields that are left to others: they keep their live value until someone else owns them."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_action.core.config.resolved import IgnoredFields
from gitops_action.core.deploy.ignored_fields import ignored_fields, let_go
from gitops_action.core.manifests.model import ObjectId

US = "gitops-action:production"
WEB = ObjectId(group="apps", kind="Deployment", namespace="shop", name="web")
IMAGE: dict[str, Any] = {"k:" + '{"name":"web"}': {"f:image": {}, "f:name": {}}}
Body = dict[str, Any]


def body(replicas: int | None = 2, image: str = "v1") -> Body:
    spec: Body = {"containers": [{"name": "web", "image": image}]}
    return {"spec": spec if replicas is None else {"replicas": replicas, **spec}}


def entry(manager: str, fields: Body, operation: str = "Apply", subresource: str = "") -> Body:
    found = {"manager": manager, "operation": operation, "fieldsV1": {"f:spec": fields}}
    return {**found, "subresource": subresource} if subresource else found


def living(*entries: Body, replicas: int | None = 4, image: str = "v9") -> Body:
    return {**body(replicas, image), "metadata": {"managedFields": list(entries)}}


OURS = entry(US, {"f:replicas": {}, "f:containers": IMAGE})
SCALER = entry("kube-controller-manager", {"f:replicas": {}}, "Update", "scale")
OTHER = entry("someone", {"f:containers": IMAGE}, "Update")


@pytest.mark.parametrize(
    ("described", "live", "expected"),
    [
        (body(), None, body()),
        (body(), living(OURS), body(4)),
        (body(None), living(OURS), body(4)),
        (body(), living(OURS, SCALER), body(None)),
        (body(None), living(OURS, SCALER), body(None)),
        (body(), living(SCALER), body(None)),
        (body(), living(), body(None)),
        (body(), living(OURS, replicas=None), body(None)),
    ],
)
def test_replicas_of_ours_stay_until_another_owns_them(
    described: Body, live: Body | None, expected: Body
) -> None:
    assert let_go(described, live, ["/spec/replicas"], manager=US) == expected


@pytest.mark.parametrize("pointer", ["/spec/containers/0/image", "/spec/containers/web/image"])
def test_a_field_of_a_list_item_is_named_by_position_or_by_name(pointer: str) -> None:
    other_order = living(OURS)
    other_order["spec"]["containers"].insert(0, {"name": "sidecar", "image": "x"})
    assert let_go(body(), other_order, [pointer], manager=US) == body(image="v9")
    (container,) = let_go(body(), living(OURS, OTHER), [pointer], manager=US)["spec"]["containers"]  # type: ignore[index]
    assert container == {"name": "web"}


def test_what_is_not_there_changes_nothing() -> None:
    for pointer in (
        "/spec/none",
        "/spec/containers/7/image",
        "/spec/replicas/deeper",
        "/data/a~1b",
    ):
        assert let_go(body(), living(OURS), [pointer], manager=US) == body()


def test_a_whole_that_another_manager_owns_is_left_to_it() -> None:
    atomic = entry("someone", {"f:selector": {}}, "Update")
    described = {"spec": {"selector": {"app": "web"}}}
    live = {"spec": {"selector": {"app": "x"}}, "metadata": {"managedFields": [atomic]}}
    assert let_go(described, live, ["/spec/selector/app"], manager=US) == {"spec": {"selector": {}}}


def test_rules_name_a_kind_and_perhaps_an_object() -> None:
    every = IgnoredFields(kind="Deployment", fields=("/spec/replicas",), reason="scaled by hand")
    other = IgnoredFields(kind="Deployment", name="api", fields=("/spec/paused",), reason="x")
    kind = IgnoredFields(kind="Service", fields=("/spec/type",), reason="x")
    assert ignored_fields(WEB, [every, other, kind]) == {"/spec/replicas": "scaled by hand"}
