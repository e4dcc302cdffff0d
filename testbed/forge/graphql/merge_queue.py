"""Merge queues: their entries, and the mutations that put pull requests in and take them out.

An App needs the right `merge_queues`, which the job's own token can never have.
"""

from __future__ import annotations

from testbed.forge import merge_queue
from testbed.forge.errors import not_found
from testbed.forge.graphql.connections import Connection, Payload
from testbed.forge.graphql.fields import Arguments, Context, field, named, plain
from testbed.forge.graphql.nodes import by_id, commit_node
from testbed.forge.graphql.query import demand
from testbed.forge.graphql.ref_mutations import payload
from testbed.forge.merge_queue import MergeQueue, QueueEntry
from testbed.forge.model import PullRequest, Repository
from testbed.forge.rest.views import node_id, stamp, web

named(MergeQueue, "MergeQueue")
named(QueueEntry, "MergeQueueEntry")


def _queue(entry: QueueEntry) -> MergeQueue:
    queue: MergeQueue = entry.pull.repository.queues[entry.pull.base]
    return queue


def _position(entry: QueueEntry) -> int:
    entries = _queue(entry).entries
    return entries.index(entry) + 1 if entry in entries else 0


def _configuration(queue: MergeQueue) -> Payload | None:
    rule = queue.rule
    if rule is None:
        return None
    return Payload(
        {
            "checkResponseTimeout": rule.timeout_minutes,
            "maximumEntriesToBuild": rule.build,
            "maximumEntriesToMerge": rule.maximum,
            "mergeMethod": rule.method.upper(),
            "mergingStrategy": rule.strategy,
            "minimumEntriesToMerge": rule.minimum,
            "minimumEntriesToMergeWaitTime": rule.wait_minutes,
        }
    )


plain(
    "MergeQueue",
    {
        "id": lambda q: node_id("MQ", q.id),
        "repository": lambda q: q.repository,
        "entries": lambda q: Connection(items=list(q.entries)),
        "configuration": _configuration,
        "nextEntryEstimatedTimeToMerge": lambda _q: None,
    },
)
plain(
    "MergeQueueEntry",
    {
        "id": lambda e: node_id("MQE", e.id),
        "pullRequest": lambda e: e.pull,
        "mergeQueue": _queue,
        "position": _position,
        "state": lambda e: e.state,
        "jump": lambda e: e.jump,
        "solo": lambda _e: False,
        "enqueuedAt": lambda e: stamp(e.at),
        "enqueuer": lambda e: e.by.account,
        "estimatedTimeToMerge": lambda _e: None,
        "headCommit": lambda e: commit_node(e.pull.repository, e.oid) if e.oid else None,
        "baseCommit": lambda e: commit_node(e.pull.repository, e.base_oid) if e.oid else None,
    },
)


@field("MergeQueue.url")
def url(source: MergeQueue, context: Context, _arguments: Arguments) -> str:
    """Return the web address."""
    return f"{web(context.world, source.repository)}/queue/{source.branch}"


@field("Repository.mergeQueue", "branch")
def of_repository(source: Repository, context: Context, arguments: Arguments) -> MergeQueue | None:
    """Return the queue of a branch, the default one unless another is named."""
    demand(context, source, "merge_queues")
    branch = arguments.get("branch") or source.default_branch
    return merge_queue.queue_of(context.world, source, branch)


@field("PullRequest.mergeQueue")
def of_pull(source: PullRequest, context: Context, _arguments: Arguments) -> MergeQueue | None:
    """Return the queue of a pull request's base."""
    return merge_queue.queue_of(context.world, source.repository, source.base)


@field("PullRequest.mergeQueueEntry")
def entry_of(source: PullRequest, _context: Context, _arguments: Arguments) -> QueueEntry | None:
    """Return a pull request's entry."""
    return merge_queue.entry_of(source)


@field("PullRequest.isInMergeQueue")
def is_in_queue(source: PullRequest, _context: Context, _arguments: Arguments) -> bool:
    """Return whether a pull request waits in a queue."""
    return merge_queue.entry_of(source) is not None


@field("PullRequest.isMergeQueueEnabled")
def is_enabled(source: PullRequest, _context: Context, _arguments: Arguments) -> bool:
    """Return whether a pull request's base has a queue."""
    return merge_queue.rule_of(source.repository, source.base) is not None


def _pull(context: Context, identifier: str) -> PullRequest:
    found = by_id(context, identifier)
    if not isinstance(found, PullRequest):
        raise not_found("Could not resolve to a PullRequest")
    for area in ("contents", "merge_queues"):
        demand(context, found.repository, area, "write")
    return found


@field("Mutation.enqueuePullRequest", "input")
def enqueue(_source: object, context: Context, arguments: Arguments) -> Payload:
    """Put a pull request into its base's queue."""
    given = arguments["input"]
    entry = merge_queue.enqueue(
        context.world,
        _pull(context, given["pullRequestId"]),
        context.actor,
        expected=given.get("expectedHeadOid"),
        jump=bool(given.get("jump")),
    )
    return payload(given, mergeQueueEntry=entry)


@field("Mutation.dequeuePullRequest", "input")
def dequeue(_source: object, context: Context, arguments: Arguments) -> Payload:
    """Take a pull request out of its queue."""
    given = arguments["input"]
    entry = merge_queue.dequeue(context.world, _pull(context, given["id"]), context.actor)
    return payload(given, mergeQueueEntry=entry)
