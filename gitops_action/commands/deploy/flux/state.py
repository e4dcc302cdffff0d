"""Flux's objects as they are now, kept up by watches."""

from __future__ import annotations

import queue
from collections.abc import Iterable, Mapping

from gitops_action.commands.deploy.flux.find import FoundKustomizations, in_order
from gitops_action.commands.deploy.target import TargetRun, ask
from gitops_action.commands.deploy.wait import watches
from gitops_action.core.cluster import errors
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.flux.status import (
    REQUEST,
    Revision,
    attempted,
    condition_of,
    dependencies_of,
    id_of,
    source_of,
    suspended,
)
from gitops_action.core.flux.verdict import (
    Asked,
    FluxStep,
    FluxVerdict,
    Relation,
    Seen,
    evaluate_kustomization,
    evaluate_source,
    failed,
    suspension,
    waiting,
)
from gitops_action.core.health.model import condition
from gitops_action.core.manifests.fields import mapping, text
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
        self._feeds = watches.Feeds(run.cluster)
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
        """Ask once; why there is no answer. A cluster that is away does not report it."""
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
        return answer if isinstance(answer, errors.UnreachableError | errors.ExpiredError) else None

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

    def _take(self, news: watches.News) -> None:
        if isinstance(news, watches.Listed):
            self._feeds.heard(news.source)
            there = {news.source.id_of(body): body for body in news.items}
            for one in news.source.requested:
                self._see(one, there.get(one))
        elif isinstance(news, watches.ObjectChanged):
            self._feeds.heard(news.source)
            one = news.source.id_of(news.event.body)
            if one in news.source.requested:
                self._see(one, None if news.event.change == "deleted" else news.event.body)
        elif isinstance(news, watches.Away):
            self._feeds.away[news.source] = news.error
        elif isinstance(news, watches.Denied):
            self._denied(news, (one.namespace for one in news.source.requested))
        elif isinstance(news, watches.Expired | watches.Broken):
            raise news.error

    def _denied(self, news: watches.Denied, namespaces: Iterable[str]) -> None:
        if not self._feeds.instead(news, namespaces):
            raise news.error

    def _see(self, one: ObjectId, body: LiveObject | None) -> None:
        """Members of a list do not name their kind and version."""
        if body is None:
            self.gone.add(one)
            return
        self.gone.discard(one)
        self.bodies[one] = {**body, "apiVersion": self._versions[one], "kind": one.kind}


# How revisions relate to the commit that is waited for.

_AGAIN = 5.0
"""Seconds before it is asked again whether a commit is known, or the branch still has ours."""
_FOR_NOW = frozenset({Relation.UNKNOWN, Relation.OLDER})


class CommitAncestry:
    """Asks the history of the environment repository, as rarely as it can."""

    def __init__(self, run: TargetRun) -> None:
        """Nothing is asked yet."""
        self._run = run
        self._known: dict[str, Relation] = {run.commit: Relation.HAS}
        self._until: dict[str, tuple[float, Relation]] = {}

    def __call__(self, revision: Revision) -> Relation:
        """The relation; unknown where history cannot be read at the moment."""
        digest = revision.digest
        if digest in self._known:
            return self._known[digest]
        until, relation = self._until.get(digest, (0.0, Relation.UNKNOWN))
        if self._run.clock.monotonic() < until:
            return relation
        try:
            relation = self._asked(digest)
        except GitOpsError:
            relation = Relation.UNKNOWN
        if relation in _FOR_NOW:
            self._until[digest] = (self._run.clock.monotonic() + _AGAIN, relation)
        else:
            self._known[digest] = relation
        return relation

    def _asked(self, digest: str) -> Relation:
        """Older is only what may still come to the commit, because the branch contains it."""
        commit, history = self._run.commit, self._run.history
        if history.is_ancestor(commit, digest):
            return Relation.HAS
        older = history.is_ancestor(digest, commit)
        if older and history.is_ancestor(commit, history.tip()):
            return Relation.OLDER
        return Relation.DIVERGED


# Asks Flux's controllers to look again, by the annotation that they wait for.

"""Seconds before a request that could not be sent is sent again."""


