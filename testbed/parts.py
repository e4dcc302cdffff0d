"""Build what tests and demo stand on, outside any time limit: `python -m testbed.parts [NAME…]`.

Each part is taken from the cache, from the machine or from Docker's store where it is there, else
it is built; the table at the end says which, and how long it took. Without a name it is all parts.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from testbed import argocd, cache, reaper
from testbed.cluster import binaries as cluster
from testbed.docker import action_image, base_image, daemon, images, runner_image, why_no_docker
from testbed.flux import binaries as flux
from testbed.flux.notification import notification_kinds
from testbed.forge import npm
from testbed.gotool import (
    ACTIONLINT,
    BUILDX,
    HELM,
    REGISTRY,
    Module,
    Program,
    go_module,
    go_program,
)
from testbed.process import PartError
from testbed.progress import duration
from testbed.registry import server

_CACHE = "cache"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One thing that is slow to make.

    Attributes:
        name: how the command line calls it.
        about: one line for the reader.
        usual: how long it takes on two cores when nothing is cached.
        found: where it is already; empty where it has to be built.
        build: builds it.
        docker: it lies in Docker's store.
    """

    name: str
    about: str
    usual: str
    found: Callable[[], str]
    build: Callable[[], object]
    docker: bool = False


@dataclass(frozen=True, kw_only=True)
class Made:
    """Where a part came from, or why it was skipped, and how many seconds it took."""

    part: Part
    source: str
    seconds: float = 0.0


def build(names: Sequence[str]) -> list[Made]:
    """Have these parts: build those that are not there.

    Raises:
        PartError: one is not known or does not build.
    """
    chosen = select(names)
    reason = why_no_docker() if any(part.docker for part in chosen) else ""
    made = []
    with ExitStack() as stack:
        if any(part.docker for part in chosen) and not reason:
            stack.enter_context(daemon())
        for number, part in enumerate(chosen, start=1):
            began = time.monotonic()
            source = f"skipped: {reason}" if part.docker and reason else part.found()
            if not source:
                _say(f"[{number}/{len(chosen)}] {part.about}: about {part.usual}")
                part.build()
                source = "made"
            made.append(Made(part=part, source=source, seconds=time.monotonic() - began))
            _say(f"[{number}/{len(chosen)}] {part.name}: {source}, {duration(made[-1].seconds)}")
    return made


def missing(names: Sequence[str]) -> list[str]:
    """The names of those that have to be made; a Docker daemon answers where images are asked for.

    Raises:
        PartError: one is not known.
    """
    return [part.name for part in select(names) if not part.found()]


def select(names: Sequence[str]) -> list[Part]:
    """The parts of these names or groups, in the order in which they are built; all without a name.

    Raises:
        PartError: one is not known.
    """
    requested = set()
    for name in names or [part.name for part in PARTS]:
        if name not in GROUPS and name not in {part.name for part in PARTS}:
            known = ", ".join([*GROUPS, *(part.name for part in PARTS)])
            raise PartError(f"there is no part {name}; there are {known}")
        requested |= set(GROUPS.get(name, (name,)))
    return [part for part in PARTS if part.name in requested]


