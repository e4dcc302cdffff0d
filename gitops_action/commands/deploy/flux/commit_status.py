"""Waits for what Flux reports on GitHub, where the job cannot reach the cluster (`access: none`).

GitHub has no watch for commit statuses: they are asked for every 5 seconds, later every 15.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from gitops_action.commands.deploy.target import DeployClock, Progress, Stop, Teller
from gitops_action.commands.ports import History
from gitops_action.core.config import Target
from gitops_action.core.config.values import format_duration
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import Failure, Result, TargetResult
from gitops_action.core.deployments.records import CommitStatus
from gitops_action.core.flux import commit_statuses
from gitops_action.core.flux import commit_statuses as words
from gitops_action.core.redaction.known import Redactor, masked_lines
from gitops_action.errors import DeniedError, GitOpsError

# The statuses of a commit and of those that contain it, asked for as rarely as it can be.

_MOST = 30
"""Newer commits that are looked at."""
_AGAIN = 3
"""Newer commits that are asked for again each time, beside the newest."""


class Reported:
    """What is on the commits, as far as it was read."""

    def __init__(
        self,
        commit: str,
        *,
        requested: commit_statuses.RequestedStatuses,
        statuses: Callable[[str], tuple[CommitStatus, ...]],
        history: History,
    ) -> None:
        """Nothing is read yet."""
        self._commit = commit
        self._requested = requested
        self._statuses = statuses
        self._history = history
        self._known: dict[str, tuple[CommitStatus, ...]] = {}

    def look(self) -> tuple[commit_statuses.OnCommit, ...]:
        """The commit first, then those that contain it, newest first.

        The newer ones are asked for only where the commit has not succeeded itself.

        Raises:
            GitOpsError: GitHub or the repository cannot be asked.
        """
        self._read(self._commit)
        own = (self._commit, self._known[self._commit])
        if all(
            one.said is commit_statuses.Said.SUCCESS
            for one in commit_statuses.reports([own], self._requested)
        ):
            return (own,)
        newer = self._history.containing(self._commit, most=_MOST)
        for commit in self._due(newer):
            self._read(commit)
        return (own, *((commit, self._known[commit]) for commit in newer))

    def _due(self, newer: Sequence[str]) -> tuple[str, ...]:
        """The newest, those never asked for, and a few that were not for the longest time."""
        fresh = [commit for commit in newer if commit not in self._known]
        stale = [commit for commit in self._known if commit in newer[1:]]
        return tuple(dict.fromkeys((*newer[:1], *fresh, *stale[:_AGAIN])))

    def _read(self, commit: str) -> None:
        """Read it, and put it last among those that are known."""
        found = self._statuses(commit)
        self._known.pop(commit, None)
        self._known[commit] = found


_FIRST, _GROWTH, _LONGEST = 5.0, 1.25, 15.0
"""Seconds between questions."""
_RETRY_POLICY = 60.0
"""Seconds that a failure which Flux tries to fix has to stay."""
_EVERY = 30.0
"""Seconds between lines that say that it still goes on."""


@dataclass(frozen=True, kw_only=True)
class StatusRun:
    """One target that is known by GitHub's statuses alone.

    Attributes:
        target: with the prefix of the contexts.
        commit: what is waited for, a full id.
        statuses: the newest status of each context on a commit; may raise a GitOpsError.
        history: of the environment repository.
        clock: the time.
        stop: set when the job is cancelled.
        teller: who shows progress.
        redactor: takes known secrets out of foreign text.
        timeout: for Flux to report.
        dry_run: look once, wait for nothing.
    """

    target: Target
    commit: str
    statuses: Callable[[str], tuple[CommitStatus, ...]]
    history: History
    clock: DeployClock
    stop: Stop
    teller: Teller
    redactor: Redactor
    timeout: timedelta
    dry_run: bool = False


def deploy_by_status(run: StatusRun) -> TargetResult:
    """Wait until Flux reports the commit, or one that contains it, as applied; or as failed.

    What GitHub refuses is in the result. Which objects there are is not known from here.
    """
    names = tuple(one.rpartition("/")[2] for one in run.target.kustomizations)
    return _StatusWait(
        run, commit_statuses.RequestedStatuses(prefix=run.target.status_prefix, names=names)
    ).story()


class _StatusWait:
    """One wait."""

    def __init__(self, run: StatusRun, requested: commit_statuses.RequestedStatuses) -> None:
        self.run = run
        self.requested = requested
        self.reported = Reported(
            run.commit, requested=requested, statuses=run.statuses, history=run.history
        )
        self.seen: tuple[commit_statuses.OnCommit, ...] = ()
        self.away: GitOpsError | None = None
        self.failing: dict[tuple[str, str], float] = {}
        self.told: dict[str, commit_statuses.ReportedStatus] = {}
        self.begun = run.clock.monotonic()
        self.next_line = self.begun + _EVERY

    def story(self) -> TargetResult:
        run, pause = self.run, _FIRST
        run.teller.phase(f"Wait until Flux reports {run.commit[:12]}: {self.requested.prefix}…")
        while True:
            ended = self._round()
            if ended is not None:
                return ended
            left = run.timeout.total_seconds() - (run.clock.monotonic() - self.begun)
            if left <= 0:
                return self._late()
            if run.stop.wait(min(pause, left)):
                return self._undetermined("The wait was interrupted", "run it again: Flux goes on")
            pause = min(pause * _GROWTH, _LONGEST)

    def _round(self) -> TargetResult | None:
        """Ask once; None where it is to be asked again."""
        try:
            self.seen = self.reported.look()
            self.away = None
        except DeniedError as error:
            return self._result(Result.FAILED, Failure(sentence=_told(error), fix=error.fix))
        except GitOpsError as error:
            self.away = error
            return self._late() if self.run.dry_run else None
        found = self._found()
        self._tell(found)
        if all(one.said is commit_statuses.Said.SUCCESS for one in found):
            return self._result(Result.SUCCEEDED, notes=self._newer(found))
        failures = self._certain(found)
        if failures:
            return self._failed(failures)
        notes = tuple(words.now_note(one) for one in found)
        return self._result(Result.SUCCEEDED, notes=notes) if self.run.dry_run else None

    def _found(self) -> tuple[commit_statuses.ReportedStatus, ...]:
        return commit_statuses.reports(self.seen, self.requested)

    def _certain(
        self, found: Sequence[commit_statuses.ReportedStatus]
    ) -> list[commit_statuses.ReportedStatus]:
        """Failures; one that Flux may fix counts when it stayed."""
        now = self.run.clock.monotonic()
        self.failing = {
            (one.context, one.commit): self.failing.get((one.context, one.commit), now)
            for one in found
            if one.said is commit_statuses.Said.FAILING
        }
        return [
            one
            for one in found
            if one.said is commit_statuses.Said.FAILURE
            or now - self.failing.get((one.context, one.commit), now) >= _RETRY_POLICY
        ]

    def _late(self) -> TargetResult:
        """The time is up."""
        if self.away is not None:
            return self._undetermined(_told(self.away), self.away.fix)
        found = self._found()
        bad = [
            one
            for one in found
            if one.said in {commit_statuses.Said.FAILING, commit_statuses.Said.FAILURE}
        ]
        if bad:
            return self._failed(bad)
        if any(one.said is commit_statuses.Said.NOTHING for one in found):
            sentence = words.silent_sentence(
                found, commit_statuses.others(self.seen, self.requested), self.run.commit
            )
            return self._undetermined(self._in_time(sentence), words.SEE_PROVIDER)
        return self._undetermined(self._in_time(words.passing_sentence(found)), words.SEE_CLUSTER)

    def _in_time(self, sentence: str) -> str:
        return f"Within {format_duration(self.run.timeout)} {self._clean(sentence)}"

    def _newer(self, found: Sequence[commit_statuses.ReportedStatus]) -> tuple[str, ...]:
        commit = self.run.commit
        return tuple(words.newer_note(one, commit) for one in found if one.commit != commit)

    def _failed(self, found: Sequence[commit_statuses.ReportedStatus]) -> TargetResult:
        sentences = (self._clean(words.failed_sentence(one, self.run.commit)) for one in found)
        failures = (Failure(sentence=one, fix=words.SEE_CLUSTER) for one in sentences)
        return self._result(Result.FAILED, *failures)

    def _undetermined(self, sentence: str, fix: str) -> TargetResult:
        return self._result(Result.UNKNOWN, Failure(sentence=sentence, fix=fix))

    def _result(
        self, result: Result, *failures: Failure, notes: tuple[str, ...] = ()
    ) -> TargetResult:
        said = tuple(self._clean(one) for one in notes)
        return TargetResult(
            target=self.run.target.name,
            result=result,
            failures=failures,
            notes=(words.NO_OBJECTS, *said),
        )

    def _clean(self, foreign: str) -> str:
        """Contexts and descriptions are whatever someone with a token wrote."""
        return " ".join(masked_lines(foreign.splitlines(), self.run.redactor))

    def _tell(self, found: Sequence[commit_statuses.ReportedStatus]) -> None:
        now = self.run.clock.monotonic()
        for one in found:
            if self.told.get(one.context) != one and one.said is not commit_statuses.Said.NOTHING:
                self.told[one.context] = one
                self.run.teller.tell(Progress(text=self._clean(words.now_note(one))))
        if now >= self.next_line:
            self.next_line = now + _EVERY
            text = f"Still nothing final after {now - self.begun:.0f} s"
            self.run.teller.tell(Progress(text=text))


def _told(error: GitOpsError) -> str:
    return f"{error.title}: {error.cause}" if error.cause else error.title
