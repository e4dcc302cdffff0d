"""Changes that an API server refuses because the field was settled when the object was made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests import Body, Manifest, ObjectId, fields
from gitops_action.core.manifests.fields import flag, items, mapping, text, value
from gitops_action.core.validation.objects import ObjectProblem, Steps, written

# Which fields of the built-in kinds an API server refuses to change.

Differs = Callable[[Body, Body], bool]


@dataclass(frozen=True, kw_only=True)
class ImmutableRule:
    """One field, or a few, that stay as they were when the object was made.

    Attributes:
        steps: where; also what a person reads.
        differs: whether it changes, given both bodies.
        loses: what is lost when the object is recreated; empty when nothing is, and recreating
            it is a way out.
    """

    steps: Steps
    differs: Differs
    loses: str = ""


def _field(*keys: str, default: object = None, loses: str = "") -> ImmutableRule:
    """A field whose omission reads as `default`."""

    def differs(before: Body, after: Body) -> bool:
        return _set(before, keys, default) != _set(after, keys, default)

    return ImmutableRule(steps=keys, differs=differs, loses=loses)


def _stated(*keys: str, loses: str = "") -> ImmutableRule:
    """A field that the cluster fills in: it differs only where both sides write it."""

    def differs(before: Body, after: Body) -> bool:
        old, new = value(before, *keys), value(after, *keys)
        return old is not None and new is not None and old != new

    return ImmutableRule(steps=keys, differs=differs, loses=loses)


def _set(body: Body, keys: tuple[str, ...], default: object) -> object:
    found = value(body, *keys)
    return default if found is None else found


def _cluster_address(before: Body, after: Body) -> bool:
    """A Service keeps its address, unless it becomes or was an ExternalName."""
    if "ExternalName" in {text(before, "spec", "type"), text(after, "spec", "type")}:
        return False
    requested = text(after, "spec", "clusterIP")
    return bool(requested) and requested != text(before, "spec", "clusterIP")


def _sealed(before: Body, after: Body) -> bool:
    """The data of a ConfigMap or Secret that says `immutable: true`, and that word itself."""
    if not flag(before, "immutable"):
        return False
    parts = ("data", "binaryData", "stringData")
    return not flag(after, "immutable") or any(
        mapping(before, part) != mapping(after, part) for part in parts
    )


def _claim_templates(before: Body, after: Body) -> bool:
    return _claims(before) != _claims(after)


def _claims(body: Body) -> list[object]:
    """Claim templates by what was written: name, labels, spec with its default."""
    return [
        (
            text(claim, "metadata", "name"),
            dict(mapping(claim, "metadata", "labels")),
            {"volumeMode": "Filesystem", **mapping(claim, "spec")},
        )
        for claim in items(body, "spec", "volumeClaimTemplates")
    ]


_POD_MUTABLE = frozenset(
    {"activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations"}
    | {"containers", "initContainers", "ephemeralContainers", "schedulingGates", "nodeSelector"}
)


def _pod(before: Body, after: Body) -> bool:
    """A pod keeps its specification but for images and a few fields."""
    return _fixed(mapping(before, "spec")) != _fixed(mapping(after, "spec"))


def _fixed(spec: Mapping[str, object]) -> object:
    containers = [
        {key: item for key, item in container.items() if key not in {"image", "resources"}}
        for part in ("initContainers", "containers")
        for container in items(spec, part)
    ]
    return containers, {key: item for key, item in spec.items() if key not in _POD_MUTABLE}


_DATA = "the data on the volume"
_SELECTOR = _field("spec", "selector")
_ROLE = ImmutableRule(
    steps=("roleRef",),
    differs=lambda before, after: _role(before) != _role(after),
)
_SEALED = ImmutableRule(steps=("data",), differs=_sealed)


def _role(body: Body) -> object:
    return {"apiGroup": "rbac.authorization.k8s.io", **mapping(body, "roleRef")}


_SOURCES = ("csi", "nfs", "hostPath", "local", "iscsi", "fc", "cephfs", "rbd", "azureFile")

RULES: Mapping[tuple[str, str], tuple[ImmutableRule, ...]] = {
    ("apps", "Deployment"): (_SELECTOR,),
    ("apps", "DaemonSet"): (_SELECTOR,),
    ("apps", "ReplicaSet"): (_SELECTOR,),
    ("apps", "StatefulSet"): (
        _SELECTOR,
        _field("spec", "serviceName", default=""),
        _field("spec", "podManagementPolicy", default="OrderedReady"),
        ImmutableRule(steps=("spec", "volumeClaimTemplates"), differs=_claim_templates),
    ),
    ("batch", "Job"): (
        _field("spec", "template"),
        _stated("spec", "selector"),
        _field("spec", "completionMode", default="NonIndexed"),
        _field("spec", "podFailurePolicy"),
        _field("spec", "successPolicy"),
        _field("spec", "backoffLimitPerIndex"),
        _field("spec", "managedBy"),
    ),
    ("", "Pod"): (ImmutableRule(steps=("spec",), differs=_pod),),
    ("", "Service"): (ImmutableRule(steps=("spec", "clusterIP"), differs=_cluster_address),),
    ("", "PersistentVolumeClaim"): (
        _stated("spec", "accessModes", loses=_DATA),
        _stated("spec", "storageClassName", loses=_DATA),
        _stated("spec", "volumeName", loses=_DATA),
        _field("spec", "volumeMode", default="Filesystem", loses=_DATA),
        _field("spec", "selector", loses=_DATA),
        _stated("spec", "dataSource", loses=_DATA),
        _stated("spec", "dataSourceRef", loses=_DATA),
    ),
    ("", "PersistentVolume"): tuple(
        _stated("spec", source, loses="what the cluster knows of the volume") for source in _SOURCES
    ),
    ("", "ConfigMap"): (_SEALED,),
    ("", "Secret"): (_SEALED, _field("type", default="Opaque")),
    ("rbac.authorization.k8s.io", "RoleBinding"): (_ROLE,),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): (_ROLE,),
    ("storage.k8s.io", "StorageClass"): (
        _field("provisioner"),
        _field("parameters", default={}),
        _field("reclaimPolicy", default="Delete"),
        _field("volumeBindingMode", default="Immediate"),
    ),
    ("storage.k8s.io", "VolumeAttributesClass"): (
        _field("driverName"),
        _field("parameters", default={}),
    ),
    ("scheduling.k8s.io", "PriorityClass"): (
        _field("value"),
        _field("preemptionPolicy", default="PreemptLowerPriority"),
    ),
    ("networking.k8s.io", "IngressClass"): (_field("spec", "controller"),),
    ("node.k8s.io", "RuntimeClass"): (_field("handler"),),
    ("discovery.k8s.io", "EndpointSlice"): (_field("addressType"),),
    ("resource.k8s.io", "ResourceClaim"): (_field("spec"),),
    ("resource.k8s.io", "ResourceClaimTemplate"): (_field("spec"),),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (
        _field("spec", "scope", loses="every object of the kind"),
        _field("spec", "names", "kind", loses="every object of the kind"),
    ),
}


RECREATE = "gitops-action/recreate"
_ALLOWED = (
    (RECREATE, "allowed"),
    ("kustomize.toolkit.fluxcd.io/force", "enabled"),
)
"""Annotations that let an object be deleted and recreated: ours, and Flux's
("Kustomization", `kustomize.toolkit.fluxcd.io/force: enabled`)."""


def immutable_changes(
    before: Sequence[Manifest], after: Sequence[Manifest]
) -> tuple[ObjectProblem, ...]:
    """One problem for each settled field that changes, in the order of `after`.

    Objects that an annotation allows to be recreated are left out (see `recreated`), unless what
    would be lost with them cannot be brought back.
    """
    return tuple(
        _problem(manifest, rule)
        for manifest, rule in _broken(before, after)
        if rule.loses or not may_recreate(manifest)
    )


def recreated(before: Sequence[Manifest], after: Sequence[Manifest]) -> tuple[ObjectId, ...]:
    """The objects that a deployment will delete and make again, as their annotations allow."""
    found = {
        manifest.id: None
        for manifest, rule in _broken(before, after)
        if not rule.loses and may_recreate(manifest)
    }
    return tuple(found)


def may_recreate(manifest: Manifest) -> bool:
    """Whether an annotation allows to delete the object and to recreate it."""
    found = fields.annotations(manifest.body)
    return any(found.get(key, "").lower() == value for key, value in _ALLOWED)


def _broken(
    before: Sequence[Manifest], after: Sequence[Manifest]
) -> Iterator[tuple[Manifest, ImmutableRule]]:
    old = {(manifest.id, manifest.cluster): manifest for manifest in before}
    for manifest in after:
        rules = RULES.get((manifest.id.group, manifest.id.kind), ())
        was = old.get((manifest.id, manifest.cluster)) if rules else None
        if was is not None:
            yield from ((manifest, rule) for rule in rules if rule.differs(was.body, manifest.body))


def _problem(manifest: Manifest, rule: ImmutableRule) -> ObjectProblem:
    path = written(rule.steps)
    again = (
        f"give the new one another name: recreating it loses {rule.loses}"
        if rule.loses
        else f"put it back, give the object another name, or annotate it `{RECREATE}: allowed`"
    )
    return ObjectProblem(
        f"{manifest.id}: {path} cannot be changed",
        manifest=manifest,
        steps=rule.steps,
        cause="the API settles this field when the object is created",
        fix=again,
    )
