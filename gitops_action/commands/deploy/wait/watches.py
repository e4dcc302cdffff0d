"""One thread that follows one kind and puts what it learns into the queue."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable
from dataclasses import field, replace

from gitops_action.commands.deploy.cluster import Changes, ClusterReader
from gitops_action.core.cluster import errors
from gitops_action.core.cluster.model import Listing, LiveObject, Resource, WatchEvent
from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests.fields import mapping, text, value
from gitops_action.core.manifests.model import Body, ObjectId
from gitops_action.errors import GitOpsError

# Where news of the cluster comes from, and what the threads that read it say.

EXPLAINING = frozenset({("", "Pod"), ("", "Event"), ("apps", "ReplicaSet")})
"""Kinds that say why a workload is not healthy: group and kind."""


@dataclass(frozen=True, kw_only=True)
class WatchSource:
    """What one thread reads.

    Attributes:
        api_version: of the kind.
        kind: such as `Deployment`.
        namespace: empty for all, and for kinds that have none.
        wanted: the objects that are awaited; empty for kinds that only explain them.
        named: ask for each wanted object now and then, where the account may not list or watch.
        once: read once, do not watch.
    """

    api_version: str
    kind: str
    namespace: str = ""
    requested: frozenset[ObjectId] = field(default=frozenset(), compare=False)
    named: bool = False
    once: bool = False

    @property
    def group(self) -> str:
        """The API group of the kind; empty for the core API."""
        group, slash, _ = self.api_version.partition("/")
        return group if slash else ""

    @property
    def explains(self) -> bool:
        """Whether all of it is of interest, not only what is awaited."""
        return not self.requested or (self.group, self.kind) in EXPLAINING

    def id_of(self, body: LiveObject) -> ObjectId:
        """Which object that is; watches may report no more than namespace and name."""
        return ObjectId(
            group=self.group,
            kind=self.kind,
            namespace=text(body, "metadata", "namespace"),
            name=text(body, "metadata", "name"),
        )

    def __str__(self) -> str:
        """For people: `Pod in namespace web`."""
        return f"{self.kind} in namespace {self.namespace}" if self.namespace else self.kind


@dataclass(frozen=True, kw_only=True)
class Listed:
    """All that is there now."""

    source: WatchSource
    items: tuple[LiveObject, ...]


@dataclass(frozen=True, kw_only=True)
class ObjectChanged:
    """One change since."""

    source: WatchSource
    event: WatchEvent


@dataclass(frozen=True, kw_only=True)
class Away:
    """The cluster does not answer, or not usefully; it is asked again."""

    source: WatchSource
    error: GitOpsError


@dataclass(frozen=True, kw_only=True)
class Denied:
    """The account may not read this; the thread has ended."""

    source: WatchSource
    error: GitOpsError


@dataclass(frozen=True, kw_only=True)
class Expired:
    """The credentials do not count any more; the thread has ended."""

    source: WatchSource
    error: GitOpsError


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A bug: raised where it can be seen."""

    source: WatchSource
    error: Exception


News = Listed | ObjectChanged | Away | Denied | Expired | Broken


# Objects without the parts that health does not depend on: thousands of pods are kept at once.

_META = (
    "name",
    "namespace",
    "uid",
    "generation",
    "labels",
    "annotations",
    "ownerReferences",
    "creationTimestamp",
    "deletionTimestamp",
)
_WHOLE = frozenset({"Kustomization", "GitRepository", "OCIRepository", "Bucket"})
"""Flux's kinds: their managed fields show who has suspended them."""
_SPEC = {"Pod": ("readinessGates",), "ReplicaSet": ("replicas",)}


def trimmed(kind: str, body: Body) -> Body:
    """The object without managed fields; of pods and ReplicaSets without their templates too."""
    meta = mapping(body, "metadata")
    if kind in _SPEC:
        spec = {key: value(body, "spec", key) for key in _SPEC[kind]}
        kept = {key: meta[key] for key in _META if key in meta}
        return {**body, "metadata": kept, "spec": {k: v for k, v in spec.items() if v is not None}}
    if "managedFields" not in meta or kind in _WHOLE:
        return body
    return {**body, "metadata": {k: v for k, v in meta.items() if k != "managedFields"}}


THREAD_NAME = "gitops-wait"
_WATCH_SECONDS = 24 * 3600.0
"""A watch is ended by us, not by its time."""
_RETRY = 1.0
"""Seconds between tries; the client has been patient before each."""
_ASK_EVERY = 5.0
"""Seconds between questions where the account may not watch."""
_REFUSALS = 2
"""A server that starts can answer 401 once, while it does not know its accounts yet."""


