"""The command lines of the control plane's programs (their own `--help` is the reference)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_ISSUER = "https://kubernetes.default.svc"
# What would fight the simulator: nodes without heartbeats are tainted, their pods evicted.
_CONTROLLERS = "*,-node-lifecycle-controller,-node-ipam-controller"
_FAST = ("--kube-api-qps=300", "--kube-api-burst=600")


@dataclass(frozen=True, kw_only=True)
class Files:
    """Where a control plane keeps what its programs read."""

    folder: Path

    @property
    def tokens(self) -> Path:
        """The administrator's token, for the API server."""
        return self.folder / "tokens.csv"

    @property
    def signing_key(self) -> Path:
        """The key of service account tokens."""
        return self.folder / "service-accounts.key"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.folder / "kubeconfig"

    @property
    def admin(self) -> Path:
        """The same in the simulator's form."""
        return self.folder / "admin.json"


def etcd(program: Path, files: Files, port: int) -> list[str | Path]:
    """A store of one member that does not wait for the disk."""
    client, peer = f"http://127.0.0.1:{port}", "http://127.0.0.1:0"
    return [
        program,
        f"--data-dir={files.folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        "--unsafe-no-fsync",
    ]


def apiserver(program: Path, files: Files, port: int, etcd_port: int) -> list[str | Path]:
    """An API server with real RBAC; without the admission that wants tokens mounted in pods."""
    return [
        program,
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        f"--tls-cert-file={files.folder / 'apiserver.crt'}",
        f"--tls-private-key-file={files.folder / 'apiserver.key'}",
        f"--service-account-key-file={files.signing_key}",
        f"--service-account-signing-key-file={files.signing_key}",
        f"--service-account-issuer={_ISSUER}",
        f"--token-auth-file={files.tokens}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.0.0.0/16",
        "--disable-admission-plugins=ServiceAccount",
        "--kubelet-preferred-address-types=InternalIP",
        "--shutdown-delay-duration=0s",
    ]


def controller_manager(program: Path, files: Files) -> list[str | Path]:
    """Deployments, Jobs, namespaces, quota and the rest, quicker than a shared cluster allows."""
    return [
        program,
        f"--kubeconfig={files.kubeconfig}",
        f"--service-account-private-key-file={files.signing_key}",
        f"--controllers={_CONTROLLERS}",
        "--leader-elect=false",
        "--secure-port=0",
        "--namespace-sync-period=1s",
        *_FAST,
    ]
