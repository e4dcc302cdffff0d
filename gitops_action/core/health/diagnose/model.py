"""What a diagnosis is made from, and what it says."""

from __future__ import annotations

from datetime import timedelta

from gitops_action.core.dataclass import dataclass
from gitops_action.core.health.model import Status
from gitops_action.core.manifests.model import Body


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """What is no failure yet, because it often heals by itself.

    Attributes:
        restarts: restarts of a container that are no failure.
        pull: how long an image may fail to be pulled (registries have short outages).
        config: how long a ConfigMap or Secret may be missing (it may arrive in the same run).
        schedule: how long a pod may find no node (autoscalers need minutes to add one).
        refusal: how long the API may refuse pods (a quota is freed as old pods end).
    """

    restarts: int = 3
    pull: timedelta = timedelta(seconds=60)
    config: timedelta = timedelta(seconds=45)
    schedule: timedelta = timedelta(minutes=5)
    refusal: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class RelatedObjects:
    """The objects around a workload, of its namespace; more than its own does no harm."""

    replica_sets: tuple[Body, ...] = ()
    pods: tuple[Body, ...] = ()
    events: tuple[Body, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LogRequest:
    """Whose log says more: the last lines of this container.

    `previous` asks for the log of the run before the container's last restart.
    """

    pod: str
    container: str
    previous: bool = False


@dataclass(frozen=True, kw_only=True)
class PodFinding:
    """Something wrong with one pod or workload.

    Attributes:
        reason: Kubernetes' word for it, such as `CrashLoopBackOff`.
        sentence: for a person on call; names pod and container, ends with a full stop.
        certain: waiting does not help.
        pod: name of the pod, where it is about one.
        log: whose log says more.
    """

    reason: str
    sentence: str
    certain: bool = False
    pod: str = ""
    log: LogRequest | None = None


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What to do about a workload that is being waited for.

    Attributes:
        status: current, in progress, failed…: failed when `certain`, or when its rules say so.
        certain: the wait can end now; without it, time may still heal what `sentence` says.
        reason: one word in CamelCase.
        sentence: one sentence for a person on call; empty for what is current.
        pod: the pod that shows it best; empty where it is about none.
        container: the container in it.
        log: whose last log lines belong into the report.
        events: the last warnings about workload and pod, oldest first.
    """

    status: Status
    certain: bool = False
    reason: str = ""
    sentence: str = ""
    pod: str = ""
    container: str = ""
    log: LogRequest | None = None
    events: tuple[str, ...] = ()
