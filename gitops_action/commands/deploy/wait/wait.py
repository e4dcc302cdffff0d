"""Waits for the health of objects on one cluster."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from datetime import timedelta

from gitops_action.commands.deploy.target import TargetRun, ask
from gitops_action.commands.deploy.wait import watches
from gitops_action.commands.deploy.wait.report import Lines, failures, named, sentence_of
from gitops_action.commands.deploy.wait.state import (
    Awaited,
    Ending,
    Rules,
    Tracked,
    Waited,
    WaitResult,
    WaitState,
)
from gitops_action.core.cluster.errors import ExpiredError, UnreachableError
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.config.values import format_duration
from gitops_action.core.deploy.result import Failure
from gitops_action.core.health.assess import IGNORED
from gitops_action.core.health.conventions import BUILT_IN
from gitops_action.core.health.diagnose import Tolerance
from gitops_action.core.manifests.fields import mapping, text
from gitops_action.core.manifests.model import ObjectId
from gitops_action.errors import GitOpsError

# The wait itself: judge what is known, follow what is not healthy, end when it is decided.

_TICK = 1.0
"""Seconds between looks at what time alone changes: tolerances."""
_LOOK_UP = 0.2
"""Seconds within which a stop is noticed."""
_GATHER = 0.1
"""Seconds to gather news before looking: a rollout reports each object's many small steps."""
GRACE = 1.5
"""Seconds to go on after the first certain failure: what fails together is reported together."""

_EXPLAIN = (("v1", "Pod"), ("v1", "Event"))
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_CLASSES = ("storage.k8s.io/v1", "StorageClass")


