"""Watches that go on: over closed connections, bookmarks, and versions that the server forgot."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from gitops_action.adapters.cluster.objects import ObjectSelection, list_objects
from gitops_action.adapters.cluster.requests import Caller
from gitops_action.adapters.cluster.transport import CallFailure
from gitops_action.core.answers import parse_json
from gitops_action.core.cluster.api_status import refusal
from gitops_action.core.cluster.errors import VersionGoneError
from gitops_action.core.cluster.model import ChangeKind, Listing, LiveObject, Operation, WatchEvent
from gitops_action.core.manifests.fields import number, text
from gitops_action.core.manifests.model import Body

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

_CHANGES: dict[str, ChangeKind] = {
    "ADDED": "added",
    "MODIFIED": "modified",
    "DELETED": "deleted",
}
_PIECE = 65536
_SLACK = 10.0
"""Seconds that the server may take to end a watch after its time."""
_LONGEST = 60.0
"""Seconds of one connection: one that died without a word, or whose token has run out since, would
otherwise go unnoticed for as long as nothing happens."""
_PAUSE = 0.2

Key = tuple[str, str]
Seen = tuple[str, str]
"""UID and resource version of an object that was reported: the objects themselves are not kept."""


class Watching:
    """The changes of a kind since a listing, one after the other until the time is over.

    Iterate it in one thread; `close` may come from another, and ends the iteration.
    """

    def __init__(
        self, caller: Caller, selection: ObjectSelection, start: Listing | None, seconds: float
    ) -> None:
        """Prepare; the first request is sent when the first change is asked for.

        Args:
            caller: the cluster.
            selection: what is watched.
            start: where to go on from; None: list first, and give all that is there as added.
            seconds: until the iteration ends by itself.
        """
        self._caller = caller
        self._selection = selection
        self._start = start
        self._deadline = time.monotonic() + seconds
        self._known: dict[Key, Seen] = {}
        self._version = ""
        self._closed = threading.Event()
        self._response: BaseHTTPResponse | None = None
        self._operation = Operation(verb="watch", about=str(selection))

    def close(self) -> None:
        """End the iteration, also while it waits for the server."""
        self._closed.set()
        response = self._response
        if response is not None:
            _hang_up(response)

    def __iter__(self) -> Iterator[WatchEvent]:
        """The changes.

        Raises:
            ClusterError: the server refuses, or is away for longer than the policy waits.
        """
        if self._start:
            self._known = {_key(item): _seen(item) for item in self._start.items}
            self._version = self._start.version
        else:
            yield from self._catch_up()
        while not self._over():
            try:
                yield from self._once()
            except VersionGoneError:
                yield from self._catch_up()

    def _over(self) -> bool:
        return self._closed.is_set() or time.monotonic() >= self._deadline

    def _catch_up(self) -> Iterator[WatchEvent]:
        """List again and report what differs from the last report, so that nothing is missed."""
        listing = list_objects(self._caller, self._selection)
        present = {_key(item): item for item in listing.items}
        for key in [key for key in self._known if key not in present]:
            yield WatchEvent(change="deleted", body=_remains(key, self._known.pop(key)))
        for key, item in present.items():
            before = self._known.get(key)
            self._known[key] = _seen(item)
            if before is None:
                yield WatchEvent(change="added", body=item)
            elif before != _seen(item):
                yield WatchEvent(change="modified", body=item)
        self._version = listing.version

    def _once(self) -> Iterator[WatchEvent]:
        """One connection, until the server, the network or time ends it."""
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - most runs watch nothing

        response = self._caller.persist(self._operation, self._connect)
        self._response = response
        told = False
        try:
            if self._closed.is_set():
                return
            for event in _events(response):
                told = True
                yield from self._read(event)
                if self._closed.is_set():
                    return
        except (HTTPError, OSError, ValueError):
            pass  # cut off; the next connection goes on from the last version that was reported
        finally:
            self._response = None
            response.close()
        if not told:
            self._closed.wait(_PAUSE)  # a server that ends watches at once is not hammered

    def _connect(self) -> BaseHTTPResponse:
        left = min(max(self._deadline - time.monotonic(), 1.0), _LONGEST)
        query = {
            **self._selection.query,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": str(int(left) or 1),
        }
        path = self._selection.path
        return self._caller.transport.stream(path, query, read_seconds=left + _SLACK)

    def _read(self, event: Body) -> Iterator[WatchEvent]:
        kind = text(event, "type")
        body = cast("Body", event.get("object") or {})
        if kind == "ERROR":
            raise self._failed(body)
        self._version = text(body, "metadata", "resourceVersion") or self._version
        change = _CHANGES.get(kind)
        if change is None:
            return  # a bookmark only moves the version
        if change == "deleted":
            self._known.pop(_key(body), None)
        else:
            self._known[_key(body)] = _seen(body)
        yield WatchEvent(change=change, body=body)

    def _failed(self, status: Body) -> Exception:
        code = number(status, "code") or 0
        failure = CallFailure(text(status, "message"), code=code, status=status)
        if failure.passing:
            return ConnectionResetError("the server ended the watch")
        return refusal(code, status, self._operation)


def _events(response: BaseHTTPResponse) -> Iterator[Body]:
    """The stream's documents, one a line."""
    pending = b""
    while piece := response.read1(_PIECE):
        *lines, pending = (pending + piece).split(b"\n")
        for line in lines:
            yield cast("Body", parse_json(line))


def _hang_up(response: BaseHTTPResponse) -> None:
    """Wake the thread that reads, which an ordinary close would wait for."""
    from urllib3 import HTTPResponse  # noqa: PLC0415 - most runs watch nothing

    if isinstance(response, HTTPResponse):
        with suppress(OSError, RuntimeError, ValueError):  # it may have ended by itself
            response.shutdown()


def _key(body: LiveObject) -> Key:
    return text(body, "metadata", "namespace"), text(body, "metadata", "name")


def _seen(body: LiveObject) -> Seen:
    return text(body, "metadata", "uid"), text(body, "metadata", "resourceVersion")


def _remains(key: Key, seen: Seen) -> Body:
    """What is known of an object whose deletion was not reported."""
    namespace, name = key
    return {"metadata": {"namespace": namespace, "name": name, "uid": seen[0]}}
