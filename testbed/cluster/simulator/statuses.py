"""Pod statuses as a kubelet writes them (Kubernetes' API reference, PodStatus)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from testbed.cluster.api import Json

Now = str


@dataclass(frozen=True, kw_only=True)
class Container:
    """What happens to the container that a behaviour is about; the others simply run.

    Attributes:
        state: `{"running": …}`, `{"waiting": …}` or `{"terminated": …}`.
        last: the state before, where there was one.
        ready: whether its readiness probe passes.
        restarts: how often it was started again.
    """

    state: Json
    last: Json = field(default_factory=dict)
    ready: bool = False
    restarts: int = 0


def now() -> Now:
    """The present as the API writes it."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def running() -> Json:
    """A container that runs."""
    return {"running": {"startedAt": now()}}


def waiting(reason: str, message: str = "") -> Json:
    """A container that does not run yet, or not again."""
    return {"waiting": {"reason": reason, "message": message}}


def terminated(exit_code: int, reason: str = "") -> Json:
    """A container that ended."""
    told = reason or ("Completed" if exit_code == 0 else "Error")
    return {
        "terminated": {
            "exitCode": exit_code,
            "reason": told,
            "startedAt": now(),
            "finishedAt": now(),
        }
    }


def pod_status(pod: Json, subject: Container, *, phase: str = "", init: bool = False) -> Json:
    """The whole status; `init` says that the subject is the first init container."""
    spec = pod["spec"]
    inits, containers = spec.get("initContainers", []), spec["containers"]
    subjects = inits if init else containers
    about = _subject(pod, subjects)
    bystander = Container(state=_bystander(subject, init=init), ready=not init and not phase)
    shown_phase = phase or ("Running" if "running" in subject.state or subject.last else "Pending")
    ready = subject.ready and not init
    return {
        "phase": shown_phase,
        "hostIP": "127.0.0.1",
        "startTime": pod["metadata"]["creationTimestamp"],
        "initContainerStatuses": [
            _container(one, subject if init and one["name"] == about else _finished())
            for one in inits
        ],
        "containerStatuses": [
            _container(one, subject if not init and one["name"] == about else bystander)
            for one in containers
        ],
        "conditions": _conditions(pod, ready=ready, initialized=not init, phase=phase),
    }


def unscheduled(message: str) -> Json:
    """The status of a pod that no node takes."""
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": message,
        "lastTransitionTime": now(),
    }
    return {"phase": "Pending", "conditions": [condition]}


def _subject(pod: Json, containers: list[Json]) -> str:
    """The container that `testbed/container` names, else the first."""
    annotations: Mapping[str, str] = pod["metadata"].get("annotations", {})
    names = [str(one["name"]) for one in containers]
    requested = annotations.get("testbed/container", "")
    return requested if requested in names else next(iter(names), "")


def _bystander(subject: Container, *, init: bool) -> Json:
    if init:
        return waiting("PodInitializing")
    done = "terminated" in subject.state and not subject.last
    return terminated(0) if done else running()


def _finished() -> Container:
    return Container(state=terminated(0), ready=True)


def _container(spec: Json, what: Container) -> Json:
    return {
        "name": spec["name"],
        "image": spec["image"],
        "imageID": "",
        "ready": what.ready,
        "started": "running" in what.state,
        "restartCount": what.restarts,
        "state": what.state,
        "lastState": what.last,
    }


def _conditions(pod: Json, *, ready: bool, initialized: bool, phase: str) -> list[Json]:
    names = ", ".join(str(one["name"]) for one in pod["spec"]["containers"])
    unready = {
        "reason": "PodCompleted" if phase == "Succeeded" else "ContainersNotReady",
        "message": "" if phase == "Succeeded" else f"containers with unready status: [{names}]",
    }
    states = {
        "PodScheduled": True,
        "Initialized": initialized,
        "ContainersReady": ready,
        "Ready": ready,
    }
    return [
        {
            "type": kind,
            "status": "True" if holds else "False",
            "lastTransitionTime": now(),
            **({} if holds else unready),
        }
        for kind, holds in states.items()
    ]
