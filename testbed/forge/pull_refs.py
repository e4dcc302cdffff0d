"""The refs that GitHub keeps of a pull request: `refs/pull/N/head` and `refs/pull/N/merge`.

The second is a test merge of head into the base's tip of now; there is none while they conflict,
nor of a pull request that is closed (documentation of the REST API, "Pulls", `merge_commit_sha`).
Both are brought up to date when someone looks, so that a moving base costs nothing.
"""

from __future__ import annotations

from testbed.forge import pulls
from testbed.forge.git.history import sign_off
from testbed.forge.git.objects import Commit
from testbed.forge.git.store import ABSENT, RefUpdate
from testbed.forge.model import PullRequest, Repository, TestMerge
from testbed.forge.world import WEB_FLOW, World

PREFIX = "refs/pull/"


def merge_commit(pull: PullRequest) -> str | None:
    """Return the test merge of an open pull request; None when head and base conflict."""
    repository = pull.repository
    with repository.lock:
        base = pulls.branch_tip(repository, pull.base) or pull.base_oid
        known = pull.test_merge
        if known is None or (known.base, known.head) != (base, pull.head_oid):
            oid = _write(pull, base)
            known = pull.test_merge = TestMerge(base=base, head=pull.head_oid, oid=oid)
        return known.oid


def computed(world: World, pull: PullRequest) -> bool:
    """Return whether mergeability is known; the first question after a move only starts the work.

    Set `world.unknown_first` to False where a test has nothing to do with it.
    """
    base = pulls.branch_tip(pull.repository, pull.base) or pull.base_oid
    known = pull.test_merge
    if known and (known.base, known.head) == (base, pull.head_oid):
        return True
    merge_commit(pull)
    return not world.unknown_first


def last_merge_commit(pull: PullRequest) -> str | None:
    """Return REST's `merge_commit_sha`: the merge, or the last test merge."""
    if pull.merge_oid:
        return pull.merge_oid
    return pull.test_merge.oid if pull.test_merge else None


def _write(pull: PullRequest, base: str) -> str | None:
    repository, head = pull.repository, pull.head_oid
    tree = repository.history.merge_trees(base, head)
    if tree is None:
        return None
    author = pull.author
    commit = Commit(
        oid="",
        tree=tree,
        parents=(base, head),
        author=sign_off(author.name or author.login, author.noreply, pull.updated_at),
        committer=sign_off(*WEB_FLOW, pull.updated_at),
        message=f"Merge {head} into {base}",
        signed=True,
    )
    return repository.git.write_commit(commit)


def refresh(repository: Repository) -> None:
    """Let the refs say what is so now."""
    with repository.lock:
        if not repository.pulls:
            return
        requested: dict[str, str] = {}
        for pull in repository.pulls.values():
            requested[f"{PREFIX}{pull.number}/head"] = pull.head_oid
            if pull.state == "open" and (oid := merge_commit(pull)):
                requested[f"{PREFIX}{pull.number}/merge"] = oid
        there = repository.git.refs(PREFIX)
        updates = [
            RefUpdate(ref=ref, new=requested.get(ref, ABSENT))
            for ref in sorted({*requested, *there})
            if requested.get(ref) != there.get(ref)
        ]
        if updates:
            repository.git.update_refs(updates)
