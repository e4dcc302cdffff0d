"""The Git database: trees and blobs, with GitHub's limits."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from testbed.forge.errors import ApiError, invalid, not_found
from testbed.forge.git.objects import Entry
from testbed.forge.model import Repository
from testbed.forge.rest.git import READ, WRITE, full_repository
from testbed.forge.rest.routing import Call, Reply, serves
from testbed.forge.rest.views import Json, api, node_id

BLOB_LIMIT = 100 * 1024 * 1024
TREE_ENTRIES, TREE_BYTES = 100_000, 7 * 1024 * 1024
_MODES = {
    "100644": "blob",
    "100755": "blob",
    "120000": "blob",
    "040000": "tree",
    "160000": "commit",
}


@serves("GET /repos/{owner}/{repo}/git/trees/{tree_sha}", READ)
def get_tree(call: Call) -> Json:
    """Read a tree, recursively when asked; cut at GitHub's limits."""
    repository = full_repository(call)
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
    repository, base = full_repository(call), call.body.get("base_tree")
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
    oid, store = call.parameters["file_sha"], full_repository(call).git
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
    oid = full_repository(call).git.write("blob", data)
    return {"sha": oid, "url": f"{api(call.world, call.repository)}/git/blobs/{oid}"}


def _too_large() -> ApiError:
    error = {"resource": "Blob", "field": "data", "code": "too_large"}
    text = "This API returns blobs up to 100 MB in size. The requested blob is too large to fetch."
    return ApiError(status=403, message=text, kind="FORBIDDEN", errors=(error,))


def raw(data: bytes) -> Reply:
    """Answer with bytes as they are."""
    return Reply(body=data, content_type="application/vnd.github.raw; charset=utf-8")
