"""Pull requests, their comments and timeline."""

from __future__ import annotations

from typing import Any

from testbed.forge import merging, pull_refs
from testbed.forge.errors import not_found
from testbed.forge.graphql.connections import Connection, Payload
from testbed.forge.graphql.fields import Arguments, Context, field, named, plain
from testbed.forge.graphql.nodes import CommitNode, RefNode, commit_node, ref_node
from testbed.forge.graphql.query import demand
from testbed.forge.model import PullRequest, Repository
from testbed.forge.rest.views import node_id, stamp, web

named(PullRequest, "PullRequest")


_ORDER = {"CREATED_AT": "number", "UPDATED_AT": "updated_at"}


def state(pull: PullRequest) -> str:
    """Return GraphQL's state."""
    return "MERGED" if pull.merged_at else pull.state.upper()


def _listed(found: list[PullRequest], arguments: Arguments) -> Connection:
    states, head = arguments.get("states"), arguments.get("headRefName")
    base, order = arguments.get("baseRefName"), arguments.get("orderBy")
    labels = set(arguments.get("labels") or ())
    chosen = [
        pull
        for pull in found
        if (not states or state(pull) in states)
        and head in {None, pull.head}
        and base in {None, pull.base}
        and (not labels or labels & {label.name for label in pull.labels})
    ]
    order = order or {"field": "CREATED_AT", "direction": "ASC"}
    key = _ORDER[order["field"]]
    chosen.sort(key=lambda pull: getattr(pull, key), reverse=order["direction"] == "DESC")
    return Connection(items=chosen)


_FILTERS = ("states", "headRefName", "baseRefName", "orderBy", "labels")


@field("Repository.pullRequests", *_FILTERS)
def pull_requests(source: Repository, context: Context, arguments: Arguments) -> Connection:
    """List pull requests."""
    demand(context, source, "pull_requests")
    return _listed(list(source.pulls.values()), arguments)


@field("Ref.associatedPullRequests", *_FILTERS)
def associated(source: RefNode, context: Context, arguments: Arguments) -> Connection:
    """List the pull requests whose head is this branch."""
    demand(context, source.repository, "pull_requests")
    branch = source.name.removeprefix("refs/heads/")
    found = [
        pull for pull in source.repository.pulls.values() if pull.head == branch and not pull.cross
    ]
    return _listed(found, arguments)


@field("Commit.associatedPullRequests")
def introducing(source: CommitNode, context: Context, _arguments: Arguments) -> Connection:
    """List the pull requests that brought a commit into their base."""
    demand(context, source.repository, "pull_requests")
    pulls = source.repository.pulls.values()
    found = [pull for pull in pulls if source.commit.oid in _brought(pull)]
    return Connection(items=found)


def _brought(pull: PullRequest) -> tuple[str, ...]:
    """The commits that a merge added to the base: the head's own, and the merge's."""
    if pull.merge_oid is None:
        return ()
    return tuple(pull.repository.history.compare(pull.base_oid, pull.merge_oid).ahead)


@field("Repository.pullRequest", "number")
def pull_request(source: Repository, context: Context, arguments: Arguments) -> PullRequest:
    """Find a pull request by number."""
    demand(context, source, "pull_requests")
    number = arguments["number"]
    if number not in source.pulls:
        raise not_found(f"Could not resolve to a PullRequest with the number of {number}.")
    return source.pulls[number]


def _known(context: Context, pull: PullRequest) -> bool:
    return pull.state == "open" and pull_refs.computed(context.world, pull)


@field("PullRequest.mergeStateStatus")
def merge_state(source: PullRequest, context: Context, _arguments: Arguments) -> str:
    """Return whether it can be merged now; UNKNOWN at first."""
    known = _known(context, source)
    return merging.merge_state(context.world, source).upper() if known else "UNKNOWN"


@field("PullRequest.mergeable")
def mergeable(source: PullRequest, context: Context, _arguments: Arguments) -> str:
    """Return whether head and base conflict; UNKNOWN at first."""
    if not _known(context, source):
        return "UNKNOWN"
    return "MERGEABLE" if merging.mergeable(source) else "CONFLICTING"


