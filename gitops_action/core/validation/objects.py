"""What is wrong with objects of any kind, found without a schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from gitops_action.core.manifests import Manifest, ObjectId, fields
from gitops_action.core.manifests.data import data_faults
from gitops_action.core.manifests.fields import items, mapping, text
from gitops_action.core.rendering.variables import is_unknown
from gitops_action.core.validation import names
from gitops_action.core.validation.names import label_fault, label_value_fault
from gitops_action.errors import GitOpsError, Location

# A problem of one object: which object, where in it, and how bad.

Level = Literal["error", "warning"]

Step = str | int
Steps = tuple[Step, ...]
"""Keys and indexes from an object's top to a value."""


class ObjectProblem(GitOpsError):  # noqa: N818 - some are warnings
    """Something that is wrong with an object, or probably wrong.

    Attributes:
        manifest: the object.
        steps: where in it; empty for the object as a whole.
        level: `error` for what an API server refuses; `warning` for what cannot be determined for
            certain without the cluster.
    """

    def __init__(  # noqa: PLR0913 - the parts of an error, and of its place
        self,
        title: str,
        *,
        manifest: Manifest,
        steps: Steps = (),
        cause: str = "",
        fix: str = "",
        level: Level = "error",
    ) -> None:
        """Place the problem where the object comes from; `locate` finds the line."""
        super().__init__(title, cause=cause, fix=fix, location=manifest.origin)
        self.manifest = manifest
        self.steps = steps
        self.level: Level = level

    def of(self, manifest: Manifest) -> ObjectProblem:
        """The same problem of another object with the same body."""
        return ObjectProblem(
            self.title,
            manifest=manifest,
            steps=self.steps,
            cause=self.cause,
            fix=self.fix,
            level=self.level,
        )


def written(steps: Steps) -> str:
    """A path the way people say it: `spec.template.spec.containers[0].image`.

    Keys that hold dots or slashes, as labels do, stand in brackets: `metadata.labels["a/b"]`.
    """
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        elif not step or any(letter in step for letter in "./[] "):
            text += f'["{step}"]'
        else:
            text += f".{step}" if text else step
    return text


# What is wrong with pods and with the controllers that make them.

