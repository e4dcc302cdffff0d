"""Waits for what Flux reports on GitHub, where the job cannot reach the cluster (`access: none`).

GitHub has no watch for commit statuses: they are asked for every 5 seconds, later 15.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from gitops_action.commands.steps.deploy.run import (
    Ancestors,
    DeployClock,
    Progress,
    Stop,
    Teller,
)
from gitops_action.core.config import Target
from gitops_action.core.config.values import format_duration
from gitops_action.core.deploy.mask import masked_lines
from gitops_action.core.deploy.result import Failure, Result, TargetResult
from gitops_action.core.deployments.model import CommitStatus
from gitops_action.core.flux.statuses import OnCommit, Report, Said, Wanted, others, reports
from gitops_action.core.redact import Redactor
from gitops_action.errors import DeniedError, GitOpsError

_FIRST, _GROWTH, _LONGEST = 5.0, 1.25, 15.0
"""Seconds between questions."""
_PATIENCE = 60.0
"""Seconds that a failure which Flux tries to mend has to stay."""
_EVERY = 30.0
_MOST = 10
"""Newer commits that are looked at."""


@dataclass(frozen=True, kw_only=True)
class StatusRun:
    """One target that only GitHub tells of.

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
    history: Ancestors
    clock: DeployClock
    stop: Stop
    teller: Teller
    redactor: Redactor
    timeout: timedelta
    dry_run: bool = False


def deploy_by_status(run: StatusRun) -> TargetResult:
    """Wait until Flux reports the commit, or one that contains it, as applied; or as failed.

    What GitHub refuses is in the result.
    """
    return _StatusWait(run).story()


class _StatusWait:
    """One wait."""

    def __init__(self, run: StatusRun) -> None:
        names = tuple(one.rpartition("/")[2] for one in run.target.kustomizations)
        self.run = run
        self.wanted = Wanted(prefix=run.target.status_prefix, names=names)
        self.failing: dict[str, float] = {}
        self.told: dict[str, str] = {}
        self.seen: tuple[OnCommit, ...] = ()
        self.away: GitOpsError | None = None
        self.begun = run.clock.monotonic()
        self.next_line = self.begun + _EVERY

    def story(self) -> TargetResult:
        run, pause = self.run, _FIRST
        run.teller.phase(f"Wait until Flux reports {run.commit[:12]}: {self.wanted.prefix}…")
        while True:
            ended = self._round()
            if ended is not None:
                return ended
            left = run.timeout.total_seconds() - (run.clock.monotonic() - self.begun)
            if left <= 0:
                return self._late()
            if run.stop.wait(min(pause, left)):
                return self._untold("The wait was interrupted", "run again: Flux goes on")
            pause = min(pause * _GROWTH, _LONGEST)

    def _round(self) -> TargetResult | None:
        try:
            self.seen = tuple(self._asked())
            self.away = None
        except DeniedError as error:
            return self._result(Result.FAILED, self._failure(_words(error), error.fix))
        except GitOpsError as error:
            self.away = error
            return None
        found = reports(self.seen, self.wanted)
        self._tell(found)
        if all(one.said is Said.SUCCESS for one in found):
            return self._result(Result.SUCCEEDED, notes=self._newer(found))
        failures = [self._failed(one) for one in found if self._is_certain(one)]
        if failures:
            return self._result(Result.FAILED, *failures)
        return self._shown(found) if self.run.dry_run else None

    def _asked(self) -> list[OnCommit]:
        """The statuses of the commit, and of newer ones only where it has not succeeded itself."""
        run = self.run
        own: OnCommit = (run.commit, run.statuses(run.commit))
        if all(one.said is Said.SUCCESS for one in reports([own], self.wanted)):
            return [own]
        newer = run.history.containing(run.commit, most=_MOST)
        return [own, *((one, run.statuses(one)) for one in newer)]

    def _is_certain(self, report: Report) -> bool:
        """A failure that Flux may mend counts when it stays."""
        if report.said is not Said.FAILING:
            self.failing.pop(report.context, None)
            return report.said is Said.FAILURE
        now = self.run.clock.monotonic()
        return now - self.failing.setdefault(report.context, now) >= _PATIENCE

    def _late(self) -> TargetResult:
        if self.away is not None:
            return self._untold(_words(self.away), self.away.fix)
        bad = [self._failed(one) for one in reports(self.seen, self.wanted) if _is_bad(one)]
        if bad:
            return self._result(Result.FAILED, *bad)
        missing = ", ".join(
            name or self.wanted.prefix
            for name, one in zip(
                self.wanted.names or ("",), reports(self.seen, self.wanted), strict=False
            )
            if one.said is Said.NOTHING
        )
        seen = ", ".join(others(self.seen, self.wanted)) or "none that Flux writes"
        sentence = (
            f"Flux has reported nothing about {missing} within {format_duration(self.run.timeout)}:"
            f" no status whose context starts with {self.wanted.prefix}; there are others: {seen}"
        )
        fix = "see Provider and Alert in the cluster, and `status-prefix` (docs/flux.md)"
        return self._untold(sentence, fix)

    def _shown(self, found: tuple[Report, ...]) -> TargetResult:
        """A dry run: what is known now."""
        notes = tuple(
            f"{one.context or self.wanted.prefix}: {one.words or 'nothing is reported yet'}"
            for one in found
        )
        return self._result(Result.SUCCEEDED, notes=notes)

    def _newer(self, found: tuple[Report, ...]) -> tuple[str, ...]:
        commit = self.run.commit[:12]
        return tuple(
            f"{one.context} succeeded on {one.commit[:12]}, which is newer and contains {commit}"
            for one in found
            if one.commit != self.run.commit
        )

    def _failed(self, report: Report) -> Failure:
        commit = report.commit
        where = "" if commit == self.run.commit else f" on {commit[:12]}, which contains the commit"
        words = report.words or "no reason is told"
        return self._failure(
            f"Flux reports a failure{where}: {report.context}: {words}",
            "see the Kustomization in the cluster: `flux get kustomizations`, `flux events`",
        )

    def _failure(self, sentence: str, fix: str) -> Failure:
        lines = masked_lines(sentence.splitlines(), self.run.redactor)
        return Failure(sentence=" ".join(lines), fix=fix)

    def _untold(self, sentence: str, fix: str) -> TargetResult:
        return self._result(Result.UNKNOWN, self._failure(sentence, fix))

    def _result(
        self, result: Result, *failures: Failure, notes: tuple[str, ...] = ()
    ) -> TargetResult:
        word = "which objects it applied is not known here: the cluster is not asked"
        return TargetResult(
            target=self.run.target.name, result=result, failures=failures, notes=(word, *notes)
        )

    def _tell(self, found: tuple[Report, ...]) -> None:
        now = self.run.clock.monotonic()
        for one in found:
            text = f"{one.context}: {one.words or one.said.value}"
            if one.context and self.told.get(one.context) != text:
                self.told[one.context] = text
                self.run.teller.tell(Progress(text=text))
        if now >= self.next_line:
            self.next_line = now + _EVERY
            self.run.teller.tell(
                Progress(text=f"Still nothing final after {now - self.begun:.0f} s")
            )


def _is_bad(report: Report) -> bool:
    return report.said in {Said.FAILING, Said.FAILURE}


def _words(error: GitOpsError) -> str:
    return f"{error.title}: {error.cause}" if error.cause else error.title
