"""Which kinds live in a namespace and which in the cluster as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gitops_action.core.manifests import Manifest, ObjectId
from gitops_action.core.manifests.fields import text

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
