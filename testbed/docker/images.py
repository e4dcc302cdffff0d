"""The images that tests and demo run, each tagged by what it was made of.

Docker's own store is the cache: an image whose tag exists is not made again.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
from pathlib import Path

import requests

from testbed import cache
from testbed.docker.rootfs import base_tag, build_base
from testbed.gotool import BUILDX, go_program
from testbed.process import PartError, run
from testbed.progress import progress
from testbed.reaper import scratch

LABEL = "gitops-action.testbed"
_RUNNER = Path(__file__).parent / "runner"
_PULL_SECONDS = 180
_MANIFEST = (
    "application/vnd.docker.distribution.manifest.v2+json, "
    "application/vnd.oci.image.manifest.v1+json"
)


def base_image() -> str:
    """The image that ours are built on.

    `BASE_IMAGE` in the environment decides; else it is the Dockerfile's default, when it is here
    or can be pulled; else one made by debootstrap.
    """
    chosen = os.environ.get("BASE_IMAGE")
    if chosen:
        return chosen
    public = _default_base()
    with cache.locked("base-image"):
        if exists(public):
            return public
        if exists(base_tag()):
            return base_tag()
        return public if _pulled(public) else build_base()


def has_base_image() -> bool:
    """Whether `base_image` has nothing to make or pull."""
    chosen = os.environ.get("BASE_IMAGE")
    return bool(chosen) or exists(_default_base()) or exists(base_tag())


def has_action_image() -> bool:
    """Whether `action_image` has nothing to build."""
    return has_base_image() and exists(action_tag(base_image()))


def has_runner_image() -> bool:
    """Whether `runner_image` has nothing to build."""
    return has_base_image() and exists(runner_tag(base_image()))


def action_image() -> str:
    """The action's image, built from this checkout."""
    base = base_image()
    tag = action_tag(base)
    with cache.locked("action-image"):
        if not exists(tag):
            with progress("building the action's image", "1 min"):
                build(cache.ROOT, tag, base)
    return tag


def action_tag(base: str) -> str:
    """The tag of the action's image on this base; it changes with what the image is made of."""
    root = cache.ROOT
    paths = [root / name for name in ("Dockerfile", ".dockerignore", "entrypoint.py")]
    paths += [root / "requirements" / "runtime.txt"]
    paths += [path for path in (root / "gitops_action").rglob("*") if _ships(path)]
    return f"gitops-action:{cache.key(_identity(base), cache.tree_key(root, paths))}"


def runner_image() -> str:
    """The image in which act runs a job's steps: git, the docker client and buildx."""
    base = base_image()
    tag = runner_tag(base)
    with cache.locked("runner-image"):
        if not exists(tag):
            with progress("building the runner's image", "1 min"):
                _build_runner(tag, base)
    return tag


def runner_tag(base: str) -> str:
    """The tag of the runner's image on this base; it changes with what the image is made of."""
    recipe = (_RUNNER / "Dockerfile").read_bytes()
    return f"gitops-action-runner:{cache.key(recipe, BUILDX.package, _identity(base))}"


def build(context: Path, tag: str, base: str) -> None:
    """Build the folder's Dockerfile on `base`; the host's network reaches the package indexes."""
    run(
        *("docker", "build", "--quiet", "--network", "host", "--build-arg", f"BASE_IMAGE={base}"),
        *("--label", f"{LABEL}=1", "--tag", tag, context),
        timeout=1500,
    )


def exists(tag: str) -> bool:
    """Whether the daemon has the image."""
    try:
        run("docker", "image", "inspect", tag, timeout=60)
    except PartError:
        return False
    return True


def size(tag: str) -> int:
    """Bytes of the image's layers, unpacked."""
    return int(run("docker", "image", "inspect", "--format", "{{.Size}}", tag))


def push(address: str, image: str, name: str) -> tuple[int, ...]:
    """Push it to a registry as `name:1`; return the bytes of its layers there."""
    tag = f"{address}/{name}:1"
    run("docker", "tag", image, tag)
    run("docker", "push", "--quiet", tag, timeout=600)
    run("docker", "image", "rm", tag)
    answer = requests.get(
        f"http://{address}/v2/{name}/manifests/1", headers={"Accept": _MANIFEST}, timeout=30
    )
    return tuple(int(layer["size"]) for layer in answer.json()["layers"])


def remove_all() -> int:
    """Remove every image that the test bed made; return how many there were."""
    listing = run("docker", "image", "ls", "--quiet", "--filter", f"label={LABEL}")
    found = list(dict.fromkeys(listing.split()))  # newest first: what is built on others goes first
    for image in found:
        run("docker", "image", "rm", "--force", image)
    return len(found)


def _build_runner(tag: str, base: str) -> None:
    with scratch("runner") as context:
        shutil.copy(_RUNNER / "Dockerfile", context)
        shutil.copy(go_program(BUILDX), context / "docker-buildx")
        build(context, tag, base)


def _pulled(image: str) -> bool:
    try:
        run("docker", "pull", "--quiet", image, timeout=_PULL_SECONDS)
    except PartError:
        return False
    return True


def _default_base() -> str:
    text = (cache.ROOT / "Dockerfile").read_text(encoding="utf-8")
    found = re.search(r"^ARG BASE_IMAGE=(\S+)", text, re.MULTILINE)
    if not found:
        raise PartError("Dockerfile has no line `ARG BASE_IMAGE=…`")
    return found.group(1)


def _identity(image: str) -> str:
    """The image's id and the machine's kind: what a build on it depends on."""
    return run("docker", "image", "inspect", "--format", "{{.Id}}", image) + platform.machine()


def _ships(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts
