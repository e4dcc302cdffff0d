"""Where our health differs from kstatus', kind by kind, on status bodies as clusters write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gitops_action.core.health import Facts, Status, assess, missing
from gitops_action.core.health.model import Health

FACTS = Facts(
    now=datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
    binding_modes={"local": "WaitForFirstConsumer", "ssd": "Immediate"},
    default_storage_class="local",
)
CURRENT, PROGRESS, FAILED = Status.CURRENT, Status.IN_PROGRESS, Status.FAILED


def an(
    api: str,
    kind: str,
    *,
    spec: dict[str, Any] | None = None,
    status: dict[str, Any] | None = None,
    **metadata: Any,
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": "web", "namespace": "shop", "generation": 2, **metadata},
    }
    return body | ({"spec": spec} if spec else {}) | ({"status": status} if status else {})


def told(kind: str, status: str, reason: str = "", message: str = "", **more: Any) -> Any:
    return {"type": kind, "status": status, "reason": reason, "message": message, **more}


def deployed(**status: Any) -> dict[str, Any]:
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), 2)
    return {"observedGeneration": 2, **counts, **status}


HEALTHY = [told("Available", "True"), told("Progressing", "True", "NewReplicaSetAvailable")]
FLUX = "kustomize.toolkit.fluxcd.io/v1"
CASES: list[tuple[str, dict[str, Any], Status, str]] = [
    (
        "pod failed",
        an("v1", "Pod", status={"phase": "Failed", "reason": "Evicted"}),
        FAILED,
        "Evicted",
    ),
    ("pod done", an("v1", "Pod", status={"phase": "Succeeded"}), CURRENT, ""),
    (
        "job runs",
        an("batch/v1", "Job", status={"startTime": "2026-03-01T11:00:00Z", "active": 1}),
        PROGRESS,
        "JobRunning",
    ),
    (
        "job complete",
        an("batch/v1", "Job", status={"conditions": [told("Complete", "True")]}),
        CURRENT,
        "",
    ),
    (
        "job failed",
        an(
            "batch/v1",
            "Job",
            status={"conditions": [told("Failed", "True", "BackoffLimitExceeded", "too often")]},
        ),
        FAILED,
        "JobFailed",
    ),
    (
        "job suspended",
        an(
            "batch/v1",
            "Job",
            spec={"suspend": True},
            status={"startTime": "2026-03-01T11:00:00Z", "conditions": [told("Suspended", "True")]},
        ),
        CURRENT,
        "",
    ),
    (
        "job to be suspended",
        an("batch/v1", "Job", spec={"suspend": True}, status={"startTime": "2026-03-01T11:00:00Z"}),
        PROGRESS,
        "JobRunning",
    ),
    ("cron job", an("batch/v1", "CronJob", spec={"suspend": True}), CURRENT, ""),
    (
        "balancer without address",
        an("v1", "Service", spec={"type": "LoadBalancer", "clusterIP": "10.0.0.1"}),
        PROGRESS,
        "NoIngress",
    ),
    (
        "balancer with address",
        an(
            "v1",
            "Service",
            spec={"type": "LoadBalancer"},
            status={"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
        ),
        CURRENT,
        "",
    ),
    ("cluster address", an("v1", "Service", spec={"type": "ClusterIP"}), CURRENT, ""),
    (
        "claim of the default class",
        an(
            "v1",
            "PersistentVolumeClaim",
            spec={"volumeMode": "Filesystem"},
            status={"phase": "Pending"},
        ),
        CURRENT,
        "WaitForFirstConsumer",
    ),
    (
        "claim of an immediate class",
        an(
            "v1",
            "PersistentVolumeClaim",
            spec={"storageClassName": "ssd"},
            status={"phase": "Pending"},
        ),
        PROGRESS,
        "NotBound",
    ),
    (
        "claim of no class",
        an(
            "v1",
            "PersistentVolumeClaim",
            spec={"storageClassName": ""},
            status={"phase": "Pending"},
        ),
        PROGRESS,
        "NotBound",
    ),
    (
        "claim lost",
        an("v1", "PersistentVolumeClaim", status={"phase": "Lost"}),
        FAILED,
        "ClaimLost",
    ),
    ("budget not seen", an("policy/v1", "PodDisruptionBudget"), PROGRESS, "NotObserved"),
    (
        "budget without spare pods",
        an(
            "policy/v1",
            "PodDisruptionBudget",
            status={
                "observedGeneration": 2,
                "conditions": [told("DisruptionAllowed", "False", "InsufficientPods")],
            },
        ),
        CURRENT,
        "",
    ),
    (
        "budget cannot sync",
        an(
            "policy/v1",
            "PodDisruptionBudget",
            status={
                "observedGeneration": 2,
                "conditions": [told("DisruptionAllowed", "False", "SyncFailed")],
            },
        ),
        PROGRESS,
        "SyncFailed",
    ),
    (
        "autoscaler not seen",
        an("autoscaling/v2", "HorizontalPodAutoscaler"),
        PROGRESS,
        "NotObserved",
    ),
    (
        "autoscaler has no metrics",
        an(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            status={
                "conditions": [
                    told("AbleToScale", "True"),
                    told("ScalingActive", "False", "FailedGetResourceMetric"),
                ]
            },
        ),
        PROGRESS,
        "FailedGetResourceMetric",
    ),
    (
        "autoscaler has no target",
        an(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            status={"conditions": [told("AbleToScale", "False", "FailedGetScale")]},
        ),
        PROGRESS,
        "FailedGetScale",
    ),
    (
        "autoscaler cannot work",
        an(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            status={
                "conditions": [
                    told("AbleToScale", "True"),
                    told("ScalingActive", "False", "InvalidSelector"),
                ]
            },
        ),
        FAILED,
        "InvalidSelector",
    ),
    (
        "autoscaler switched off",
        an(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            status={
                "conditions": [
                    told("AbleToScale", "True"),
                    told("ScalingActive", "False", "ScalingDisabled"),
                ]
            },
        ),
        CURRENT,
        "",
    ),
    (
        "autoscaler",
        an(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            status={"conditions": [told("AbleToScale", "True"), told("ScalingActive", "True")]},
        ),
        CURRENT,
        "",
    ),
    (
        "api not there",
        an(
            "apiregistration.k8s.io/v1",
            "APIService",
            status={"conditions": [told("Available", "False", "MissingEndpoints")]},
        ),
        PROGRESS,
        "MissingEndpoints",
    ),
    (
        "api there",
        an(
            "apiregistration.k8s.io/v1",
            "APIService",
            status={"conditions": [told("Available", "True", "Passed")]},
        ),
        CURRENT,
        "",
    ),
    ("ingress", an("networking.k8s.io/v1", "Ingress"), CURRENT, "NoAddress"),
    ("namespace", an("v1", "Namespace", status={"phase": "Active"}), CURRENT, ""),
    (
        "namespace going",
        an("v1", "Namespace", status={"phase": "Terminating"}),
        Status.TERMINATING,
        "Terminating",
    ),
    (
        "anything going",
        an("v1", "ConfigMap", deletionTimestamp="2026-03-01T11:00:00Z", finalizers=["acme/keep"]),
        Status.TERMINATING,
        "Terminating",
    ),
    (
        "deployment",
        an(
            "apps/v1",
            "Deployment",
            spec={"replicas": 2, "progressDeadlineSeconds": 600},
            status=deployed(conditions=HEALTHY),
        ),
        CURRENT,
        "",
    ),
    (
        "deployment to zero",
        an(
            "apps/v1",
            "Deployment",
            spec={"replicas": 0},
            status={"observedGeneration": 2, "conditions": HEALTHY},
        ),
        CURRENT,
        "",
    ),
    (
        "deployment not seen",
        an(
            "apps/v1",
            "Deployment",
            spec={"replicas": 2},
            status=deployed(observedGeneration=1, conditions=HEALTHY),
        ),
        PROGRESS,
        "LatestGenerationNotObserved",
    ),
    (
        "deployment late",
        an(
            "apps/v1",
            "Deployment",
            spec={"replicas": 2},
            status=deployed(
                readyReplicas=1,
                conditions=[told("Progressing", "False", "ProgressDeadlineExceeded", "timed out")],
            ),
        ),
        FAILED,
        "ProgressDeadlineExceeded",
    ),
    (
        "deployment paused half way",
        an(
            "apps/v1",
            "Deployment",
            spec={"replicas": 2, "paused": True},
            status=deployed(updatedReplicas=1),
        ),
        PROGRESS,
        "DeploymentPaused",
    ),
    (
        "deployment refused",
        an(
            "apps/v1",
            "Deployment",
            spec={"replicas": 2},
            status=deployed(
                updatedReplicas=1,
                conditions=[told("ReplicaFailure", "True", "FailedCreate", "exceeded quota")],
            ),
        ),
        PROGRESS,
        "ReplicaFailure",
    ),
    (
        "stateful by hand",
        an("apps/v1", "StatefulSet", spec={"updateStrategy": {"type": "OnDelete"}}),
        CURRENT,
        "",
    ),
    (
        "stateful in parts",
        an(
            "apps/v1",
            "StatefulSet",
            spec={"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
            status={"replicas": 3, "readyReplicas": 3, "updatedReplicas": 1},
        ),
        CURRENT,
        "",
    ),
    (
        "stateful parts to go",
        an(
            "apps/v1",
            "StatefulSet",
            spec={"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 1}}},
            status={"replicas": 3, "readyReplicas": 3, "updatedReplicas": 1},
        ),
        PROGRESS,
        "PartitionRollout",
    ),
    (
        "stateful partition beyond",
        an(
            "apps/v1",
            "StatefulSet",
            spec={"replicas": 1, "updateStrategy": {"rollingUpdate": {"partition": 9}}},
            status={"replicas": 1, "readyReplicas": 1},
        ),
        CURRENT,
        "",
    ),
    (
        "stateful old revision",
        an(
            "apps/v1",
            "StatefulSet",
            spec={"replicas": 1},
            status={
                "replicas": 1,
                "readyReplicas": 1,
                "currentReplicas": 1,
                "currentRevision": "a",
                "updateRevision": "b",
            },
        ),
        PROGRESS,
        "RevisionMismatch",
    ),
    (
        "stateful fresh",
        an(
            "apps/v1",
            "StatefulSet",
            spec={"replicas": 1, "minReadySeconds": 10},
            status={"replicas": 1, "readyReplicas": 1, "currentReplicas": 1},
        ),
        PROGRESS,
        "LessAvailable",
    ),
    (
        "daemon by hand",
        an(
            "apps/v1",
            "DaemonSet",
            spec={"updateStrategy": {"type": "OnDelete"}},
            status={
                "observedGeneration": 2,
                "desiredNumberScheduled": 2,
                "currentNumberScheduled": 2,
                "updatedNumberScheduled": 0,
                "numberAvailable": 2,
                "numberReady": 2,
            },
        ),
        CURRENT,
        "",
    ),
    (
        "daemon old pods",
        an(
            "apps/v1",
            "DaemonSet",
            status={
                "observedGeneration": 2,
                "desiredNumberScheduled": 2,
                "currentNumberScheduled": 2,
                "updatedNumberScheduled": 0,
                "numberAvailable": 2,
                "numberReady": 2,
            },
        ),
        PROGRESS,
        "LessUpdated",
    ),
    (
        "flux not looked",
        an(FLUX, "Kustomization", status={"observedGeneration": -1}),
        PROGRESS,
        "LatestGenerationNotObserved",
    ),
    (
        "flux no generation",
        an(FLUX, "Kustomization", generation=None, status={"observedGeneration": -1}),
        PROGRESS,
        "NotObserved",
    ),
    (
        "flux ready",
        an(
            FLUX,
            "Kustomization",
            status={"observedGeneration": 2, "conditions": [told("Ready", "True")]},
        ),
        CURRENT,
        "",
    ),
    (
        "flux ready, again at work",
        an(
            FLUX,
            "Kustomization",
            status={
                "observedGeneration": 2,
                "conditions": [told("Ready", "True"), told("Reconciling", "True")],
            },
        ),
        PROGRESS,
        "NotReady",
    ),
    (
        "flux stalled",
        an(
            FLUX,
            "Kustomization",
            status={
                "observedGeneration": 2,
                "conditions": [told("Ready", "False"), told("Stalled", "True", "BuildFailed")],
            },
        ),
        FAILED,
        "BuildFailed",
    ),
    (
        "flux tries again",
        an(
            FLUX,
            "Kustomization",
            status={
                "observedGeneration": 2,
                "conditions": [told("Ready", "False", "HealthCheckFailed", "timeout")],
            },
        ),
        PROGRESS,
        "HealthCheckFailed",
    ),
    ("flux suspended", an(FLUX, "Kustomization", spec={"suspend": True}), CURRENT, "Suspended"),
    ("flux provider", an("notification.toolkit.fluxcd.io/v1beta3", "Provider"), CURRENT, ""),
    (
        "flux oci repository",
        an("source.toolkit.fluxcd.io/v1", "HelmRepository", spec={"type": "oci"}),
        CURRENT,
        "",
    ),
    (
        "argo healthy",
        an(
            "argoproj.io/v1alpha1",
            "Application",
            status={"sync": {"status": "Synced"}, "health": {"status": "Healthy"}},
        ),
        CURRENT,
        "",
    ),
    ("argo new", an("argoproj.io/v1alpha1", "Application"), PROGRESS, "OutOfSync"),
    (
        "argo degraded",
        an(
            "argoproj.io/v1alpha1",
            "Application",
            status={"sync": {"status": "Synced"}, "health": {"status": "Degraded"}},
        ),
        FAILED,
        "Degraded",
    ),
    (
        "argo sync failed",
        an("argoproj.io/v1alpha1", "Application", status={"operationState": {"phase": "Failed"}}),
        FAILED,
        "SyncFailed",
    ),
    (
        "rollout healthy",
        an(
            "argoproj.io/v1alpha1",
            "Rollout",
            status={"observedGeneration": "2", "phase": "Healthy"},
        ),
        CURRENT,
        "",
    ),
    (
        "rollout not seen",
        an(
            "argoproj.io/v1alpha1",
            "Rollout",
            status={"observedGeneration": "1", "phase": "Healthy"},
        ),
        PROGRESS,
        "LatestGenerationNotObserved",
    ),
    (
        "rollout paused",
        an(
            "argoproj.io/v1alpha1",
            "Rollout",
            status={"phase": "Paused", "message": "CanaryPauseStep"},
        ),
        PROGRESS,
        "Paused",
    ),
    (
        "rollout degraded",
        an("argoproj.io/v1alpha1", "Rollout", status={"phase": "Degraded"}),
        FAILED,
        "Degraded",
    ),
    ("certificate not seen", an("cert-manager.io/v1", "Certificate"), PROGRESS, "NotObserved"),
    (
        "certificate of before",
        an(
            "cert-manager.io/v1",
            "Certificate",
            status={"conditions": [told("Ready", "True", observedGeneration=1)]},
        ),
        PROGRESS,
        "LatestGenerationNotObserved",
    ),
    (
        "certificate",
        an(
            "cert-manager.io/v1",
            "Certificate",
            status={"conditions": [told("Ready", "True", observedGeneration=2)]},
        ),
        CURRENT,
        "",
    ),
    (
        "unknown ready",
        an("acme.dev/v1", "Shop", status={"conditions": [told("Ready", "Unknown")]}),
        PROGRESS,
        "NotReady",
    ),
    ("unknown, no list", an("acme.dev/v1", "Shop", status={"conditions": "nonsense"}), CURRENT, ""),
    (
        "ignored",
        an("batch/v1", "Job", annotations={"gitops-action/wait": "ignore"}),
        CURRENT,
        "Ignored",
    ),
]


@pytest.mark.parametrize(
    ("body", "status", "reason"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_health_of(body: dict[str, Any], status: Status, reason: str) -> None:
    found = assess(body, FACTS)
    assert (found.status, found.reason) == (status, reason)
    assert found.message


def test_a_definition_that_never_establishes_is_told() -> None:
    conflict = told("NamesAccepted", "False", "PluralConflict", '"shops" is already in use')
    body = an(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition", status={"conditions": [conflict]}
    )
    assert assess(body, FACTS) == Health(
        status=FAILED, reason="PluralConflict", message='"shops" is already in use'
    )


def test_a_finalizer_is_named() -> None:
    body = an("v1", "ConfigMap", deletionTimestamp="2026-03-01T11:00:00Z", finalizers=["acme/keep"])
    assert "acme/keep" in assess(body, FACTS).message


@pytest.mark.parametrize(
    ("ttl", "last", "status"),
    [
        (10, Health(status=CURRENT), CURRENT),
        (10, Health(status=FAILED), FAILED),
        (10, Health(status=PROGRESS), Status.UNKNOWN),
        (0, None, Status.UNKNOWN),
        (None, Health(status=CURRENT), Status.NOT_FOUND),
    ],
)
def test_a_job_that_is_gone(ttl: int | None, last: Health | None, status: Status) -> None:
    spec = {} if ttl is None else {"ttlSecondsAfterFinished": ttl}
    assert missing(an("batch/v1", "Job", spec=spec), last).status is status
