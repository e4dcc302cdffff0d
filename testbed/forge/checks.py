"""Check runs and check suites of commits, by the App that reports them.

In a test: `repository.check_run(oid, "ci/smoke", "success", app="ci[bot]")`; a conclusion of None
leaves it running. The jobs of `record_run` are check runs of GitHub Actions by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable

from testbed.forge.actors import Actor
from testbed.forge.events import Event
from testbed.forge.model import Repository
from testbed.forge.records import Account, CheckRun, CheckSuite
from testbed.forge.world import World

PASSING = frozenset({"success", "neutral", "skipped"})
_WORST = (
    *("action_required", "cancelled", "timed_out", "failure", "startup_failure"),
    *("stale", "neutral", "success", "skipped"),
)


def suite(  # noqa: PLR0913 - what identifies a suite
    world: World,
    repository: Repository,
    oid: str,
    app: Account,
    *,
    branch: str = "",
    run_id: int | None = None,
) -> CheckSuite:
    """Find the suite of an App (for GitHub Actions: of a run) on a commit, or make it."""
    with repository.lock:
        for known in repository.suites.values():
            if (known.oid, known.app.id, known.run_id) == (oid, app.id, run_id):
                return known
        now = world.now()
        made = CheckSuite(
            id=world.next_id(),
            oid=oid,
            app=app,
            branch=branch,
            created_at=now,
            updated_at=now,
            run_id=run_id,
        )
        repository.suites[made.id] = made
        return made


def add(world: World, repository: Repository, run: CheckRun, actor: Actor, action: str) -> None:
    """Record a new check run, or that a known one changed."""
    with repository.lock:
        known = repository.checks.setdefault(run.oid, [])
        if run not in known:
            known.append(run)
        run.suite.updated_at = world.now()
    extra = {"name": run.name}
    _emit(world, repository, run.suite, actor, name="check_run", action=action, extra=extra)
    if run.status == "completed" and suite_status(repository, run.suite) == "completed":
        _emit(world, repository, run.suite, actor, name="check_suite", action="completed", extra={})


def _emit(  # noqa: PLR0913 - the parts of an event
    world: World,
    repository: Repository,
    suite_: CheckSuite,
    actor: Actor,
    *,
    name: str,
    action: str,
    extra: dict[str, str],
) -> None:
    event = Event(
        name=name,
        action=action,
        repository=repository.full_name,
        actor=actor.login,
        token_kind=actor.kind,
        oid=suite_.oid,
        payload={"suite": suite_.id, "app": suite_.app.login, **extra},
    )
    world.emit(event)


def of_suite(repository: Repository, suite_: CheckSuite) -> list[CheckRun]:
    """The check runs of a suite, oldest first."""
    return [run for run in repository.checks.get(suite_.oid, []) if run.suite is suite_]


def latest(runs: Iterable[CheckRun]) -> list[CheckRun]:
    """The newest check run of each name and suite, as `filter=latest` lists them."""
    return list({(run.name, run.suite.id): run for run in runs}.values())


def suite_status(repository: Repository, suite_: CheckSuite) -> str:
    """Say how far a suite is."""
    states = {run.status for run in latest(of_suite(repository, suite_))}
    if not states:
        return "queued"
    return "completed" if states == {"completed"} else "in_progress"


def suite_conclusion(repository: Repository, suite_: CheckSuite) -> str | None:
    """The worst conclusion of a completed suite."""
    if suite_status(repository, suite_) != "completed":
        return None
    found = {run.conclusion for run in latest(of_suite(repository, suite_))}
    return next((conclusion for conclusion in _WORST if conclusion in found), None)
