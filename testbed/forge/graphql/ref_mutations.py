"""Mutations of refs and the commit that GitHub makes and signs itself."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from testbed.forge import refs
from testbed.forge.actors import signature, web_flow
from testbed.forge.errors import ApiError, conflict, invalid, not_found
from testbed.forge.git.objects import Commit
from testbed.forge.git.store import ABSENT, RefUpdate
from testbed.forge.graphql.connections import Payload
from testbed.forge.graphql.fields import Arguments, Context, field
from testbed.forge.graphql.nodes import RefNode, by_id, commit_node, ref_node
from testbed.forge.graphql.query import demand
from testbed.forge.model import Repository


def repository_of(context: Context, identifier: str) -> Repository:
    """Find a repository by node id, with the right to write into it.

    Raises:
        ApiError: NOT_FOUND or FORBIDDEN.
    """
    found = by_id(context, identifier)
    if not isinstance(found, Repository):
        raise not_found(
            f"Could not resolve to Repository node with the global id of '{identifier}'"
        )
    demand(context, found, "contents", "write")
    return found


def ref_of(context: Context, identifier: str) -> RefNode:
    """Find a ref by node id, with the right to move it.

    Raises:
        ApiError: NOT_FOUND or FORBIDDEN.
    """
    found = by_id(context, identifier)
    if not isinstance(found, RefNode):
        raise not_found(f"Could not resolve to Ref node with the global id of '{identifier}'")
    demand(context, found.repository, "contents", "write")
    return found


def payload(given: Arguments, **values: Any) -> Payload:
    """Return a mutation's result."""
    return Payload({"clientMutationId": given.get("clientMutationId"), **values})


@field("Mutation.createRef", "input")
def create_ref(_source: Any, context: Context, arguments: Arguments) -> Payload:
    """Create a ref."""
    given = arguments["input"]
    repository, name, oid = (
        repository_of(context, given["repositoryId"]),
        given["name"],
        given["oid"],
    )
    if repository.git.resolve(oid) != oid:
        raise invalid("Oid does not exist in the repository")
    with repository.lock:
        if repository.git.ref(name):
            raise invalid(f'A ref named "{name}" already exists in the repository.')
        update = RefUpdate(ref=name, new=oid, old=ABSENT)
        refs.move(context.world, repository, context.actor, [update])
    return payload(given, ref=ref_node(repository, name))


@field("Mutation.updateRef", "input")
def update_ref(_source: Any, context: Context, arguments: Arguments) -> Payload:
    """Move a ref, forwards only unless `force`."""
    given = arguments["input"]
    found = ref_of(context, given["refId"])
    repository, oid = found.repository, given["oid"]
    _demand_move(repository, found.name, oid, force=given["force"])
    update = RefUpdate(ref=found.name, new=oid)
    refs.move(context.world, repository, context.actor, [update])
    return payload(given, ref=ref_node(repository, found.name))


@field("Mutation.deleteRef", "input")
def delete_ref(_source: Any, context: Context, arguments: Arguments) -> Payload:
    """Delete a ref."""
    given = arguments["input"]
    found = ref_of(context, given["refId"])
    update = RefUpdate(ref=found.name, new=ABSENT, old=found.oid)
    refs.move(context.world, found.repository, context.actor, [update])
    return payload(given)


@field("Mutation.updateRefs", "input")
def update_refs(_source: Any, context: Context, arguments: Arguments) -> Payload:
    """Move several refs, all or none; a `beforeOid` makes a compare-and-swap."""
    given = arguments["input"]
    repository = repository_of(context, given["repositoryId"])
    updates = []
    with repository.lock:
        for update in given["refUpdates"]:
            name, new, old = update["name"], update["afterOid"], update.get("beforeOid")
            if old is not None and (repository.git.ref(name) or ABSENT) != old:
                raise _stale()
            if new != ABSENT:
                _demand_move(repository, name, new, force=update["force"])
            updates.append(RefUpdate(ref=name, new=new, old=old))
        refs.move(context.world, repository, context.actor, updates)
    return payload(given)


def _stale() -> ApiError:
    """Return the refusal of a stale `beforeOid`: it names neither the ref nor the reason."""
    return invalid("Reference update failed")


def _demand_move(repository: Repository, name: str, new: str, *, force: bool) -> None:
    if not name.startswith("refs/"):
        raise invalid(f"{name} is not a valid ref name")
    if repository.git.resolve(new) != new:
        raise invalid(f"Oid {new} does not exist in the repository")
    old = repository.git.ref(name)
    if old and not force and not repository.history.is_ancestor(old, new):
        raise invalid("Update is not a fast-forward")


@field("Mutation.createCommitOnBranch", "input")
def create_commit_on_branch(_source: Any, context: Context, arguments: Arguments) -> Payload:
    """Write a commit on a branch that is where the caller expects it; GitHub signs it."""
    given = arguments["input"]
    repository, branch = _branch(context, given["branch"])
    ref, expected = f"refs/heads/{branch}", given["expectedHeadOid"]
    with repository.lock:
        tip = repository.git.ref(ref)
        if tip is None:
            raise not_found(f'Branch "{branch}" not found')
        if tip != expected:
            text = f'Expected branch to point to "{expected}" but it did not. Pull and try again.'
            raise conflict(text)
        parent = repository.git.commit(tip)
        tree = repository.git.write_files(parent.tree, _files(given.get("fileChanges") or {}))
        message = given["message"]
        text = f"{message['headline']}\n\n{message.get('body') or ''}".rstrip()
        commit = Commit(
            oid="",
            tree=tree,
            parents=(tip,),
            author=signature(context.world, context.token.account),
            committer=web_flow(context.world),
            message=text,
            signed=True,
        )
        oid = repository.git.write_commit(commit)
        update = RefUpdate(ref=ref, new=oid, old=tip)
        refs.move(context.world, repository, context.actor, [update])
    return payload(given, commit=commit_node(repository, oid), ref=ref_node(repository, ref))


def _branch(context: Context, given: Arguments) -> tuple[Repository, str]:
    if given.get("id"):
        found = ref_of(context, given["id"])
        return found.repository, found.name.removeprefix("refs/heads/")
    full_name, branch = given.get("repositoryNameWithOwner"), given.get("branchName")
    if not full_name or not branch:
        raise invalid("A branch must be given by id, or by repositoryNameWithOwner and branchName")
    repository = context.world.repository(full_name, context.token)
    demand(context, repository, "contents", "write")
    return repository, branch.removeprefix("refs/heads/")


def _check_path(path: str) -> None:
    """Refuse a path that could be no file of a tree, or is Git's own."""
    steps = path.split("/")
    if "\0" in path or any(step.lower() in {"", ".", "..", ".git"} for step in steps):
        raise invalid(f"A path was requested for addition or deletion that is invalid: {path!r}")


def _files(changes: Arguments) -> dict[str, bytes | None]:
    files: dict[str, bytes | None] = {}
    for addition in changes.get("additions") or ():
        _check_path(addition["path"])
        try:
            files[addition["path"]] = base64.b64decode(addition["contents"], validate=True)
        except binascii.Error as error:
            raise invalid("Contents must be base64 encoded") from error
    for deletion in changes.get("deletions") or ():
        _check_path(deletion["path"])
        files[deletion["path"]] = None
    return files