class Story:
    """One wait; `run_out` goes through it."""

    def __init__(self, run: TargetRun, board: WaitState, timeout: timedelta) -> None:
        """Nothing is read yet."""
        self.run = run
        self.board = board
        self.feeds = watches.Feeds(run.cluster)
        self.notes: list[str] = []
        self.expired: GitOpsError | None = None
        self._started = run.clock.monotonic()
        self.timeout = timeout
        self._lines = Lines(run, len(board.all))
        self._failed_at: float | None = None
        self._ticked = 0.0
        self.was_away = False
        self.unanswered: GitOpsError | None = None

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self.run.clock.monotonic() - self._started

    def run_out(self) -> Ending:
        """Follow the cluster until the end is certain, time is over, or the run is stopped."""
        try:
            self._follow(self.board.open())
            while (ending := self._ending()) is None:
                self._evaluate(self._hear())
            return ending
        finally:
            self.feeds.close()

    def failed(self) -> list[Tracked]:
        """What is certain not to become healthy."""
        return [one for one in self.board.all.values() if one.certain]

    def _ending(self) -> Ending | None:
        now = self.seconds
        failed, waiting = self.failed(), self.board.open()
        if not failed:
            self._failed_at = None
        elif self._failed_at is None:
            self._failed_at = now
        graced = self._failed_at is not None and now - self._failed_at >= GRACE
        if failed and (graced or not waiting or self.run.stop.is_set() or self.expired):
            return Ending.FAILED
        if not waiting:
            return Ending.HEALTHY if not self._undetermined() else Ending.UNKNOWN
        if self.run.stop.is_set() or self.expired:
            return Ending.UNKNOWN
        if now >= self.timeout.total_seconds():
            return Ending.FAILED if failed else Ending.TIMEOUT
        self._lines.ticked(waiting, now)
        return None

    def _undetermined(self) -> bool:
        return any(one.undetermined for one in self.board.all.values())

    def _follow(self, waiting: list[Tracked]) -> None:
        """One thread a kind, and those that explain what is known not to be healthy."""
        kinds: dict[tuple[str, str], tuple[str, set[ObjectId]]] = {}
        for tracked in waiting:
            one, version = tracked.id, tracked.awaited.version
            api_version = f"{one.group}/{version}" if one.group else version
            kinds.setdefault((one.group, one.kind), (api_version, set()))[1].add(one)
        for (_, kind), (api_version, ids) in sorted(kinds.items(), key=lambda item: item[0]):
            self.feeds.follow(api_version, kind, ids)
        if ("", "PersistentVolumeClaim") in kinds:
            self.feeds.once(*_CLASSES)
        self._explain(waiting)

    def _explain(self, waiting: list[Tracked]) -> None:
        """Pods, warnings and ReplicaSets of namespaces where a workload is seen not healthy."""
        ill = [one for one in waiting if one.has_pods and one.live is not None]
        for api_version, kind in _EXPLAIN:
            self.feeds.explain(api_version, kind, {one.id.namespace for one in ill})
        rolling = {one.id.namespace for one in ill if one.id.kind == "Deployment"}
        self.feeds.explain("apps/v1", "ReplicaSet", rolling)

    def _hear(self) -> set[ObjectId]:
        """Take all news that there are; which objects they are about."""
        concerned: set[ObjectId] = set()
        try:
            news: watches.News = self.feeds.news.get(timeout=self._pause())
            self.run.stop.wait(_GATHER)
            while True:
                concerned |= self._take(news)
                news = self.feeds.news.get_nowait()
        except queue.Empty:
            return concerned

    def _pause(self) -> float:
        return max(min(_LOOK_UP, self.timeout.total_seconds() - self.seconds), 0.001)

    def _take(self, news: watches.News) -> set[ObjectId]:
        source = news.source
        if isinstance(news, watches.Listed):
            self.feeds.heard(source)
            return self._listed(news)
        if isinstance(news, watches.ObjectChanged):
            self.feeds.heard(source)
            return self._changed(news)
        if isinstance(news, watches.Away):
            self._went_away(news)
        elif isinstance(news, watches.Denied):
            self._denied(news)
        elif isinstance(news, watches.Expired):
            self.expired = news.error
        elif isinstance(news, watches.Broken):
            raise news.error
        return set()

    def _listed(self, news: watches.Listed) -> set[ObjectId]:
        source = news.source
        if source.once:
            return self._classes(news)
        concerned: set[ObjectId] = set()
        there = {source.id_of(body): body for body in news.items}
        for one in source.requested:
            body = there.get(one)
            if body is None:
                self.board.absent(one, self.run.clock.now())
            else:
                self.board.seen(one, body)
            concerned.add(one)
        if source.explains:
            self.board.neighbours.listed(source, news.items)
            concerned |= {one.id for one in self.board.open() if one.has_pods}
        return concerned

    def _changed(self, news: watches.ObjectChanged) -> set[ObjectId]:
        source, body = news.source, news.event.body
        one = source.id_of(body)
        concerned: set[ObjectId] = set()
        if one in source.requested:
            concerned.add(one)
            if "status" in body or news.event.change != "deleted":
                self.board.seen(one, body)
            if news.event.change == "deleted":
                self.board.absent(one, self.run.clock.now())
        if source.explains:
            self.board.neighbours.changed(source, news.event)
            uids = self.board.neighbours.concerned(source, body)
            concerned |= set(self.board.of_uids(uids))
        return concerned

    def _classes(self, news: watches.Listed) -> set[ObjectId]:
        rules = self.board.rules
        for body in news.items:
            name = text(body, "metadata", "name")
            rules.binding_modes[name] = text(body, "volumeBindingMode")
            if mapping(body, "metadata", "annotations").get(_DEFAULT_CLASS) == "true":
                rules.default_storage_class = name
        return {one.id for one in self.board.open() if one.id.kind == "PersistentVolumeClaim"}

    def _went_away(self, news: watches.Away) -> None:
        if not self.feeds.away:
            self._lines.say(f"{news.error.title}: it is tried again until the time is over")
        self.was_away = True
        self.feeds.away[news.source] = news.error

    def _denied(self, news: watches.Denied) -> None:
        source = news.source
        if source.explains:
            self.board.neighbours.listed(source, ())  # what is not followed grows old
        spaces = {one.id.namespace for one in self.board.open() if one.has_pods}
        if self.feeds.instead(news, spaces):
            if not source.namespace and not source.named:
                return  # everywhere was more than is needed: nothing is lost
            self._note(f"{source.kind} objects are asked for every few seconds", news.error)
        elif source.named:
            self.board.refuse(source.requested, news.error)
            self._note(f"{source.kind} objects cannot be read", news.error)
        else:
            self._note(f"{source} could not be read: health is assessed from less", news.error)

    def _note(self, text: str, error: GitOpsError) -> None:
        note = f"{text} ({error.cause or error.title})."
        if note not in self.notes:
            self.notes.append(note)

    def _evaluate(self, concerned: set[ObjectId]) -> None:
        """Look again at what news are about, once a second also at what time may change."""
        now, seconds = self.run.clock.now(), self.seconds
        if seconds - self._ticked >= _TICK:
            self._ticked = seconds
            timed = (one for one in self.board.all.values() if one.timed)
            concerned = concerned | {one.id for one in timed}
        ill: list[Tracked] = []
        for one in concerned:
            tracked = self.board.all[one]
            if self.board.evaluate(tracked, now, seconds):
                self._lines.changed(tracked)
            if tracked.open:
                ill.append(tracked)
        self._explain(ill)


# From how a wait ended to its result; the unknown is kept apart from failure here.

_LAST_LOOK = 10.0


def concluded(story: Story, objects: Sequence[Awaited], ending: Ending) -> WaitResult:
    """What the caller gets."""
    if ending is Ending.TIMEOUT:
        ending = _last_look(story)
    found, notes = _failures(story, ending)
    return WaitResult(
        ending=ending,
        objects=tuple(waited(story.board.all[one.id]) for one in objects),
        failures=found,
        notes=(*story.notes, *notes, *_notes(story)),
    )


