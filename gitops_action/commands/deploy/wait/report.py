"""The failures of a wait: what, why, the last warnings, the last log lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from gitops_action.commands.deploy.cluster import ClusterReader
from gitops_action.commands.deploy.target import TargetRun, ask
from gitops_action.commands.deploy.wait.state import Tracked
from gitops_action.core.cluster.errors import ClusterError
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import Failure, Progress, ProgressTone
from gitops_action.core.health.diagnose import LogRequest
from gitops_action.core.health.diagnose.pods import SHOWN, event_line
from gitops_action.core.manifests.model import Body
from gitops_action.core.redaction.known import masked_lines
from gitops_action.errors import GitOpsError

# What a person can do about the usual reasons.

_PULL = "see that the image exists under this name, and that the cluster may pull it"
_CRASH = "read the log lines: the container starts and ends by itself"

_FIXES: Mapping[str, str] = {
    "AccessDenied": "let the account read it (get, list, watch)",
    "CrashLoopBackOff": _CRASH,
    "CreateContainerConfigError": "add the ConfigMap, Secret or key that it names",
    "DeploymentPaused": "remove `spec.paused`",
    "Error": _CRASH,
    "ErrImagePull": _PULL,
    "FailedCreate": "read why the API refuses the pods: policy, service account, webhook",
    "ImagePullBackOff": _PULL,
    "Installing": "see that no other definition has the same names",
    "InvalidImageName": "fix the image's name",
    "NoIngress": "see that the cluster has a controller for load balancers",
    "NotBound": "see that the storage class exists and can provide a volume",
    "NotFound": "see who deletes it, and run again",
    "NotReady": "read the log lines, and compare the readiness probe with what the container does",
    "OOMKilled": "raise the memory limit, or find what uses so much",
    "QuotaExceeded": "raise the ResourceQuota, or ask for less",
    "RemovedUnseen": "raise `ttlSecondsAfterFinished`, so that the Job's end can be seen",
    "Unschedulable": "add nodes, or ask for less; see taints and affinity",
}

LASTING = frozenset(
    {"CrashLoopBackOff", "CreateContainerConfigError", "Error", "InvalidImageName", "OOMKilled"}
)
"""Reasons that lie in what is described: another try of it ends alike."""
_LONGER = "if it only needs longer, raise `deploy.health.timeout` or the input `timeout`"


def fix_for(reason: str, *, late: bool) -> str:
    """What to do; empty where nothing general can be said.

    Args:
        reason: Kubernetes' word or ours.
        late: whether time ran out, so that more of it may help.
    """
    known = _FIXES.get(reason, "")
    if not late:
        return known
    return f"{known}; {_LONGER}" if known else _LONGER


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
        lasting=not late and tracked.shown.reason in LASTING,
    )


def _look(cluster: ClusterReader, tracked: Tracked) -> Told:
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


def _log(cluster: ClusterReader, namespace: str, asked: LogRequest) -> str:
    """The log that shows it; of the present run where the previous one's is gone."""
    read = partial(cluster.log, namespace, asked.pod, asked.container, lines=LOG_LINES)
    if not asked.previous:
        return read()
    try:
        return read(previous=True)
    except ClusterError:
        return read()


def _warnings(cluster: ClusterReader, live: Body) -> tuple[str, ...]:
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


# What people read while it goes on: a line where something changed, and one every half minute.

EVERY = 30.0
"""Seconds between lines that say what is still waited for."""
_NAMED = 5


class Lines:
    """Reports progress by the run's teller."""

    def __init__(self, run: TargetRun, total: int) -> None:
        """Nothing is reported yet."""
        self._run = run
        self._total = total
        self._next = EVERY

    def changed(self, tracked: Tracked) -> None:
        """An object became healthy, failed, or waits for something else."""
        seconds, shown = tracked.seconds, tracked.shown
        if tracked.certain:
            self._about(tracked, f"failed: {shown.message}", "bad")
        elif seconds is not None:
            self._about(tracked, f"is healthy after {seconds:.1f} s", "good")
        elif shown.reason:
            tone: ProgressTone = "plain" if tracked.verdict and tracked.verdict.pod else "quiet"
            self._about(tracked, f"waits ({shown.reason}): {shown.message}", tone)

    def ticked(self, waiting: Sequence[Tracked], seconds: float) -> None:
        """Time went on."""
        if seconds < self._next or not waiting:
            return
        self._next = seconds + EVERY
        healthy = self._total - len(waiting)
        text = f"{healthy} of {self._total} healthy after {seconds:.0f} s; still {named(waiting)}"
        self._run.teller.tell(Progress(text=self._clean(text)))

    def say(self, text: str) -> None:
        """Something about the whole."""
        self._run.teller.tell(Progress(text=self._clean(text)))

    def _about(self, tracked: Tracked, text: str, tone: ProgressTone) -> None:
        self._run.teller.tell(Progress(text=self._clean(text), object_id=tracked.id, tone=tone))

    def _clean(self, text: str) -> str:
        return " ".join(masked_lines(text.splitlines(), self._run.redactor))


def named(waiting: Sequence[Tracked]) -> str:
    """Some objects with what they wait for: `Deployment web/api (LessAvailable) and 3 more`."""
    shown = [
        f"{one.id} ({one.shown.reason})" if one.shown.reason else str(one.id)
        for one in waiting[:_NAMED]
    ]
    more = len(waiting) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
