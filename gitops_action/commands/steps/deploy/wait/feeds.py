"""Which threads read what: one for each kind, or for each kind and namespace where it must be."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterable
from dataclasses import replace

from gitops_action.commands.cluster_ports import Cluster
from gitops_action.commands.steps.deploy.wait.feed import Feed
from gitops_action.commands.steps.deploy.wait.sources import Denied, News, Source
from gitops_action.core.manifests.model import ObjectId
from gitops_action.errors import GitOpsError

_END_SECONDS = 1.0
_MOST_NAMESPACES = 8
"""Beyond that, one watch of everything is less than one for each namespace."""


class Feeds:
    """Opens and closes the threads of one wait."""

    def __init__(self, cluster: Cluster) -> None:
        """Nothing is read yet."""
        self.news: queue.SimpleQueue[News] = queue.SimpleQueue()
        self.away: dict[Source, GitOpsError] = {}
        self._cluster = cluster
        self._open: dict[Source, Feed] = {}
        self._denied: set[Source] = set()

    def follow(self, api_version: str, kind: str, wanted: Iterable[ObjectId]) -> None:
        """Follow these objects of a kind: in their namespace, or everywhere if it is several."""
        ids = frozenset(wanted)
        spaces = {one.namespace for one in ids}
        place = spaces.pop() if len(spaces) == 1 else ""
        self._start(Source(api_version=api_version, kind=kind, namespace=place, wanted=ids))

    def explain(self, api_version: str, kind: str, namespaces: Iterable[str]) -> None:
        """Follow what explains the objects of these namespaces, unless it is followed already."""
        everywhere = Source(api_version=api_version, kind=kind)
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
        self._start(Source(api_version=api_version, kind=kind, once=True))

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
        spaces = {one.namespace for one in source.wanted} or set(namespaces)
        if not source.namespace and spaces - {""}:
            for place in sorted(spaces):
                mine = frozenset(one for one in source.wanted if one.namespace == place)
                self._start(replace(source, namespace=place, wanted=mine))
            return True
        if source.wanted:
            self._start(replace(source, named=True))
        return bool(source.wanted)

    def heard(self, source: Source) -> None:
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

    def _start(self, source: Source) -> None:
        if source not in self._open and source not in self._denied:
            self._open[source] = Feed(self._cluster, source, self.news)

    def _drop(self, source: Source) -> None:
        self._denied.add(source)
        self.away.pop(source, None)
        feed = self._open.pop(source, None)
        if feed:
            feed.close()
