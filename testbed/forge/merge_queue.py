"""Merge queues (documentation "Managing a merge queue" and of the rule `merge_queue`).

In a test:

    repository.ruleset("main", required_statuses=("ci",), merge_queue=MergeQueueRule(build=3))
    entry = repository.enqueue(7, by="bob")             # or GraphQL enqueuePullRequest
    repository.status(entry.oid, "ci")                  # statuses count on the group's commit
    forge.advance_clock(3600)                           # the queue's timeout evicts

Each entry has a branch `gh-readonly-queue/BASE/pr-N-SHA` on top of the entry before it, and an
event `merge_group` asks for its checks. What fails, times out, conflicts, or whose head, base or
state changes leaves the queue, and those behind are built again. The pull request's own statuses
decide who may enter, the group's who is merged; method and message are the queue's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from testbed.forge import checks, merging, pulls, refs, requirements
from testbed.forge.actors import Actor
from testbed.forge.errors import conflict, invalid
from testbed.forge.events import Event
from testbed.forge.git.store import ABSENT, RefUpdate
from testbed.forge.model import Happening, MergeOrder, PullRequest, Repository
from testbed.forge.rulesets import MergeQueueRule
from testbed.forge.world import World

BOT = "github-merge-queue[bot]"
PREFIX = "gh-readonly-queue/"
_PENDING = frozenset({"pending", "expected"})


@dataclass(kw_only=True)
class QueueEntry:
    """A pull request in a queue; `oid` is its group's commit, on top of `base_oid`."""

    id: int
    pull: PullRequest
    head_oid: str
    by: Actor
    at: datetime
    jump: bool = False
    base_oid: str = ""
    oid: str = ""
    ref: str = ""
    asked_at: datetime | None = None
    state: str = "QUEUED"


@dataclass(kw_only=True)
class MergeQueue:
    """The queue of a branch; `busy` while it settles, so that its own events do not wake it."""

    id: int
    repository: Repository
    branch: str
    entries: list[QueueEntry] = field(default_factory=list)
    busy: bool = False

    @property
    def rule(self) -> MergeQueueRule | None:
        """How it works; None once no ruleset asks for a queue."""
        return rule_of(self.repository, self.branch)


def rule_of(repository: Repository, branch: str) -> MergeQueueRule | None:
    """Return the merge queue that a branch's rules ask for."""
    found = (rule.merge_queue for rule in repository.protected_by(branch))
    return next((rule for rule in found if rule), None)


def queue_of(world: World, repository: Repository, branch: str) -> MergeQueue | None:
    """Find a branch's queue; None without a rule."""
    if rule_of(repository, branch) is None:
        return None
    with repository.lock:
        if branch not in repository.queues:
            made = MergeQueue(id=world.next_id(), repository=repository, branch=branch)
            repository.queues[branch] = made
        return repository.queues[branch]


def entry_of(pull: PullRequest) -> QueueEntry | None:
    """Find a pull request's entry."""
    queue = pull.repository.queues.get(pull.base)
    return next((e for e in queue.entries if e.pull is pull), None) if queue else None


def enqueue(
    world: World,
    pull: PullRequest,
    actor: Actor,
    *,
    expected: str | None = None,
    jump: bool = False,
) -> QueueEntry:
    """Put a pull request into its base's queue.

    Raises:
        ApiError: no queue, it is there already, closed, a draft, in conflict, its head is not
            `expected`, or something that its base requires is missing.
    """
    with pull.repository.lock:
        queue = queue_of(world, pull.repository, pull.base)
        if queue is None:
            raise invalid("Pull request Merge queue is not enabled for this branch")
        if expected is not None and expected != pull.head_oid:
            raise conflict("Head sha didn't match expected head sha")
        _demand_ready(world, pull)
        entry = QueueEntry(
            id=world.next_id(),
            pull=pull,
            head_oid=pull.head_oid,
            by=actor,
            at=world.now(),
            jump=jump,
        )
        queue.entries.insert(0 if jump else len(queue.entries), entry)
        _note(world, pull, actor)
        pulls.tell(world, pull, actor, "enqueued")
        settle(world, queue)
        return entry


