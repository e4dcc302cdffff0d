"""What a person can do about the usual reasons."""

from __future__ import annotations

from collections.abc import Mapping

_PULL = "see that the image exists under this name, and that the cluster may pull it"
_CRASH = "read the log lines: the container starts and ends by itself"

_FIXES: Mapping[str, str] = {
    "AccessDenied": "let the account read it (get, list, watch)",
    "CrashLoopBackOff": _CRASH,
    "CreateContainerConfigError": "add the ConfigMap, Secret or key that it names",
    "DeploymentPaused": "remove `spec.paused`",
    "Error": _CRASH,
    "ErrImagePull": _PULL,
    "FailedCreate": "read why the API refuses the pods: policy, service account, webhook",
    "ImagePullBackOff": _PULL,
    "Installing": "see that no other definition has the same names",
    "InvalidImageName": "mend the image's name",
    "NoIngress": "see that the cluster has a controller for load balancers",
    "NotBound": "see that the storage class exists and can provide a volume",
    "NotFound": "see who deletes it, and run again",
    "NotReady": "read the log lines, and compare the readiness probe with what the container does",
    "OOMKilled": "raise the memory limit, or find what uses so much",
    "QuotaExceeded": "raise the ResourceQuota, or ask for less",
    "RemovedUnseen": "raise `ttlSecondsAfterFinished`, so that the Job's end can be seen",
    "Unschedulable": "add nodes, or ask for less; see taints and affinity",
}

_LONGER = "if it only needs longer, raise `deploy.health.timeout` or the input `timeout`"


def fix_for(reason: str, *, late: bool) -> str:
    """What to do; empty where nothing general can be said.

    Args:
        reason: Kubernetes' word or ours.
        late: whether time ran out, so that more of it may help.
    """
    known = _FIXES.get(reason, "")
    if not late:
        return known
    return f"{known}; {_LONGER}" if known else _LONGER
