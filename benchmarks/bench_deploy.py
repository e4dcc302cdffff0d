"""Deploying by push to a real API server, as whole processes.

    python -m benchmarks deploy

The peer is `kubectl apply --server-side` of the same objects on the same control plane, in turns
in the same run; start-up counts on both sides. Ours reads the checkout, renders, looks, asks for
its rights, tries what is new, applies, keeps its inventory and judges health; the peer applies.
"""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import yaml

from benchmarks.parts.figures import Figure
from benchmarks.parts.scratch import scratch
from gitops_action.core.deploy.result import Result
from testbed.cache import ROOT
from testbed.cluster import ControlPlane
from testbed.cluster.api import Json
from testbed.cluster.binaries import find_kubectl
from testbed.process import PartError, run
from tests.support.pruning import config_map, place
from tests.support.push import deploy

OBJECTS = 1_000
CHANGED = 10
FAR = 300
LATENCY = 0.02
ROUNDS = 3
MANY = 5_000
_IDENTITY = ("-c", "user.name=robot", "-c", "user.email=robot@example.com")
_CONFIG = """\
version: 1
environments:
  staging:
    path: environments/staging
    deploy: {engine: push, prune: {max: 100%}}
"""

Spent = tuple[float, float]
"""Seconds of a process: on the wall, and of CPU with its children."""


def measure() -> Iterator[Figure]:
    """The figures of row `deploy`."""
    with scratch() as root, ControlPlane.start(root / "plane") as plane:
        bench = PushBench(root, plane)
        rounds = [bench.round(number) for number in range(ROUNDS)]
        yield _ratio(f"{OBJECTS} new objects", [each["new"] for each in rounds], 0.55)
        yield _ratio(f"{OBJECTS} unchanged", [each["same"] for each in rounds], 0.2)
        yield _ratio(f"{CHANGED} of {OBJECTS} changed", [each["few"] for each in rounds], 0.25)
        far = [bench.far(number) for number in range(ROUNDS)]
        yield _ratio(f"{FAR} new at {LATENCY * 1000:.0f} ms", far, 0.3)
        seconds = bench.single()
        yield Figure(
            row="deploy",
            name="one unchanged object: CPU time, Git and kubectl included",
            value=median(seconds),
            unit="s",
            target=0.75,
            detail=f"median of {len(seconds)}",
        )
        yield Figure(
            row="deploy",
            name=f"memory at {MANY} objects, with the interpreter and the bench",
            value=_memory(plane),
            unit="MB",
            target=300,
        )


def _ratio(name: str, pairs: Sequence[tuple[Spent, Spent]], target: float) -> Figure:
    (ours, ours_cpu), (peer, peer_cpu) = pairs[-1]
    return Figure(
        row="deploy",
        name=f"{name}: time to kubectl apply --server-side",
        value=median(mine[0] / other[0] for mine, other in pairs),
        unit="x",
        target=target,
        detail=f"{ours:.2f} s ({ours_cpu:.2f} s CPU) against {peer:.2f} s ({peer_cpu:.2f} s CPU)"
        " in the last round",
    )


