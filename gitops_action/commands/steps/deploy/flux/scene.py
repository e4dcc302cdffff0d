"""Flux's objects as they are now, kept up by watches."""

from __future__ import annotations

import queue
from collections.abc import Iterable, Mapping

from gitops_action.commands.steps.deploy.run import TargetRun
from gitops_action.commands.steps.deploy.wait.asking import ask
from gitops_action.commands.steps.deploy.wait.feeds import Feeds
from gitops_action.commands.steps.deploy.wait.sources import (
    Away,
    Broken,
    Changed,
    Denied,
    Expired,
    Listed,
    News,
)
from gitops_action.core.cluster.errors import ExpiredError, UnreachableError
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import ObjectId
from gitops_action.errors import GitOpsError

_LOOK_UP = 0.2
"""Seconds within which a stop, or the end of a health check, is noticed."""
_LAST_LOOK = 10.0


class Scene:
    """Follows the objects it is given until it is closed; one watch for each kind."""

    def __init__(self, run: TargetRun, bodies: Mapping[ObjectId, LiveObject]) -> None:
        """Start to follow."""
        self.bodies: dict[ObjectId, LiveObject] = dict(bodies)
        self.gone: set[ObjectId] = set()
        self._versions = {one: text(body, "apiVersion") for one, body in bodies.items()}
        self._run = run
        self._feeds = Feeds(run.cluster)
        kinds: dict[tuple[str, str], set[ObjectId]] = {}
        for one in bodies:
            kinds.setdefault((self._versions[one], one.kind), set()).add(one)
        for (version, kind), ids in sorted(kinds.items(), key=lambda item: item[0]):
            self._feeds.follow(version, kind, ids)

    @property
    def away(self) -> GitOpsError | None:
        """Why the cluster cannot be read at the moment."""
        return next(iter(self._feeds.away.values()), None)

    def unanswered(self) -> GitOpsError | None:
        """Ask once; why there is no answer. A cluster that is away does not tell of itself."""
        one, version = next(iter(self._versions.items()))
        cluster = self._run.cluster

        def read() -> LiveObject:
            resource = cluster.resource(version, one.kind)
            return cluster.get(resource, namespace=one.namespace, name=one.name)

        (answer,) = ask([read], stop=self._run.stop, seconds=_LAST_LOOK)
        if answer is None:
            return GitOpsError(
                f"The cluster {cluster.name} does not answer", fix="run again when it does"
            )
        return answer if isinstance(answer, UnreachableError | ExpiredError) else None

    def hear(self) -> None:
        """Take all news that there are; wait a moment where there are none.

        Raises:
            ExpiredError: the cluster does not accept the credentials any more.
            AccessDeniedError: the account may not read Flux's objects in any way.
        """
        try:
            self._take(self._feeds.news.get(timeout=_LOOK_UP))
            while True:
                self._take(self._feeds.news.get_nowait())
        except queue.Empty:
            return

    def close(self) -> None:
        """End all watches."""
        self._feeds.close()

    def _take(self, news: News) -> None:
        if isinstance(news, Listed):
            self._feeds.heard(news.source)
            there = {news.source.id_of(body): body for body in news.items}
            for one in news.source.wanted:
                self._see(one, there.get(one))
        elif isinstance(news, Changed):
            self._feeds.heard(news.source)
            one = news.source.id_of(news.event.body)
            if one in news.source.wanted:
                self._see(one, None if news.event.change == "deleted" else news.event.body)
        elif isinstance(news, Away):
            self._feeds.away[news.source] = news.error
        elif isinstance(news, Denied):
            self._denied(news, (one.namespace for one in news.source.wanted))
        elif isinstance(news, Expired | Broken):
            raise news.error

    def _denied(self, news: Denied, namespaces: Iterable[str]) -> None:
        if not self._feeds.instead(news, namespaces):
            raise news.error

    def _see(self, one: ObjectId, body: LiveObject | None) -> None:
        """Members of a list do not tell their kind and version."""
        if body is None:
            self.gone.add(one)
            return
        self.gone.discard(one)
        self.bodies[one] = {**body, "apiVersion": self._versions[one], "kind": one.kind}
