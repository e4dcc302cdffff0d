"""From a workload that is waited for to the reason why it is not there yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from gitops_action.core.health.conditions import group_of
from gitops_action.core.health.diagnose.events import last_lines
from gitops_action.core.health.diagnose.model import Finding, Surroundings, Tolerance, Verdict
from gitops_action.core.health.diagnose.pods import pod_findings
from gitops_action.core.health.diagnose.refusal import refusal
from gitops_action.core.health.diagnose.revision import new_pods, new_replica_set
from gitops_action.core.health.model import Health, Status
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import Body

WITH_PODS = frozenset(
    {
        ("", "Pod"),
        ("apps", "DaemonSet"),
        ("apps", "Deployment"),
        ("apps", "ReplicaSet"),
        ("apps", "StatefulSet"),
        ("batch", "Job"),
    }
)
"""Kinds whose pods explain them: group and kind."""

_CERTAIN = frozenset({"DeploymentPaused"})
"""Reasons in progress that only a person ends."""

_RANK = (
    "InvalidImageName",
    "ErrImageNeverPull",
    "OOMKilled",
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "CreateContainerConfigError",
)
"""What tells most, first; the rest follows in the order it was found."""

_NOT_SEEN = "LatestGenerationNotObserved"


def diagnose(
    workload: Body,
    around: Surroundings,
    *,
    health: Health,
    now: datetime,
    tolerance: Tolerance | None = None,
) -> Verdict:
    """Why a live object is not healthy, and whether waiting can help.

    Args:
        workload: the live object; any kind, pods are looked at for those that have some.
        around: the ReplicaSets, pods and events of its namespace.
        health: what `assess` says of it.
        now: the time, with a time zone.
        tolerance: what is no failure yet.
    """
    if health.status is Status.CURRENT or health.reason == _NOT_SEEN:
        return _verdict(workload, health, None, around)
    limits = tolerance or Tolerance()
    findings = _findings(workload, around, now, limits)
    return _verdict(workload, health, _worst(findings), around)


def _findings(
    workload: Body, around: Surroundings, now: datetime, tolerance: Tolerance
) -> list[Finding]:
    if (group_of(workload), text(workload, "kind")) not in WITH_PODS:
        return []
    refused = refusal(workload, around, now, tolerance)
    found = [refused] if refused else []
    for pod in new_pods(workload, around):
        found += pod_findings(pod, now, tolerance)
    return found


def _worst(findings: Iterable[Finding]) -> Finding | None:
    def key(finding: Finding) -> tuple[bool, int]:
        known = finding.reason in _RANK
        return (not finding.certain, _RANK.index(finding.reason) if known else len(_RANK))

    return min(findings, key=key, default=None)


def _verdict(
    workload: Body, health: Health, finding: Finding | None, around: Surroundings
) -> Verdict:
    certain = (finding is not None and finding.certain) or _certain_by_itself(workload, health)
    log = finding.log if finding else None
    return Verdict(
        status=Status.FAILED if certain else health.status,
        certain=certain,
        reason=finding.reason if finding else health.reason,
        sentence=_sentence(workload, health, finding),
        pod=finding.pod if finding else "",
        container=log.container if log else "",
        log=log,
        events=_events(workload, health, finding, around),
    )


def _certain_by_itself(workload: Body, health: Health) -> bool:
    """A failed object is certain, but for a pod: its own rules call failed what may heal."""
    if health.reason in _CERTAIN:
        return True
    ended = text(workload, "status", "phase") == "Failed"
    pod = text(workload, "kind") == "Pod" and not group_of(workload)
    return health.status is Status.FAILED and (ended or not pod)


def _sentence(workload: Body, health: Health, finding: Finding | None) -> str:
    if health.status is Status.CURRENT:
        return ""
    own = _own_sentence(workload, health)
    if finding is None:
        return own
    if health.status is not Status.FAILED or health.reason == finding.reason:
        return finding.sentence
    return f"{finding.sentence.rstrip('.')}; {own}"


def _own_sentence(workload: Body, health: Health) -> str:
    kind, name = text(workload, "kind"), text(workload, "metadata", "name")
    message = health.message.strip().rstrip(".") or health.reason
    return f"{kind} {name}: {message}."


def _events(
    workload: Body, health: Health, finding: Finding | None, around: Surroundings
) -> tuple[str, ...]:
    if health.status is Status.CURRENT:
        return ()
    chosen = new_replica_set(workload, around.replica_sets)
    names = {text(workload, "metadata", "name"), finding.pod if finding else ""}
    names.add(text(chosen, "metadata", "name") if chosen else "")
    return last_lines(tuple(names - {""}), around.events)