class PushBench:
    """Checkouts and lists on disk, deployed to one control plane by both."""

    def __init__(self, root: Path, plane: ControlPlane) -> None:
        """Work in that folder."""
        self._root = root
        self._plane = plane
        self._kubeconfig = root / "kubeconfig"
        self._kubeconfig.write_text(plane.kubeconfig)

    def round(self, number: int) -> dict[str, tuple[Spent, Spent]]:
        """New objects, the same again, and a few of them changed."""
        mine, other = (
            self._plane.namespace(f"{name}-{number}") for name in ("deploy-ours", "deploy-peer")
        )
        new, few = maps(mine, OBJECTS), maps(mine, OBJECTS, changed=CHANGED)
        peer_new, peer_few = maps(other, OBJECTS), maps(other, OBJECTS, changed=CHANGED)
        return {
            "new": (self.ours(mine, new), self._peer(peer_new)),
            "same": (self.ours(mine, new), self._peer(peer_new)),
            "few": (self.ours(mine, few), self._peer(peer_few)),
        }

    def far(self, number: int) -> tuple[Spent, Spent]:
        """New objects on a server that is some milliseconds away."""
        mine, other = (
            self._plane.namespace(f"{name}-{number}") for name in ("far-ours", "far-peer")
        )
        near = self._kubeconfig
        with _delayed(self._plane.server, LATENCY) as server:
            self._kubeconfig = self._root / "far-kubeconfig"
            self._kubeconfig.write_text(near.read_text().replace(self._plane.server, server))
            spent = self.ours(mine, maps(mine, FAR)), self._peer(maps(other, FAR))
        self._kubeconfig = near
        return spent

    def single(self) -> list[float]:
        """CPU seconds of one object that is as described."""
        namespace = self._plane.namespace("deploy-single")
        objects = maps(namespace, 1)
        self.ours(namespace, objects)
        return [self.ours(namespace, objects)[1] for _ in range(5)]

    def folder(self, namespace: str) -> Path:
        """The checkout that is deployed to a namespace."""
        return self._root / namespace

    def ours(self, namespace: str, objects: Sequence[Json]) -> Spent:
        """Commit the objects and deploy them."""
        folder = self.folder(namespace)
        _write(folder / "environments" / "staging" / "all.yaml", yaml.safe_dump_all(objects))
        _write(folder / ".github" / "gitops.yaml", _CONFIG)
        if not (folder / ".git").exists():
            run("git", "init", "--quiet", folder)
        run("git", "-C", folder, "add", ".")
        message = ("--quiet", "--allow-empty", "--message=Deploy")
        run("git", "-C", folder, *_IDENTITY, "commit", *message)
        return self.spent(
            [
                *(sys.executable, "-m", "gitops_action", "deploy", "--environment", "staging"),
                *("--repository", "acme/environments", "--kube-namespace", namespace),
            ],
            folder,
        )

    def _peer(self, objects: Sequence[Json]) -> Spent:
        listing = self._root / "peer.yaml"
        _write(listing, yaml.safe_dump_all(objects))
        program = str(find_kubectl())
        return self.spent([program, "apply", "--server-side", "-f", str(listing)], self._root)

    def spent(
        self, command: Sequence[str], folder: Path, *, good: Sequence[int] = (0,), **env: str
    ) -> Spent:
        """Run it to its end; exit codes beside `good` are errors of the bench."""
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            command,
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
                "KUBECONFIG": str(self._kubeconfig),
                "HOME": str(self._root),
                **env,
            },
            check=False,
            capture_output=True,
            text=True,
        )
        seconds = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode not in good:
            raise PartError(f"{command[0]} failed: {(done.stdout + done.stderr)[-500:]}")
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return seconds, cpu


def maps(namespace: str, count: int, *, changed: int = 0) -> list[Json]:
    """That many ConfigMaps, of which some differ from before."""
    objects = [config_map(namespace, f"settings-{one}") for one in range(count)]
    return [{**one, "data": {"a": "c"}} for one in objects[:changed]] + objects[changed:]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@contextmanager
def _delayed(server: str, seconds: float) -> Iterator[str]:
    """The same server through a wire on which every way takes half of that time."""
    host, _, port = server.removeprefix("https://").rpartition(":")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        started = threading.Thread(
            target=_accept, args=(listener, (host, int(port)), seconds / 2), daemon=True
        )
        started.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"


def _accept(listener: socket.socket, target: tuple[str, int], seconds: float) -> None:
    while True:
        try:
            near, _ = listener.accept()
        except OSError:
            return
        far = socket.create_connection(target)
        for ends in ((near, far), (far, near)):
            for end in ends:
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_wire, args=(*ends, seconds), daemon=True).start()


def _wire(source: socket.socket, target: socket.socket, seconds: float) -> None:
    """Hand on what comes; requests wait for answers, so that nothing queues up behind a pause."""
    with source:
        while True:
            try:
                data = source.recv(65536)
                time.sleep(seconds)
                target.sendall(data)
            except OSError:
                return
            if not data:
                target.close()
                return


def _memory(plane: ControlPlane) -> float:
    """The most that the process ever used, in MB, after a deployment of many objects."""
    _deployer(plane, plane.namespace("many"), MANY)()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _deployer(plane: ControlPlane, namespace: str, count: int) -> Callable[[], None]:
    objects = maps(namespace, count)
    here = place(plane, namespace)

    def go() -> None:
        result = deploy(here, *objects)
        if result.result is not Result.SUCCEEDED:
            raise PartError(f"the deployment {result.result}: {result.failures[:3]}")

    return go
