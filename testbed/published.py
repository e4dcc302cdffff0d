"""Programs out of published images: fetched by digest with our own registry client, without Docker.

A manifest list names the image of this machine's kind; of its layers the last one that holds the
program counts. Every piece is verified against the digest that names it, so that what is run is
what is pinned here.
"""

from __future__ import annotations

import io
import json
import logging
import platform
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitops_action.adapters.registry import Accounts, RegistryClient
from gitops_action.adapters.registry.transport import Timeouts
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.images import ImageReference, parse_reference
from gitops_action.errors import GitOpsError
from testbed import cache
from testbed.process import PartError, run
from testbed.progress import progress

_MANIFEST_BYTES = 4 * 1024 * 1024
_LAYER_BYTES = 512 * 1024 * 1024
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
# A layer has tens of megabytes; one that cannot be reached is built instead, so that is found fast.
_POLICY = RetryPolicy(attempts=2, maximum=30.0, longest=30.0, total=900.0)
_TIMEOUTS = Timeouts(connect=5, read=20, answer=600)


@dataclass(frozen=True, kw_only=True)
class Published:
    """A static program in a published image.

    Attributes:
        image: by digest, `registry/path:tag@sha256:…`.
        path: of the program in the image.
        check: the option with which it says its version.
    """

    image: str
    path: str
    check: str = "--version"

    @property
    def item(self) -> str:
        """Its name in the cache: it changes with the digest."""
        name, digest = Path(self.path).name, self.image.rpartition(":")[2]
        return f"oci/{cache.PLATFORM}/{name}-{digest[:12]}"


ETCD = Published(
    image="registry.k8s.io/etcd:3.6.8-0"
    "@sha256:397189418d1a00e500c0605ad18d1baf3b541a1004d768448c367e48071622e5",
    path="usr/local/bin/etcd",
)
APISERVER = Published(
    image="registry.k8s.io/kube-apiserver:v1.36.3"
    "@sha256:b4bc06c81fd76f81174e6c19ddacf477acdf1583e7a5846ebbd513493aef6e43",
    path="usr/local/bin/kube-apiserver",
)
CONTROLLER_MANAGER = Published(
    image="registry.k8s.io/kube-controller-manager:v1.36.3"
    "@sha256:ed56454bf514916079a227f5765b64524fde52106dfcc52978b28634765b78b8",
    path="usr/local/bin/kube-controller-manager",
)
REGISTRY = Published(
    image="docker.io/library/registry:3.0.0"
    "@sha256:6c5666b861f3505b116bb9aa9b25175e71210414bd010d92035ff64018f9457e",
    path="bin/registry",
)


def fetch(program: Published) -> Path:
    """Fetch it, or take the one fetched before.

    Raises:
        PartError: it cannot be had for this machine, or does not run here.
    """
    return cache.item(program.item, lambda target: _fetch(program, target))


def _fetch(program: Published, target: Path) -> None:
    reference = parse_reference(program.image)
    named = frozenset({reference.domain})  # pinned here, by a test maybe on this machine
    client = RegistryClient(Accounts(), policy=_POLICY, timeouts=_TIMEOUTS, local=named)
    name = Path(program.path).name
    shown_while = progress(f"fetching {name} from {reference.domain}", "1 min")
    with _without_retry_messages(), shown_while as shown:
        try:
            layers = _layers(client, reference, program.image.rpartition("@")[2])
            for number, layer in enumerate(reversed(layers), start=1):
                shown.at(f"layer {number} of {len(layers)}")
                if _unpack(
                    client.content(reference, f"blobs/{layer}", _LAYER_BYTES), program, target
                ):
                    break
            else:
                raise PartError(f"{program.image} has no {program.path}")
        except GitOpsError as error:
            raise PartError(f"{name} cannot be fetched: {error}") from error
        except (ValueError, KeyError, TypeError, tarfile.TarError) as error:
            raise PartError(f"{program.image} cannot be read: {error}") from error
    run(target, program.check, timeout=60)  # it is one that runs on this machine


@contextmanager
def _without_retry_messages() -> Iterator[None]:
    """Retries go unmentioned: the progress line is enough. The logger is one of the process."""
    logger = logging.getLogger("stamina")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _layers(client: RegistryClient, reference: ImageReference, digest: str) -> list[str]:
    """The digests of the layers of the image for this machine, the lowest first."""
    document = _document(client, reference, digest)
    if "manifests" in document:
        requested = {"os": "linux", "architecture": _ARCHITECTURES.get(platform.machine(), "")}
        fitting = [
            entry["digest"]
            for entry in document["manifests"]
            if {key: entry.get("platform", {}).get(key) for key in requested} == requested
        ]
        if not fitting:
            raise PartError(f"{reference} is not published for {platform.machine()}")
        document = _document(client, reference, fitting[0])
    return [layer["digest"] for layer in document["layers"]]


def _document(client: RegistryClient, reference: ImageReference, digest: str) -> Mapping[str, Any]:
    content = client.content(reference, f"manifests/{digest}", _MANIFEST_BYTES)
    document: Mapping[str, Any] = json.loads(content)
    return document


def _unpack(layer: bytes, program: Published, target: Path) -> bool:
    """Write the program where the layer has it; whether it does."""
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        for member in archive:
            if member.isfile() and member.name.removeprefix("./").lstrip("/") == program.path:
                source = archive.extractfile(member)
                if source:
                    with target.open("wb") as written:
                        shutil.copyfileobj(source, written)
                    target.chmod(0o755)
                    return True
    return False