def _demand_ready(world: World, pull: PullRequest) -> None:
    if entry_of(pull):
        raise invalid("Pull request is already in the queue")
    if pull.state != "open" or pull.draft:
        raise invalid("Pull request is a draft" if pull.draft else "Pull request is closed")
    if not merging.mergeable(pull):
        raise invalid("Pull request Pull request is in dirty status")
    for missing in requirements.blockers(world, pull):
        raise invalid(f"Pull request {missing}".strip())


def dequeue(world: World, pull: PullRequest, actor: Actor) -> QueueEntry:
    """Take a pull request out.

    Raises:
        ApiError: it is not in a queue.
    """
    with pull.repository.lock:
        entry, queue = entry_of(pull), pull.repository.queues.get(pull.base)
        if entry is None or queue is None:
            raise invalid("Pull request is not in the merge queue")
        _remove(world, queue, entry, "manual", actor)
        settle(world, queue)
        return entry


def settle_all(world: World, repository: Repository) -> None:
    """Bring a repository's queues up to date: after an event, or when time has passed."""
    with repository.lock:
        for queue in list(repository.queues.values()):
            settle(world, queue)


def settle(world: World, queue: MergeQueue) -> None:
    """Evict, build and merge until nothing changes."""
    if queue.busy:
        return
    queue.busy = True
    try:
        while _evicted(world, queue) or _built(world, queue) or _merged(world, queue):
            pass
    finally:
        queue.busy = False


def _evicted(world: World, queue: MergeQueue) -> bool:
    """Take out the first entry that may not stay."""
    for entry in queue.entries:
        if reason := _reason(world, queue, entry):
            entry.state = "UNMERGEABLE"
            bot = Actor(account=world.account(BOT), kind="app")
            _remove(world, queue, entry, reason, bot)
            return True
    return False


def _reason(world: World, queue: MergeQueue, entry: QueueEntry) -> str:
    pull, rule = entry.pull, queue.rule
    if rule is None:
        return "queue_cleared"
    if pull.state != "open" or pull.draft or pull.base != queue.branch:
        return "pull_request_closed"
    if pull.head_oid != entry.head_oid:
        return "new_commits_pushed"
    if not entry.oid:
        return ""
    if _failed(queue, entry):
        return "failed_checks"
    waited = world.now() - (entry.asked_at or entry.at)
    late = waited >= timedelta(minutes=rule.timeout_minutes) and not _passed(queue, entry)
    return "checks_timed_out" if late else ""


def _failed(queue: MergeQueue, entry: QueueEntry) -> bool:
    """Return whether something required has failed for good on the group's commit."""
    repository = queue.repository
    for rule in repository.protected_by(queue.branch):
        for required in rule.statuses():
            app, name = required.app_id, required.context
            states = [
                status.state
                for status in repository.statuses.get(entry.oid, [])
                if status.context == name and app in {None, status.creator.app_id}
            ]
            runs = checks.latest(repository.checks.get(entry.oid, []))
            ended = [
                run.conclusion
                for run in runs
                if run.name == name and app in {None, run.app.app_id} and run.conclusion
            ]
            bad = bool(states) and states[-1] not in {"success", *_PENDING}
            if bad or any(conclusion not in checks.PASSING for conclusion in ended):
                return True
    return False


def _passed(queue: MergeQueue, entry: QueueEntry) -> bool:
    repository = queue.repository
    return bool(entry.oid) and all(
        requirements.passed(repository, entry.oid, required)
        for rule in repository.protected_by(queue.branch)
        for required in rule.statuses()
    )


def _built(world: World, queue: MergeQueue) -> bool:
    """Build the first group that is missing, or stands on something that has moved."""
    rule = queue.rule
    base = pulls.branch_tip(queue.repository, queue.branch)
    if rule is None or base is None:
        return False
    for entry in queue.entries[: max(rule.build, 1)]:
        if entry.base_oid != base:
            _build(world, queue, entry, rule, base)
            return True
        base = entry.oid
    for entry in queue.entries[: max(rule.build, 1)]:
        entry.state = "MERGEABLE" if _passed(queue, entry) else "AWAITING_CHECKS"
    return False


