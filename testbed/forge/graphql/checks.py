"""What a commit's statuses and check runs come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from testbed.forge import checks
from testbed.forge.graphql.connections import Connection, Payload
from testbed.forge.graphql.fields import Arguments, Context, field, named, plain
from testbed.forge.graphql.nodes import CommitNode, RefNode, commit_node, ref_node
from testbed.forge.graphql.query import demand
from testbed.forge.model import Repository
from testbed.forge.records import Account, CheckRun, CheckSuite, Status
from testbed.forge.rest.views import node_id, stamp
from testbed.forge.runs import run_url


@dataclass(frozen=True, kw_only=True)
class Rollup:
    """The newest status of each context and all check runs of a commit."""

    statuses: tuple[Status, ...]
    runs: tuple[CheckRun, ...]

    @property
    def state(self) -> str:
        """FAILURE before PENDING before SUCCESS."""
        results = [status.state for status in self.statuses]
        results += [run.conclusion or "pending" for run in self.runs]
        if any(result not in checks.PASSING | {"pending"} for result in results):
            return "FAILURE"
        return "PENDING" if "pending" in results else "SUCCESS"


named(Status, "StatusContext")
named(CheckRun, "CheckRun")


@field("Commit.statusCheckRollup")
def rollup(source: CommitNode, _context: Context, _arguments: Arguments) -> Rollup | None:
    """Sum up; None when nothing reported yet."""
    repository, oid = source.repository, source.commit.oid
    latest = {status.context: status for status in repository.statuses.get(oid, [])}
    runs = checks.latest(repository.checks.get(oid, []))
    if not latest and not runs:
        return None
    return Rollup(statuses=tuple(latest.values()), runs=tuple(runs))


@field("StatusContext.isRequired", "pullRequestNumber", "pullRequestId")
@field("CheckRun.isRequired", "pullRequestNumber", "pullRequestId")
def is_required(source: Status | CheckRun, context: Context, arguments: Arguments) -> bool:
    """Return whether a rule of the pull request's base asks for it."""
    name = source.context if isinstance(source, Status) else source.name
    number = arguments.get("pullRequestNumber")
    identifier = (arguments.get("pullRequestId") or "").rpartition(".")[2]
    requested = number if number is not None else int(identifier or 0)
    for repository in context.world.repositories.values():
        pull = repository.pulls.get(requested)
        if pull is None or pull.head_oid != source.oid:
            continue
        rules = repository.protected_by(pull.base)
        return any(name == its.context for rule in rules for its in rule.statuses())
    return False


plain(
    "StatusCheckRollup",
    {
        "state": lambda r: r.state,
        "contexts": lambda r: Connection(
            items=[*r.statuses, *r.runs],
            extra={
                "checkRunCount": len(r.runs),
                "statusContextCount": len(r.statuses),
                "checkRunCountsByState": _counts(run.conclusion or run.status for run in r.runs),
                "statusContextCountsByState": _counts(status.state for status in r.statuses),
            },
        ),
    },
)


def _counts(states: Any) -> list[Payload]:
    names = [state.upper() for state in states]
    return [Payload({"state": name, "count": names.count(name)}) for name in dict.fromkeys(names)]


plain(
    "StatusContext",
    {
        "id": lambda s: node_id("SC", s.id),
        "context": lambda s: s.context,
        "state": lambda s: s.state.upper(),
        "description": lambda s: s.description,
        "targetUrl": lambda s: s.target_url,
        "creator": lambda s: s.creator,
        "createdAt": lambda s: stamp(s.created_at),
    },
)
plain(
    "CheckRun",
    {
        "id": lambda r: node_id("CR", r.id),
        "databaseId": lambda r: r.id,
        "name": lambda r: r.name,
        "status": lambda r: r.status.upper(),
        "conclusion": lambda r: r.conclusion.upper() if r.conclusion else None,
        "startedAt": lambda r: stamp(r.started_at),
        "completedAt": lambda r: stamp(r.completed_at),
        "detailsUrl": lambda r: r.details_url,
        "externalId": lambda r: r.external_id or None,
        "title": lambda r: r.output.get("title"),
        "summary": lambda r: r.output.get("summary"),
        "checkSuite": lambda r: r.suite,
    },
)


