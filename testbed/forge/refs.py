"""Moving refs: protection, compare-and-swap, and what follows from a move."""

from __future__ import annotations

from collections.abc import Sequence

from testbed.forge import pull_refs, pulls, requirements, workflow_right
from testbed.forge.actors import Actor
from testbed.forge.errors import ApiError, forbidden, invalid
from testbed.forge.events import Event
from testbed.forge.git.process import GitError
from testbed.forge.git.store import ABSENT, RefUpdate
from testbed.forge.model import Repository
from testbed.forge.records import Activity, ActivityType
from testbed.forge.world import World

_HEADS = "refs/heads/"


def refused(world: World, repository: Repository, actor: Actor, update: RefUpdate) -> str | None:
    """Return why this actor may not move a ref directly, None when it may."""
    if update.ref.startswith(pull_refs.PREFIX):
        return "deny updating a hidden ref"
    if not update.ref.startswith(_HEADS):
        return None
    return requirements.refused(world, repository, actor, update)


def move(
    world: World,
    repository: Repository,
    actor: Actor,
    updates: Sequence[RefUpdate],
    *,
    bypass: bool = False,
) -> None:
    """Move refs, all or none, as this actor.

    Raises:
        ApiError: 422, a protected branch, or a ref is not where it was expected; 403, workflow
            files without the right.
    """
    with repository.lock:
        for update in [] if bypass else updates:
            if reason := refused(world, repository, actor, update):
                raise ApiError(status=422, message=reason, kind="UNPROCESSABLE")
            if reason := workflow_right.refused(repository, actor, update.new):
                raise forbidden(reason)
        before = {update.ref: repository.git.ref(update.ref) for update in updates}
        settled = [
            RefUpdate(ref=u.ref, new=u.new, old=u.old or before[u.ref] or ABSENT) for u in updates
        ]
        try:
            repository.git.update_refs(settled)
        except GitError as error:
            raise invalid("Reference cannot be updated") from error
        for update in settled:
            moved(world, repository, actor, update)


def moved(
    world: World,
    repository: Repository,
    actor: Actor,
    update: RefUpdate,
    *,
    merged: ActivityType | None = None,
) -> None:
    """Do what GitHub does once a ref has moved: events, and the pull requests concerned."""
    old, new = update.old or ABSENT, update.new
    if old == new:
        return
    for name in _event_names(old, new):
        world.emit(
            Event(
                name=name,
                repository=repository.full_name,
                actor=actor.login,
                token_kind=actor.kind,
                ref=update.ref,
                oid=new,
                payload={"before": old, "after": new},
            )
        )
    if update.ref.startswith(_HEADS):
        branch = update.ref.removeprefix(_HEADS)
        with repository.lock:
            kind: ActivityType = merged or _activity_type(repository, old, new)
            repository.activity.append(
                Activity(
                    id=world.next_id(),
                    ref=update.ref,
                    before=old,
                    after=new,
                    kind=kind,
                    actor=actor.account,
                    at=world.now(),
                )
            )
            pulls.head_moved(world, repository, actor, branch, None if new == ABSENT else new)
            pulls.base_moved(world, repository, actor, update)


def _activity_type(repository: Repository, old: str, new: str) -> ActivityType:
    if old == ABSENT:
        return "branch_creation"
    if new == ABSENT:
        return "branch_deletion"
    return "push" if repository.history.is_ancestor(old, new) else "force_push"


def _event_names(old: str, new: str) -> tuple[str, ...]:
    if new == ABSENT:
        return ("push", "delete")
    return ("push", "create") if old == ABSENT else ("push",)