def _build(
    world: World, queue: MergeQueue, entry: QueueEntry, rule: MergeQueueRule, base: str
) -> None:
    bot = Actor(account=world.account(BOT), kind="app")
    _drop_group(world, queue, entry)
    oid = merging.merged_commit(world, entry.pull, bot, MergeOrder(method=rule.method), base)
    if oid is None:
        entry.state = "UNMERGEABLE"
        _remove(world, queue, entry, "merge_conflict", bot)
        return
    entry.base_oid, entry.oid, entry.asked_at = base, oid, world.now()
    entry.ref = f"refs/heads/{PREFIX}{queue.branch}/pr-{entry.pull.number}-{base}"
    update = RefUpdate(ref=entry.ref, new=oid, old=ABSENT)
    refs.move(world, queue.repository, bot, [update], bypass=True)
    _group_event(world, queue, entry, "checks_requested")


def _drop_group(world: World, queue: MergeQueue, entry: QueueEntry) -> None:
    if not entry.ref:
        return
    bot = Actor(account=world.account(BOT), kind="app")
    update = RefUpdate(ref=entry.ref, new=ABSENT, old=entry.oid)
    refs.move(world, queue.repository, bot, [update], bypass=True)
    _group_event(world, queue, entry, "destroyed")
    entry.ref = entry.oid = entry.base_oid = ""


def _group_event(world: World, queue: MergeQueue, entry: QueueEntry, action: str) -> None:
    world.emit(
        Event(
            name="merge_group",
            action=action,
            repository=queue.repository.full_name,
            actor=BOT,
            token_kind="app",  # noqa: S106 - a kind
            ref=entry.ref,
            oid=entry.oid,
            payload={
                "head_ref": entry.ref,
                "head_sha": entry.oid,
                "base_ref": f"refs/heads/{queue.branch}",
                "base_sha": entry.base_oid,
                "base": queue.branch,
            },
        )
    )


def _merged(world: World, queue: MergeQueue) -> bool:
    """Merge the entries at the front that may go, once there are enough or time is up."""
    rule = queue.rule
    if rule is None or not queue.entries:
        return False
    ready = _ready(queue, rule)[: max(rule.maximum, 1)]
    waited = world.now() - queue.entries[0].at
    enough = len(ready) >= rule.minimum or waited >= timedelta(minutes=rule.wait_minutes)
    if not ready or not enough:
        return False
    repository, last = queue.repository, ready[-1]
    bot = Actor(account=world.account(BOT), kind="app")
    tip = pulls.branch_tip(repository, queue.branch)
    update = RefUpdate(ref=f"refs/heads/{queue.branch}", new=last.oid, old=tip)
    repository.git.update_refs([update])
    for entry in ready:
        entry.pull.base_oid = entry.base_oid
        pulls.mark_merged(world, entry.pull, entry.by, entry.oid)
    refs.moved(world, repository, bot, update, merged="merge_queue_merge")
    for entry in ready:
        queue.entries.remove(entry)
        _drop_group(world, queue, entry)
    return True


def _ready(queue: MergeQueue, rule: MergeQueueRule) -> list[QueueEntry]:
    """The entries at the front that passed; with HEADGREEN one vouches for those before it."""
    built = [entry for entry in queue.entries if entry.oid]
    passed = [_passed(queue, entry) for entry in built]
    if rule.strategy == "HEADGREEN":
        last = max((at for at, good in enumerate(passed) if good), default=-1)
        return built[: last + 1]
    count = passed.index(False) if False in passed else len(passed)
    return built[:count]


def _remove(world: World, queue: MergeQueue, entry: QueueEntry, reason: str, actor: Actor) -> None:
    queue.entries.remove(entry)
    _drop_group(world, queue, entry)
    _note(world, entry.pull, actor, reason)
    pulls.tell(world, entry.pull, actor, "dequeued")


def _note(world: World, pull: PullRequest, actor: Actor, reason: str = "") -> None:
    happening = Happening(
        kind="RemovedFromMergeQueueEvent" if reason else "AddedToMergeQueueEvent",
        actor=actor.account,
        at=world.now(),
        branch=pull.base,
        reason=reason,
    )
    pull.timeline.append(happening)


def watch(world: World, event: Event) -> None:
    """Wake the queues of the repository in which something happened."""
    repository = world.repositories.get(event.repository.lower())
    if repository and repository.queues:
        settle_all(world, repository)
