"""Waiting for Flux: how much later than Flux's own word ours comes, and what it asks for that.

    python -m benchmarks flux

Real controllers pull each commit from GitHub's double and apply a Deployment and a ConfigMap. A
watch of the bench's own sees when the Kustomization is ready at the commit; the overhead is what
passes from then until `deploy_by_flux` has returned. Calls are counted at the port to the cluster.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median

from benchmarks.parts.figures import Figure
from benchmarks.parts.flux import History, flux_says
from benchmarks.parts.scratch import scratch
from gitops_action.commands.deploy.flux.engine import deploy_by_flux
from gitops_action.commands.deploy.target import Options, TargetRun
from gitops_action.commands.render import EnvironmentRendering
from gitops_action.core.config import Deploy, Environment, Target
from gitops_action.core.deploy.result import Result
from gitops_action.core.redaction.known import Redactor
from testbed.cluster import ControlPlane
from testbed.flux import NAMESPACE, Flux
from testbed.process import PartError
from tests.support.deploy_forge import settings, web
from tests.support.fluxing import FOLDER, WEB, Fluxing, fluxing
from tests.support.wait import Counting, RealClock, Told, client

RUNS = 6
TARGET = 1.0
_IMAGE = "ghcr.io/acme/web:v1"
_SECONDS = 60.0
_KNOWN = frozenset({"resource", "resources", "name", "namespace"})
"""Answered from what the client knows; it asks for the kinds once."""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """One wait, measured.

    Attributes:
        overhead: seconds from Flux's word to ours.
        seconds: the whole wait.
        finding: calls until Flux was found, by what was called.
        waiting: calls from then on.
    """

    overhead: float
    seconds: float
    finding: Counter[str]
    waiting: Counter[str]


@dataclass
class _Phases(Told):
    """Remembers the calls that were made before the wait began."""

    cluster: Counting | None = None
    before: Counter[str] = field(default_factory=Counter)

    def phase(self, text: str) -> None:
        super().phase(text)
        if self.cluster:
            self.before = _calls(self.cluster)


def measure() -> Iterator[Figure]:
    """The figures of row `flux`."""
    with scratch() as root, ControlPlane.start(root / "plane") as plane:
        namespace = plane.namespace("bench")
        files = {
            WEB: web(namespace, _IMAGE),
            f"{FOLDER}/settings.yaml": settings(namespace, "settings", "0"),
        }
        with (
            Flux.start(plane, root / "flux") as flux,
            fluxing(root / "forge", plane, namespace, flux, files) as stage,
        ):
            stage.reconcile()
            waits = [_wait(stage, number) for number in range(RUNS)]
    yield from _figures(waits)


def _figures(waits: list[Wait]) -> Iterator[Figure]:
    overheads = [one.overhead for one in waits]
    took = ", ".join(f"{one.seconds:.1f}" for one in waits)
    yield Figure(
        row="flux",
        name="from Flux's Ready at the commit to our result, median",
        value=median(overheads),
        unit="s",
        target=TARGET,
        detail=f"{RUNS} commits; the whole waits took {took} s",
    )
    yield Figure(
        row="flux", name="the same, slowest", value=max(overheads), unit="s", target=TARGET
    )
    yield Figure(
        row="flux",
        name="calls while waiting, beside watches (each begins with a list) and our two requests",
        value=max(_polls(one.waiting) for one in waits),
        unit="calls",
        target=0,
        detail=f"finding: {_told(waits[-1].finding)}; waiting: {_told(waits[-1].waiting)}",
    )


def _polls(calls: Counter[str]) -> int:
    """What is asked again and again; a list that begins no watch is one, too."""
    rest = {what: count for what, count in calls.items() if what not in {"watch", "annotate"}}
    rest["list"] = max(calls["list"] - calls["watch"], 0)
    return sum(rest.values())


def _told(calls: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(calls.items()))


def _wait(stage: Fluxing, number: int) -> Wait:
    """Commit another version, and wait until it runs."""
    image, value = f"{_IMAGE}.{number}", str(number)
    commit = stage.commit(
        {
            WEB: web(stage.stage.namespace, image),
            f"{FOLDER}/settings.yaml": settings(stage.stage.namespace, "settings", value),
        }
    )
    counting, told = Counting(client(stage.plane)), _Phases()
    told.cluster = counting
    with flux_says(stage, commit) as said:
        began = time.monotonic()
        result = deploy_by_flux(_run(stage, commit, counting, told))
        ended = time.monotonic()
    if result.result is not Result.SUCCEEDED:
        raise PartError(f"the wait {result.result}: {result.failures[:3]}")
    waiting = _calls(counting)
    waiting.subtract(told.before)
    return Wait(
        overhead=ended - said[0],
        seconds=ended - began,
        finding=told.before,
        waiting=+waiting,
    )


def _run(stage: Fluxing, commit: str, cluster: Counting, told: Told) -> TargetRun:
    target = Target(name="default", engine="flux", kustomizations=(f"{NAMESPACE}/{stage.name}",))
    environment = Environment(name="staging", path=FOLDER, deploy=Deploy(targets=(target,)))
    return TargetRun(
        environment=environment,
        target=target,
        repository=stage.stage.repository.full_name,
        server_url=stage.stage.forge.server_url,
        branch="main",
        commit=commit,
        rendering=EnvironmentRendering(environment=environment),
        cluster=cluster,  # type: ignore[arg-type]  # what it does not count, it hands on
        history=History(stage.stage.repository),
        clock=RealClock(),
        stop=threading.Event(),
        teller=told,
        redactor=Redactor(()),
        options=Options(timeout=timedelta(seconds=_SECONDS)),
    )


def _calls(cluster: Counting) -> Counter[str]:
    calls: Counter[str] = Counter()
    for (what, _, _), count in cluster.calls.items():
        if what not in _KNOWN:
            calls[what] += count
    return calls
