"""From how a wait ended to its result; the unknown is told apart from failure here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from gitops_action.commands.steps.deploy.wait.asking import ask
from gitops_action.commands.steps.deploy.wait.board import Tracked
from gitops_action.commands.steps.deploy.wait.lines import named
from gitops_action.commands.steps.deploy.wait.model import Awaited, Ending, Waited, WaitResult
from gitops_action.commands.steps.deploy.wait.report import failures, sentence_of
from gitops_action.commands.steps.deploy.wait.story import Story
from gitops_action.core.cluster.errors import ExpiredError, UnreachableError
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.config.values import format_duration
from gitops_action.core.deploy.result import Failure
from gitops_action.core.health.assess import IGNORED
from gitops_action.errors import GitOpsError

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
    """Ask once before time is called a failure: a cluster that is away does not tell of itself."""
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
        story.board.judge(waiting[0], story.run.clock.now(), story.seconds)
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
        untold = [one for one in story.board.all.values() if one.untold]
        told = tuple(Failure(sentence=sentence_of(one), object_id=one.id) for one in untold)
        return (*_unknown(story), *told), ()
    return (), ()


def _unknown(story: Story) -> tuple[Failure, ...]:
    """Why nobody can tell; nothing where only single objects cannot be told."""
    waiting = story.board.open()
    if not waiting:
        return ()
    how_far = f"{len(story.board.all) - len(waiting)} of {len(story.board.all)} objects were "
    how_far += f"healthy after {format_duration(timedelta(seconds=round(story.seconds)))}"
    still = f"{how_far}; not told: {named(waiting)}."
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
