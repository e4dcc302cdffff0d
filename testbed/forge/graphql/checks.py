"""What a commit's statuses and check runs come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from testbed.forge.graphql.connections import Connection, Payload
from testbed.forge.graphql.fields import Arguments, Context, field, named, plain
from testbed.forge.graphql.nodes import CommitNode
from testbed.forge.records import CheckRun, Status
from testbed.forge.rest.views import node_id, stamp

_GOOD = frozenset({"success", "neutral", "skipped"})


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
        if any(result not in _GOOD | {"pending"} for result in results):
            return "FAILURE"
        return "PENDING" if "pending" in results else "SUCCESS"


named(Status, "StatusContext")
named(CheckRun, "CheckRun")


@field("Commit.statusCheckRollup")
def rollup(source: CommitNode, _context: Context, _arguments: Arguments) -> Rollup | None:
    """Sum up; None when nothing reported yet."""
    repository, oid = source.repository, source.commit.oid
    latest = {status.context: status for status in repository.statuses.get(oid, [])}
    runs = repository.checks.get(oid, [])
    if not latest and not runs:
        return None
    return Rollup(statuses=tuple(latest.values()), runs=tuple(runs))


@field("StatusContext.isRequired", "pullRequestNumber", "pullRequestId")
@field("CheckRun.isRequired", "pullRequestNumber", "pullRequestId")
def is_required(source: Status | CheckRun, context: Context, arguments: Arguments) -> bool:
    """Tell whether a rule of the pull request's base asks for it."""
    name = source.context if isinstance(source, Status) else source.name
    number = arguments.get("pullRequestNumber")
    identifier = (arguments.get("pullRequestId") or "").rpartition(".")[2]
    requested = number if number is not None else int(identifier or 0)
    for repository in context.world.repositories.values():
        pull = repository.pulls.get(requested)
        if pull is None or pull.head_oid != source.oid:
            continue
        rules = repository.protected_by(pull.base)
        return any(name in rule.required_statuses for rule in rules)
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
        "completedAt": lambda r: stamp(r.started_at) if r.conclusion else None,
        "detailsUrl": lambda _r: None,
        "title": lambda _r: None,
        "summary": lambda _r: None,
    },
)
plain(
    "CheckRun",
    {"checkSuite": lambda _r: Payload({"workflowRun": None})},
)