def show(made: Sequence[Made], console: Console) -> None:
    """Print the table and its sum."""
    table = Table(box=None, pad_edge=False)
    for title in ("part", "from", "time"):
        table.add_column(title)
    for one in made:
        table.add_row(one.part.name, one.source, duration(one.seconds))
    console.print(table)
    built = [one for one in made if one.source == "made"]
    cached = sum(one.source == _CACHE for one in made)
    console.print(
        f"{len(made)} parts: {cached} from the cache, {len(built)} fetched or built in "
        f"{duration(sum(one.seconds for one in built))}; the cache is {cache.root()}",
        soft_wrap=True,
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _program(name: str, program: Program) -> Part:
    return Part(
        name=name,
        about=program.package,
        usual=program.usual,
        found=lambda: _CACHE if cache.has(program.item) else "",
        build=lambda: go_program(program),
    )


def _controller(module: Module) -> Part:
    return Part(
        name=module.folder.name,
        about=f"Flux' {module.folder.name}",
        usual=module.usual,
        found=lambda: _CACHE if cache.has(module.item) else "",
        build=lambda: go_module(module),
    )


def _control_plane(name: str, programs: Sequence[str], module: Module, about: str) -> Part:
    def found() -> str:
        places = [cluster.find(program) for program in programs]
        return _place(places) if all(places) else ""

    return Part(
        name=name, about=about, usual=module.usual, found=found, build=cluster.find_binaries
    )


def _place(places: Sequence[Path | None]) -> str:
    """Where these programs are, in a word."""
    words = {
        _CACHE
        if path and path.is_relative_to(cache.root())
        else "PATH"
        if path and str(path) == shutil.which(path.name)
        else "KUBEBUILDER_ASSETS"
        for path in places
    }
    return " and ".join(sorted(words))


def _image(name: str, usual: str, has: Callable[[], bool], make: Callable[[], str]) -> Part:
    return Part(
        name=name,
        about=f"the {name.replace('-', ' ')}",
        usual=usual,
        found=lambda: "Docker" if has() else "",
        build=make,
        docker=True,
    )


def _definitions() -> None:
    flux.definitions()
    notification_kinds()


PARTS = (
    Part(
        name="github-descriptions",
        about="GitHub's descriptions of its APIs, and axe, from npm",
        usual="1 min",
        found=lambda: _CACHE if cache.has(npm.item()) else "",
        build=lambda: npm.package("@octokit/openapi"),
    ),
    _program("actionlint", ACTIONLINT),
    Part(
        name="registry",
        about="the registry",
        usual=REGISTRY.usual,
        found=lambda: _place([path]) if (path := server.find_program()) else "",
        build=server.make_program,
    ),
    _control_plane("etcd", ["etcd"], cluster.ETCD, "etcd"),
    _control_plane(
        "kubernetes",
        ["kube-apiserver", "kube-controller-manager"],
        cluster.KUBERNETES,
        f"API server and controller manager of Kubernetes {cluster.VERSION}",
    ),
    _controller(flux.SOURCE),
    _controller(flux.KUSTOMIZE),
    Part(
        name="flux-definitions",
        about="the definitions of Flux' kinds",
        usual="1 min",
        found=lambda: _CACHE if cache.has(flux.DEFINITIONS) else "",
        build=_definitions,
    ),
    Part(
        name="argocd-health-tests",
        about="the test objects of Argo CD's health checks",
        usual="1 min",
        found=lambda: _CACHE if cache.has(argocd.HEALTH_TESTS) else "",
        build=argocd.health_tests,
    ),
    _program("helm", HELM),
    _program("buildx", BUILDX),
    _image("base-image", "2 min", images.has_base_image, base_image),
    _image(
        "action-image",
        "1 min",
        images.has_action_image,
        action_image,
    ),
    _image(
        "runner-image",
        "1 min",
        images.has_runner_image,
        runner_image,
    ),
)
_CLUSTER = ("etcd", "kubernetes")
_FLUX = (flux.SOURCE.folder.name, flux.KUSTOMIZE.folder.name, "flux-definitions")
_IMAGES = ("buildx", "base-image", "action-image", "runner-image")
GROUPS = {
    "cluster": _CLUSTER,
    "flux": (*_CLUSTER, *_FLUX),
    "demo": ("github-descriptions", "registry", *_CLUSTER, *_IMAGES),
    "demo-flux": ("github-descriptions", "registry", *_CLUSTER, *_FLUX, *_IMAGES),
}


def main(names: list[str]) -> int:
    """Build, and print the table; return the exit code."""
    reaper.protect()
    try:
        made = build(names)
    except PartError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    show(made, Console(width=None if sys.stdout.isatty() else 120))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
