"""What the benchmark of waiting for Flux sees by itself: history, and Flux's own word."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.flux.status import GROUP
from gitops_action.core.manifests.fields import items, number, text
from testbed.flux import NAMESPACE
from testbed.forge import RepositoryHandle
from testbed.process import PartError
from tests.support.fluxing import Fluxing
from tests.support.wait import client

_SECONDS = 60.0


@dataclass
class History:
    """The double's repository, asked directly: no Git over HTTP is in the figures."""

    repository: RepositoryHandle

    def branch(self) -> str:
        """The base branch."""
        return "main"

    def tip(self) -> str:
        """Its newest commit."""
        return self.repository.resolve("main")

    def containing(self, commit: str, *, most: int) -> tuple[str, ...]:
        """Newer commits, newest first."""
        newer = [one.oid for one in self.repository.log("main")]
        return tuple(newer[: newer.index(commit)][:most])

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` contains `old`."""
        return old in {one.oid for one in self.repository.log(new)}


@contextmanager
def flux_says(stage: Fluxing, commit: str) -> Iterator[list[float]]:
    """Notes, by a watch on a connection of its own, when Flux is ready at the commit."""
    cluster = client(stage.plane)
    kind = cluster.resources().preferred(GROUP, "Kustomization")
    if kind is None:
        raise PartError("the cluster does not serve Kustomizations")
    changes = cluster.watch(kind, seconds=_SECONDS, namespace=NAMESPACE, name=stage.name)
    said: list[float] = []

    def follow() -> None:
        for event in changes:
            if _is_ready(event.body, commit):
                said.append(time.monotonic())
                return

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    yield said
    thread.join(5.0)
    changes.close()
    if not said:
        raise PartError(f"Flux was never seen ready at {commit}")


def _is_ready(body: LiveObject, commit: str) -> bool:
    generation = number(body, "metadata", "generation")
    ready = [one for one in items(body, "status", "conditions") if text(one, "type") == "Ready"]
    return (
        text(body, "status", "lastAppliedRevision").endswith(commit)
        and number(body, "status", "observedGeneration") == generation
        and all(text(one, "status") == "True" for one in ready)
        and bool(ready)
    )
