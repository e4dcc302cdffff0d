"""HorizontalPodAutoscaler: able to scale, and scaling on metrics that it can read."""

from __future__ import annotations

import json

from gitops_action.core.health.conditions import condition, said
from gitops_action.core.health.model import Health, current, failed, in_progress
from gitops_action.core.manifests.fields import annotations as annotations_of
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import Body

NEVER_HEALS = frozenset({"InvalidSelector", "AmbiguousSelector", "InvalidMetricSourceType"})
"""Reasons of the autoscaler that only a change of the description mends."""

V1_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
"""Where `autoscaling/v1`, whose status has no conditions, holds those of v2, as JSON."""

SWITCHED_OFF = "ScalingDisabled"
"""The target has no replicas, which is how a person switches autoscaling off."""


def autoscaler(body: Body) -> Health:
    """By the conditions AbleToScale and ScalingActive (Kubernetes: pod autoscaling walkthrough).

    A metric that cannot be read yet is in progress: a new target has none in its first minute.
    """
    for name in ("AbleToScale", "ScalingActive"):
        found = condition(_with_conditions(body), name)
        if not found:
            return in_progress("NotObserved", "The autoscaler has not looked yet")
        reason = text(found, "reason")
        if text(found, "status") == "True" or reason == SWITCHED_OFF:
            continue
        tell = failed if reason in NEVER_HEALS else in_progress
        return tell(reason or name, said(found, f"{name} is not true"))
    return current("Autoscaler is active")


def _with_conditions(body: Body) -> Body:
    """The autoscaler with its conditions in the status, in whichever version it was read."""
    written = annotations_of(body).get(V1_CONDITIONS)
    if condition(body, "AbleToScale") or not written:
        return body
    try:
        found = json.loads(written)
    except json.JSONDecodeError:
        return body
    return {"status": {"conditions": found if isinstance(found, list) else []}}