def _potential_merge(pull: PullRequest) -> CommitNode | None:
    oid = pull_refs.merge_commit(pull) if pull.state == "open" else None
    return commit_node(pull.repository, oid) if oid else None


def _head_ref(pull: PullRequest) -> RefNode | None:
    return None if pull.source.deleted else ref_node(pull.source, f"refs/heads/{pull.head}")


def _commits(pull: PullRequest) -> Connection:
    repository = pull.repository
    ahead = repository.history.compare(merging.base_seen(pull), pull.head_oid).ahead
    commits = [commit_node(repository, oid) for oid in ahead]
    return Connection(items=[Payload({"commit": commit}) for commit in commits])


def _changes(pull: PullRequest) -> list[Any]:
    history = pull.repository.history
    fork = history.merge_base(merging.base_seen(pull), pull.head_oid)
    return list(history.changes(fork, pull.head_oid)) if fork else []


def _file(change: Any) -> Payload:
    kind = {"removed": "DELETED"}.get(change.status, change.status.upper())
    told = {"path": change.path, "additions": change.additions, "deletions": change.deletions}
    return Payload({**told, "changeType": kind})


def _auto_merge(pull: PullRequest) -> Payload | None:
    standing = pull.auto_merge
    if standing is None:
        return None
    return Payload(
        {
            "mergeMethod": standing.order.method.upper(),
            "enabledBy": standing.by.account,
            "enabledAt": stamp(standing.enabled_at),
            "commitHeadline": standing.order.headline,
            "commitBody": standing.order.body,
            "pullRequest": pull,
        }
    )


plain(
    "PullRequest",
    {
        "id": lambda p: node_id("PR", p.repository.id, p.number),
        "databaseId": lambda p: p.id,
        "fullDatabaseId": lambda p: str(p.id),
        "number": lambda p: p.number,
        "milestone": lambda _p: None,
        "reactionGroups": lambda _p: [],
        "projectItems": lambda _p: Connection(items=[]),
        "projectCards": lambda _p: Connection(items=[]),
        "closingIssuesReferences": lambda _p: Connection(items=[]),
        "title": lambda p: p.title,
        "body": lambda p: p.body or "",
        "state": state,
        "closed": lambda p: p.state == "closed",
        "merged": lambda p: p.merged_at is not None,
        "isDraft": lambda p: p.draft,
        "locked": lambda _p: False,
        "isCrossRepository": lambda p: p.cross,
        "maintainerCanModify": lambda _p: False,
        "author": lambda p: p.author,
        "mergedBy": lambda p: p.merged_by,
        "createdAt": lambda p: stamp(p.created_at),
        "updatedAt": lambda p: stamp(p.updated_at),
        "closedAt": lambda p: stamp(p.closed_at),
        "mergedAt": lambda p: stamp(p.merged_at),
        "headRefName": lambda p: p.head,
        "headRefOid": lambda p: p.head_oid,
        "headRef": _head_ref,
        "headRepository": lambda p: None if p.source.deleted else p.source,
        "headRepositoryOwner": lambda p: p.source.owner,
        "baseRefName": lambda p: p.base,
        "baseRefOid": merging.base_seen,
        "baseRef": lambda p: ref_node(p.repository, f"refs/heads/{p.base}"),
        "baseRepository": lambda p: p.repository,
        "repository": lambda p: p.repository,
        "mergeCommit": lambda p: commit_node(p.repository, p.merge_oid) if p.merge_oid else None,
        "potentialMergeCommit": _potential_merge,
        "labels": lambda p: Connection(items=p.labels),
        "assignees": lambda p: Connection(items=p.assignees),
        "commits": _commits,
        "files": lambda p: Connection(items=[_file(change) for change in _changes(p)]),
        "changedFiles": lambda p: len(_changes(p)),
        "additions": lambda p: sum(change.additions for change in _changes(p)),
        "deletions": lambda p: sum(change.deletions for change in _changes(p)),
        "autoMergeRequest": _auto_merge,
    },
)


@field("PullRequest.url")
def pull_url(source: PullRequest, context: Context, _arguments: Arguments) -> str:
    """Return the web address."""
    return f"{web(context.world, source.repository)}/pull/{source.number}"