@field("CheckRun.url")
def check_url(source: CheckRun, context: Context, _arguments: Arguments) -> str:
    """Return the page of a check run, as REST's `html_url` has it."""
    home = _home(source.suite, context)
    return source.details_url or f"{context.world.url}/{home.full_name}/runs/{source.id}"


plain(
    "CheckSuite",
    {
        "id": lambda s: node_id("CS", s.id),
        "databaseId": lambda s: s.id,
        "app": lambda s: s.app,
        "createdAt": lambda s: stamp(s.created_at),
        "updatedAt": lambda s: stamp(s.updated_at),
    },
)
plain(
    "App",
    {
        "id": lambda a: node_id("A", a.login.removesuffix("[bot]")),
        "databaseId": lambda a: a.app_id,
        "slug": lambda a: a.login.removesuffix("[bot]"),
        "name": lambda a: a.login.removesuffix("[bot]"),
    },
)


def _home(source: CheckSuite, context: Context) -> Repository:
    every = context.world.repositories.values()
    return next(r for r in every if r.suites.get(source.id) is source)


@field("Commit.checkSuites", "filterBy")
def check_suites(source: CommitNode, context: Context, arguments: Arguments) -> Connection:
    """List the suites of a commit: of each App one, of GitHub Actions one for each run."""
    repository = source.repository
    demand(context, repository, "checks")
    asked = (arguments.get("filterBy") or {}).get("appId")
    found = repository.suites.values()
    items = [s for s in found if s.oid == source.commit.oid and asked in {None, s.app.app_id}]
    return Connection(items=items)


@field("CheckSuite.checkRuns", "filterBy")
def suite_runs(source: CheckSuite, context: Context, arguments: Arguments) -> Connection:
    """List the check runs of a suite, the newest of each name unless all are asked for."""
    runs = checks.of_suite(_home(source, context), source)
    asked = arguments.get("filterBy") or {}
    found = runs if asked.get("checkType") == "ALL" else checks.latest(runs)
    return Connection(items=[run for run in found if asked.get("checkName") in {None, run.name}])


@field("CheckSuite.status")
def suite_status(source: CheckSuite, context: Context, _arguments: Arguments) -> str:
    """Return how far a suite is."""
    return checks.suite_status(_home(source, context), source).upper()


@field("CheckSuite.conclusion")
def suite_conclusion(source: CheckSuite, context: Context, _arguments: Arguments) -> str | None:
    """Return how a suite ended."""
    found = checks.suite_conclusion(_home(source, context), source)
    return found.upper() if found else None


@field("CheckSuite.branch")
def suite_branch(source: CheckSuite, context: Context, _arguments: Arguments) -> RefNode | None:
    """Return the branch that the suite ran for."""
    return ref_node(_home(source, context), f"refs/heads/{source.branch}")


@field("CheckSuite.commit")
def suite_commit(source: CheckSuite, context: Context, _arguments: Arguments) -> CommitNode:
    """Return the commit."""
    return commit_node(_home(source, context), source.oid)


@field("CheckSuite.repository")
def suite_repository(source: CheckSuite, context: Context, _arguments: Arguments) -> Repository:
    """Return the repository."""
    return _home(source, context)


@field("CheckSuite.creator")
def suite_creator(source: CheckSuite, context: Context, _arguments: Arguments) -> Account | None:
    """Return who set off the workflow run."""
    run = _home(source, context).runs.get(source.run_id or 0)
    return run.actor if run else None


@field("CheckSuite.workflowRun")
def workflow_run(source: CheckSuite, context: Context, _arguments: Arguments) -> Payload | None:
    """Return the workflow run behind a suite of GitHub Actions."""
    repository = _home(source, context)
    run = repository.runs.get(source.run_id or 0)
    if run is None:
        return None
    demand(context, repository, "actions")
    return Payload(
        {
            "databaseId": run.id,
            "event": run.event,
            "runNumber": run.number,
            "url": run_url(context.world, repository, run),
            "workflow": Payload({"name": run.name, "id": node_id("W", run.path)}),
            "file": Payload({"path": run.path}),
            "createdAt": stamp(run.created_at),
            "updatedAt": stamp(run.updated_at),
        }
    )
