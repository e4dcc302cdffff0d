"""Waits on the test bed's control plane: runs, objects to apply, and a cluster that counts."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from gitops_action.adapters.cluster import ClusterClient, access_of, connect
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.commands.deploy.cluster import Changes, Cluster
from gitops_action.commands.deploy.target import Progress, TargetRun
from gitops_action.commands.deploy.wait import Awaited, WaitResult, wait_healthy
from gitops_action.commands.render import EnvironmentRendering
from gitops_action.core.cluster import ApplyOptions, Given
from gitops_action.core.cluster.model import Listing, LiveObject, Resource
from gitops_action.core.config import Deploy, Environment, HealthSettings, KindRule, Target
from gitops_action.core.deploy.result import Failure
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import Body, ObjectId
from gitops_action.core.redaction.known import Redactor
from testbed.cluster import ControlPlane

OPTIONS = ApplyOptions(manager="gitops-action:test")
IMPATIENT = RetryPolicy(attempts=2, initial=0.2, maximum=0.4, jitter=0)


class RealClock:
    """The time as it is."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass
class Told:
    """A teller that keeps what it is told."""

    lines: list[Progress] = field(default_factory=list)

    def phase(self, text: str) -> None:
        self.lines.append(Progress(text=text))

    def tell(self, progress: Progress) -> None:
        self.lines.append(progress)

    def about(self, name: str) -> list[str]:
        return [one.text for one in self.lines if one.object_id and one.object_id.name == name]


class NoHistory:
    """A wait asks nothing of history."""

    def branch(self) -> str:
        raise AssertionError

    def tip(self) -> str:
        raise AssertionError

    def containing(self, commit: str, *, most: int) -> tuple[str, ...]:
        raise AssertionError((commit, most))

    def is_ancestor(self, old: str, new: str) -> bool:
        raise AssertionError((old, new))


class Counting:
    """A cluster that counts the calls, by what and about which kind and place."""

    def __init__(self, inner: Cluster) -> None:
        self._inner = inner
        self.calls: Counter[tuple[str, str, str]] = Counter()

    def list(
        self, resource: Resource, *, namespace: str = "", labels: str = "", metadata: bool = False
    ) -> Listing:
        self.calls["list", resource.kind, namespace] += 1
        return self._inner.list(resource, namespace=namespace, labels=labels, metadata=metadata)

    def get(self, resource: Resource, *, namespace: str, name: str) -> LiveObject:
        self.calls["get", resource.kind, namespace] += 1
        return self._inner.get(resource, namespace=namespace, name=name)

    def watch(  # noqa: PLR0913 - the port's
        self,
        resource: Resource,
        *,
        seconds: float,
        namespace: str = "",
        labels: str = "",
        name: str = "",
        start: Listing | None = None,
    ) -> Changes:
        self.calls["watch", resource.kind, namespace] += 1
        return self._inner.watch(
            resource, seconds=seconds, namespace=namespace, labels=labels, name=name, start=start
        )

    def __getattr__(self, name: str) -> object:
        if not name.startswith("_"):
            self.calls[name, "", ""] += 1
        return getattr(self._inner, name)

    def times(self, call: str) -> dict[tuple[str, str], int]:
        return {(kind, place): n for (what, kind, place), n in self.calls.items() if what == call}


@dataclass
class Bench:
    """One target's wait, and everything that can be looked at afterwards."""

    cluster: Cluster
    told: Told = field(default_factory=Told)
    stop: threading.Event = field(default_factory=threading.Event)
    restarts: int = 1
    kinds: tuple[KindRule, ...] = ()
    secrets: Sequence[str] = ()

    def run(self) -> TargetRun:
        health = HealthSettings(tolerate_restarts=self.restarts, kinds=self.kinds)
        target = Target(name="default", engine="push")
        environment = Environment(name="test", deploy=Deploy(targets=(target,), health=health))
        return TargetRun(
            environment=environment,
            target=target,
            repository="acme/environments",
            server_url="https://github.com",
            branch="main",
            commit="0" * 40,
            rendering=EnvironmentRendering(environment=environment),
            cluster=self.cluster,
            history=NoHistory(),
            clock=RealClock(),
            stop=self.stop,
            teller=self.told,
            redactor=Redactor(self.secrets),
        )

    def apply(self, *bodies: Body) -> list[Awaited]:
        """Apply them, as an engine does before it waits."""
        return [awaited(body, self.cluster.apply(body, OPTIONS)) for body in bodies]

    def wait(self, objects: Sequence[Awaited], seconds: float = 30) -> WaitResult:
        result = wait_healthy(self.run(), objects, timeout=timedelta(seconds=seconds))
        assert [one.id for one in result.objects] == [one.id for one in objects]
        return result


def bench(plane: ControlPlane, kubeconfig: str = "", **options: object) -> Bench:
    """A wait as administrator, or as the account of that kubeconfig."""
    given = Given(kubeconfig=kubeconfig or plane.kubeconfig)
    return replace(Bench(connect(access_of(given), IMPATIENT)), **options)  # type: ignore[arg-type]


def awaited(body: Body, live: Body | None) -> Awaited:
    group, _, version = text(body, "apiVersion").rpartition("/")
    one = ObjectId(
        group=group,
        kind=text(body, "kind"),
        namespace=text(body, "metadata", "namespace"),
        name=text(body, "metadata", "name"),
    )
    return Awaited(id=one, version=version, desired=body, live=live)


def unread(objects: Sequence[Awaited]) -> list[Awaited]:
    """The same as someone knows them who did not apply them."""
    return [replace(one, desired=None, live=None) for one in objects]


def workload(  # noqa: PLR0913 - what differs between tests
    kind: str,
    namespace: str,
    name: str = "web",
    behaviour: str = "",
    *,
    replicas: int = 1,
    log: str = "",
    **spec: object,
) -> Body:
    """A Deployment, StatefulSet, DaemonSet, Job or Pod whose pods behave so."""
    annotations = {"testbed/behaviour": behaviour, "testbed/log": log}
    meta = {"labels": {"app": name}, "annotations": {k: v for k, v in annotations.items() if v}}
    containers = [{"name": "main", "image": f"{name}:1"}]
    pod: dict[str, object] = {"containers": containers, "terminationGracePeriodSeconds": 0}
    own = {"namespace": namespace, "name": name}
    if kind == "Pod":
        return {"apiVersion": "v1", "kind": kind, "metadata": own | meta, "spec": pod | spec}
    if kind == "Job":
        pod["restartPolicy"] = "Never"
        template = {"metadata": meta, "spec": pod}
        whole = {"template": template, **spec}
        return {"apiVersion": "batch/v1", "kind": kind, "metadata": own, "spec": whole}
    whole = {
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": meta, "spec": pod},
        **({"serviceName": name} if kind == "StatefulSet" else {}),
        **({} if kind == "DaemonSet" else {"replicas": replicas}),
        **spec,
    }
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": own, "spec": whole}


def config_map(namespace: str, name: str) -> Body:
    meta = {"namespace": namespace, "name": name}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"a": "b"}}


def only(result: WaitResult) -> Failure:
    """The one failure."""
    assert len(result.failures) == 1, result.failures
    return result.failures[0]


def leftovers() -> Iterator[str]:
    """Threads of waits that still run."""
    return (one.name for one in threading.enumerate() if one.name.startswith("gitops-wait"))


def client(plane: ControlPlane) -> ClusterClient:
    return connect(access_of(Given(kubeconfig=plane.kubeconfig)), IMPATIENT)
