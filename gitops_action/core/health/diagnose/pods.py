"""What is wrong with one pod."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from gitops_action.core.dataclass import dataclass
from gitops_action.core.health.diagnose.model import LogRequest, PodFinding, Tolerance
from gitops_action.core.health.model import condition, count, moment
from gitops_action.core.manifests.fields import flag, items, mapping, text
from gitops_action.core.manifests.model import Body

# What is wrong with one container of a pod.

_PULL = frozenset({"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"})
_PULL_NEVER = frozenset({"InvalidImageName", "ErrImageNeverPull"})
_CONFIG = frozenset({"CreateContainerConfigError"})
_START = frozenset({"CreateContainerError", "RunContainerError", "PostStartHookError"})
_MESSAGE_LENGTH = 300


@dataclass(frozen=True, kw_only=True)
class ContainerStatus:
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


def container_findings(pod: Body, now: datetime, tolerance: Tolerance) -> Iterator[PodFinding]:
    """What is wrong with the pod's containers, init containers first: they run first."""
    for field, init in (("initContainerStatuses", True), ("containerStatuses", False)):
        for status in items(pod, "status", field):
            place = ContainerStatus(pod=pod, status=status, init=init, now=now, tolerance=tolerance)
            found = _waiting(place) or _ended(place)
            if found:
                yield found


def _waiting(place: ContainerStatus) -> PodFinding | None:
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


def _ended(place: ContainerStatus) -> PodFinding | None:
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


def _crashing(place: ContainerStatus, reason: str, end: str) -> PodFinding:
    times = restarts(place)
    often = "once" if times == 0 else f"{times + 1} times" if times > 1 else "twice"
    crashed = f"{place.words} crashed {often}, last {end or 'for an unknown reason'}"
    killed = "OOMKilled" in end
    again = not mapping(place.status, "state", "terminated")
    return PodFinding(
        reason="OOMKilled" if killed else reason,
        sentence=f"{crashed}.",
        certain=times > place.tolerance.restarts and restarts_forever(place),
        pod=place.pod_name,
        log=LogRequest(pod=place.pod_name, container=place.container, previous=again),
    )


def restarts_forever(place: ContainerStatus) -> bool:
    """Whether the kubelet goes on for ever; where a Job counts the tries, the Job decides."""
    owners = items(place.pod, "metadata", "ownerReferences")
    return not any(owner.get("kind") == "Job" for owner in owners)


def restarts(place: ContainerStatus) -> int:
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


def _told(
    place: ContainerStatus, reason: str, what: str, message: str, *, certain: bool
) -> PodFinding:
    why = f": {message}" if message else ""
    return PodFinding(
        reason=reason, sentence=f"{what} ({reason}){why}.", certain=certain, pod=place.pod_name
    )


def _older(place: ContainerStatus, grace: timedelta) -> bool:
    """Whether the pod has had its node for longer than that."""
    scheduled = text(condition(place.pod, "PodScheduled"), "lastTransitionTime")
    since = moment(scheduled) or moment(text(place.pod, "metadata", "creationTimestamp"))
    return since is not None and place.now - since > grace


def pod_findings(pod: Body, now: datetime, tolerance: Tolerance) -> Iterator[PodFinding]:
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


def _pod_failed(pod: Body) -> PodFinding | None:
    """Evicted, its node lost, its deadline passed: the kubelet's word for the whole pod."""
    reason = text(pod, "status", "reason")
    if text(pod, "status", "phase") != "Failed" or not reason:
        return None
    name, message = text(pod, "metadata", "name"), shortened(text(pod, "status", "message"))
    verb = "was evicted" if reason == "Evicted" else "failed"
    why = f": {message}" if message else ""
    alone = not items(pod, "metadata", "ownerReferences")
    return PodFinding(
        reason=reason, sentence=f"Pod {name} {verb} ({reason}){why}.", certain=alone, pod=name
    )


def _unschedulable(pod: Body, now: datetime, tolerance: Tolerance) -> PodFinding | None:
    scheduled = condition(pod, "PodScheduled")
    if text(scheduled, "status") != "False" or text(scheduled, "reason") != "Unschedulable":
        return None
    name, message = text(pod, "metadata", "name"), shortened(text(scheduled, "message"))
    since = moment(text(scheduled, "lastTransitionTime"))
    since = since or moment(text(pod, "metadata", "creationTimestamp"))
    return PodFinding(
        reason="Unschedulable",
        sentence=f"Pod {name} finds no node{f': {message}' if message else ''}.",
        certain=since is not None and now - since > tolerance.schedule,
        pod=name,
    )


def _unready(pod: Body, now: datetime) -> PodFinding | None:
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
        return PodFinding(
            reason="NotReady",
            sentence=f"Container {container} of pod {name} has run for {seconds} s"
            " and is not ready.",
            pod=name,
            log=LogRequest(pod=name, container=container),
        )
    return _gated(pod, name)


def _gated(pod: Body, name: str) -> PodFinding | None:
    for gate in items(pod, "spec", "readinessGates"):
        kind = text(gate, "conditionType")
        if condition(pod, kind).get("status") != "True":
            sentence = f"Pod {name} waits for its readiness gate {kind}."
            return PodFinding(reason="ReadinessGate", sentence=sentence, pod=name)
    return None


# The last events about some objects, in a line each.

SHOWN = 5
"""Events in a report: enough for a cause and its consequence."""


def warnings_of(names: tuple[str, ...], events: tuple[Body, ...]) -> tuple[Body, ...]:
    """The warnings about objects of these names, oldest first."""
    found = [event for event in events if event.get("type") == "Warning" and _name(event) in names]
    return tuple(sorted(found, key=_time))


def event_line(event: Body) -> str:
    """`BackOff: Back-off restarting failed container (7 times)`."""
    times = max(count(event, "count"), count(event, "series", "count"))
    often = f" ({times} times)" if times > 1 else ""
    message = shortened(text(event, "message") or text(event, "note"))
    return f"{text(event, 'reason')}: {message}{often}"


def last_lines(names: tuple[str, ...], events: tuple[Body, ...]) -> tuple[str, ...]:
    """The last few warnings about these objects, each line once."""
    lines = [event_line(event) for event in warnings_of(names, events)]
    unique = list(dict.fromkeys(reversed(lines)))[:SHOWN]
    return tuple(reversed(unique))


def _name(event: Body) -> str:
    return text(event, "involvedObject", "name") or text(event, "regarding", "name")


def _time(event: Body) -> str:
    """RFC 3339 in UTC sorts as text; events have their time in one of several fields."""
    return (
        text(event, "series", "lastObservedTime")
        or text(event, "lastTimestamp")
        or text(event, "eventTime")
        or text(event, "metadata", "creationTimestamp")
    )
