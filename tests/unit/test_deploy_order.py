"""The order of applying and deleting."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.deploy.order import Stage, deletion_order, stage_of, stages
from gitops_action.core.manifests.model import ObjectId

RBAC = "rbac.authorization.k8s.io"
CRD = ("apiextensions.k8s.io", "CustomResourceDefinition", False)
KINDS = [
    ("", "Namespace", False),
    CRD,
    (RBAC, "ClusterRole", False),
    (RBAC, "RoleBinding", True),
    ("storage.k8s.io", "StorageClass", False),
    ("", "ConfigMap", True),
    ("", "LimitRange", True),
    ("apps", "Deployment", True),
    ("acme.dev", "Shop", True),
    ("acme.dev", "ClusterShop", False),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", False),
    ("apiregistration.k8s.io", "APIService", False),
]
IDS = st.builds(
    lambda kind, namespace, name: ObjectId(
        group=kind[0], kind=kind[1], namespace=namespace if kind[2] else "", name=name
    ),
    st.sampled_from(KINDS),
    st.sampled_from(["shop", "web"]),
    st.sampled_from(["shop", "web", "api"]),
)


def depends(one: ObjectId, other: ObjectId) -> bool:
    """Whether `one` cannot be made before `other`."""
    if other.kind == "Namespace":
        return one.namespace == other.name
    if other.kind == "CustomResourceDefinition":
        return one.group == "acme.dev"
    if other.kind in {"ConfigMap", "LimitRange", "StorageClass", "ClusterRole"}:
        return one.kind == "Deployment"
    return one.kind == "ValidatingWebhookConfiguration" and other.kind == "Deployment"


@given(st.lists(IDS, max_size=30))
def test_every_object_once_and_after_what_it_depends_on(ids: list[ObjectId]) -> None:
    flat = [item for _, members in stages(ids, lambda item: item) for item in members]
    assert Counter(flat) == Counter(ids)
    for position, item in enumerate(flat):
        assert not any(depends(earlier, item) for earlier in flat[:position])
    assert [stage_of(item) for item in deletion_order(flat, lambda item: item)] == sorted(
        (stage_of(item) for item in flat), reverse=True
    )


@given(st.lists(IDS, max_size=12), st.randoms())
def test_the_order_does_not_depend_on_the_files(ids: list[ObjectId], random: Random) -> None:
    shuffled = list(ids)
    random.shuffle(shuffled)
    assert stages(ids, lambda item: item) == stages(shuffled, lambda item: item)


def test_only_what_others_need_established_is_awaited() -> None:
    assert [stage for stage in Stage if stage.awaited] == [Stage.NAMESPACES, Stage.DEFINITIONS]
