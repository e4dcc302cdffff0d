"""What protections and rulesets still ask for before a merge, and which moves of refs they refuse.

The words are GitHub's: a classic protection gives its reason alone, a ruleset under "Repository
rule violations found".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from testbed.forge import access, checks, codeowners, pulls, reviews
from testbed.forge.actors import Actor
from testbed.forge.git.store import ABSENT, RefUpdate
from testbed.forge.model import PullRequest, Repository
from testbed.forge.records import Review
from testbed.forge.rulesets import Bypass, Protection, RequiredStatus, matches
from testbed.forge.world import World

_THROUGH = "Changes must be made through a pull request."
_DENIED_METHODS = {
    "merge": "Merge commits are not allowed on this repository.",
    "squash": "Squash merges are not allowed on this repository.",
    "rebase": "Rebase merges are not allowed on this repository.",
}


def bypass_mode(
    world: World, repository: Repository, rule: Protection, actor: Actor | None
) -> str | None:
    """Return how an actor may go around a rule, None when not at all."""
    if actor is None:
        return None
    modes = [b.mode for b in rule.bypasses() if _is(world, repository, b, actor)]
    return next((mode for mode in ("exempt", "always", "pull_request") if mode in modes), None)


def _is(world: World, repository: Repository, bypass: Bypass, actor: Actor) -> bool:
    kind, _, name = bypass.actor.rpartition(":")
    if kind == "role":
        return access.role(world, repository, actor.account) == name
    if kind == "team":
        found = access.teams(world, repository)
        return any(t.slug == name and actor.login in t.all_members() for t in found)
    return bypass.actor == actor.login


def blockers(world: World, pull: PullRequest, actor: Actor | None = None) -> list[str]:
    """Say what is missing before a merge; what the actor may bypass is left out."""
    repository, found = pull.repository, []
    for rule in repository.protected_by(pull.base):
        if bypass_mode(world, repository, rule, actor) is None:
            found += [rule.said(reason) for reason in _missing(world, pull, rule)]
    return found


def _missing(world: World, pull: PullRequest, rule: Protection) -> Iterator[str]:
    repository = pull.repository
    for required in rule.statuses():
        if not passed(repository, pull.head_oid, required):
            yield f'Required status check "{required.context}" is expected.'
    queued = any(its.merge_queue for its in repository.protected_by(pull.base))
    if rule.strict and rule.required_statuses and not queued and behind(pull):
        yield "Head branch is out of date. Update the branch and try the merge again."
    yield from _missing_reviews(world, pull, rule)
    if rule.restrict_updates:
        yield "Cannot update this protected ref."


def _missing_reviews(world: World, pull: PullRequest, rule: Protection) -> Iterator[str]:
    approved = reviews.approvals(world, pull)
    asked = bool(rule.required_reviews or rule.code_owners)
    if asked and (requested := len(reviews.change_requests(world, pull))):
        yield f"{requested} review requesting changes by reviewers with write access."
    if len(approved) < rule.required_reviews:
        text = f"At least {rule.required_reviews} approving review is required by reviewers "
        yield text + "with write access."
    logins = {review.author.login for review in approved}
    paths = changed_paths(pull)
    if rule.code_owners:
        for owner in codeowners.owners(world, pull.repository, pull.base, paths):
            if not any(codeowners.belongs(world, pull, owner, login) for login in logins):
                yield f"Waiting on code owner review from {owner}."
    for wanted in rule.required_reviewers:
        if not any(matches(p, path) for p in wanted.patterns for path in paths):
            continue
        teams = [t for t in access.teams(world, pull.repository) if t.slug == wanted.team]
        members = {login for team in teams for login in team.all_members()}
        if len(logins & members) < wanted.minimum:
            yield f"At least {wanted.minimum} approving review is required by {wanted.team}."
    if rule.last_push_approval and not _last_push_approved(pull, approved):
        yield "New changes require approval from someone other than the last pusher."


def _last_push_approved(pull: PullRequest, approved: list[Review]) -> bool:
    ref = f"refs/heads/{pull.head}"
    moves = [move for move in pull.source.activity if move.ref == ref]
    if not moves:
        return False
    last = moves[-1]
    pusher = last.actor.id if last.actor else None
    return any(
        review.author.id != pusher and review.commit_oid == pull.head_oid for review in approved
    )


def changed_paths(pull: PullRequest) -> set[str]:
    """The files that a pull request changes, former names of renamed ones included."""
    history = pull.repository.history
    tip = pulls.branch_tip(pull.repository, pull.base) or pull.base_oid
    fork = history.merge_base(tip, pull.head_oid)
    found = history.changes(fork, pull.head_oid) if fork else ()
    return {path for change in found for path in (change.path, change.previous) if path}


def behind(pull: PullRequest) -> bool:
    """Return whether the base has commits that the head lacks."""
    tip = pulls.branch_tip(pull.repository, pull.base) or pull.base_oid
    return not pull.repository.history.is_ancestor(tip, pull.head_oid)


def passed(repository: Repository, oid: str, required: RequiredStatus) -> bool:
    """Return whether a required status or check passes; of a pinned one only its App's counts."""
    app, context = required.app_id, required.context
    statuses = [
        status
        for status in repository.statuses.get(oid, [])
        if status.context == context and app in {None, status.creator.app_id}
    ]
    runs = [
        run
        for run in checks.latest(repository.checks.get(oid, []))
        if run.name == context and app in {None, run.app.app_id}
    ]
    results = [status.state == "success" for status in statuses[-1:]]
    results += [run.conclusion in checks.PASSING for run in runs]
    return bool(results) and all(results)


