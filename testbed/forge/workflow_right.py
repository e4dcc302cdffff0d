"""Workflow files take a right of their own: an App without `workflows: write` changes none.

That holds for pushes, for commits through the API, and for merges (the job's own token can never
have it). `.github/workflows/actions.lock` counts as a workflow.
"""

from __future__ import annotations

from testbed.forge.actors import Actor
from testbed.forge.git.store import ABSENT
from testbed.forge.model import Repository

FOLDER = ".github/workflows/"


def may_change_workflows(repository: Repository, actor: Actor) -> bool:
    """Return whether an actor has the right."""
    return actor.token is None or actor.token.may(repository, "workflows", "write")


def refused(repository: Repository, actor: Actor, new: str) -> str | None:
    """Return why a commit, with those before it that no branch has, may not come in."""
    if new == ABSENT or may_change_workflows(repository, actor):
        return None
    for oid in repository.git.run("rev-list", new, "--not", "--branches").decode().split():
        if path := _touched(repository, oid):
            return said(actor, path)
    return None


def merge_refused(repository: Repository, actor: Actor, base: str, new: str) -> str | None:
    """Return why a merge may not come in: what it changes in the base is what counts."""
    if may_change_workflows(repository, actor):
        return None
    for change in repository.history.changes(base, new):
        if change.path.startswith(FOLDER):
            return said(actor, change.path)
    return None


def _touched(repository: Repository, oid: str) -> str | None:
    parents = repository.git.commit(oid).parents
    if not parents:
        return None
    changes = repository.history.changes(parents[0], oid)
    return next((c.path for c in changes if c.path.startswith(FOLDER)), None)


def said(actor: Actor, path: str) -> str:
    """Word the refusal as GitHub does for the kind of token."""
    if actor.kind == "pat":
        who, right = "a Personal Access Token", "`workflow` scope"
    else:
        who, right = "a GitHub App", "`workflows` permission"
    return f"refusing to allow {who} to create or update workflow `{path}` without {right}"
