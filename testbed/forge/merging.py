"""Merging pull requests: what stands in the way, the three methods, and auto-merge."""

from __future__ import annotations

from testbed.forge import (
    checks,
    pull_refs,
    pulls,
    refs,
    requirements,
    reviews,
    workflow_right,
)
from testbed.forge.actors import Actor, signature, web_flow
from testbed.forge.errors import ApiError, conflict, forbidden, invalid
from testbed.forge.events import Event
from testbed.forge.git.objects import Commit, Signature
from testbed.forge.git.store import ABSENT, GitError, RefUpdate
from testbed.forge.model import AutoMerge, MergeOrder, PullRequest, Repository
from testbed.forge.records import Status
from testbed.forge.rulesets import Protection
from testbed.forge.world import World

STATUS_LIMIT = 1000
MERGEABLE = frozenset({"clean", "unstable"})
_NOT_MERGEABLE = "Pull Request is not mergeable"


def base_tip(pull: PullRequest) -> str:
    """Return the tip of the pull request's base branch, or where it was last seen."""
    return pulls.branch_tip(pull.repository, pull.base) or pull.base_oid


def base_seen(pull: PullRequest) -> str:
    """Return the base that the pull request is compared with; after a merge the one before it."""
    return base_tip(pull) if pull.state == "open" else pull.base_oid


def mergeable(pull: PullRequest) -> bool:
    """Return whether head merges into the base's tip without conflicts."""
    return pull_refs.merge_commit(pull) is not None


def review_decision(world: World, pull: PullRequest) -> str | None:
    """Return GraphQL's review decision; None where no reviews are required."""
    rules = pull.repository.protected_by(pull.base)
    needed = max((rule.required_reviews for rule in rules), default=0)
    if not needed and not any(rule.code_owners for rule in rules):
        return None
    if reviews.change_requests(world, pull):
        return "CHANGES_REQUESTED"
    lacking = [r for r in requirements.blockers(world, pull) if "review" in r]
    return "REVIEW_REQUIRED" if lacking else "APPROVED"


def merge_state(world: World, pull: PullRequest) -> str:
    """Return REST's `mergeable_state`."""
    if pull.draft:
        return "draft"
    if not mergeable(pull):
        return "dirty"
    if requirements.blockers(world, pull):
        strict = any(r.strict and r.required_statuses for r in _rules(pull))
        return "behind" if strict and requirements.behind(pull) else "blocked"
    return "unstable" if _unstable(pull) else "clean"


def _rules(pull: PullRequest) -> list[Protection]:
    return pull.repository.protected_by(pull.base)


def _queue_decides(world: World, pull: PullRequest, rule: Protection, actor: Actor) -> bool:
    free = requirements.bypass_mode(world, pull.repository, rule, actor)
    return rule.merge_queue is not None and free is None


def _unstable(pull: PullRequest) -> bool:
    """Return whether something that is not required fails or still runs."""
    repository, oid = pull.repository, pull.head_oid
    latest = {status.context: status.state for status in repository.statuses.get(oid, [])}
    runs = checks.latest(repository.checks.get(oid, []))
    passing = all(run.conclusion in checks.PASSING for run in runs)
    return not passing or any(state != "success" for state in latest.values())


def merge(
    world: World,
    pull: PullRequest,
    actor: Actor,
    order: MergeOrder,
    sha: str | None = None,
) -> str:
    """Merge it and return the base's new tip.

    Raises:
        ApiError: 409, head is not `sha`; 405, it cannot be merged (with GitHub's reason).
    """
    repository = pull.repository
    with repository.lock:
        if sha is not None and sha != pull.head_oid:
            raise conflict("Head branch was modified. Review and try the merge again.")
        if pull.state != "open" or pull.draft:
            raise _refused("Pull Request is still a draft" if pull.draft else _NOT_MERGEABLE)
        for missing in requirements.blockers(world, pull, actor):
            raise _refused(missing)
        if any(_queue_decides(world, pull, rule, actor) for rule in _rules(pull)):
            text = "Changes must be made through the merge queue"
            raise _refused(f"Repository rule violations found\n\n{text}\n\n")
        if denied := requirements.denied_method(repository, pull.base, order.method):
            raise _refused(denied)
        tip = base_tip(pull)
        new = merged_commit(world, pull, actor, order, tip)
        if new is None:
            raise _refused(_NOT_MERGEABLE)
        if denied := workflow_right.merge_refused(repository, actor, tip, new):
            raise forbidden(denied)
        update = RefUpdate(ref=f"refs/heads/{pull.base}", new=new, old=tip)
        try:
            repository.git.update_refs([update])
        except GitError as error:
            raise _refused("Base branch was modified. Review and try the merge again.") from error
        pull.base_oid = tip
        pulls.mark_merged(world, pull, actor, new)
        refs.moved(world, repository, actor, update, merged="pr_merge")
        if repository.delete_branch_on_merge and not pull.cross:
            gone = RefUpdate(ref=f"refs/heads/{pull.head}", new=ABSENT, old=pull.head_oid)
            refs.move(world, repository, actor, [gone], bypass=True)
        return new


def _refused(reason: str) -> ApiError:
    return ApiError(status=405, message=reason)


