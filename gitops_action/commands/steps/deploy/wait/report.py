"""The failures of a wait: what, why, the last warnings, the last log lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from gitops_action.commands.cluster_ports import Cluster
from gitops_action.commands.steps.deploy.run import TargetRun
from gitops_action.commands.steps.deploy.wait.asking import ask
from gitops_action.commands.steps.deploy.wait.board import Tracked
from gitops_action.commands.steps.deploy.wait.fixes import fix_for
from gitops_action.core.cluster.errors import ClusterError
from gitops_action.core.deploy.mask import masked_lines
from gitops_action.core.deploy.result import Failure
from gitops_action.core.health.diagnose import LogRequest
from gitops_action.core.health.diagnose.events import SHOWN, event_line
from gitops_action.core.manifests.model import Body
from gitops_action.errors import GitOpsError

LOG_LINES = 20
_ASKED = 20
"""Failures that the cluster is asked about: more logs than that nobody reads."""
_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the cluster says about one failure."""

    log: str = ""
    events: tuple[str, ...] = ()
    denied: str = ""


def failures(
    run: TargetRun, objects: Sequence[Tracked], *, late: str = ""
) -> tuple[tuple[Failure, ...], tuple[str, ...]]:
    """One failure for each object, and notes about what could not be read.

    Args:
        run: the target.
        objects: what is not healthy.
        late: how long was waited, in words, where time ran out.
    """
    asked = objects[:_ASKED]
    questions: list[Callable[[], Told]] = [partial(_look, run.cluster, one) for one in asked]
    answers = ask(questions, stop=run.stop, seconds=_SECONDS)
    told = [answer if isinstance(answer, Told) else Told(denied=_why(answer)) for answer in answers]
    told += [Told()] * (len(objects) - len(told))
    found = tuple(_failure(run, *pair, late) for pair in zip(objects, told, strict=True))
    missing = sorted({one.denied for one in told if one.denied})
    return found, tuple(f"Log lines could not be read: {why}." for why in missing[:1])


def sentence_of(tracked: Tracked) -> str:
    """What is wrong with an object, as a sentence that names it."""
    if tracked.verdict and tracked.verdict.sentence:
        return tracked.verdict.sentence
    message = tracked.shown.message.strip().rstrip(".") or tracked.shown.reason or "not healthy"
    return f"{tracked.id}: {message}."


def _failure(run: TargetRun, tracked: Tracked, told: Told, late: str) -> Failure:
    def clean(lines: Sequence[str]) -> tuple[str, ...]:
        return masked_lines(lines, run.redactor)

    sentence = sentence_of(tracked)
    if late:
        sentence = f"{tracked.id} was not healthy after {late}. {sentence}"
    events = told.events or (tracked.verdict.events if tracked.verdict else ())
    return Failure(
        sentence=" ".join(clean(sentence.splitlines())),
        object_id=tracked.id,
        events=clean(events)[-SHOWN:],
        log=clean(told.log.splitlines())[-LOG_LINES:],
        fix=fix_for(tracked.shown.reason, late=bool(late)),
    )


def _look(cluster: Cluster, tracked: Tracked) -> Told:
    verdict, live = tracked.verdict, tracked.live
    events: tuple[str, ...] = ()
    denied = ""
    if live is not None and not (verdict and verdict.events):
        events = _warnings(cluster, live)
    log = ""
    if verdict and verdict.log:
        try:
            log = _log(cluster, tracked.id.namespace, verdict.log)
        except ClusterError as error:
            denied = _why(error)
    return Told(log=log, events=events, denied=denied)


def _log(cluster: Cluster, namespace: str, asked: LogRequest) -> str:
    """The log that tells it; of the present run where the previous one's is gone."""
    read = partial(cluster.log, namespace, asked.pod, asked.container, lines=LOG_LINES)
    if not asked.previous:
        return read()
    try:
        return read(previous=True)
    except ClusterError:
        return read()


def _warnings(cluster: Cluster, live: Body) -> tuple[str, ...]:
    """The last warnings about the very object; without the right to read them, none."""
    try:
        found = [one for one in cluster.events(live) if one.warning]
    except ClusterError:
        return ()
    lines = [
        event_line({"reason": one.reason, "message": one.message, "count": one.count})
        for one in found
    ]
    return tuple(dict.fromkeys(lines))


def _why(answer: Told | GitOpsError | None) -> str:
    if isinstance(answer, GitOpsError):
        return (answer.cause or answer.title).rstrip(".")
    return "there was no time"
