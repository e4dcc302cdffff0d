"""Flux on a control plane: its kinds, its namespace, its two controllers.

with Flux.start(cluster, folder) as flux:
cluster.kubectl("apply", "-f", "-", stdin=git_repository)
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from testbed.cluster import ControlPlane
from testbed.cluster.service import Service, free_port
from testbed.flux.binaries import Binaries, find_binaries

NAMESPACE = "flux-system"
_START_SECONDS = 60


class Flux:
    """Flux that runs; each controller can be stopped and started, as faults do."""

    def __init__(
        self, cluster: ControlPlane, folder: Path, binaries: Binaries, gates: str = ""
    ) -> None:
        """Nothing runs yet."""
        self._gates = gates
        self._cluster = cluster
        self._folder = folder
        self._binaries = binaries
        self._storage = free_port()
        self._running: dict[str, Service] = {}

    @classmethod
    @contextmanager
    def start(cls, cluster: ControlPlane, folder: Path, *, gates: str = "") -> Iterator[Flux]:
        """Install Flux and run it while the block runs.

        Args:
            cluster: where.
            folder: of its own, for artifacts and logs.
            gates: feature gates of kustomize-controller, as `Name=true`.

        Raises:
            PartError: a controller cannot be had or does not start.
        """
        folder.mkdir(parents=True, exist_ok=True)
        flux = cls(cluster, folder, find_binaries(), gates)
        flux._install()
        try:
            flux.start_source()
            flux.start_kustomize()
            yield flux
        finally:
            flux.stop_kustomize()
            flux.stop_source()

    def start_source(self) -> None:
        """Run source-controller, which fetches repositories and hands their files out."""
        address = f"127.0.0.1:{self._storage}"
        self._start(
            "source-controller",
            self._binaries.source,
            f"--storage-path={self._artifacts}",
            f"--storage-addr={address}",
            f"--storage-adv-addr={address}",
        )

    def start_kustomize(self) -> None:
        """Run kustomize-controller, which builds, applies, prunes and checks health."""
        gates = [f"--feature-gates={self._gates}"] if self._gates else []
        program = self._binaries.kustomize
        self._start("kustomize-controller", program, "--requeue-dependency=1s", *gates)

    def stop_source(self) -> None:
        """End source-controller."""
        self._stop("source-controller")

    def stop_kustomize(self) -> None:
        """End kustomize-controller."""
        self._stop("kustomize-controller")

    def log(self, controller: str) -> str:
        """What a controller has written so far."""
        return (self._folder / f"{controller}.log").read_text(encoding="utf-8", errors="replace")

    @property
    def _artifacts(self) -> Path:
        return self._folder / "artifacts"

    def _install(self) -> None:
        self._artifacts.mkdir(exist_ok=True)
        self._cluster.kubectl("apply", "--server-side", "-f", str(self._binaries.definitions))
        self._cluster.kubectl(
            "wait", "--for=condition=Established", "-f", str(self._binaries.definitions)
        )
        # Another test of the same control plane may have made it.
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        self._cluster.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(namespace))

    def _start(self, name: str, program: Path, *options: str) -> None:
        health = free_port()
        service = Service(
            name,
            [
                program,
                *options,
                f"--metrics-addr=127.0.0.1:{free_port()}",
                f"--health-addr=127.0.0.1:{health}",
                "--enable-leader-election=false",
                "--log-level=info",
            ],
            self._folder / f"{name}.log",
            {
                "RUNTIME_NAMESPACE": NAMESPACE,
                "KUBECONFIG": str(self._cluster.folder / "kubeconfig"),
                "HOME": str(self._folder),
                "TMPDIR": str(self._folder),
                "PATH": "/usr/bin:/bin",
            },
        )
        self._running[name] = service
        service.wait_until(lambda: _ready(health), _START_SECONDS)

    def _stop(self, name: str) -> None:
        service = self._running.pop(name, None)
        if service:
            service.stop()


def _ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200  # noqa: PLR2004 - HTTP's OK
    except OSError:
        return False
    finally:
        connection.close()