_TEMPLATES: Mapping[tuple[str, str], Steps] = {
    ("apps", "DaemonSet"): ("spec", "template"),
    ("apps", "Deployment"): ("spec", "template"),
    ("apps", "ReplicaSet"): ("spec", "template"),
    ("apps", "StatefulSet"): ("spec", "template"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
    ("batch", "Job"): ("spec", "template"),
    ("", "Pod"): (),
    ("", "ReplicationController"): ("spec", "template"),
}
"""Where the built-in kinds hold a pod."""

_SELECTING = "apps"


def pod_problems(manifest: Manifest) -> Iterator[ObjectProblem]:
    """Selectors that miss their own pods, containers that share a name, impossible names."""
    kind = (manifest.id.group, manifest.id.kind)
    if kind not in _TEMPLATES:
        return
    steps = _TEMPLATES[kind]
    keys = tuple(str(step) for step in steps)
    pod = mapping(manifest.body, *keys)
    if manifest.id.group == _SELECTING:
        yield from _selector(manifest, mapping(pod, "metadata", "labels"))
    if steps:
        yield from _labels(manifest, mapping(pod, "metadata", "labels"), steps)
    yield from _containers(manifest, pod, steps)


def _selector(manifest: Manifest, labels: Mapping[str, object]) -> Iterator[ObjectProblem]:
    requested = mapping(manifest.body, "spec", "selector", "matchLabels")
    known = not (is_unknown(requested) or is_unknown(labels))
    missed = sorted(key for key in requested if known and labels.get(key) != requested[key])
    if missed:
        yield ObjectProblem(
            f"{manifest.id} does not select its own pods",
            manifest=manifest,
            steps=("spec", "selector", "matchLabels", missed[0]),
            cause=f"the pod template's labels differ in {', '.join(missed)}",
            fix="give spec.template.metadata.labels what spec.selector.matchLabels asks for",
        )


def _labels(
    manifest: Manifest, labels: Mapping[str, object], steps: Steps
) -> Iterator[ObjectProblem]:
    for key, value in labels.items():
        checked = isinstance(value, str) and not is_unknown(value)
        fault = label_value_fault(str(value)) if checked else ""
        if fault:
            yield ObjectProblem(
                f"{manifest.id}: invalid value of label {key!r} of its pods",
                manifest=manifest,
                steps=(*steps, "metadata", "labels", key),
                cause=fault,
                fix="change the value",
            )


def _containers(
    manifest: Manifest, pod: Mapping[str, object], steps: Steps
) -> Iterator[ObjectProblem]:
    seen: set[str] = set()
    for part in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(items(pod, "spec", part)):
            name = text(container, "name")
            fault = "another container of the pod has it" if name in seen else label_fault(name)
            seen.add(name)
            if name and fault and not is_unknown(name):
                yield ObjectProblem(
                    f"{manifest.id}: invalid container name {name!r}",
                    manifest=manifest,
                    steps=(*steps, "spec", part, index, "name"),
                    cause=fault,
                    fix="give the container another name",
                )


# Which kinds live in a namespace and which in the cluster as a whole.

_CLUSTER_WIDE = {
    "": "Namespace Node PersistentVolume",
    "admissionregistration.k8s.io": (
        "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration"
        " ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding"
        " ValidatingWebhookConfiguration"
    ),
    "apiextensions.k8s.io": "CustomResourceDefinition",
    "apiregistration.k8s.io": "APIService",
    "certificates.k8s.io": "CertificateSigningRequest ClusterTrustBundle",
    "flowcontrol.apiserver.k8s.io": "FlowSchema PriorityLevelConfiguration",
    "networking.k8s.io": "IPAddress IngressClass ServiceCIDR",
    "node.k8s.io": "RuntimeClass",
    "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding",
    "resource.k8s.io": "DeviceClass DeviceTaintRule ResourceSlice",
    "scheduling.k8s.io": "PriorityClass",
    "storage.k8s.io": ("CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass"),
    "storagemigration.k8s.io": "StorageVersionMigration",
}
"""Kubernetes' API reference, 1.25 to 1.37: the kinds whose paths hold no namespace."""

_NAMESPACED = {
    "": (
        "ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate"
        " ReplicationController ResourceQuota Secret Service ServiceAccount"
    ),
    "apps": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "autoscaling": "HorizontalPodAutoscaler",
    "batch": "CronJob Job",
    "coordination.k8s.io": "Lease LeaseCandidate",
    "discovery.k8s.io": "EndpointSlice",
    "events.k8s.io": "Event",
    "networking.k8s.io": "Ingress NetworkPolicy",
    "policy": "PodDisruptionBudget",
    "rbac.authorization.k8s.io": "Role RoleBinding",
    "resource.k8s.io": "ResourceClaim ResourceClaimTemplate",
    "scheduling.k8s.io": "PodGroup Workload",
    "storage.k8s.io": "CSIStorageCapacity",
}

Scopes = Mapping[tuple[str, str], bool]
"""By group and kind: whether the kind lives in a namespace."""


def _table(kinds: Mapping[str, str], *, namespaced: bool) -> dict[tuple[str, str], bool]:
    return {(group, kind): namespaced for group in kinds for kind in kinds[group].split()}


BUILT_IN: Scopes = {
    **_table(_CLUSTER_WIDE, namespaced=False),
    **_table(_NAMESPACED, namespaced=True),
}


def scopes_of(manifests: Iterable[Manifest]) -> Scopes:
    """The built-in kinds, and those that definitions among these objects add."""
    own = {
        (text(item.body, "spec", "group"), text(item.body, "spec", "names", "kind")): (
            text(item.body, "spec", "scope") == "Namespaced"
        )
        for item in manifests
        if item.id.kind == "CustomResourceDefinition"
    }
    return {**own, **BUILT_IN}


def is_namespaced(identity: ObjectId, scopes: Scopes = BUILT_IN) -> bool | None:
    """Whether objects of its kind live in a namespace; None where the kind is not known."""
    return scopes.get((identity.group, identity.kind))


_LARGEST_DATA = 1024 * 1024
"""Bytes that a ConfigMap's or Secret's data may have (Kubernetes documentation, "ConfigMaps")."""


def check_objects(
    manifests: Sequence[Manifest], environment: str = "", *, declared: bool = True
) -> tuple[ObjectProblem, ...]:
    """What an API server would refuse about these objects, in their order.

    Objects that are described twice (each description names the other's file), names, namespaces,
    labels and annotations that break the API's rules, selectors that do not select their own
    pods, data that is too large.

    Args:
        manifests: everything that one environment describes, of all its applications.
        environment: its name, for the messages; may be empty.
        declared: whether a configuration says what is deployed. Without one, two files that
            describe an object may be alternatives.
    """
    scopes = scopes_of(manifests)
    each = (problem for item in manifests for problem in _check(item, scopes))
    level: Level = "error" if declared else "warning"
    return (*_duplicates(manifests, environment, level), *each)


def _duplicates(
    manifests: Sequence[Manifest], environment: str, level: Level
) -> Iterator[ObjectProblem]:
    first: dict[object, Manifest] = {}
    for manifest in manifests:
        if is_unknown(f"{manifest.id.namespace}/{manifest.id.name}"):
            continue
        other = first.setdefault((manifest.id, manifest.cluster), manifest)
        if other is not manifest:
            inside = f" in environment {environment}" if environment else ""
            yield ObjectProblem(
                f"{manifest.id} is described twice{inside}",
                manifest=manifest,
                cause=f"{_place(other.origin)} and {_place(manifest.origin)} both describe it",
                fix="keep one of them, or give one another name or namespace",
                level=level,
            )


def _place(origin: Location | None) -> str:
    return str(origin) if origin else "a generated file"


def _check(manifest: Manifest, scopes: Scopes) -> Iterator[ObjectProblem]:
    yield from _name(manifest)
    yield from _namespace(manifest, scopes)
    yield from metadata_problems(manifest, fields.mapping(manifest.body, "metadata"))
    yield from pod_problems(manifest)
    yield from _data(manifest)


def _name(manifest: Manifest) -> Iterator[ObjectProblem]:
    fault = "" if is_unknown(manifest.id.name) else names.name_fault(manifest.id)
    if not manifest.id.name:
        fault = "every object needs one"
    if fault:
        yield ObjectProblem(
            f"{manifest.id.kind} has an invalid name {manifest.id.name!r}",
            manifest=manifest,
            steps=("metadata", "name"),
            cause=fault,
            fix="give it another name",
        )


def _namespace(manifest: Manifest, scopes: Scopes) -> Iterator[ObjectProblem]:
    namespace, steps = manifest.id.namespace, ("metadata", "namespace")
    if not namespace:
        return
    fault = "" if is_unknown(namespace) else names.label_fault(namespace)
    if fault:
        yield ObjectProblem(
            f"{manifest.id} has an invalid namespace {namespace!r}",
            manifest=manifest,
            steps=steps,
            cause=fault,
            fix="name an existing namespace",
        )
    elif is_namespaced(manifest.id, scopes) is False:
        yield ObjectProblem(
            f"{manifest.id.kind} {manifest.id.name} names a namespace and cannot have one",
            manifest=manifest,
            steps=steps,
            cause="objects of this kind belong to the cluster as a whole",
            fix="remove metadata.namespace",
            level="warning",
        )


def metadata_problems(
    manifest: Manifest, metadata: Mapping[str, object], steps: Steps = ("metadata",)
) -> Iterator[ObjectProblem]:
    """Labels and annotations that break the API's rules.

    Args:
        manifest: the object.
        metadata: its metadata, or those of a template in it.
        steps: where these stand.
    """
    labels, annotations = (
        fields.mapping(metadata, "labels"),
        fields.mapping(metadata, "annotations"),
    )
    faults = [
        *_faults("label", (*steps, "labels"), labels, labels),
        *_faults("annotation", (*steps, "annotations"), annotations, ()),
    ]
    for where, title, cause in faults:
        yield ObjectProblem(
            f"{manifest.id}: {title}",
            manifest=manifest,
            steps=where,
            cause=cause,
            fix=f"change {written(where)}",
        )
    size = sum(len(f"{key}{value}".encode()) for key, value in annotations.items())
    if size > names.ANNOTATIONS_SIZE:
        yield ObjectProblem(
            f"{manifest.id} has annotations of {size:,} bytes",
            manifest=manifest,
            steps=(*steps, "annotations"),
            cause=f"all annotations together may have {names.ANNOTATIONS_SIZE:,}",
            fix="move the data into a ConfigMap",
        )


def _faults(
    what: str, steps: Steps, found: Mapping[str, object], valued: Iterable[str]
) -> Iterator[tuple[Steps, str, str]]:
    """Place, title and cause of each key that is wrong, and of each value of those `valued`."""
    for key in found:
        name = str(key).lower() if what == "annotation" else str(key)
        fault = "" if is_unknown(key) else names.key_fault(name)
        if fault:
            yield (*steps, str(key)), f"invalid {what} key {str(key)!r}", fault
    for key in valued:
        value = found[key]
        checked = isinstance(value, str) and not is_unknown(value)
        fault = names.label_value_fault(str(value)) if checked else ""
        if fault:
            yield (*steps, key), f"invalid value of {what} {key!r}", fault


def _data(manifest: Manifest) -> Iterator[ObjectProblem]:
    if manifest.id.group or manifest.id.kind not in {"ConfigMap", "Secret"}:
        return
    for wrong in data_faults(manifest):
        yield ObjectProblem(
            f"{manifest.id}: {wrong.title}",
            manifest=manifest,
            steps=(wrong.part, wrong.key),
            cause=wrong.cause,
            fix=wrong.fix,
        )
    size = 0
    for part in ("data", "binaryData", "stringData"):
        for key, value in fields.mapping(manifest.body, part).items():
            size += len(str(value).encode())
            fault = "" if is_unknown(key) else names.data_key_fault(str(key))
            if fault:
                yield ObjectProblem(
                    f"{manifest.id}: invalid key {str(key)!r} in {part}",
                    manifest=manifest,
                    steps=(part, str(key)),
                    cause=fault,
                    fix="give the key another name",
                )
    # Base64 is a third longer than what it stands for, which is what counts.
    if size * 3 // 4 > _LARGEST_DATA:
        yield ObjectProblem(
            f"{manifest.id} holds {size:,} bytes",
            manifest=manifest,
            cause=f"a {manifest.id.kind} may hold {_LARGEST_DATA:,}",
            fix="split it, or move the data into a volume or an image",
        )
