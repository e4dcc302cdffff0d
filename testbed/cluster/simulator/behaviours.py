"""What a pod goes through, by its annotation `testbed/behaviour`.

ready-after=SECONDS       becomes Ready (the default, after 0.2 s)
exit=CODE                 runs and ends; the default (0) for pods of Jobs
crash-loop[=CODE]         ends again and again: CrashLoopBackOff
oom-killed                the same, killed for its memory
init-crash-loop           its first init container ends again and again
restarts-then-fine=N      ends N times, then becomes Ready
never-ready               runs, but its readiness probe fails
image-pull-error          ErrImagePull, then ImagePullBackOff
config-error              CreateContainerConfigError: a ConfigMap that is not there
unschedulable             no node takes it
slow-start=SECONDS        ContainerCreating so long, then Ready

`testbed/container` names the container that it happens to (default: the first). Back-off pauses
are those of a kubelet, about thirty times faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from testbed.cluster.api import Json
from testbed.cluster.simulator.statuses import (
    Container,
    pod_status,
    running,
    terminated,
    unscheduled,
    waiting,
)

READY_SECONDS = 0.2
_FIRST_BACKOFF = 0.3
_LONGEST_BACKOFF = 5.0
_OOM = 137


@dataclass(frozen=True, kw_only=True)
class Event:
    """An event about a pod, as a kubelet reports it."""

    reason: str
    message: str
    warning: bool = False


@dataclass(frozen=True, kw_only=True)
class Step:
    """After a pause in seconds, write this status and these events."""

    pause: float = 0.0
    status: Json = field(default_factory=dict)
    events: tuple[Event, ...] = ()


def behaviour(pod: Json) -> tuple[str, str]:
    """Its behaviour's name and argument."""
    annotations = pod["metadata"].get("annotations", {})
    owners = pod["metadata"].get("ownerReferences", [])
    job = any(owner["kind"] == "Job" for owner in owners)
    asked = annotations.get("testbed/behaviour", "exit=0" if job else "ready-after")
    name, _, argument = asked.partition("=")
    return name, argument


def is_schedulable(pod: Json) -> bool:
    """Whether a node takes it."""
    return behaviour(pod)[0] != "unschedulable"


def script(pod: Json) -> Iterator[Step]:
    """The steps of its life, without end for some; an unknown behaviour never gets started."""
    name, argument = behaviour(pod)
    plays = _PLAYS.get(name)
    if plays is None:
        told = waiting("UnknownBehaviour", f"the test bed has no behaviour {name!r}")
        yield Step(status=pod_status(pod, Container(state=told)))
        return
    yield from plays(pod, argument)


def _ready(pod: Json, argument: str) -> Iterator[Step]:
    yield _started(pod, Container(state=running()))
    pause = float(argument or READY_SECONDS)
    yield Step(pause=pause, status=pod_status(pod, Container(state=running(), ready=True)))


def _slow(pod: Json, argument: str) -> Iterator[Step]:
    yield Step(status=pod_status(pod, Container(state=waiting("ContainerCreating"))))
    yield Step(pause=float(argument or 1))
    yield from _ready(pod, "")


def _exits(pod: Json, argument: str) -> Iterator[Step]:
    code = int(argument or 0)
    yield _started(pod, Container(state=running(), ready=True))
    phase = "Failed" if code else "Succeeded"
    subject = Container(state=terminated(code))
    yield Step(pause=READY_SECONDS, status=pod_status(pod, subject, phase=phase))