def merged_commit(
    world: World, pull: PullRequest, actor: Actor, order: MergeOrder, tip: str
) -> str | None:
    """Write what merges a pull request into a commit; None when there are conflicts."""
    repository = pull.repository
    ahead = repository.history.compare(tip, pull.head_oid).ahead
    if order.method == "rebase":
        return repository.history.replay(ahead, tip, signature(world, actor.account))
    tree = repository.history.merge_trees(tip, pull.head_oid)
    if tree is None:
        return None
    if order.method == "squash":
        author, title, text = _squash_text(world, pull, ahead)
        parents: tuple[str, ...] = (tip,)
    else:
        author = signature(world, actor.account)
        origin = pull.label.replace(":", "/", 1)
        title, text = f"Merge pull request #{pull.number} from {origin}", pull.title
        parents = (tip, pull.head_oid)
    title = title if order.headline is None else order.headline
    text = text if order.body is None else order.body
    return repository.git.write_commit(
        Commit(
            oid="",
            tree=tree,
            parents=parents,
            author=author,
            committer=web_flow(world),
            message=f"{title}\n\n{text}".rstrip(),
            signed=True,
        )
    )


def _squash_text(
    world: World, pull: PullRequest, ahead: tuple[str, ...]
) -> tuple[Signature, str, str]:
    """Return author, title and body of a squash commit by GitHub's default settings."""
    commits = [pull.repository.git.commit(oid) for oid in ahead]
    if len(commits) == 1:
        title, _, body = commits[0].message.partition("\n\n")
        return commits[0].author, f"{title} (#{pull.number})", body
    body = "\n\n".join(f"* {commit.message.rstrip()}" for commit in commits)
    return signature(world, pull.author), f"{pull.title} (#{pull.number})", body


def enable_auto_merge(world: World, pull: PullRequest, actor: Actor, order: MergeOrder) -> None:
    """Give the standing order to merge.

    Raises:
        ApiError: 422, not allowed, the base is unprotected, or nothing is left to wait for.
    """
    repository = pull.repository
    if not repository.allow_auto_merge:
        raise invalid("Pull request Auto merge is not allowed for this repository")
    if not repository.protected_by(pull.base):
        raise invalid("Pull request Protected branch rules not configured for this branch")
    if pull.state != "open":
        raise invalid("Pull request is closed")
    if (state := merge_state(world, pull)) in MERGEABLE:
        raise invalid(f"Pull request Pull request is in {state} status")
    pull.auto_merge = AutoMerge(order=order, by=actor, enabled_at=world.now())
    pulls.tell(world, pull, actor, "auto_merge_enabled")


def obey_auto_merge(world: World, pull: PullRequest) -> None:
    """Merge when there is a standing order and nothing is in the way any more."""
    standing = pull.auto_merge
    queued = any(rule.merge_queue for rule in _rules(pull))
    if standing and not queued and pull.state == "open" and merge_state(world, pull) in MERGEABLE:
        merge(world, pull, standing.by, standing.order)


def head_checked(world: World, repository: Repository, oid: str) -> None:
    """Obey standing orders of the pull requests whose head was just checked."""
    for pull in list(repository.pulls.values()):
        if pull.head_oid == oid:
            with repository.lock:
                obey_auto_merge(world, pull)


def add_status(world: World, repository: Repository, status: Status, actor: Actor) -> None:
    """Record a commit status.

    Raises:
        ApiError: 422, the commit has 1,000 of this context.
    """
    with repository.lock:
        known = repository.statuses.setdefault(status.oid, [])
        if sum(s.context == status.context for s in known) >= STATUS_LIMIT:
            text = "This SHA and context has reached the maximum number of statuses."
            raise invalid("Validation Failed", message=text)
        known.append(status)
    world.emit(
        Event(
            name="status",
            repository=repository.full_name,
            actor=actor.login,
            token_kind=actor.kind,
            oid=status.oid,
            payload={"state": status.state, "context": status.context},
        )
    )
    head_checked(world, repository, status.oid)


def update_branch(world: World, pull: PullRequest, actor: Actor) -> None:
    """Merge the base into a pull request's head, as its actor.

    Raises:
        ApiError: 422, there is nothing new on the base, or they conflict.
    """
    if not requirements.behind(pull):
        raise invalid("There are no new commits on the base branch.")
    if merge_branch(world, pull.source, actor, pull.head, base_tip(pull)) is None:
        raise invalid("merge conflict between base and head")


def merge_branch(
    world: World, repository: Repository, actor: Actor, branch: str, other: str
) -> str | None:
    """Merge a commit into a branch and return the new tip; None when they conflict."""
    with repository.lock:
        tip = pulls.branch_tip(repository, branch) or other
        tree = repository.history.merge_trees(tip, other)
        if tree is None:
            return None
        commit = Commit(
            oid="",
            tree=tree,
            parents=(tip, other),
            author=signature(world, actor.account),
            committer=web_flow(world),
            message=f"Merge {other[:7]} into {branch}",
            signed=True,
        )
        new = repository.git.write_commit(commit)
        update = RefUpdate(ref=f"refs/heads/{branch}", new=new, old=tip)
        refs.move(world, repository, actor, [update])
        return new
