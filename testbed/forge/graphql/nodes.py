"""Objects that GraphQL hands out, and finding them again by node id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from testbed.forge.errors import ApiError, not_found
from testbed.forge.git.objects import Commit, Entry, Signature
from testbed.forge.graphql.fields import Context
from testbed.forge.model import Repository
from testbed.forge.records import Account


@dataclass(frozen=True, kw_only=True)
class CommitNode:
    """A commit of a repository."""

    repository: Repository
    commit: Commit


@dataclass(frozen=True, kw_only=True)
class TreeNode:
    """A tree of a repository, with its path where it is known."""

    repository: Repository
    oid: str
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class BlobNode:
    """A blob of a repository."""

    repository: Repository
    oid: str


@dataclass(frozen=True, kw_only=True)
class EntryNode:
    """An entry of a tree."""

    repository: Repository
    entry: Entry
    path: str


@dataclass(frozen=True, kw_only=True)
class RefNode:
    """A ref and the commit it pointed to when it was read."""

    repository: Repository
    name: str
    oid: str


@dataclass(frozen=True, kw_only=True)
class ActorNode:
    """The author or committer of a commit."""

    signature: Signature
    account: Account | None


@dataclass(frozen=True, kw_only=True)
class UserNode:
    """An account in a place where the schema has only `User`: bots keep their `[bot]` there."""

    account: Account


def commit_node(repository: Repository, oid: str) -> CommitNode:
    """Return a commit."""
    return CommitNode(repository=repository, commit=repository.git.commit(oid))


def git_object(repository: Repository, expression: str, path: str = "") -> Any:
    """Return what an expression names: commit, tree or blob; None when there is nothing."""
    found = repository.git.reader.info(expression)
    if found is None:
        return None
    oid, kind, _ = found
    if kind == "commit":
        return commit_node(repository, oid)
    if kind == "tree":
        return TreeNode(repository=repository, oid=oid, path=path)
    return BlobNode(repository=repository, oid=oid) if kind == "blob" else None


def ref_node(repository: Repository, name: str) -> RefNode | None:
    """Return a ref by its full name."""
    oid = repository.git.ref(name)
    return RefNode(repository=repository, name=name, oid=oid) if oid else None


def repository_by_id(context: Context, number: str) -> Repository:
    """Find a repository by the number in a node id.

    Raises:
        ApiError: NOT_FOUND.
    """
    for repository in context.world.repositories.values():
        if str(repository.id) == number and context.token.sees(repository):
            return repository
    raise not_found("Could not resolve to a node with the global id")


def by_id(context: Context, identifier: str) -> Any:
    """Find an object by its node id.

    Raises:
        ApiError: NOT_FOUND.
    """
    prefix, _, rest = identifier.partition("_")
    number, _, tail = rest.partition(".")
    missing = not_found(f"Could not resolve to a node with the global id of '{identifier}'")
    try:
        if prefix == "U":
            found: Any = context.world.accounts.get(rest.lower())
        else:
            found = _within(repository_by_id(context, number), prefix, tail)
    except (ApiError, KeyError, ValueError) as error:
        raise missing from error
    if found is None:
        raise missing
    return found


def _within(repository: Repository, prefix: str, tail: str) -> Any:
    if prefix == "R":
        return repository
    if prefix == "REF":
        return ref_node(repository, tail)
    if prefix in {"C", "T", "B"}:
        return git_object(repository, tail)
    labels = {label.id: label for label in repository.labels.values()}
    numbered: dict[str, dict[int, Any]] = {
        "PR": dict(repository.pulls),
        "I": dict(repository.issues),
        "IC": dict(repository.comments),
        "LA": dict(labels),
        "DE": dict(repository.deployments),
        "PRR": {r.id: r for pull in repository.pulls.values() for r in pull.reviews},
    }
    return numbered[prefix].get(int(tail))