def _crashes(
    pod: Json, argument: str, *, reason: str = "Error", times: int = 0, init: bool = False
) -> Iterator[Step]:
    """Crash `times` times (0: for ever), with the pauses of a kubelet made short."""
    ended = terminated(int(argument or 1), reason)
    restarts, last = 0, Container(state=running())
    backoff = _FIRST_BACKOFF
    while True:
        up = Container(state=running(), last=last.last, restarts=restarts)
        yield _started(pod, up, init=init)
        last = Container(
            state=waiting("CrashLoopBackOff", _back_off(pod)), last=ended, restarts=restarts
        )
        yield Step(
            pause=_FIRST_BACKOFF / 3,
            status=pod_status(pod, last, init=init),
            events=(Event(reason="BackOff", message=_back_off(pod), warning=True),),
        )
        restarts += 1
        yield Step(pause=backoff)
        backoff = min(backoff * 2, _LONGEST_BACKOFF)
        if restarts == times:
            break
    fine = Container(state=running(), last=ended, restarts=restarts)
    yield _started(pod, fine)
    done = Container(state=running(), last=ended, restarts=restarts, ready=True)
    yield Step(pause=READY_SECONDS, status=pod_status(pod, done))


def _oom(pod: Json, _argument: str) -> Iterator[Step]:
    return _crashes(pod, str(_OOM), reason="OOMKilled")


def _init_crash(pod: Json, argument: str) -> Iterator[Step]:
    return _crashes(pod, argument, init=True)


def _recovers(pod: Json, argument: str) -> Iterator[Step]:
    return _crashes(pod, "1", times=int(argument or 1))


def _never_ready(pod: Json, _argument: str) -> Iterator[Step]:
    yield _started(pod, Container(state=running()))
    message = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    while True:
        yield Step(pause=1, events=(Event(reason="Unhealthy", message=message, warning=True),))


def _pull_error(pod: Json, _argument: str) -> Iterator[Step]:
    image = pod["spec"]["containers"][0]["image"]
    failed = f'Failed to pull image "{image}": not found'
    back = f'Back-off pulling image "{image}"'
    pulling = Event(reason="Pulling", message=f'Pulling image "{image}"')
    while True:
        yield Step(
            status=pod_status(pod, Container(state=waiting("ErrImagePull", failed))),
            events=(pulling, Event(reason="Failed", message=failed, warning=True)),
        )
        yield Step(
            pause=_FIRST_BACKOFF,
            status=pod_status(pod, Container(state=waiting("ImagePullBackOff", back))),
            events=(Event(reason="BackOff", message=back),),
        )
        yield Step(pause=_LONGEST_BACKOFF)


def _config_error(pod: Json, _argument: str) -> Iterator[Step]:
    message = 'configmap "missing" not found'
    state = waiting("CreateContainerConfigError", message)
    told = Event(reason="Failed", message=f"Error: {message}", warning=True)
    yield Step(status=pod_status(pod, Container(state=state)), events=(told,))


def _unschedulable(_pod: Json, _argument: str) -> Iterator[Step]:
    message = "0/2 nodes are available: 2 Insufficient cpu."
    told = Event(reason="FailedScheduling", message=message, warning=True)
    yield Step(status=unscheduled(message), events=(told,))


def _started(pod: Json, subject: Container, *, init: bool = False) -> Step:
    image = pod["spec"]["containers"][0]["image"]
    told = (
        Event(reason="Pulled", message=f'Container image "{image}" already present on machine'),
        Event(reason="Created", message="Container created"),
        Event(reason="Started", message="Container started"),
    )
    return Step(status=pod_status(pod, subject, init=init), events=told)


def _back_off(pod: Json) -> str:
    meta = pod["metadata"]
    container = pod["spec"]["containers"][0]["name"]
    return (
        f"back-off restarting failed container {container} "
        f"in pod {meta['name']}_{meta['namespace']}"
    )


_PLAYS: dict[str, Callable[[Json, str], Iterator[Step]]] = {
    "ready-after": _ready,
    "slow-start": _slow,
    "exit": _exits,
    "crash-loop": _crashes,
    "oom-killed": _oom,
    "init-crash-loop": _init_crash,
    "restarts-then-fine": _recovers,
    "never-ready": _never_ready,
    "image-pull-error": _pull_error,
    "config-error": _config_error,
    "unschedulable": _unschedulable,
}
