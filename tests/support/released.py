"""This project, released: its own tree in a repository of the double, its image in a registry."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from testbed.cache import ROOT
from testbed.forge import Forge, RepositoryHandle, rights
from testbed.lint import tracked
from testbed.process import run
from testbed.registry import Registry

REPOSITORY = "acme/gitops-action"
VERSION = "1.99.0"
RIGHTS = rights("contents", "workflows")


@dataclass(frozen=True, kw_only=True)
class Releasing:
    """A repository that is about to release this tree.

    Attributes:
        root: the checkout, prepared and committed.
        source: its commit.
    """

    forge: Forge
    registry: Registry
    repository: RepositoryHandle
    root: Path
    source: str

    @property
    def image(self) -> str:
        """The image's name without tag."""
        return f"{self.registry.address}/{REPOSITORY}"

    def push_image(self, revision: str = "") -> str:
        """Push a small image for the version; gives its name by digest."""
        labels = {"org.opencontainers.image.revision": revision or self.source}
        return f"{self.image}@{self.registry.push_image(REPOSITORY, VERSION, labels=labels)}"

    def token(self, kind: str = "app", **permissions: str) -> str:
        """A token for the repository; it may write content and workflows unless given."""
        given = permissions or RIGHTS
        if kind == "job":
            return self.forge.token(kind="job", home=REPOSITORY, permissions=given)
        return self.forge.token(repositories=[REPOSITORY], permissions=given)

    def run(self, *words: str, token: str = "") -> subprocess.CompletedProcess[str]:
        """`python -m release` in the checkout."""
        step, *rest = words
        servers = ("--repository", REPOSITORY, "--server-url", self.forge.server_url)
        given = servers if step in {"check", "publish"} else ()
        api = ("--api-url", self.forge.api_url) if step == "publish" else ()
        return program(self.root, step, VERSION, *given, *api, *rest, token=token)

    def tags(self) -> dict[str, str]:
        """The repository's tags with their commits."""
        listed = self.repository.repository.git.refs("refs/tags/")
        return {name.removeprefix("refs/tags/"): oid for name, oid in listed.items()}


def program(root: Path, *words: str, token: str = "") -> subprocess.CompletedProcess[str]:
    """Run the program of that checkout."""
    return subprocess.run(
        [sys.executable, "-m", "release", *words],
        cwd=root,
        env={**os.environ, "RELEASE_TOKEN": token},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def copy_tree(target: Path) -> None:
    """The files of this checkout as Git sees them, as they are now."""
    for name in tracked("."):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target / name, follow_symlinks=False)


def prepared_tree(root: Path) -> Path:
    """A copy of this tree in which the version is prepared and committed."""
    copy_tree(root)
    prepared = program(root, "prepare", VERSION)
    assert prepared.returncode == 0, prepared.stderr
    git = ("git", "-C", root, "-c", "user.name=alice", "-c", "user.email=alice@example.com")
    run("git", "init", "--quiet", "--initial-branch=main", root)
    run(*git, "add", "--all")
    run(*git, "commit", "--quiet", f"--message=Prepare {VERSION}")
    return root


@contextmanager
def releasing(folder: Path, root: Path) -> Iterator[Releasing]:
    """Push a prepared tree to the double, with a registry beside it."""
    with Forge.start(folder / "forge") as forge, Registry.start(folder / "registry") as registry:
        repository = forge.create_repository(REPOSITORY)
        run("git", "-C", root, "push", "--quiet", repository.path, "main")
        yield Releasing(
            forge=forge,
            registry=registry,
            repository=repository,
            root=root,
            source=run("git", "-C", root, "rev-parse", "HEAD").strip(),
        )
