"""One thread that follows one kind and puts what it learns into the queue."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable

from gitops_action.commands.cluster_ports import Changes, Cluster
from gitops_action.commands.steps.deploy.wait.sources import (
    Away,
    Broken,
    Changed,
    Denied,
    Expired,
    Listed,
    News,
    Source,
)
from gitops_action.commands.steps.deploy.wait.trim import trimmed
from gitops_action.core.cluster import errors
from gitops_action.core.cluster.model import Listing, LiveObject, Resource, WatchEvent

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

    def __init__(self, cluster: Cluster, source: Source, news: queue.SimpleQueue[News]) -> None:
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
        """Tell the thread to end, also while it waits for the server."""
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
                self._news.put(Changed(source=source, event=known))

    def _ask(self, resource: Resource) -> None:
        """Read the wanted objects one by one, again and again."""
        while not self._closed.is_set():
            found: list[LiveObject] = []
            for one in sorted(self.source.wanted):
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
            if not source.explains and source.id_of(body) not in source.wanted:
                continue
            if source.kind != "Event" or body.get("type", "Warning") == "Warning":
                yield trimmed(source.kind, body)
