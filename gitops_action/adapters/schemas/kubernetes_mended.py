"""Where the published schemas of Kubernetes differ from what an API server takes.

Kubernetes API reference for the values; its release notes for fields that newer schemas no longer
call required though no version ever insisted on them.
"""

from __future__ import annotations

from collections.abc import Mapping

TYPES: Mapping[str, list[str]] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": ["string", "number", "null"],
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": ["string", "integer", "null"],
}
"""Published as a choice of one, which null would fit twice."""

OPTIONAL: Mapping[str, tuple[str, ...]] = {
    "apps.v1.StatefulSetSpec": ("serviceName",),
    "networking.v1.NetworkPolicySpec": ("podSelector",),
    "rbac.v1.RoleRef": ("apiGroup",),
    "scheduling.v1.PriorityClass": ("value",),
}
"""Called required, and filled in by the server when they are missing."""

_PULL = ("Always", "IfNotPresent", "Never")
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_PATH_TYPES = ("Exact", "Prefix", "ImplementationSpecific")

ENUMS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "apps.v1.DaemonSetUpdateStrategy": {"type": ("RollingUpdate", "OnDelete")},
    "apps.v1.DeploymentStrategy": {"type": ("Recreate", "RollingUpdate")},
    "apps.v1.StatefulSetSpec": {"podManagementPolicy": ("OrderedReady", "Parallel")},
    "apps.v1.StatefulSetUpdateStrategy": {"type": ("RollingUpdate", "OnDelete")},
    "batch.v1.CronJobSpec": {"concurrencyPolicy": ("Allow", "Forbid", "Replace")},
    "batch.v1.JobSpec": {"completionMode": ("NonIndexed", "Indexed")},
    "core.v1.Container": {
        "imagePullPolicy": _PULL,
        "terminationMessagePolicy": ("File", "FallbackToLogsOnError"),
    },
    "core.v1.ContainerPort": {"protocol": _PROTOCOLS},
    "core.v1.PersistentVolumeClaimSpec": {"volumeMode": ("Filesystem", "Block")},
    "core.v1.PodSpec": {
        "dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
        "restartPolicy": ("Always", "OnFailure", "Never"),
    },
    "core.v1.SeccompProfile": {"type": ("Localhost", "RuntimeDefault", "Unconfined")},
    "core.v1.ServicePort": {"protocol": _PROTOCOLS},
    "core.v1.ServiceSpec": {
        "externalTrafficPolicy": ("Cluster", "Local"),
        "ipFamilyPolicy": ("SingleStack", "PreferDualStack", "RequireDualStack"),
        "sessionAffinity": ("ClientIP", "None"),
        "type": ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort"),
    },
    "core.v1.Toleration": {
        "effect": ("NoSchedule", "PreferNoSchedule", "NoExecute", ""),
    },
    "core.v1.TopologySpreadConstraint": {
        "whenUnsatisfiable": ("DoNotSchedule", "ScheduleAnyway"),
    },
    "networking.v1.HTTPIngressPath": {"pathType": _PATH_TYPES},
    "storage.v1.StorageClass": {
        "reclaimPolicy": ("Delete", "Retain", "Recycle"),
        "volumeBindingMode": ("Immediate", "WaitForFirstConsumer"),
    },
}
"""Fields whose values the published schemas leave open, and the server does not."""
