"""The life of a pull request: opened, moved, closed, reopened."""

from __future__ import annotations

from testbed.forge import reviews
from testbed.forge.actors import Actor
from testbed.forge.errors import ApiError, invalid
from testbed.forge.events import Event
from testbed.forge.git.store import ABSENT, RefUpdate
from testbed.forge.model import EventKind, Happening, Proposal, PullRequest, Repository
from testbed.forge.world import World


def tell(world: World, pull: PullRequest, actor: Actor, action: str) -> None:
    """Record a pull_request event."""
    world.emit(
        Event(
            name="pull_request",
            action=action,
            repository=pull.repository.full_name,
            actor=actor.login,
            token_kind=actor.kind,
            ref=f"refs/pull/{pull.number}/merge",
            oid=pull.head_oid,
            payload={
                "number": pull.number,
                "head": pull.head,
                "base": pull.base,
                "fork": pull.cross,
            },
        )
    )


def find(repository: Repository, number: int) -> PullRequest:
    """Return a pull request by number.

    Raises:
        ApiError: 404, there is none.
    """
    pull = repository.pulls.get(number)
    if pull is None:
        raise ApiError(status=404, message="Not Found", kind="NOT_FOUND")
    return pull


def branch_tip(repository: Repository, branch: str) -> str | None:
    """Return the commit at a branch's tip."""
    return repository.git.ref(f"refs/heads/{branch}")


def create(world: World, repository: Repository, actor: Actor, proposal: Proposal) -> PullRequest:
    """Open a pull request.

    Raises:
        ApiError: 422 with GitHub's reason: bad head or base, no commits between, one exists.
    """
    owner, _, branch = proposal.head.rpartition(":")
    base = proposal.base
    with repository.lock:
        source = _source(repository, owner)
        head_oid = branch_tip(source, branch) if source else None
        base_oid = branch_tip(repository, base)
        if source is None or head_oid is None:
            raise _refused(field="head")
        if base_oid is None:
            raise _refused(field="base")
        _bring(source, repository, head_oid)
        if not repository.history.compare(base_oid, head_oid).ahead:
            raise _refused(message=f"No commits between {base} and {branch}")
        _refuse_second(repository, source, branch, base)
        now = world.now()
        number = repository.next_number()
        pull = PullRequest(
            id=world.next_id(),
            number=number,
            repository=repository,
            source=source,
            title=proposal.title,
            body=proposal.body,
            head=branch,
            base=base,
            head_oid=head_oid,
            base_oid=base_oid,
            author=actor.account,
            created_at=now,
            updated_at=now,
            draft=proposal.draft,
        )
        repository.pulls[number] = pull
        tell(world, pull, actor, "opened")
        return pull


def _source(repository: Repository, owner: str) -> Repository | None:
    """Return the repository that an OWNER:BRANCH is in: this one, or the owner's fork of it."""
    for found in (repository, *repository.forks):
        if owner.lower() in {"", found.owner.login.lower()} and not found.deleted:
            return found
    return None


def _bring(source: Repository, repository: Repository, oid: str) -> None:
    """Bring a fork's commit into the repository, where GitHub has both in one network."""
    if source is not repository:
        quiet = ("--quiet", "--no-tags", "--no-write-fetch-head")
        repository.git.run("fetch", *quiet, str(source.git.path), oid)


def _refuse_second(repository: Repository, source: Repository, head: str, base: str) -> None:
    for pull in repository.pulls.values():
        same = pull.source is source and (pull.head, pull.base) == (head, base)
        if same and pull.state == "open":
            raise _refused(message=f"A pull request already exists for {pull.label}.")


def _refused(*, field: str = "", message: str = "") -> ApiError:
    error = {"resource": "PullRequest", "code": "custom" if message else "invalid"}
    error |= {"message": message} if message else {"field": field}
    return invalid("Validation Failed", **error)


def close(world: World, pull: PullRequest, actor: Actor) -> None:
    """Close it unmerged."""
    if pull.closed_at:
        return
    pull.closed_at = pull.updated_at = world.now()
    pull.closed_by, pull.auto_merge = actor.account, None
    pull.base_oid = branch_tip(pull.repository, pull.base) or pull.base_oid
    _note(world, pull, actor, "ClosedEvent")
    tell(world, pull, actor, "closed")


def _note(world: World, pull: PullRequest, actor: Actor, kind: EventKind) -> None:
    happening = Happening(kind=kind, actor=actor.account, at=world.now(), branch=pull.head)
    pull.timeline.append(happening)