def waited(tracked: Tracked) -> Waited:
    """What became of one object."""
    seconds = None if tracked.certain else tracked.seconds
    return Waited(id=tracked.id, health=tracked.shown, seconds=seconds)


def _last_look(story: Story) -> Ending:
    """Ask once before time is called a failure: a cluster that is away does not report it."""
    waiting = story.board.open()
    if story.feeds.away:
        return Ending.UNKNOWN
    (answer,) = ask([lambda: _read(story, waiting[0])], stop=story.run.stop, seconds=_LAST_LOOK)
    if isinstance(answer, ExpiredError):
        story.expired = answer
        return Ending.UNKNOWN
    if answer is None or isinstance(answer, UnreachableError):
        story.unanswered = answer
        return Ending.UNKNOWN
    if not isinstance(answer, GitOpsError):
        story.board.seen(waiting[0].id, answer)
        story.board.evaluate(waiting[0], story.run.clock.now(), story.seconds)
        if not story.board.open():
            return Ending.FAILED if story.failed() else Ending.HEALTHY
    unread = all(one.live is None and one.gone is None for one in story.board.open())
    return Ending.UNKNOWN if unread else Ending.TIMEOUT


def _read(story: Story, tracked: Tracked) -> LiveObject:
    one, version = tracked.id, tracked.awaited.version
    cluster = story.run.cluster
    resource = cluster.resource(f"{one.group}/{version}" if one.group else version, one.kind)
    return cluster.get(resource, namespace=one.namespace, name=one.name)


def _failures(story: Story, ending: Ending) -> tuple[tuple[Failure, ...], tuple[str, ...]]:
    if ending is Ending.FAILED:
        return failures(story.run, story.failed())
    if ending is Ending.TIMEOUT:
        late = format_duration(story.timeout)
        return failures(story.run, story.board.open(), late=late)
    if ending is Ending.UNKNOWN:
        undetermined = [one for one in story.board.all.values() if one.undetermined]
        told = tuple(Failure(sentence=sentence_of(one), object_id=one.id) for one in undetermined)
        return (*_unknown(story), *told), ()
    return (), ()


def _unknown(story: Story) -> tuple[Failure, ...]:
    """Why that is unknown; nothing where only single objects cannot be determined."""
    waiting = story.board.open()
    if not waiting:
        return ()
    how_far = f"{len(story.board.all) - len(waiting)} of {len(story.board.all)} objects were "
    how_far += f"healthy after {format_duration(timedelta(seconds=round(story.seconds)))}"
    still = f"{how_far}; not reported: {named(waiting)}."
    error = story.expired or next(iter(story.feeds.away.values()), story.unanswered)
    if story.expired:
        sentence = f"The cluster stopped accepting the credentials during the wait: {still}"
    elif story.run.stop.is_set():
        sentence = f"The wait was interrupted: {still}"
    else:
        cause = f" ({error.cause or error.title})" if error else ""
        sentence = f"The cluster did not answer any more{cause}: {still}"
    fix = (error.fix if error else "") or "run again: what is healthy by then costs nothing"
    return (Failure(sentence=sentence, fix=fix),)


def _notes(story: Story) -> tuple[str, ...]:
    ignored = sum(one.shown.reason == IGNORED for one in story.board.all.values())
    notes = []
    if ignored:
        notes.append(f"Not waited for (gitops-action/wait: ignore): {ignored} objects.")
    if story.was_away:
        notes.append("The cluster did not answer for a while during the wait.")
    return tuple(notes)


def wait_healthy(run: TargetRun, objects: Sequence[Awaited], *, timeout: timedelta) -> WaitResult:
    """Wait until all objects are healthy, one is certain not to become so, or time is over.

    What is healthy by what the caller knows of it costs no request. The rest is followed by one
    watch a kind; pods, ReplicaSets and warnings only where a workload is not healthy. Nothing that
    the cluster answers is raised: what cannot be determined is `unknown`.

    Args:
        run: the target; its stop ends the wait within a second, its teller shows progress.
        objects: what has to be healthy, in the order of the answer.
        timeout: for all of them together.
    """
    health = run.environment.deploy.health
    rules = Rules(
        kinds=health.kinds,
        tolerance=Tolerance(restarts=health.tolerate_restarts),
        begun=run.clock.now(),
        reporting=_reporting(run, objects),
    )
    story = Story(run, WaitState(objects, rules), timeout)
    return concluded(story, objects, story.run_out())


def _reporting(run: TargetRun, objects: Sequence[Awaited]) -> frozenset[tuple[str, str]]:
    """Which kinds have a status subresource; asked only where custom kinds are waited for.

    When the cluster does not answer, no object gets time to report: the wait itself meets the same
    error and reports it.
    """
    if all(one.id.group in BUILT_IN for one in objects):
        return frozenset()
    try:
        return run.cluster.resources().reporting
    except GitOpsError:
        return frozenset()
