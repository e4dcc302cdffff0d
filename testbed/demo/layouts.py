"""The two environment repositories of the demo, and the application that is released."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from testbed.cache import ROOT
from testbed.process import run

APPLICATION = "acme/web"
ENVIRONMENT = "acme/environment"
OLD_TAG = "v1.2.3"
NEW_TAG = "v1.3.0"
BAD_TAG = "v1.4.0"
"""The release after it, which breaks as soon as it runs."""
_LIBRARY = "acme/gitops-action"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an environment runs, and the folder that an administrator applies for it once."""

    environment: str
    namespace: str
    administration: str


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A shape of environment repository, as `gitops-action init environment` writes it.

    Attributes:
        name: how `make demo LAYOUT=…` calls it.
        about: one line for the reader.
        flags: what is asked of `init` beside the names.
        deployed: the file that a release changes.
        later: a file that it must not change yet; empty where there is none.
        engine: who applies: `push`, the job itself, or `flux`.
        administration: the folder that an administrator of the cluster applies once.
        environment: the environment that a release reaches first.
        namespace: where that environment runs.
        next_environment: the one that comes after it; empty where there is none.
    """

    name: str
    about: str
    flags: tuple[str, ...]
    deployed: str
    administration: str
    environment: str
    namespace: str
    later: str = ""
    next_environment: str = ""
    engine: str = "push"

    @property
    def places(self) -> tuple[Place, ...]:
        """Where the environments run, in the order that a version reaches them."""
        first = Place(
            environment=self.environment,
            namespace=self.namespace,
            administration=self.administration,
        )
        following = self.next_environment
        if not following:
            return (first,)
        return first, Place(
            environment=following,
            namespace=following,
            administration=f"cluster-config/{following}",
        )

    def command(self, image: str) -> tuple[str, ...]:
        """The command line that writes it; `image` is the application's, without tag."""
        owner, _, name = ENVIRONMENT.partition("/")
        application = APPLICATION.partition("/")[2]
        return (
            *("gitops-action", "init", "environment", "--owner", owner, "--name", name),
            *("--applications", f"{application}={image}:{OLD_TAG}"),
            *("--code-owners", "@acme/platform", "--library", _LIBRARY),
            *("--engine", self.engine),
            *self.flags,
        )

    def write(self, image: str, folder: Path) -> Mapping[str, str]:
        """Run the command as a script does, in a process of its own; gives the files by path."""
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(folder.parent)}
        program = (sys.executable, "-m", "gitops_action")
        folder.parent.mkdir(parents=True, exist_ok=True)
        run(*program, *self.command(image)[1:], "--output", folder, env=environ)
        return {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }


CLASSIC = Layout(
    name="classic",
    about="one environment, with applications/<name>/deployment.yaml",
    flags=("--layout", "minimal"),
    deployed="applications/web/deployment.yaml",
    administration="cluster-config",
    environment="default",
    namespace="applications",
)

OVERLAYS = Layout(
    name="overlays",
    about="staging and production as kustomize overlays",
    flags=("--environments", "staging,production"),
    deployed="environments/staging/web/kustomization.yaml",
    administration="cluster-config/staging",
    environment="staging",
    namespace="staging",
    later="environments/production/web/kustomization.yaml",
    next_environment="production",
)

ENGINES = ("push", "flux")
LAYOUTS = {layout.name: layout for layout in (CLASSIC, OVERLAYS)}
