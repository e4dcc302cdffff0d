"""From a workload that is waited for to the reason why it is not there yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from gitops_action.core.health.diagnose.model import (
    Diagnosis,
    PodFinding,
    RelatedObjects,
    Tolerance,
)
from gitops_action.core.health.diagnose.pods import last_lines, pod_findings, shortened, warnings_of
from gitops_action.core.health.model import Health, Status, condition, group_of, moment
from gitops_action.core.manifests.fields import items, text
from gitops_action.core.manifests.model import Body

# Which pods are of a workload's newest revision; those of older ones prove nothing.

_REVISION = "deployment.kubernetes.io/revision"
_DAEMON_GENERATION = "deprecated.daemonset.template.generation"
_TEMPLATE_GENERATION = "pod-template-generation"
_REVISION_HASH = "controller-revision-hash"
_TEMPLATE_HASH = "pod-template-hash"
_JOB_NAMES = ("batch.kubernetes.io/job-name", "job-name")


def new_replica_set(workload: Body, replica_sets: tuple[Body, ...]) -> Body | None:
    """The ReplicaSet of a Deployment's newest revision (annotation of Kubernetes' controller)."""
    owned = [found for found in replica_sets if owned_by(found, workload)]
    requested = _annotation(workload, _REVISION)
    for found in owned:
        if requested and _annotation(found, _REVISION) == requested:
            return found
    return max(owned, key=_revision_number, default=None) if not requested else None


def new_pods(workload: Body, around: RelatedObjects) -> tuple[Body, ...]:
    """The pods of the newest revision, in the order of their names."""
    kind = (group_of(workload), text(workload, "kind"))
    found = _pods_by_kind(kind, workload, around)
    return tuple(sorted(found, key=lambda pod: text(pod, "metadata", "name")))


def owned_by(body: Body, owner: Body) -> bool:
    """Whether one of the object's owner references names that object, by its UID."""
    uid = text(owner, "metadata", "uid")
    references = items(body, "metadata", "ownerReferences")
    return bool(uid) and any(reference.get("uid") == uid for reference in references)


def _pods_by_kind(kind: tuple[str, str], workload: Body, around: RelatedObjects) -> list[Body]:
    if kind == ("", "Pod"):
        return [workload]
    if kind == ("apps", "Deployment"):
        return _of_deployment(workload, around)
    owned = [pod for pod in around.pods if owned_by(pod, workload)]
    if kind == ("apps", "StatefulSet"):
        return _labelled(owned, _REVISION_HASH, text(workload, "status", "updateRevision"))
    if kind == ("apps", "DaemonSet"):
        generation = _annotation(workload, _DAEMON_GENERATION)
        return _labelled(owned, _TEMPLATE_GENERATION, generation)
    if kind == ("batch", "Job"):
        return owned or _named_job(workload, around.pods)
    return owned


def _of_deployment(workload: Body, around: RelatedObjects) -> list[Body]:
    chosen = new_replica_set(workload, around.replica_sets)
    if chosen is None:
        return []
    owned = [pod for pod in around.pods if owned_by(pod, chosen)]
    return owned or _labelled(
        [pod for pod in around.pods if not items(pod, "metadata", "ownerReferences")],
        _TEMPLATE_HASH,
        _label(chosen, _TEMPLATE_HASH) or "-",
    )


def _named_job(workload: Body, pods: tuple[Body, ...]) -> list[Body]:
    name = text(workload, "metadata", "name")
    return [pod for pod in pods if name in {_label(pod, label) for label in _JOB_NAMES}]


def _labelled(pods: list[Body], label: str, requested: str) -> list[Body]:
    """Those with the label's value; all of them where the workload does not say which."""
    return [pod for pod in pods if _label(pod, label) == requested] if requested else pods


def _label(body: Body, name: str) -> str:
    return text(body, "metadata", "labels", name)


def _annotation(body: Body, name: str) -> str:
    return text(body, "metadata", "annotations", name)


def _revision_number(body: Body) -> int:
    written = _annotation(body, _REVISION)
    return int(written) if written.isdecimal() else 0


# Pods that the API refuses to make: quota, admission, a service account that is not there.

_NEVER_HEALS = ("violates PodSecurity", "is invalid:", "Invalid value")


def refusal(
    workload: Body, around: RelatedObjects, now: datetime, tolerance: Tolerance
) -> PodFinding | None:
    """The refusal as its newest ReplicaSet has it, else as the newest event has it."""
    chosen = new_replica_set(workload, around.replica_sets)
    for body in (chosen, workload):
        found = condition(body, "ReplicaFailure") if body else {}
        if text(found, "status") == "True":
            since = text(found, "lastTransitionTime")
            return _finding(workload, text(found, "message"), _late(since, now, tolerance))
    return _from_events(workload, around, now, tolerance)


