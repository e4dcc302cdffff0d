"""The Git database: refs, commits, trees and blobs."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any

from testbed.forge import refs
from testbed.forge.actors import signature, web_flow
from testbed.forge.errors import ApiError, conflict, invalid, not_found
from testbed.forge.git.history import sign_off
from testbed.forge.git.objects import Commit, Entry, Signature
from testbed.forge.git.store import ABSENT, RefUpdate
from testbed.forge.model import Repository
from testbed.forge.rest.routing import Call, Reply, serves
from testbed.forge.rest.views import Json, api, git_commit, node_id
from testbed.forge.world import World

READ, WRITE = ("contents", "read"), ("contents", "write")
BLOB_LIMIT = 100 * 1024 * 1024
TREE_ENTRIES, TREE_BYTES = 100_000, 7 * 1024 * 1024
_MODES = {
    "100644": "blob",
    "100755": "blob",
    "120000": "blob",
    "040000": "tree",
    "160000": "commit",
}


def _full(call: Call) -> Repository:
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
    repository, ref = _full(call), f"refs/{call.parameters['ref']}"
    oid = repository.git.ref(ref)
    if oid is None:
        raise not_found()
    return _ref(call.world, repository, ref, oid)


@serves("GET /repos/{owner}/{repo}/git/matching-refs/{ref}", READ)
def matching_refs(call: Call) -> list[Json]:
    """List refs that start so."""
    start = f"refs/{call.parameters['ref']}"
    found = _full(call).git.refs("refs/").items()
    return [
        _ref(call.world, call.repository, ref, oid) for ref, oid in found if ref.startswith(start)
    ]


@serves("POST /repos/{owner}/{repo}/git/refs", WRITE, status=201, creates=True)
def create_ref(call: Call) -> Json:
    """Create a ref."""
    repository, ref, oid = _full(call), call.body["ref"], call.body["sha"]
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
    oid = _full(call).git.resolve(call.parameters["commit_sha"])
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
    repository, body, token = _full(call), call.body, call.token
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


@serves("GET /repos/{owner}/{repo}/git/trees/{tree_sha}", READ)
def get_tree(call: Call) -> Json:
    """Read a tree, recursively when asked; cut at GitHub's limits."""
    repository = _full(call)
    oid = repository.git.resolve(call.parameters["tree_sha"], "tree")
    if oid is None:
        raise not_found()
    flags = ("-r", "-t") if call.query.get("recursive") else ()
    listed = repository.git.run("ls-tree", "-z", "-l", *flags, oid).decode("utf-8", "replace")
    base, entries = f"{api(call.world, repository)}/git", list[Json]()
    size, cut = 0, False
    for line in listed.split("\0")[:-1]:
        head, _, path = line.partition("\t")
        mode, kind, sha, length = head.split()
        entry: Json = {"path": path, "mode": mode, "type": kind, "sha": sha}
        if kind != "commit":
            entry["url"] = f"{base}/{kind}s/{sha}"
        if kind == "blob":
            entry["size"] = int(length)
        size += len(path) + 190
        if len(entries) == TREE_ENTRIES or size > TREE_BYTES:
            cut = True
            break
        entries.append(entry)
    return {"sha": oid, "url": f"{base}/trees/{oid}", "tree": entries, "truncated": cut}


@serves("POST /repos/{owner}/{repo}/git/trees", WRITE, status=201, creates=True)
def create_tree(call: Call) -> Json:
    """Write a tree from a base tree and changed entries."""
    repository, base = _full(call), call.body.get("base_tree")
    if base and (base := repository.git.resolve(base, "tree")) is None:
        raise not_found()
    changes = {item["path"]: _tree_entry(repository, item) for item in call.body["tree"]}
    oid = repository.git.write_tree(base, changes)
    url = f"{api(call.world, repository)}/git"
    entries = [
        {
            "path": entry.name,
            "mode": entry.mode,
            "type": entry.kind,
            "sha": entry.oid,
            "url": f"{url}/{entry.kind}s/{entry.oid}",
        }
        for entry in repository.git.tree(oid)
    ]
    return {"sha": oid, "url": f"{url}/trees/{oid}", "tree": entries, "truncated": False}


def _tree_entry(repository: Repository, item: Json) -> Entry | None:
    path, mode = item.get("path", ""), item.get("mode", "100644")
    parts = path.split("/")
    if not path or path.startswith("/") or {"", ".", "..", ".git"} & set(parts):
        raise invalid("tree.path contains a malformed path component")
    if mode not in _MODES:
        raise invalid("Must supply a valid tree.mode")
    if "content" in item and "sha" in item:
        raise invalid("Must supply either tree.sha or tree.content")
    if "content" in item:
        return Entry(name="", mode=mode, oid=repository.git.write("blob", item["content"].encode()))
    if "sha" not in item:
        raise invalid("Must supply tree.sha or tree.content")
    if item["sha"] is None:
        return None
    found = repository.git.reader.info(item["sha"])
    if mode != "160000" and (found is None or found[1] != _MODES[mode]):
        raise invalid(f"tree.sha {item['sha']} is not a valid {_MODES[mode]}")
    return Entry(name="", mode=mode, oid=item["sha"])


@serves("GET /repos/{owner}/{repo}/git/blobs/{file_sha}", READ)
def get_blob(call: Call) -> Any:
    """Read a blob, in base64 or raw."""
    oid, store = call.parameters["file_sha"], _full(call).git
    found = store.reader.info(oid)
    if found is None or found[1] != "blob":
        raise not_found()
    if found[2] > BLOB_LIMIT:
        raise _too_large()
    data = store.blob(oid) or b""
    if ".raw" in call.accept:
        return raw(data)
    return {
        "sha": oid,
        "node_id": node_id("B", call.repository.id, oid),
        "size": len(data),
        "url": f"{api(call.world, call.repository)}/git/blobs/{oid}",
        "content": base64.encodebytes(data).decode(),
        "encoding": "base64",
    }


@serves("POST /repos/{owner}/{repo}/git/blobs", WRITE, status=201, creates=True)
def create_blob(call: Call) -> Json:
    """Write a blob."""
    content = call.body["content"]
    try:
        given = call.body.get("encoding", "utf-8") == "base64"
        data = base64.b64decode(content, validate=False) if given else content.encode()
    except binascii.Error as error:
        raise invalid("content is not valid Base64") from error
    if len(data) > BLOB_LIMIT:
        raise _too_large()
    oid = _full(call).git.write("blob", data)
    return {"sha": oid, "url": f"{api(call.world, call.repository)}/git/blobs/{oid}"}


def _too_large() -> ApiError:
    error = {"resource": "Blob", "field": "data", "code": "too_large"}
    text = "This API returns blobs up to 100 MB in size. The requested blob is too large to fetch."
    return ApiError(status=403, message=text, kind="FORBIDDEN", errors=(error,))


def raw(data: bytes) -> Reply:
    """Answer with bytes as they are."""
    return Reply(body=data, content_type="application/vnd.github.raw; charset=utf-8")
