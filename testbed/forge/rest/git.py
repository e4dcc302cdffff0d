"""The Git database: refs and commits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from testbed.forge import pull_refs, refs
from testbed.forge.actors import signature, web_flow
from testbed.forge.errors import conflict, invalid, not_found
from testbed.forge.git.history import sign_off
from testbed.forge.git.objects import Commit, Signature
from testbed.forge.git.store import ABSENT, RefUpdate
from testbed.forge.model import Repository
from testbed.forge.rest.routing import Call, serves
from testbed.forge.rest.views import Json, api, git_commit, node_id
from testbed.forge.world import World

READ, WRITE = ("contents", "read"), ("contents", "write")


def full_repository(call: Call) -> Repository:
    """Return the repository in the path.

    Raises:
        ApiError: 409, it is empty.
    """
    if not call.repository.git.refs("refs/"):
        raise conflict("Git Repository is empty.")
    return call.repository


def _ref(world: World, repository: Repository, ref: str, oid: str) -> Json:
    base = api(world, repository)
    return {
        "ref": ref,
        "node_id": node_id("REF", repository.id, ref),
        "url": f"{base}/git/{ref}",
        "object": {"type": "commit", "sha": oid, "url": f"{base}/git/commits/{oid}"},
    }


@serves("GET /repos/{owner}/{repo}/git/ref/{ref}", READ)
def get_ref(call: Call) -> Json:
    """Read one ref."""
    repository, ref = full_repository(call), f"refs/{call.parameters['ref']}"
    if ref.startswith(pull_refs.PREFIX):
        pull_refs.refresh(repository)
    oid = repository.git.ref(ref)
    if oid is None:
        raise not_found()
    return _ref(call.world, repository, ref, oid)


@serves("GET /repos/{owner}/{repo}/git/matching-refs/{ref}", READ)
def matching_refs(call: Call) -> list[Json]:
    """List refs that start so."""
    start = f"refs/{call.parameters['ref']}"
    repository = full_repository(call)
    if start.startswith("refs/pull"):
        pull_refs.refresh(repository)
    found = repository.git.refs("refs/").items()
    return [
        _ref(call.world, call.repository, ref, oid) for ref, oid in found if ref.startswith(start)
    ]


@serves("POST /repos/{owner}/{repo}/git/refs", WRITE, status=201, creates=True)
def create_ref(call: Call) -> Json:
    """Create a ref."""
    repository, ref, oid = full_repository(call), call.body["ref"], call.body["sha"]
    if not ref.startswith("refs/") or ref.count("/") < 2:  # noqa: PLR2004 - refs/heads/name
        raise invalid("Reference name must start with 'refs/' and contain at least two slashes")
    if repository.git.resolve(oid) != oid:
        raise invalid("Object does not exist")
    with repository.lock:
        if repository.git.ref(ref):
            raise invalid("Reference already exists")
        refs.move(call.world, repository, call.actor, [RefUpdate(ref=ref, new=oid, old=ABSENT)])
    return _ref(call.world, repository, ref, oid)


@serves("PATCH /repos/{owner}/{repo}/git/refs/{ref}", WRITE)
def update_ref(call: Call) -> Json:
    """Move a ref, forwards only unless `force`."""
    repository, ref, oid = call.repository, f"refs/{call.parameters['ref']}", call.body["sha"]
    with repository.lock:
        old = repository.git.ref(ref)
        if old is None:
            raise invalid("Reference does not exist")
        if repository.git.resolve(oid) != oid:
            raise invalid("Object does not exist")
        if not call.body.get("force") and not repository.history.is_ancestor(old, oid):
            raise invalid("Update is not a fast forward")
        refs.move(call.world, repository, call.actor, [RefUpdate(ref=ref, new=oid, old=old)])
    return _ref(call.world, repository, ref, oid)


@serves("DELETE /repos/{owner}/{repo}/git/refs/{ref}", WRITE, status=204)
def delete_ref(call: Call) -> None:
    """Delete a ref."""
    repository, ref = call.repository, f"refs/{call.parameters['ref']}"
    with repository.lock:
        old = repository.git.ref(ref)
        if old is None:
            raise invalid("Reference does not exist")
        refs.move(call.world, repository, call.actor, [RefUpdate(ref=ref, new=ABSENT, old=old)])


@serves("GET /repos/{owner}/{repo}/git/commits/{commit_sha}", READ)
def get_commit(call: Call) -> Json:
    """Read a commit object."""
    oid = full_repository(call).git.resolve(call.parameters["commit_sha"])
    if oid is None:
        raise not_found()
    return git_commit(call.world, call.repository, call.repository.git.commit(oid))


def _given(person: dict[str, Any] | None, fallback: Signature) -> Signature:
    if person is None:
        return fallback
    when = person.get("date")
    at = datetime.fromisoformat(when) if when else fallback.when
    return sign_off(person["name"], person["email"], at)


@serves("POST /repos/{owner}/{repo}/git/commits", WRITE, status=201, creates=True)
def create_commit(call: Call) -> Json:
    """Write a commit; signed when an App leaves author and committer out."""
    repository, body, token = full_repository(call), call.body, call.token
    store = repository.git
    if store.resolve(body["tree"], "tree") != body["tree"]:
        raise invalid("Tree SHA does not exist")
    for parent in body.get("parents", []):
        if store.resolve(parent) != parent:
            raise invalid("Parent SHA does not exist or is not a commit object")
    signed = bool(token and token.signs) and not {"author", "committer", "signature"} & body.keys()
    own = signature(call.world, call.actor.account)
    author = _given(body.get("author"), own)
    committer = web_flow(call.world) if signed else _given(body.get("committer"), author)
    commit = Commit(
        oid="",
        tree=body["tree"],
        parents=tuple(body.get("parents", [])),
        author=author,
        committer=committer,
        message=body["message"],
        signed=signed,
    )
    oid = store.write_commit(commit)
    return git_commit(call.world, repository, store.commit(oid))