def _from_events(
    workload: Body, around: RelatedObjects, now: datetime, tolerance: Tolerance
) -> PodFinding | None:
    """StatefulSet, DaemonSet and Job say it in events alone."""
    name = text(workload, "metadata", "name")
    uid = text(workload, "metadata", "uid")
    for event in reversed(warnings_of((name,), around.events)):
        about = text(event, "involvedObject", "uid") or text(event, "regarding", "uid")
        if event.get("reason") == "FailedCreate" and about in {uid, ""}:
            first = text(event, "firstTimestamp") or text(event, "eventTime")
            return _finding(workload, text(event, "message"), _late(first, now, tolerance))
    return None


def _finding(workload: Body, message: str, late: bool) -> PodFinding:  # noqa: FBT001 - one of its parts
    kind, name = text(workload, "kind"), text(workload, "metadata", "name")
    quota = "exceeded quota" in message
    never = any(words in message for words in _NEVER_HEALS)
    return PodFinding(
        reason="QuotaExceeded" if quota else "FailedCreate",
        sentence=f"{kind} {name} cannot make its pods: {shortened(message)}.",
        certain=never or late,
    )


def _late(since: str, now: datetime, tolerance: Tolerance) -> bool:
    found = moment(since)
    return found is not None and now - found > tolerance.refusal


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
"""What says most, first; the rest follows in the order it was found."""

_NOT_SEEN = "LatestGenerationNotObserved"


def diagnose(
    workload: Body,
    around: RelatedObjects,
    *,
    health: Health,
    now: datetime,
    tolerance: Tolerance | None = None,
) -> Diagnosis:
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
    workload: Body, around: RelatedObjects, now: datetime, tolerance: Tolerance
) -> list[PodFinding]:
    if (group_of(workload), text(workload, "kind")) not in WITH_PODS:
        return []
    refused = refusal(workload, around, now, tolerance)
    found = [refused] if refused else []
    for pod in new_pods(workload, around):
        found += pod_findings(pod, now, tolerance)
    return found


def _worst(findings: Iterable[PodFinding]) -> PodFinding | None:
    def key(finding: PodFinding) -> tuple[bool, int]:
        known = finding.reason in _RANK
        return (not finding.certain, _RANK.index(finding.reason) if known else len(_RANK))

    return min(findings, key=key, default=None)


def _verdict(
    workload: Body, health: Health, finding: PodFinding | None, around: RelatedObjects
) -> Diagnosis:
    certain = (finding is not None and finding.certain) or _certain_by_itself(workload, health)
    log = finding.log if finding else None
    return Diagnosis(
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


def _sentence(workload: Body, health: Health, finding: PodFinding | None) -> str:
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
    workload: Body, health: Health, finding: PodFinding | None, around: RelatedObjects
) -> tuple[str, ...]:
    if health.status is Status.CURRENT:
        return ()
    chosen = new_replica_set(workload, around.replica_sets)
    names = {text(workload, "metadata", "name"), finding.pod if finding else ""}
    names.add(text(chosen, "metadata", "name") if chosen else "")
    return last_lines(tuple(names - {""}), around.events)


# Trouble that is older than the wait: what was just applied may be about to fix it.

MENDING = timedelta(seconds=60)
"""How long old trouble may go on before it counts."""

_JUST_NOW = timedelta(seconds=30)
"""Applying takes a while before the wait begins, and clocks differ."""

_FINAL = frozenset({"JobFailed"})


def counts(
    verdict: Diagnosis, live: Body, around: RelatedObjects, *, begun: datetime, now: datetime
) -> bool:
    """Whether a certain verdict is to be acted on now.

    Args:
        verdict: what `diagnose` says.
        live: the object.
        around: what surrounds it.
        begun: when the wait began.
        now: the time.
    """
    ended = text(live, "status", "phase") == "Failed" or verdict.reason in _FINAL
    if ended or now - begun >= MENDING:
        return verdict.certain
    since = _since(verdict, live, around)
    return verdict.certain and (since is None or since > begun - _JUST_NOW)


def _since(verdict: Diagnosis, live: Body, around: RelatedObjects) -> datetime | None:
    """When it began: with the pod that shows it, else with the last change of a condition."""
    if text(live, "kind") == "Job":
        return None
    for pod in around.pods:
        if verdict.pod and text(pod, "metadata", "name") == verdict.pod:
            return moment(text(pod, "metadata", "creationTimestamp"))
    if verdict.pod == text(live, "metadata", "name"):
        return moment(text(live, "metadata", "creationTimestamp"))
    times = [moment(text(one, "lastTransitionTime")) for one in items(live, "status", "conditions")]
    return max((time for time in times if time), default=None)
