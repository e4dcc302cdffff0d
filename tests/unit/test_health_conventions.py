"""Custom kinds: conventions, rules of known kinds, the configuration."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gitops_action.core.config.resolved import KindRule
from gitops_action.core.health import Facts, Status, assess
from gitops_action.core.health.conventions import GRACE, NO_STATUS
from gitops_action.core.health.known_kinds import KNOWN_KINDS, rule_of

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FACTS = Facts(now=NOW, reporting=frozenset({("acme.dev", "Shop")}))
CURRENT, PROGRESS, FAILED = Status.CURRENT, Status.IN_PROGRESS, Status.FAILED


def an(api: str, kind: str, status: Any = None, **more: Any) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "shop", "generation": 2, **more.pop("metadata", {})}
    body: dict[str, Any] = {"apiVersion": api, "kind": kind, "metadata": metadata, **more}
    return body if status is None else {**body, "status": status}


def shop(status: Any = None, **more: Any) -> dict[str, Any]:
    return an("acme.dev/v1", "Shop", status, **more)


def told(kind: str, status: str, reason: str = "", **more: Any) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "message": "as told", **more}


def with_conditions(*conditions: dict[str, Any]) -> dict[str, Any]:
    return {"conditions": list(conditions)}


CONVENTIONS: list[tuple[str, dict[str, Any], Status]] = [
    ("a good word", shop({"phase": "Running"}), CURRENT),
    ("a wrong word", shop({"phase": "Failed"}), PROGRESS),
    ("a wrong word inside", shop({"state": "ConfigError"}), PROGRESS),
    ("a word under way", shop({"status": "ScalingUp"}), PROGRESS),
    ("a word in capitals", shop({"jobManagerDeploymentStatus": "DEPLOYED_NOT_READY"}), PROGRESS),
    ("a word in a sentence", shop({"currentState": "Waiting for Pods"}), PROGRESS),
    ("a word one level down", shop({"ceph": {"health": "HEALTH_WARN"}}), PROGRESS),
    ("nothing to do", shop({"state": "NotRequired"}), CURRENT),
    ("what happened last", shop({"lastBackupStatus": "Failed"}), CURRENT),
    ("no state", shop({"hostname": "failed.example.com"}), CURRENT),
    ("an error", shop({"error": {"message": "no such bucket"}}), PROGRESS),
    ("an error as text", shop({"failureMessage": "quota"}), PROGRESS),
    ("an empty error", shop({"error": "", "phase": "Open"}), CURRENT),
    *(
        (f"{kind} {status}", shop(with_conditions(told(kind, status))), health)
        for kind, status, health in (
            ("Available", "False", PROGRESS),
            ("Accepted", "Unknown", PROGRESS),
            ("Programmed", "False", PROGRESS),
            ("Synced", "False", PROGRESS),
            ("Established", "False", PROGRESS),
            ("DatabaseReady", "False", PROGRESS),
            ("DatabaseReady", "Unknown", CURRENT),
            ("Degraded", "True", PROGRESS),
            ("Degraded", "False", CURRENT),
            ("InstallPlanFailed", "True", PROGRESS),
            ("Active", "False", CURRENT),
            ("Stalled", "True", FAILED),
            ("Reconciling", "True", PROGRESS),
        )
    ),
    (
        "details beside Ready",
        shop(with_conditions(told("Ready", "True"), told("CronJobAvailable", "False"))),
        CURRENT,
    ),
    (
        "only for information",
        shop(with_conditions(told("Available", "False", severity="Info"))),
        CURRENT,
    ),
    (
        "of an earlier generation",
        shop(with_conditions(told("Available", "True", observedGeneration=1))),
        PROGRESS,
    ),
    ("generation as text", shop({"observedGeneration": "1", "phase": "Ready"}), PROGRESS),
    ("a hash for a generation", shop({"observedGeneration": "5b9f9dd6c6"}), CURRENT),
    (
        "one parent refuses",
        shop(
            {
                "parents": [
                    with_conditions(told("Accepted", "True")),
                    with_conditions(told("Accepted", "False")),
                ]
            }
        ),
        PROGRESS,
    ),
    (
        "a parent of before",
        shop(
            {
                "parents": [
                    with_conditions(told("Accepted", "True", observedGeneration=2)),
                    with_conditions(told("Accepted", "False", observedGeneration=1)),
                ]
            }
        ),
        CURRENT,
    ),
    (
        "scaled to none",
        shop(with_conditions(told("Available", "False")), spec={"replicas": 0}),
        CURRENT,
    ),
    ("fewer ready", shop({"readyReplicas": 1}, spec={"replicas": 2}), PROGRESS),
    ("not ready", shop({"ready": False}), PROGRESS),
    ("suspended", shop({"phase": "Failed"}, spec={"suspend": True}), CURRENT),
    (
        "paused by annotation",
        shop(
            with_conditions(told("Synced", "False")),
            metadata={"annotations": {"crossplane.io/paused": "true"}},
        ),
        CURRENT,
    ),
    ("no custom kind", an("v1", "Endpoints", {"phase": "Failed"}), CURRENT),
]


@pytest.mark.parametrize(
    ("body", "status"), [case[1:] for case in CONVENTIONS], ids=[case[0] for case in CONVENTIONS]
)
def test_a_convention(body: dict[str, Any], status: Status) -> None:
    found = assess(body, FACTS)
    assert found.status is status, found
    assert found.message


ROUTE = "gateway.networking.k8s.io/v1"
KNOWN: list[tuple[str, dict[str, Any], Status]] = [
    ("not seen", an("cert-manager.io/v1", "Certificate"), PROGRESS),
    (
        "denied for good",
        an(
            "cert-manager.io/v1",
            "CertificateRequest",
            with_conditions(told("Ready", "False", "Denied")),
        ),
        FAILED,
    ),
    ("an order", an("acme.cert-manager.io/v1", "Order", {"state": "valid"}), CURRENT),
    ("an order expired", an("acme.cert-manager.io/v1", "Order", {"state": "expired"}), FAILED),
    ("no parent yet", an(ROUTE, "HTTPRoute", {"parents": []}), PROGRESS),
    (
        "references",
        an(
            ROUTE,
            "HTTPRoute",
            {"parents": [with_conditions(told("Accepted", "True"), told("ResolvedRefs", "False"))]},
        ),
        PROGRESS,
    ),
    (
        "routed",
        an(
            ROUTE,
            "HTTPRoute",
            {"parents": [with_conditions(told("Accepted", "True"), told("ResolvedRefs", "True"))]},
        ),
        CURRENT,
    ),
    (
        "half programmed",
        an(ROUTE, "Gateway", with_conditions(told("Accepted", "True"))),
        PROGRESS,
    ),
    (
        "managed and out of sync",
        an(
            "s3.aws.upbound.io/v1",
            "Bucket",
            with_conditions(told("Ready", "True"), told("Synced", "False")),
        ),
        PROGRESS,
    ),
    ("settings", an("aws.upbound.io/v1", "ProviderConfig"), CURRENT),
    (
        "database",
        an("postgresql.cnpg.io/v1", "Cluster", {"phase": "Cluster in healthy state"}),
        CURRENT,
    ),
    (
        "database fails over",
        an("postgresql.cnpg.io/v1", "Cluster", {"phase": "Failing over"}),
        PROGRESS,
    ),
    (
        "on its fallback",
        an(
            "keda.sh/v1alpha1",
            "ScaledObject",
            with_conditions(told("Ready", "True"), told("Fallback", "True")),
        ),
        PROGRESS,
    ),
    ("analysis runs", an("argoproj.io/v1alpha1", "AnalysisRun", {"phase": "Running"}), PROGRESS),
    ("analysis failed", an("argoproj.io/v1alpha1", "AnalysisRun", {"phase": "Failed"}), FAILED),
    ("mesh", an("networking.istio.io/v1", "VirtualService"), CURRENT),
    ("monitor", an("monitoring.coreos.com/v1", "ServiceMonitor"), CURRENT),
    (
        "approved by a person",
        an(
            "operators.coreos.com/v1alpha1",
            "Subscription",
            {"state": "UpgradePending"},
            spec={"installPlanApproval": "Manual"},
        ),
        CURRENT,
    ),
    (
        "a rollout of before 1.0",
        an(
            "argoproj.io/v1alpha1",
            "Rollout",
            {
                "observedGeneration": "5b9f9dd6c6",
                "updatedReplicas": 1,
                "availableReplicas": 1,
                **with_conditions(told("Available", "True")),
            },
        ),
        CURRENT,
    ),
]


@pytest.mark.parametrize(
    ("body", "status"), [case[1:] for case in KNOWN], ids=[case[0] for case in KNOWN]
)
def test_a_known_kind(body: dict[str, Any], status: Status) -> None:
    found = assess(body, Facts(now=NOW))
    assert found.status is status, found
    assert found.message


@pytest.mark.parametrize("rule", KNOWN_KINDS, ids=lambda rule: f"{rule.group} {rule.kinds}")
def test_every_rule_has_its_source_and_is_reached(rule: Any) -> None:
    assert rule.source.startswith("https://")
    group = rule.group.replace("*", "acme", 1)
    kind = rule.kinds[0] if rule.kinds else "Anything"
    assert rule_of(group, kind) is rule
    assert rule.static or rule.elsewhere or rule.true or rule.not_true or rule.healthy


def test_the_configuration_replaces_a_rule() -> None:
    rule = KindRule(group="postgresql.cnpg.io", kind="Cluster", current="status.phase == 'Odd'")
    body = an("postgresql.cnpg.io/v1", "Cluster", {"phase": "Odd"})
    assert assess(body, FACTS).status is PROGRESS
    assert assess(body, FACTS, (rule,)).status is CURRENT


@pytest.mark.parametrize(
    ("age", "kind", "status", "health"),
    [
        (timedelta(seconds=1), "Shop", None, PROGRESS),
        (timedelta(seconds=1), "Shop", {"conditions": []}, PROGRESS),
        (timedelta(seconds=1), "Shop", {"phase": "Open"}, CURRENT),
        (GRACE, "Shop", None, CURRENT),
        (timedelta(seconds=1), "Silent", None, CURRENT),
    ],
)
def test_a_new_object_has_time_to_report(
    age: timedelta, kind: str, status: Any, health: Status
) -> None:
    created = (NOW - age).isoformat()
    body = an("acme.dev/v1", kind, status, metadata={"creationTimestamp": created})
    found = assess(body, FACTS)
    assert found.status is health
    assert (found.reason == NO_STATUS) is (health is PROGRESS)


@pytest.mark.parametrize(
    ("conditions", "status", "reason"),
    [
        ([told("AbleToScale", "True"), told("ScalingActive", "True")], CURRENT, ""),
        ([told("AbleToScale", "True")], PROGRESS, "NotObserved"),
        (
            [told("AbleToScale", "True"), told("ScalingActive", "False", "InvalidSelector")],
            FAILED,
            "InvalidSelector",
        ),
        ("nonsense", PROGRESS, "NotObserved"),
    ],
)
def test_an_autoscaler_of_the_first_version(conditions: Any, status: Status, reason: str) -> None:
    written = conditions if isinstance(conditions, str) else json.dumps(conditions)
    body = an(
        "autoscaling/v1",
        "HorizontalPodAutoscaler",
        {"currentReplicas": 2},
        metadata={"annotations": {"autoscaling.alpha.kubernetes.io/conditions": written}},
    )
    found = assess(body, FACTS)
    assert (found.status, found.reason) == (status, reason)
