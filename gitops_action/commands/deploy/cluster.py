"""What commands need from a Kubernetes cluster, as protocols.

Every method may raise a kind of `ClusterError` (core/cluster/errors.py); the docstrings name those
that a caller is expected to distinguish.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Literal, Protocol

from gitops_action.core.cluster.model import (
    Applied,
    ApplyOptions,
    EventFacts,
    LeaseTerms,
    Listing,
    LiveObject,
    Resource,
    Resources,
    Right,
    WatchEvent,
)
from gitops_action.core.manifests.model import Body


class Changes(Protocol):
    """The changes of a kind, one after the other, until time is over or `close` is called."""

    def __iter__(self) -> Iterator[WatchEvent]:
        """The changes; nothing is missed over cut connections, at most repeated."""
        ...

    def close(self) -> None:
        """End the iteration; may be called from another thread."""
        ...


class HeldLease(Protocol):
    """A lease that is ours, renewed in the background."""

    def check(self) -> None:
        """Make sure that it is still ours, before each step that writes.

        Raises:
            LeaseLostError: it is not.
        """
        ...


class ClusterReader(Protocol):
    """One cluster as one account that reads; for any number of threads."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def namespace(self) -> str:
        """Where objects go that name no namespace."""
        ...

    def version(self) -> str:
        """The server's version, such as `v1.36.3`."""
        ...

    def resources(self, *, fresh: bool = False) -> Resources:
        """The kinds that it serves; `fresh` after definitions of kinds were applied."""
        ...

    def resource(self, api_version: str, kind: str) -> Resource:
        """One kind; NotFoundError (`missing` is `kind`) where it is not served."""
        ...

    def list(
        self, resource: Resource, *, namespace: str = "", labels: str = "", metadata: bool = False
    ) -> Listing:
        """The objects of a kind, by label selector; with `metadata`, only that part of them."""
        ...

    def get(self, resource: Resource, *, namespace: str, name: str) -> LiveObject:
        """One object; NotFoundError where it is not there."""
        ...

    def watch(  # noqa: PLR0913 - what, from where on, how long
        self,
        resource: Resource,
        *,
        seconds: float,
        namespace: str = "",
        labels: str = "",
        name: str = "",
        start: Listing | None = None,
    ) -> Changes:
        """The changes since a listing; without one, all that is there comes first, as added."""
        ...

    def events(self, body: LiveObject) -> tuple[EventFacts, ...]:
        """What the cluster reported about this very object, oldest first."""
        ...

    def log(
        self, namespace: str, pod: str, container: str, *, lines: int, previous: bool = False
    ) -> str:
        """The last lines of a container, or of its life before the last restart."""
        ...

    def denied(self, rights: Iterable[Right]) -> tuple[Right, ...]:
        """Those of these rights that the account does not have."""
        ...


class Cluster(ClusterReader, Protocol):
    """The same with what writes."""

    def apply(self, body: Body, options: ApplyOptions) -> LiveObject:
        """Apply one object server-side; gives what lives (or would live) now."""
        ...

    def apply_all(
        self,
        bodies: Sequence[Body],
        options: ApplyOptions,
        *,
        stop: Callable[[], bool] = ...,
    ) -> Iterator[Applied]:
        """Apply objects that do not depend on each other, in parallel; each as it is done.

        Errors are in the results. When the cluster is away or the credentials have run out, the
        rest is not tried; after `stop` neither, and answers that are on their way are waited for.
        """
        ...

    def create(self, body: Body, *, manager: str) -> LiveObject:
        """Create one object; AlreadyExistsError where one of that name is there.

        Sent once: after an UnreachableError it may be there.
        """
        ...

    def replace(self, body: Body, *, manager: str) -> LiveObject:
        """Write the whole object in place of the one whose resource version it carries.

        ChangedMeanwhileError where someone wrote it since. Sent once: after an UnreachableError
        it may be written.
        """
        ...

    def delete(  # noqa: PLR0913 - what, exactly which, and how
        self,
        resource: Resource,
        *,
        namespace: str,
        name: str,
        uid: str,
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
        dry_run: bool = False,
    ) -> None:
        """Start to delete this very object; AlreadyGoneError where it is not there any more."""
        ...

    def annotate(
        self,
        resource: Resource,
        *,
        namespace: str,
        name: str,
        annotations: Mapping[str, str | None],
    ) -> LiveObject:
        """Set annotations, or remove those that are None."""
        ...

    def lease(self, terms: LeaseTerms) -> AbstractContextManager[HeldLease]:
        """Hold a lease while the block runs; LeaseHeldError where another keeps it."""
        ...