def denied_method(repository: Repository, base: str, method: str) -> str | None:
    """Return why a merge method may not be used, None when it may."""
    if method not in repository.merge_methods:
        return _DENIED_METHODS[method]
    for rule in repository.protected_by(base):
        if method not in rule.merge_methods:
            return rule.said(f"This branch does not allow the merge method {method}.")
    return None


def refused(world: World, repository: Repository, actor: Actor, update: RefUpdate) -> str | None:
    """Return why an actor may not move a branch directly, None when it may."""
    branch = update.ref.removeprefix("refs/heads/")
    old = repository.git.ref(update.ref)
    if update.new == ABSENT and branch == repository.default_branch:
        return "Cannot delete the default branch"
    for rule in repository.protected_by(branch):
        if bypass_mode(world, repository, rule, actor) in {"always", "exempt"}:
            continue
        for reason in _direct(repository, rule, old, update.new):
            return rule.said(f"{reason} ({update.ref})" if rule.via == "ruleset" else reason)
    return None


def forward_only(
    world: World, repository: Repository, actor: Actor, names: Iterable[str]
) -> list[str]:
    """Of these refs, return the branches that an actor may not force-push."""
    found = []
    for ref in names:
        for rule in repository.protected_by(ref.removeprefix("refs/heads/")):
            free = bypass_mode(world, repository, rule, actor) in {"always", "exempt"}
            if rule.block_force_push and not free:
                found.append(ref)
    return found


def _direct(repository: Repository, rule: Protection, old: str | None, new: str) -> Iterator[str]:
    if new == ABSENT:
        if rule.restrict_deletions:
            yield "Cannot delete this branch"
        return
    if old is None:
        if rule.restrict_creations:
            yield "Cannot create ref due to creations being restricted."
        return
    if rule.restrict_updates:
        yield "Cannot update this protected ref."
    if rule.pull_request:
        yield _THROUGH
    known = repository.git.resolve(new) == new
    if rule.block_force_push and known and not repository.history.is_ancestor(old, new):
        yield "Cannot force-push to this branch"
    for required in rule.statuses():
        if not passed(repository, new, required):
            yield f'Required status check "{required.context}" is expected.'
