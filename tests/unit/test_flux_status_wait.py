"""Waiting for what Flux reports: how often it asks, how long it is patient, and how it ends."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from gitops_action.commands.deploy.flux.commit_status import StatusRun, deploy_by_status
from gitops_action.commands.deploy.target import Stop
from gitops_action.core.config import Target
from gitops_action.core.deploy.result import Result, TargetResult
from gitops_action.core.deployments.records import CommitState, CommitStatus
from gitops_action.core.redaction.known import Redactor
from gitops_action.errors import DeniedError, GitOpsError
from tests.support.wait import Told

OURS = "a" * 40
WEB = "kustomization/web/0c9c2e41"
API = "kustomization/api/0c9c2e41"
GOOD = "reconciliation succeeded"
SECRET = "planted-secret-of-the-cluster"


def status(words: str, state: CommitState = "success", context: str = WEB) -> CommitStatus:
    return CommitStatus(context=context, state=state, description=words)


@dataclass
class World:
    """GitHub, the repository, and time that passes only where someone waits."""

    seconds: float = 0.0
    pauses: list[float] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    newer: list[str] = field(default_factory=list)
    found: dict[str, Callable[[float], list[CommitStatus]]] = field(default_factory=dict)
    error: GitOpsError | None = None
    fixed: float = float("inf")
    told: Told = field(default_factory=Told)

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def is_set(self) -> bool:
        return False

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.pauses.append(timeout)
        self.seconds += timeout
        return False

    def statuses(self, commit: str) -> tuple[CommitStatus, ...]:
        if self.error is not None and self.seconds < self.fixed:
            raise self.error
        self.asked[commit] += 1
        return tuple(self.found[commit](self.seconds)) if commit in self.found else ()

    def branch(self) -> str:
        return "main"

    def tip(self) -> str:
        return self.newer[0] if self.newer else OURS

    def containing(self, commit: str, *, most: int) -> tuple[str, ...]:
        assert commit == OURS
        return tuple(self.newer[:most])

    def is_ancestor(self, old: str, new: str) -> bool:
        return old in {OURS, new}

    def deploy(
        self,
        timeout: float = 600,
        *,
        names: tuple[str, ...] = (),
        dry_run: bool = False,
        stop: Stop | None = None,
    ) -> TargetResult:
        target = Target(
            name="default",
            engine="flux",
            access="none",
            status_prefix="kustomization/",
            kustomizations=names,
        )
        return deploy_by_status(
            StatusRun(
                target=target,
                commit=OURS,
                statuses=self.statuses,
                history=self,
                clock=self,
                stop=stop or self,
                teller=self.told,
                redactor=Redactor([SECRET]),
                timeout=timedelta(seconds=timeout),
                dry_run=dry_run,
            )
        )


@pytest.fixture
def world() -> World:
    return World()


def test_it_asks_gently_and_says_that_it_goes_on(world: World) -> None:
    result = world.deploy(timeout=120)
    assert result.result is Result.UNKNOWN
    assert world.pauses[0] == 5.0
    assert max(world.pauses) == 15.0
    assert sum(world.pauses) == 120
    assert world.pauses[:-1] == sorted(world.pauses[:-1])
    still = [one.text for one in world.told.lines if "Still nothing final" in one.text]
    assert 2 <= len(still) <= 4


def test_a_failure_that_flux_mends_must_stay_for_a_minute(world: World) -> None:
    world.found[OURS] = lambda _now: [status("reconciliation failed", "failure")]
    result = world.deploy()
    assert result.result is Result.FAILED
    assert 60 <= world.seconds <= 75
    world = World()
    world.found[OURS] = lambda now: [
        status("reconciliation failed", "failure") if now < 50 else status(GOOD)
    ]
    assert world.deploy().result is Result.SUCCEEDED


def test_each_newer_commit_that_fails_has_a_minute_of_its_own(world: World) -> None:
    newer = "b" * 40
    failing = [status("reconciliation failed", "failure")]
    world.newer = [newer]
    world.found[OURS] = lambda _now: failing
    world.found[newer] = lambda now: failing if now > 40 else []
    result = world.deploy()
    assert result.result is Result.FAILED
    assert 100 <= world.seconds <= 125
    assert f"on {newer[:12]}, which contains {OURS[:12]}" in result.failures[0].sentence


def test_at_the_timeout_a_failure_is_one(world: World) -> None:
    world.found[OURS] = lambda _now: [status("artifact failed", "failure")]
    result = world.deploy(timeout=10)
    assert result.result is Result.FAILED
    assert result.failures[0].sentence == f"Flux reports a failure: {WEB}: artifact failed"


def test_words_of_passage_alone_are_unknown_in_those_words(world: World) -> None:
    world.found[OURS] = lambda _now: [status("dependency not ready")]
    result = world.deploy(timeout=10)
    assert result.result is Result.UNKNOWN
    assert f"{WEB}: dependency not ready" in result.failures[0].sentence
    assert "no commit status" not in result.failures[0].sentence


def test_what_is_missing_and_what_is_there_is_named(world: World) -> None:
    world.found[OURS] = lambda _now: [status(GOOD), status(GOOD, context="helmrelease/x/0c9c2e41")]
    result = world.deploy(timeout=10, names=("flux-system/web", "flux-system/api"))
    (failure,) = result.failures
    assert result.result is Result.UNKNOWN
    assert "`kustomization/api…`" in failure.sentence
    assert "web" not in failure.sentence
    assert "`helmrelease/x/0c9c2e41`" in failure.sentence
    assert "status-prefix" in failure.fix


def test_many_newer_commits_cost_few_questions(world: World) -> None:
    world.newer = [f"{number:040x}" for number in range(100)]
    world.found[world.newer[20]] = lambda now: [status(GOOD)] if now > 200 else []
    result = world.deploy()
    assert result.result is Result.SUCCEEDED
    assert world.newer[20][:12] in result.notes[1]
    assert len(world.asked) == 31
    rounds = world.asked[OURS]
    assert world.asked[world.newer[0]] == rounds, "the newest is asked for each time"
    assert world.asked.total() <= 31 + 5 * rounds


def test_an_own_success_asks_for_nothing_else(world: World) -> None:
    world.newer = ["b" * 40]
    world.found[OURS] = lambda _now: [status(GOOD)]
    world.found["b" * 40] = lambda _now: [status("health check failed", "failure")]
    result = world.deploy()
    assert result.result is Result.SUCCEEDED
    assert set(world.asked) == {OURS}
    assert result.objects == ()
    assert "not known here" in result.notes[0]


def test_github_that_comes_back_is_waited_for(world: World) -> None:
    world.error, world.fixed = GitOpsError("GitHub does not answer"), 20
    world.found[OURS] = lambda _now: [status(GOOD)]
    assert world.deploy().result is Result.SUCCEEDED
    world = World(error=GitOpsError("GitHub does not answer", fix="wait"))
    result = world.deploy(timeout=20)
    assert result.result is Result.UNKNOWN
    assert result.failures[0].sentence == "GitHub does not answer"


def test_a_missing_right_ends_it_at_once(world: World) -> None:
    world.error = DeniedError("may not", fix="grant `statuses: read`")
    result = world.deploy()
    assert result.result is Result.FAILED
    assert result.failures[0].fix == "grant `statuses: read`"
    assert world.pauses == []


@pytest.mark.parametrize(
    ("found", "result"),
    [
        ([], Result.SUCCEEDED),
        ([status("dependency not ready")], Result.SUCCEEDED),
        ([status("reconciliation failed", "failure")], Result.SUCCEEDED),
        ([status("build failed", "failure")], Result.FAILED),
    ],
)
def test_a_dry_run_looks_once(world: World, found: list[CommitStatus], result: Result) -> None:
    world.found[OURS] = lambda _now: found
    shown = world.deploy(dry_run=True)
    assert shown.result is result
    said = [*shown.notes, *(one.sentence for one in shown.failures)]
    words = found[0].description if found else "nothing is reported yet"
    assert any(words in one for one in said)
    assert world.pauses == []


def test_a_dry_run_does_not_wait_for_github(world: World) -> None:
    world.error = GitOpsError("GitHub does not answer")
    assert world.deploy(dry_run=True).result is Result.UNKNOWN
    assert world.pauses == []


def test_it_ends_within_a_second_of_being_cancelled(world: World) -> None:
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    result = world.deploy(stop=stop)
    assert time.monotonic() - began < 1.2
    assert result.result is Result.UNKNOWN


def test_secrets_in_the_words_of_others_are_not_repeated(world: World) -> None:
    world.found[OURS] = lambda _now: [status(f"build failed: {SECRET}", "failure")]
    result = world.deploy()
    everything = repr(result) + repr(world.told.lines)
    assert "build failed" in everything
    assert SECRET not in everything
