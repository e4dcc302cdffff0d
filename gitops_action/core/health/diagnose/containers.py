"""What is wrong with one container of a pod."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gitops_action.core.health.conditions import condition, count, moment
from gitops_action.core.health.diagnose.model import Finding, LogRequest, Tolerance
from gitops_action.core.manifests.fields import flag, items, mapping, text
from gitops_action.core.manifests.model import Body

_PULL = frozenset({"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"})
_PULL_NEVER = frozenset({"InvalidImageName", "ErrImageNeverPull"})
_CONFIG = frozenset({"CreateContainerConfigError"})
_START = frozenset({"CreateContainerError", "RunContainerError", "PostStartHookError"})
_MESSAGE_LENGTH = 300


@dataclass(frozen=True, kw_only=True)
class Place:
    """A container's status and where it stands."""

    pod: Body
    status: Body
    init: bool
    now: datetime
    tolerance: Tolerance

    @property
    def pod_name(self) -> str:
        """The pod's name."""
        return text(self.pod, "metadata", "name")

    @property
    def container(self) -> str:
        """The container's name."""
        return text(self.status, "name")

    @property
    def words(self) -> str:
        """How a sentence begins: `Container web of pod web-x`."""
        kind = "Init container" if self.init else "Container"
        return f"{kind} {self.container} of pod {self.pod_name}"


def container_findings(pod: Body, now: datetime, tolerance: Tolerance) -> Iterator[Finding]:
    """What is wrong with the pod's containers, init containers first: they run first."""
    for field, init in (("initContainerStatuses", True), ("containerStatuses", False)):
        for status in items(pod, "status", field):
            place = Place(pod=pod, status=status, init=init, now=now, tolerance=tolerance)
            found = _waiting(place) or _ended(place)
            if found:
                yield found


def _waiting(place: Place) -> Finding | None:
    waiting = mapping(place.status, "state", "waiting")
    reason, message = text(waiting, "reason"), shortened(text(waiting, "message"))
    image = text(place.status, "image")
    if reason == "CrashLoopBackOff":
        return _crashing(place, reason, text_of_end(mapping(place.status, "lastState")))
    if reason in _PULL:
        what = f"{place.words} cannot pull its image {image}"
        return _told(place, reason, what, message, certain=_older(place, place.tolerance.pull))
    if reason in _PULL_NEVER:
        what = f"{place.words} cannot use the image {image}"
        return _told(place, reason, what, message, certain=True)
    if reason in _CONFIG:
        what = f"{place.words} lacks part of its configuration"
        return _told(place, reason, what, message, certain=_older(place, place.tolerance.config))
    if reason in _START:
        what = f"{place.words} could not be started"
        certain = restarts(place) > place.tolerance.restarts
        later = _older(place, place.tolerance.pull)
        return _told(place, reason, what, message, certain=certain or later)
    return None


def _ended(place: Place) -> Finding | None:
    """A container that ended badly: it is about to start again, has just done so, or never will."""
    state = mapping(place.status, "state")
    ended = mapping(state, "terminated")
    if ended and count(ended, "exitCode"):
        return _crashing(place, text(ended, "reason") or "Error", text_of_end(state))
    before = mapping(place.status, "lastState")
    back = "running" in state and not flag(place.status, "ready")
    if not back or not count(before, "terminated", "exitCode"):
        return None
    return replace(_crashing(place, "Restarted", text_of_end(before)), certain=False)


def _crashing(place: Place, reason: str, end: str) -> Finding:
    times = restarts(place)
    often = "once" if times == 0 else f"{times + 1} times" if times > 1 else "twice"
    crashed = f"{place.words} crashed {often}, last {end or 'for an unknown reason'}"
    killed = "OOMKilled" in end
    again = not mapping(place.status, "state", "terminated")
    return Finding(
        reason="OOMKilled" if killed else reason,
        sentence=f"{crashed}.",
        certain=times > place.tolerance.restarts and restarts_forever(place),
        pod=place.pod_name,
        log=LogRequest(pod=place.pod_name, container=place.container, previous=again),
    )


def restarts_forever(place: Place) -> bool:
    """Whether the kubelet goes on for ever; where a Job counts the tries, the Job decides."""
    owners = items(place.pod, "metadata", "ownerReferences")
    return not any(owner.get("kind") == "Job" for owner in owners)


def restarts(place: Place) -> int:
    """How often the container has been started again."""
    return count(place.status, "restartCount")


def text_of_end(state: Body) -> str:
    """How a container ended: `with exit code 1 (Error)`, `killed for lack of memory …`."""
    ended = mapping(state, "terminated")
    if not ended:
        return ""
    reason = text(ended, "reason")
    if reason == "OOMKilled":
        return "killed for lack of memory (OOMKilled)"
    message = shortened(text(ended, "message"))
    said = f" ({reason})" if reason else ""
    return f"with exit code {count(ended, 'exitCode')}{said}{f': {message}' if message else ''}"


def shortened(message: str) -> str:
    """A message in one line without a final full stop, cut where it becomes a page."""
    line = " ".join(message.split()).rstrip(".")
    return line if len(line) <= _MESSAGE_LENGTH else f"{line[:_MESSAGE_LENGTH]}…"


def _told(place: Place, reason: str, what: str, message: str, *, certain: bool) -> Finding:
    why = f": {message}" if message else ""
    return Finding(
        reason=reason, sentence=f"{what} ({reason}){why}.", certain=certain, pod=place.pod_name
    )


def _older(place: Place, grace: timedelta) -> bool:
    """Whether the pod has had its node for longer than that."""
    scheduled = text(condition(place.pod, "PodScheduled"), "lastTransitionTime")
    since = moment(scheduled) or moment(text(place.pod, "metadata", "creationTimestamp"))
    return since is not None and place.now - since > grace
