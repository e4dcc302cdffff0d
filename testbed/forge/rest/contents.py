"""Files and folders at a path, and whole trees as an archive."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from testbed.forge import archive
from testbed.forge.errors import ApiError, not_found
from testbed.forge.git.objects import Entry
from testbed.forge.rest.routing import Call, Reply, serves
from testbed.forge.rest.trees import BLOB_LIMIT, raw
from testbed.forge.rest.views import Json, api, web

READ = ("contents", "read")
INLINE_LIMIT = 1024 * 1024
"""Bytes after which `content` is left empty and `encoding` is none."""


def commit_at(call: Call, ref: str | None) -> str:
    """Return the commit that a request's `ref` names; the default branch without one.

    Raises:
        ApiError: 404, there is none.
    """
    oid = call.repository.git.resolve(ref or call.repository.default_branch)
    if oid is None:
        raise not_found(f"No commit found for the ref {ref}" if ref else "Not Found")
    return oid


def _links(call: Call, path: str, entry: Entry, ref: str) -> Json:
    base, page, where = (
        api(call.world, call.repository),
        web(call.world, call.repository),
        quote(path),
    )
    url = f"{base}/contents/{where}?ref={quote(ref, safe='')}"
    kind = "blob" if entry.kind == "blob" else "tree"
    git_url = f"{base}/git/{kind}s/{entry.oid}"
    html = f"{page}/{kind}/{quote(ref)}/{where}"
    download = f"{page}/raw/{quote(ref)}/{where}" if kind == "blob" else None
    return {
        "url": url,
        "html_url": html,
        "git_url": git_url,
        "download_url": download,
        "_links": {"self": url, "git": git_url, "html": html},
    }


def _item(call: Call, path: str, entry: Entry, ref: str) -> Json:
    found = call.repository.git.reader.info(entry.oid) if entry.kind == "blob" else None
    kind = {"tree": "dir", "commit": "submodule"}.get(entry.kind, "file")
    return {
        "type": "symlink" if entry.mode == "120000" else kind,
        "name": entry.name,
        "path": path,
        "sha": entry.oid,
        "size": found[2] if found else 0,
        **_links(call, path, entry, ref),
    }


@serves("GET /repos/{owner}/{repo}/contents/{path}", READ)
def get_contents(call: Call) -> Any:
    """Read a file, also raw, or list a folder (up to 1,000 entries)."""
    ref = call.query.get("ref") or call.repository.default_branch
    oid, path = commit_at(call, call.query.get("ref")), call.parameters["path"].strip("/")
    store = call.repository.git
    entry = store.entry(store.commit(oid).tree, path)
    if entry is None:
        raise not_found()
    if entry.kind == "tree":
        listed = store.tree(entry.oid)[:1000]
        return [_item(call, f"{path}/{child.name}", child, ref) for child in listed]
    view = _item(call, path, entry, ref)
    if view["size"] > BLOB_LIMIT:
        text = "This API returns blobs up to 100 MB in size. The requested blob is too large."
        raise ApiError(status=403, message=text, kind="FORBIDDEN")
    data = store.blob(entry.oid) or b""
    if ".raw" in call.accept:
        return raw(data)
    if view["type"] == "symlink":
        return view | {"target": data.decode("utf-8", "replace")}
    inline = len(data) <= INLINE_LIMIT
    content = base64.encodebytes(data).decode() if inline else ""
    return view | {"content": content, "encoding": "base64" if inline else "none"}


def _archive(call: Call, form: str) -> Reply:
    ref = call.parameters["ref"]
    oid = commit_at(call, ref.removeprefix("/"))
    where = archive.address(call.world, call.repository, oid, form)
    return Reply(status=302, headers={"Location": where})


@serves("GET /repos/{owner}/{repo}/tarball/{ref}", READ)
def tarball(call: Call) -> Reply:
    """Redirect to a tarball; it obeys export-ignore and export-subst."""
    return _archive(call, "tar.gz")


@serves("GET /repos/{owner}/{repo}/zipball/{ref}", READ)
def zipball(call: Call) -> Reply:
    """Redirect to a zip archive; it obeys export-ignore and export-subst."""
    return _archive(call, "zip")