class Requests:
    """What was asked, and whether an object has changed since the beginning."""

    def __init__(self, run: TargetRun) -> None:
        """Nothing is asked yet."""
        self._run = run
        self._stamps: dict[ObjectId, str] = {}
        self._begun: dict[ObjectId, LiveObject] = {}
        self._next: dict[ObjectId, float] = {}
        self._refused: set[ObjectId] = set()
        self.notes: dict[str, None] = {}

    def begin(self, one: ObjectId, body: LiveObject) -> None:
        """Remember an object as it was before anything was asked."""
        self._begun[one] = mapping(body, "status")

    def asked(self, one: ObjectId, body: LiveObject) -> Asked:
        """What was asked of an object, for the verdict about it."""
        changed = dict(mapping(body, "status")) != dict(self._begun.get(one, {}))
        return Asked(stamp=self._stamps.get(one, ""), changed=changed)

    def since(self, one: ObjectId) -> LiveObject:
        """An object's status when the wait began."""
        return self._begun.get(one, {})

    def ask(self, one: ObjectId, body: LiveObject, *, pause: float) -> None:
        """Ask, but not within `pause` seconds of the last time.

        Raises:
            ExpiredError: the credentials do not count any more.
        """
        now = self._run.clock.monotonic()
        if one in self._refused or now < self._next.get(one, 0.0):
            return
        stamp = self._run.clock.now().isoformat()
        try:
            self._send(one, body, stamp)
        except errors.ExpiredError:
            raise
        except errors.AccessDeniedError:
            self._may_not(one, body)
        except errors.ClusterError:
            self._next[one] = now + _AGAIN
        else:
            self._stamps[one] = stamp
            self._next[one] = now + pause

    def _send(self, one: ObjectId, body: LiveObject, stamp: str) -> None:
        resource = self._run.cluster.resource(text(body, "apiVersion"), one.kind)
        self._run.cluster.annotate(
            resource, namespace=one.namespace, name=one.name, annotations={REQUEST: stamp}
        )

    def _may_not(self, one: ObjectId, body: LiveObject) -> None:
        self._refused.add(one)
        interval = text(body, "spec", "interval")
        self.notes[
            f"The account may not ask Flux to reconcile {id_of(body)} (patch): it is waited for"
            f" its interval, {interval}"
        ] = None


# Judges every source and Kustomization again, and asks for what has to happen next.

_PAUSE = 10.0
"""Seconds before a source that has answered without the commit is asked again."""
_NO_BODY: LiveObject = {}


class Evaluating:
    """The verdicts of one round after the other."""

    def __init__(
        self, found: FoundKustomizations, scene: Scene, ancestry: CommitAncestry, requests: Requests
    ) -> None:
        """Remember how everything was."""
        self.verdicts: dict[ObjectId, FluxVerdict] = {}
        self.order = in_order(found.kustomizations)
        self._sources = tuple(found.sources)
        self._scene = scene
        self._ancestry = ancestry
        self._requests = requests
        for one, body in {**found.sources, **found.kustomizations}.items():
            requests.begin(one, body)

    def look(self) -> None:
        """Judge everything: sources first, then what others depend on."""
        for one in self._sources:
            self.verdicts[one] = self._gone(one) or self._source(one)
        for one in self.order:
            self.verdicts[one] = self._gone(one) or self._kustomization(one)

    def _gone(self, one: ObjectId) -> FluxVerdict | None:
        fix = "apply `cluster-config/` again"
        if one in self._scene.gone:
            return failed(f"{one} was deleted during the wait", fix)
        if text(self._scene.bodies[one], "metadata", "deletionTimestamp"):
            return failed(f"{one} is being deleted", fix)
        return None

    def _source(self, one: ObjectId) -> FluxVerdict:
        body = self._scene.bodies[one]
        asked = self._requests.asked(one, body)
        verdict = evaluate_source(body, self._ancestry, asked)
        if verdict.step is FluxStep.WAITING and (not asked.stamp or asked.answered(body)):
            self._requests.ask(one, body, pause=_PAUSE)
        return verdict

    def _kustomization(self, one: ObjectId) -> FluxVerdict:
        body = self._scene.bodies[one]
        source = source_of(body)
        held = self.verdicts.get(source)
        if suspended(body):
            return suspension(body)
        if held is None:
            return failed(f"{one} reads another source now: {source}", "run again")
        if held.step is not FluxStep.DONE:
            return waiting(f"{one} waits for {source}", held.fix, innocent=True)
        seen = Seen(
            body=body,
            source=self._scene.bodies.get(source, _NO_BODY),
            asked=self._requests.asked(one, body),
            before=_since(self._requests.since(one)),
        )
        verdict = evaluate_kustomization(seen, self._ancestry)
        self._ask(one, seen, verdict)
        return verdict

    def _ask(self, one: ObjectId, seen: Seen, verdict: FluxVerdict) -> None:
        """Ask once, when everything that it depends on is there and it is not at it already."""
        if verdict.step is not FluxStep.WAITING or seen.asked.stamp or self._busy(seen):
            return
        before = [other for other in dependencies_of(seen.body) if other in self.verdicts]
        if all(self.verdicts[other].step is FluxStep.DONE for other in before):
            self._requests.ask(one, seen.body, pause=_PAUSE)

    def _busy(self, seen: Seen) -> bool:
        tried = attempted(seen.body, seen.source)
        at_it = condition_of(seen.body, "Ready").status == "Unknown"
        return at_it and tried is not None and self._ancestry(tried) is Relation.HAS


def _since(status: LiveObject) -> str:
    """When `Ready` had changed last."""
    return text(condition({"status": status}, "Ready"), "lastTransitionTime")
