"""A real control plane on loopback: etcd, API server, controller manager, and simulated nodes.

with ControlPlane.start(folder) as cluster:
cluster.kubectl("apply", "--server-side", "-f", "-", stdin=manifest)
deployer = cluster.account("web", "deployer", rules=[…])
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path

from testbed import cache
from testbed.cluster import commands
from testbed.cluster.accounts import Account, Rule, create_account
from testbed.cluster.api import Api, ApiError, Json, kubeconfig
from testbed.cluster.binaries import Binaries, find_binaries, find_kubectl
from testbed.cluster.certificates import write_certificate, write_signing_key
from testbed.cluster.resources import Resources
from testbed.cluster.service import Service, free_port
from testbed.cluster.simulator.images import forget_behaviours, set_behaviour
from testbed.process import run

_START_SECONDS = 60


class ControlPlane:
    """A control plane that runs.

    Attributes:
        server: the API server's address, `https://127.0.0.1:PORT`.
        ca: the certificate that it shows, PEM.
        token: the administrator's token.
        kubeconfig: a kubeconfig with all of that.
        api: the test bed's own connection, as administrator.
        resources: objects by kind and name, read through it.
        folder: keys, logs and etcd's data.
    """

    def __init__(self, folder: Path, binaries: Binaries) -> None:
        """Write keys and settings; nothing runs yet."""
        self.folder = folder
        self.token = secrets.token_hex(16)
        self._binaries = binaries
        self._files = commands.Files(folder=folder)
        self._files.tokens.touch(mode=0o600)
        self._files.tokens.write_text(f'{self.token},admin,admin,"system:masters"\n')
        self.ca = write_certificate(folder, "apiserver").certificate.read_text()
        write_certificate(folder, "kubelet")
        write_signing_key(self._files.signing_key)
        self._port = free_port()
        self._etcd_port = free_port()
        self.server = f"https://127.0.0.1:{self._port}"
        self.kubeconfig = kubeconfig(server=self.server, ca=self.ca, token=self.token)
        self.api = Api(server=self.server, ca=self.ca, token=self.token)
        self.resources = Resources(self.api)
        self._api_server: Service | None = None
        for path, text in (
            (self._files.kubeconfig, self.kubeconfig),
            (self._files.admin, json.dumps(self._admin())),
        ):
            path.touch(mode=0o600)
            path.write_text(text)

    @classmethod
    @contextmanager
    def start(cls, folder: Path) -> Iterator[ControlPlane]:
        """Run a control plane while the block runs; ready for requests and with nodes.

        Raises:
            PartError: a program cannot be had or does not start.
        """
        folder.mkdir(parents=True, exist_ok=True)
        plane = cls(folder, find_binaries())
        with ExitStack() as stack:
            plane._run(stack)
            yield plane

    def stop_api(self) -> None:
        """End the API server, as an outage does: at once, connections break, data stays."""
        if self._api_server:
            self._api_server.stop(grace=0)
            self._api_server = None

    def start_api(self) -> None:
        """Start the API server and wait until it is ready; nothing happens when it runs.

        Raises:
            PartError: it does not start.
        """
        if self._api_server:
            return
        command = commands.apiserver(
            self._binaries.apiserver, self._files, self._port, self._etcd_port
        )
        self._api_server = Service("kube-apiserver", command, self.folder / "apiserver.log")
        self._api_server.wait_until(self.api.ready, _START_SECONDS)

    def kubectl(self, *arguments: str, stdin: str = "", editor: str = "") -> str:
        """Run kubectl as administrator and give its output; `editor` is for `kubectl edit`.

        Raises:
            PartError: it failed.
        """
        env = {"KUBECONFIG": str(self._files.kubeconfig), "HOME": str(self.folder)}
        if editor:
            env["KUBE_EDITOR"] = editor
        return run(find_kubectl(), *arguments, env=env, stdin=stdin)

    def namespace(self, name: str) -> str:
        """Create a namespace and give its name."""
        self.api.create("/api/v1/namespaces", {"metadata": {"name": name}})
        return name

    def account(
        self,
        namespace: str,
        name: str,
        rules: Sequence[Rule] = (),
        cluster_rules: Sequence[Rule] = (),
    ) -> Account:
        """Make a service account that may do only what these RBAC rules say.

        Args:
            namespace: where it lives, and where `rules` hold.
            name: its name.
            rules: of a Role, as in YAML: `{"apiGroups": …, "resources": …, "verbs": …}`.
            cluster_rules: of a ClusterRole, for all namespaces and for what has none.
        """
        return create_account(self.api, self._admin(), namespace, name, (rules, cluster_rules))

    def revoke(self, account: Account) -> None:
        """Make its token worthless, as an expiry does: the server answers 401 within seconds."""
        self.api.delete(f"/api/v1/namespaces/{account.namespace}/serviceaccounts/{account.name}")

    def behave(self, image: str, behaviour: str, *, log: str = "") -> None:
        """Let every pod made with that image from now on behave so (see the simulator)."""
        set_behaviour(self.folder, image, behaviour, log)

    def forget_behaviours(self) -> None:
        """Let every image do the usual again, in pods that are made from now on."""
        forget_behaviours(self.folder)

    def _admin(self) -> dict[str, str]:
        return {"server": self.server, "ca": self.ca, "token": self.token}

    def _run(self, stack: ExitStack) -> None:
        etcd = Service(
            "etcd",
            commands.etcd(self._binaries.etcd, self._files, self._etcd_port),
            self.folder / "etcd.log",
        )
        stack.callback(etcd.stop)
        stack.callback(self.stop_api)
        self.start_api()
        manager = Service(
            "kube-controller-manager",
            commands.controller_manager(self._binaries.controller_manager, self._files),
            self.folder / "controller-manager.log",
        )
        stack.callback(manager.stop)
        simulator = Service(
            "the simulator of nodes",
            [sys.executable, "-m", "testbed.cluster.simulator", self.folder],
            self.folder / "simulator.log",
            {"PYTHONPATH": str(cache.ROOT)},
        )
        stack.callback(simulator.stop)
        simulator.wait_until(self._has("/api/v1/nodes/node-2"), _START_SECONDS)
        manager.wait_until(self._has(_DEFAULT_ACCOUNT), _START_SECONDS)

    def _has(self, path: str) -> Callable[[], bool]:
        def there() -> bool:
            try:
                found: Json = self.api.get(path)
            except ApiError as error:
                if error.status != HTTPStatus.NOT_FOUND:
                    raise
                return False
            return bool(found)

        return there


_DEFAULT_ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"
