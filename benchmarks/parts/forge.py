"""The GitHub double in a process of its own, so that it takes no time from who is measured."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Iterator, Mapping
from multiprocessing.managers import BaseManager
from pathlib import Path

from benchmarks.parts.environment import environment, fast_import
from gitops_action.core.deployments.payload import RecordContent, write_payload
from testbed.forge import Forge
from testbed.forge.runs import job_url
from testbed.forge.world import Request
from testbed.long_history import WORKFLOW, Shape, fill

REPOSITORY = "acme/environment"
RIGHTS = {
    "contents": "write",
    "pull_requests": "write",
    "issues": "write",
    "metadata": "read",
    "deployments": "read",
    "checks": "read",
    "actions": "read",
}


class ForgeHost:
    """The forge as it is driven from the benchmark's process."""

    def __init__(self, root: str) -> None:
        """Start it below this folder."""
        self._forge = Forge.start(Path(root))

    def addresses(self) -> dict[str, str]:
        """The inputs that lead to it."""
        return {
            "server-url": self._forge.server_url,
            "api-url": self._forge.api_url,
            "graphql-url": self._forge.graphql_url,
        }

    def create(self, name: str, files: int, registry: str, config: str = "") -> str:
        """Make a packed environment repository of that many files; returns its Git address."""
        handle = self._forge.create_repository(name)
        store = handle.repository.git
        stream = fast_import(environment(files, registry, config))
        store.run("fast-import", "--quiet", stdin=stream)
        store.run("repack", "-adbq")
        return handle.clone_url

    def create_history(self, name: str, shape: Shape) -> None:
        """Make an environment repository with a past that ends now."""
        handle = self._forge.create_repository(name)
        fill(self._forge.world, handle, shape, end=self._forge.world.now())

    def replace(self, name: str, path: str, old: str, new: str) -> None:
        """Commit a change of one file to the base."""
        handle = self._forge.repository(name)
        text = handle.read("main", path).decode().replace(old, new)
        handle.commit(files={path: text.encode()}, message=f"Release {new}")

    def deployed(self, name: str, images: Mapping[str, tuple[str, ...]], *, failed: bool) -> None:
        """Record a deployment of the base's tip to the one environment, with the run behind it."""
        handle, world = self._forge.repository(name), self._forge.world
        oid, state = handle.resolve("main"), "failure" if failed else "success"
        run = handle.record_run(WORKFLOW, oid=oid, jobs={"deploy / default": state})
        content = RecordContent(
            environment="default", commit=oid, hash=f"sha256:{oid}", applications=images
        )
        handle.record_deployment(
            "default",
            oid=oid,
            state=state,
            log_url=job_url(world, handle.repository, run, run.jobs[0]),
            payload=write_payload(content),
        )

    def token(self, name: str) -> str:
        """Give out an App's token for one repository."""
        return self._forge.token(repositories=[name], permissions=RIGHTS)

    def requests(self) -> list[Request]:
        """The requests since the last call."""
        with self._forge.world.lock:
            found = list(self._forge.requests)
            self._forge.requests.clear()
        return found

    def problems(self) -> list[str]:
        """Breaches of GitHub's descriptions so far."""
        return list(self._forge.problems)

    def files(self, name: str, ref: str, paths: list[str]) -> list[bytes]:
        """Read files."""
        handle = self._forge.repository(name)
        return [handle.read(ref, path) for path in paths]

    def branches(self, name: str) -> dict[str, str]:
        """The branches and where they point."""
        found = self._forge.repository(name).repository.git.refs("refs/heads/")
        return {ref.removeprefix("refs/heads/"): oid for ref, oid in found.items()}

    def commits(self, name: str, ref: str) -> int:
        """How many commits a ref reaches."""
        git = self._forge.repository(name).repository.git
        return int(git.run("rev-list", "--count", ref))

    def open_pull_requests(self, name: str) -> list[str]:
        """The branches of the open pull requests."""
        pulls = self._forge.repository(name).pull_requests()
        return [pull.head for pull in pulls if pull.state == "open"]

    def stop(self) -> None:
        """Stop serving."""
        self._forge.stop()


class _Manager(BaseManager):
    pass


_Manager.register("ForgeHost", ForgeHost)


@contextlib.contextmanager
def forge_process(root: Path) -> Iterator[ForgeHost]:
    """Run a forge in another process while the block runs."""
    with _Manager(ctx=multiprocessing.get_context("spawn")) as manager:
        host: ForgeHost = manager.ForgeHost(str(root))  # type: ignore[attr-defined]
        try:
            yield host
        finally:
            host.stop()