class Feed:
    """Reads a source in a thread of its own until it is closed."""

    def __init__(
        self, cluster: ClusterReader, source: WatchSource, news: queue.SimpleQueue[News]
    ) -> None:
        """Start to read."""
        self.source = source
        self._cluster = cluster
        self._news = news
        self._closed = threading.Event()
        self._changes: Changes | None = None
        self._refused = 0
        name = f"{THREAD_NAME}-{source.kind}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ask the thread to end, also while it waits for the server."""
        self._closed.set()
        changes = self._changes
        if changes is not None:
            changes.close()

    def join(self, seconds: float) -> None:
        """Wait until the thread has ended, no longer than that."""
        self._thread.join(max(seconds, 0))

    def _run(self) -> None:
        while not self._closed.is_set():
            last = self._turn()
            if last is not None:
                self._news.put(last)
                return
            self._closed.wait(_RETRY)

    def _turn(self) -> News | None:
        """Follow until something comes between; None: try again."""
        source = self.source
        try:
            return self._follow()
        except errors.ExpiredError as error:
            self._refused += 1
            return Expired(source=source, error=error) if self._refused >= _REFUSALS else None
        except errors.AccessDeniedError as error:
            return Denied(source=source, error=error)
        except errors.NotFoundError:
            self._news.put(Listed(source=source, items=()))  # the kind itself is gone
            return None
        except errors.ClusterError as error:
            self._news.put(Away(source=source, error=error))
            return None
        except Exception as error:  # noqa: BLE001 - raised by the thread that waits
            return Broken(source=source, error=error)

    def _follow(self) -> Listed | None:
        source = self.source
        resource = self._cluster.resource(source.api_version, source.kind)
        if source.named:
            self._ask(resource)
            return None
        listing = self._cluster.list(resource, namespace=source.namespace)
        self._refused = 0
        told = Listed(source=source, items=tuple(self._kept(listing.items)))
        if source.once:
            return told
        self._news.put(told)
        self._watch(resource, listing)
        return None

    def _watch(self, resource: Resource, start: Listing) -> None:
        source = self.source
        self._changes = self._cluster.watch(
            resource, seconds=_WATCH_SECONDS, namespace=source.namespace, start=start
        )
        if self._closed.is_set():  # closed meanwhile, when there was nothing to close yet
            self._changes.close()
        for event in self._changes:
            for body in self._kept((event.body,)):
                known = WatchEvent(change=event.change, body=body)
                self._news.put(ObjectChanged(source=source, event=known))

    def _ask(self, resource: Resource) -> None:
        """Read the wanted objects one by one, again and again."""
        while not self._closed.is_set():
            found: list[LiveObject] = []
            for one in sorted(self.source.requested):
                if self._closed.is_set():
                    return
                try:
                    body = self._cluster.get(resource, namespace=one.namespace, name=one.name)
                except errors.NotFoundError:
                    continue
                found += self._kept((body,))
            self._news.put(Listed(source=self.source, items=tuple(found)))
            self._closed.wait(_ASK_EVERY)

    def _kept(self, bodies: Iterable[LiveObject]) -> Iterable[LiveObject]:
        """What matters, without the parts that do not: much less to hold and to look at."""
        source = self.source
        for body in bodies:
            if not source.explains and source.id_of(body) not in source.requested:
                continue
            if source.kind != "Event" or body.get("type", "Warning") == "Warning":
                yield trimmed(source.kind, body)


# Which threads read what: one for each kind, or for each kind and namespace where it must be.

_END_SECONDS = 1.0
_MOST_NAMESPACES = 8
"""Beyond that, one watch of everything is less than one for each namespace."""


class Feeds:
    """Opens and closes the threads of one wait."""

    def __init__(self, cluster: ClusterReader) -> None:
        """Nothing is read yet."""
        self.news: queue.SimpleQueue[News] = queue.SimpleQueue()
        self.away: dict[WatchSource, GitOpsError] = {}
        self._cluster = cluster
        self._open: dict[WatchSource, Feed] = {}
        self._denied: set[WatchSource] = set()

    def follow(self, api_version: str, kind: str, requested: Iterable[ObjectId]) -> None:
        """Follow these objects of a kind: in their namespace, or everywhere if it is several."""
        ids = frozenset(requested)
        spaces = {one.namespace for one in ids}
        place = spaces.pop() if len(spaces) == 1 else ""
        self._start(WatchSource(api_version=api_version, kind=kind, namespace=place, requested=ids))

    def explain(self, api_version: str, kind: str, namespaces: Iterable[str]) -> None:
        """Follow what explains the objects of these namespaces, unless it is followed already."""
        everywhere = WatchSource(api_version=api_version, kind=kind)
        if everywhere in self._open:
            return
        places = {replace(everywhere, namespace=one) for one in namespaces}
        known = {one for one in self._open if one.kind == kind and one.api_version == api_version}
        if len(places | known) > _MOST_NAMESPACES and everywhere not in self._denied:
            self._start(everywhere)
            return
        for place in sorted(places, key=str):
            self._start(place)

    def once(self, api_version: str, kind: str) -> None:
        """Read a kind that has no namespaces, one time."""
        self._start(WatchSource(api_version=api_version, kind=kind, once=True))

    def instead(self, denied: Denied, namespaces: Iterable[str]) -> bool:
        """Do with less after a refusal: by namespace, then object by object.

        Args:
            denied: the refusal.
            namespaces: those of interest, for kinds that only explain.

        Returns:
            Whether there is a way left.
        """
        source = denied.source
        self._drop(source)
        if source.named or source.once:
            return False
        spaces = {one.namespace for one in source.requested} or set(namespaces)
        if not source.namespace and spaces - {""}:
            for place in sorted(spaces):
                mine = frozenset(one for one in source.requested if one.namespace == place)
                self._start(replace(source, namespace=place, requested=mine))
            return True
        if source.requested:
            self._start(replace(source, named=True))
        return bool(source.requested)

    def heard(self, source: WatchSource) -> None:
        """The cluster answered."""
        self.away.pop(source, None)

    def close(self) -> None:
        """End all threads; one that is in the middle of a request ends right after it."""
        deadline = time.monotonic() + _END_SECONDS
        for feed in self._open.values():
            feed.close()
        for feed in self._open.values():
            feed.join(deadline - time.monotonic())
        self._open.clear()

    def _start(self, source: WatchSource) -> None:
        if source not in self._open and source not in self._denied:
            self._open[source] = Feed(self._cluster, source, self.news)

    def _drop(self, source: WatchSource) -> None:
        self._denied.add(source)
        self.away.pop(source, None)
        feed = self._open.pop(source, None)
        if feed:
            feed.close()
