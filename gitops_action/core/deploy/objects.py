"""Described objects as they will be sent: which kind, in which namespace, under our label."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from gitops_action.core.cluster.model import Resource, Resources
from gitops_action.core.config.resolved import IgnoredFields
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.ignored_fields import REPLICAS, ignored_fields, let_go
from gitops_action.core.deploy.inventory import InventoryEntry
from gitops_action.core.health.model import group_of
from gitops_action.core.manifests import fields
from gitops_action.core.manifests.canonical import body_hash
from gitops_action.core.manifests.data import data_faults
from gitops_action.core.manifests.fields import items, mapping, text
from gitops_action.core.manifests.model import Body, Manifest, ManifestError, ObjectId
from gitops_action.errors import GitOpsError

# What is sent to the API server for a described object.

INVENTORY_LABEL = "gitops-action/inventory"
_AGGREGATED = "aggregationRule"
_SERVER_SIDE = (
    "creationTimestamp",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)


def to_apply(body: Body, *, inventory: str) -> Body:
    """The object with our label, without what only the server decides.

    A Secret's `stringData` becomes `data`: the server does the same, but records the fields under
    a name that no live object has, so nobody could compare them again.

    Args:
        body: the object as it is described; its data is known to be text.
        inventory: the value of our label, which says whose inventory it is in.
    """
    kept = {key: value for key, value in body.items() if key != "status" and value is not None}
    if _AGGREGATED in kept and body.get("kind") == "ClusterRole":
        kept.pop("rules", None)  # a controller of the cluster writes them
    metadata = {
        key: value
        for key, value in fields.mapping(body, "metadata").items()
        if key not in _SERVER_SIDE and value is not None
    }
    metadata["labels"] = {**fields.labels(body), INVENTORY_LABEL: inventory}
    if not fields.annotations(body):
        metadata.pop("annotations", None)  # an empty mapping has no fields that could be compared
    return _with_data({**kept, "metadata": metadata})


def _with_data(body: dict[str, object]) -> Body:
    written = body.get("stringData")
    if body.get("kind") != "Secret" or not isinstance(written, Mapping):
        return body
    encoded = {
        str(key): b64encode(str(value).encode()).decode()
        for key, value in written.items()
        if value is not None
    }
    rest = {key: value for key, value in body.items() if key != "stringData"}
    return {**rest, "data": {**fields.mapping(body, "data"), **encoded}}


# A workload that an autoscaler scales: its number of replicas is not ours to set.

_SCALERS = {
    ("autoscaling", "HorizontalPodAutoscaler"): "apps/v1",
    ("keda.sh", "ScaledObject"): "apps/v1",
}
"""Kinds that scale others, with the API version of a target that names none."""

Target = tuple[str, str, str, str]
"""Group, kind, namespace, name of what is scaled."""


def scaled_targets(bodies: Iterable[Body]) -> frozenset[Target]:
    """What the autoscalers among these objects scale; namespaces have to be filled in."""
    found = (_target(body) for body in bodies)
    return frozenset(target for target in found if target)


def _target(body: Body) -> Target | None:
    default = _SCALERS.get((group_of(body), text(body, "kind")))
    reference = mapping(body, "spec", "scaleTargetRef")
    if default is None or not text(reference, "name"):
        return None
    written = {"apiVersion": text(reference, "apiVersion") or default}
    return (
        group_of(written),
        text(reference, "kind") or "Deployment",
        text(body, "metadata", "namespace"),
        text(reference, "name"),
    )


APPLY_ANNOTATION = "gitops-action/apply"
_POLICIES = ("ignore", "if-absent")
_DEFINITION = ("apiextensions.k8s.io", "CustomResourceDefinition")


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A described object, ready to be sent.

    Attributes:
        id: its identity, the namespace filled in.
        resource: its kind as the server has it, or will have it.
        manifest: as the environment describes it.
        body: what is sent.
        hash: of what is sent, as the inventory records it.
        arriving: its kind is defined by this very environment and not served yet.
    """

    id: ObjectId
    resource: Resource
    manifest: Manifest
    body: Body
    hash: str = ""
    arriving: bool = False

    @property
    def target(self) -> Target:
        """How autoscalers name it."""
        return self.id.group, self.id.kind, self.id.namespace, self.id.name

    @cached_property
    def policy(self) -> str:
        """When it is applied: `always`, `if-absent`, or never (`ignore`)."""
        return fields.annotations(self.manifest.body).get(APPLY_ANNOTATION, "always")

    def entry(self, uid: str = "") -> InventoryEntry:
        """What the inventory says of it."""
        return InventoryEntry(id=self.id, version=self.resource.version, uid=uid, hash=self.hash)


@dataclass(frozen=True, kw_only=True)
class Placing:
    """All objects of an environment, and why some cannot be placed."""

    objects: tuple[Placed, ...]
    problems: tuple[GitOpsError, ...] = ()