def reopen(world: World, pull: PullRequest, actor: Actor) -> None:
    """Open it again.

    Raises:
        ApiError: 422, it is merged, its branch is gone or rewritten, or another one is open.
    """
    if pull.state == "open":
        return
    repository = pull.repository
    tip = None if pull.source.deleted else branch_tip(pull.source, pull.head)
    base = branch_tip(repository, pull.base)
    if pull.merged_at:
        raise _refused(message="Cannot reopen a merged pull request")
    if tip is None or base is None:
        raise _refused(message=f"state cannot be changed. The {pull.head} branch has been deleted.")
    _bring(pull.source, repository, tip)
    if not repository.history.is_ancestor(pull.head_oid, tip):
        text = f"state cannot be changed. The {pull.head} branch was force-pushed or recreated."
        raise _refused(message=text)
    if not repository.history.compare(base, tip).ahead:
        raise _refused(
            message=f"state cannot be changed. There are no new commits on the {pull.head} branch."
        )
    _refuse_second(repository, pull.source, pull.head, pull.base)
    pull.closed_at, pull.closed_by = None, None
    pull.head_oid, pull.base_oid, pull.updated_at = tip, base, world.now()
    _note(world, pull, actor, "ReopenedEvent")
    tell(world, pull, actor, "reopened")


def head_moved(
    world: World, repository: Repository, actor: Actor, branch: str, new: str | None
) -> None:
    """Follow a head branch: closed when it is gone or brings nothing over base any more."""
    for target in (repository, *([repository.parent] if repository.parent else [])):
        for pull in list(target.pulls.values()):
            if pull.source is repository and pull.head == branch:
                _follow(world, pull, actor, new)


def _follow(world: World, pull: PullRequest, actor: Actor, new: str | None) -> None:
    if new is None:
        _note(world, pull, actor, "HeadRefDeletedEvent")
        close(world, pull, actor)
        return
    if pull.state != "open":
        return
    base = branch_tip(pull.repository, pull.base)
    _bring(pull.source, pull.repository, new)
    before = pull.head_oid
    pull.head_oid, pull.updated_at = new, world.now()
    if base and _dismisses_stale(pull) and _differs(pull.repository, base, before, new):
        reviews.dismiss_stale(world, pull)
    if base and pull.repository.history.is_ancestor(new, base):
        close(world, pull, actor)
    else:
        tell(world, pull, actor, "synchronize")


def _dismisses_stale(pull: PullRequest) -> bool:
    return any(rule.dismiss_stale for rule in pull.repository.protected_by(pull.base))


def _differs(repository: Repository, base: str, old: str, new: str) -> bool:
    """Return whether a push changed the diff, which merging the base into the head does not."""
    history = repository.history
    diffs = []
    for head in (old, new):
        fork = history.merge_base(base, head)
        changes = history.changes(fork, head) if fork else ()
        diffs.append({(change.path, change.status, change.oid) for change in changes})
    return diffs[0] != diffs[1]


def base_moved(world: World, repository: Repository, actor: Actor, update: RefUpdate) -> None:
    """Follow a base branch: a pull request whose head is in it now counts as merged."""
    branch = update.ref.removeprefix("refs/heads/")
    old = None if update.old in {None, ABSENT} else update.old
    new = None if update.new == ABSENT else update.new
    concerned = [pull for pull in _open(repository) if pull.base == branch]
    if not concerned:
        return
    arrived = repository.history.new_commits(old, new) if new else frozenset()
    for pull in concerned:
        if new is None:
            close(world, pull, actor)
        elif pull.head_oid in arrived:
            pull.base_oid = old or pull.base_oid
            mark_merged(world, pull, actor, pull.head_oid)


def mark_merged(world: World, pull: PullRequest, actor: Actor, merge_oid: str) -> None:
    """Record that it is merged."""
    pull.closed_at = pull.merged_at = pull.updated_at = world.now()
    pull.merged_by = pull.closed_by = actor.account
    pull.merge_oid, pull.auto_merge = merge_oid, None
    _note(world, pull, actor, "MergedEvent")
    _note(world, pull, actor, "ClosedEvent")
    tell(world, pull, actor, "closed")


def _open(repository: Repository) -> list[PullRequest]:
    return [pull for pull in repository.pulls.values() if pull.state == "open"]
