"""Argo CD's Application and Argo Rollouts' Rollout, by what their controllers write."""

from __future__ import annotations

from gitops_action.core.health.conditions import condition_status
from gitops_action.core.health.model import Health, current, failed, in_progress
from gitops_action.core.manifests.fields import number, text, value
from gitops_action.core.manifests.model import Body

_ENDED_BADLY = frozenset({"Failed", "Error"})


def application(body: Body) -> Health:
    """Synced and healthy; suspended counts as healthy, degraded as failed."""
    phase = text(body, "status", "operationState", "phase")
    synced = text(body, "status", "sync", "status")
    told = text(body, "status", "health", "status")
    if phase in _ENDED_BADLY:
        message = text(body, "status", "operationState", "message")
        return failed(f"Sync{phase}", message or "The last sync failed")
    if told == "Degraded":
        message = text(body, "status", "health", "message")
        return failed("Degraded", message or "Application is degraded")
    if phase == "Running" or synced != "Synced":
        return in_progress("OutOfSync", f"Application is {synced or 'not compared yet'}")
    if told not in {"Healthy", "Suspended"}:
        return in_progress(told or "NotObserved", f"Application is {told or 'not assessed yet'}")
    return current(f"Application is synced and {told.lower()}")


def rollout(body: Body) -> Health:
    """By its phase, once the controller has seen this generation (it writes that as text)."""
    seen = value(body, "status", "observedGeneration")
    wanted = number(body, "metadata", "generation")
    if isinstance(seen, str) and seen.isdecimal() and wanted is not None and int(seen) < wanted:
        return in_progress(
            "LatestGenerationNotObserved", f"Rollout generation is {wanted}, seen is {seen}"
        )
    phase = text(body, "status", "phase")
    message = text(body, "status", "message")
    if phase == "Healthy":
        return current("Rollout is healthy")
    if phase == "Degraded":
        return failed("Degraded", message or "Rollout is degraded")
    if not phase and _available(body):
        return current("Rollout is available")
    return in_progress(phase or "NotObserved", message or f"Rollout is {phase or 'not seen yet'}")


def _available(body: Body) -> bool:
    """Controllers before 1.0 write no phase; their hashes stand in `observedGeneration`."""
    replicas = number(body, "spec", "replicas")
    counts = {number(body, "status", name) for name in ("updatedReplicas", "availableReplicas")}
    available = condition_status(body, "Available") == "True"
    return available and counts == {1 if replicas is None else replicas}
