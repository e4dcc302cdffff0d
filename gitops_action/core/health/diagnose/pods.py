"""What is wrong with one pod."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from gitops_action.core.health.conditions import condition, moment
from gitops_action.core.health.diagnose.containers import container_findings, shortened
from gitops_action.core.health.diagnose.model import Finding, LogRequest, Tolerance
from gitops_action.core.manifests.fields import flag, items, text
from gitops_action.core.manifests.model import Body


def pod_findings(pod: Body, now: datetime, tolerance: Tolerance) -> Iterator[Finding]:
    """Everything wrong with the pod, what explains most first; nothing for one that is well."""
    if text(pod, "metadata", "deletionTimestamp") or text(pod, "status", "phase") == "Succeeded":
        return
    ended = _pod_failed(pod)
    if ended:
        yield ended
    unplaced = _unschedulable(pod, now, tolerance)
    if unplaced:
        yield unplaced
    yield from container_findings(pod, now, tolerance)
    unready = _unready(pod, now)
    if unready:
        yield unready


def _pod_failed(pod: Body) -> Finding | None:
    """Evicted, its node lost, its deadline passed: the kubelet's word for the whole pod."""
    reason = text(pod, "status", "reason")
    if text(pod, "status", "phase") != "Failed" or not reason:
        return None
    name, message = text(pod, "metadata", "name"), shortened(text(pod, "status", "message"))
    verb = "was evicted" if reason == "Evicted" else "failed"
    why = f": {message}" if message else ""
    alone = not items(pod, "metadata", "ownerReferences")
    return Finding(
        reason=reason, sentence=f"Pod {name} {verb} ({reason}){why}.", certain=alone, pod=name
    )


def _unschedulable(pod: Body, now: datetime, tolerance: Tolerance) -> Finding | None:
    scheduled = condition(pod, "PodScheduled")
    if text(scheduled, "status") != "False" or text(scheduled, "reason") != "Unschedulable":
        return None
    name, message = text(pod, "metadata", "name"), shortened(text(scheduled, "message"))
    since = moment(text(scheduled, "lastTransitionTime"))
    since = since or moment(text(pod, "metadata", "creationTimestamp"))
    return Finding(
        reason="Unschedulable",
        sentence=f"Pod {name} finds no node{f': {message}' if message else ''}.",
        certain=since is not None and now - since > tolerance.schedule,
        pod=name,
    )


def _unready(pod: Body, now: datetime) -> Finding | None:
    """A container that runs, and whose readiness probe or gate does not say yes."""
    if condition(pod, "Ready").get("status") == "True" or text(pod, "status", "phase") != "Running":
        return None
    name = text(pod, "metadata", "name")
    for status in items(pod, "status", "containerStatuses"):
        started = moment(text(status, "state", "running", "startedAt"))
        if flag(status, "ready") or started is None:
            continue
        seconds = max(int((now - started).total_seconds()), 0)
        container = text(status, "name")
        return Finding(
            reason="NotReady",
            sentence=f"Container {container} of pod {name} has run for {seconds} s"
            " and is not ready.",
            pod=name,
            log=LogRequest(pod=name, container=container),
        )
    return _gated(pod, name)


def _gated(pod: Body, name: str) -> Finding | None:
    for gate in items(pod, "spec", "readinessGates"):
        kind = text(gate, "conditionType")
        if condition(pod, kind).get("status") != "True":
            sentence = f"Pod {name} waits for its readiness gate {kind}."
            return Finding(reason="ReadinessGate", sentence=sentence, pod=name)
    return None
