"""Which pods are of a workload's newest revision; those of older ones prove nothing."""

from __future__ import annotations

from gitops_action.core.health.conditions import group_of
from gitops_action.core.health.diagnose.model import Surroundings
from gitops_action.core.manifests.fields import items, text
from gitops_action.core.manifests.model import Body

_REVISION = "deployment.kubernetes.io/revision"
_DAEMON_GENERATION = "deprecated.daemonset.template.generation"
_TEMPLATE_GENERATION = "pod-template-generation"
_REVISION_HASH = "controller-revision-hash"
_TEMPLATE_HASH = "pod-template-hash"
_JOB_NAMES = ("batch.kubernetes.io/job-name", "job-name")


def new_replica_set(workload: Body, replica_sets: tuple[Body, ...]) -> Body | None:
    """The ReplicaSet of a Deployment's newest revision (annotation of Kubernetes' controller)."""
    owned = [found for found in replica_sets if owned_by(found, workload)]
    wanted = _annotation(workload, _REVISION)
    for found in owned:
        if wanted and _annotation(found, _REVISION) == wanted:
            return found
    return max(owned, key=_revision_number, default=None) if not wanted else None


def new_pods(workload: Body, around: Surroundings) -> tuple[Body, ...]:
    """The pods of the newest revision, in the order of their names."""
    kind = (group_of(workload), text(workload, "kind"))
    found = _pods_by_kind(kind, workload, around)
    return tuple(sorted(found, key=lambda pod: text(pod, "metadata", "name")))


def owned_by(body: Body, owner: Body) -> bool:
    """Whether one of the object's owner references names that object, by its UID."""
    uid = text(owner, "metadata", "uid")
    references = items(body, "metadata", "ownerReferences")
    return bool(uid) and any(reference.get("uid") == uid for reference in references)


def _pods_by_kind(kind: tuple[str, str], workload: Body, around: Surroundings) -> list[Body]:
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


def _of_deployment(workload: Body, around: Surroundings) -> list[Body]:
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


def _labelled(pods: list[Body], label: str, wanted: str) -> list[Body]:
    """Those with the label's value; all of them where the workload does not say which."""
    return [pod for pod in pods if _label(pod, label) == wanted] if wanted else pods


def _label(body: Body, name: str) -> str:
    return text(body, "metadata", "labels", name)


def _annotation(body: Body, name: str) -> str:
    return text(body, "metadata", "annotations", name)


def _revision_number(body: Body) -> int:
    written = _annotation(body, _REVISION)
    return int(written) if written.isdecimal() else 0