def place(
    manifests: Iterable[Manifest], served: Resources, *, namespace: str, inventory: str
) -> Placing:
    """Place every object.

    Args:
        manifests: what the environment describes.
        served: the kinds that the cluster serves.
        namespace: of objects that name none.
        inventory: the value of our label.
    """
    every = tuple(manifests)
    coming = {(one.api_version, one.kind): one for one in _defined(every)}
    found: dict[ObjectId, Placed] = {}
    problems: list[GitOpsError] = []
    for manifest in every:
        key = manifest.api_version, manifest.id.kind
        resource = served.exact(*key)
        if resource is None and key not in coming:
            problems.append(_unknown(manifest, served))
            continue
        wrong = (*_data_problems(manifest), *_apply_problems(manifest))
        problems += wrong
        if wrong:
            continue
        placed = _placed(
            manifest,
            resource or coming[key],
            namespace=namespace,
            inventory=inventory,
            arriving=resource is None,
        )
        if placed.id in found:
            problems.append(_twice(placed, found[placed.id]))
        found[placed.id] = placed
    return Placing(objects=tuple(found.values()), problems=tuple(problems))


@dataclass(frozen=True, kw_only=True)
class ClusterState:
    """What decides which fields are left to others.

    Attributes:
        live: the objects as they live.
        scaled: what autoscalers in the cluster scale.
        ignore: fields that the configuration ignores.
        manager: our field manager.
    """

    live: Mapping[ObjectId, Body]
    scaled: frozenset[Target] = frozenset()
    ignore: Sequence[IgnoredFields] = ()
    manager: str


def sealed(objects: Iterable[Placed], state: ClusterState) -> tuple[Placed, ...]:
    """The objects as they are sent, with their hashes; without fields that are left to others."""
    return tuple(replace(one, hash=body_hash(one.body)) for one in left_to_others(objects, state))


def left_to_others(objects: Iterable[Placed], state: ClusterState) -> tuple[Placed, ...]:
    """The objects without fields that others decide; fields that are still ours as they live."""
    every = tuple(objects)
    targets = state.scaled | scaled_targets(one.body for one in every)
    return tuple(_left(one, targets, state) for one in every)


def _left(placed: Placed, scaled: frozenset[Target], state: ClusterState) -> Placed:
    live = state.live.get(placed.id)
    pointers = set(ignored_fields(placed.id, state.ignore))
    if _replicas_are_others(placed, scaled, live):
        pointers.add(REPLICAS)
    body = let_go(placed.body, live, sorted(pointers), manager=state.manager)
    return replace(placed, body=body) if body is not placed.body else placed


def _replicas_are_others(placed: Placed, scaled: frozenset[Target], live: Body | None) -> bool:
    """An autoscaler sets them; or nobody describes them any more, and the default is a scale-down.

    See Kubernetes' documentation, "Migrating Deployments and StatefulSets to horizontal
    autoscaling".
    """
    if live is None or "replicas" not in mapping(live, "spec"):
        return False
    return placed.target in scaled or "replicas" not in mapping(placed.body, "spec")


def _data_problems(manifest: Manifest) -> Iterator[ManifestError]:
    for fault in data_faults(manifest):
        yield ManifestError(
            f"{manifest.id}: {fault.title}",
            cause=fault.cause,
            fix=fault.fix,
            location=manifest.origin,
        )


def _apply_problems(manifest: Manifest) -> Iterator[ManifestError]:
    found = fields.annotations(manifest.body).get(APPLY_ANNOTATION)
    if found is not None and found not in _POLICIES:
        yield ManifestError(
            f"{manifest.id} has the annotation {APPLY_ANNOTATION}: {found}",
            cause="it is neither ignore nor if-absent",
            fix="write one of them, or remove the annotation",
            location=manifest.origin,
        )


def _placed(
    manifest: Manifest, resource: Resource, *, namespace: str, inventory: str, arriving: bool
) -> Placed:
    where = (manifest.id.namespace or namespace) if resource.namespaced else ""
    body = dict(to_apply(manifest.body, inventory=inventory))
    rest = {k: v for k, v in mapping(body, "metadata").items() if k != "namespace"}
    body["metadata"] = {**rest, "namespace": where} if where else rest
    item = manifest.id if where == manifest.id.namespace else replace(manifest.id, namespace=where)
    return Placed(
        id=item,
        resource=resource,
        manifest=manifest,
        body=body,
        hash="",
        arriving=arriving,
    )


def _defined(manifests: Iterable[Manifest]) -> Iterator[Resource]:
    for manifest in manifests:
        if (manifest.id.group, manifest.id.kind) == _DEFINITION:
            spec = mapping(manifest.body, "spec")
            for version in items(spec, "versions"):
                yield _resource(spec, text(version, "name"))


def _resource(spec: Mapping[str, object], version: str) -> Resource:
    return Resource(
        group=text(spec, "group"),
        version=version,
        kind=text(spec, "names", "kind"),
        plural=text(spec, "names", "plural"),
        namespaced=text(spec, "scope") == "Namespaced",
    )


def _unknown(manifest: Manifest, served: Resources) -> GitOpsError:
    other = served.preferred(manifest.id.group, manifest.id.kind)
    fix = (
        f"write `apiVersion: {other.api_version}`"
        if other
        else "install its CustomResourceDefinition first, or fix `apiVersion` and `kind`"
    )
    return GitOpsError(
        f"the cluster does not know the kind of {manifest.id}",
        cause=f"it serves no {manifest.id.kind} of {manifest.api_version}",
        fix=fix,
        location=manifest.origin,
    )


def _twice(placed: Placed, other: Placed) -> ManifestError:
    first = other.manifest.origin
    return ManifestError(
        f"{placed.id} is described twice",
        cause=f"the other one is in {first}" if first else "",
        fix="remove one of them",
        location=placed.manifest.origin,
    )
