"""Refs, commits, trees and blobs."""

from __future__ import annotations

from typing import Any

from testbed.forge.errors import ApiError
from testbed.forge.git.objects import SIGNATURE, Entry
from testbed.forge.graphql.connections import Connection, Payload
from testbed.forge.graphql.fields import Arguments, Context, field, named, plain
from testbed.forge.graphql.nodes import (
    ActorNode,
    BlobNode,
    CommitNode,
    EntryNode,
    RefNode,
    TreeNode,
    UserNode,
    commit_node,
    git_object,
)
from testbed.forge.rest.views import node_id, stamp, web

TEXT_LIMIT = 512 * 1000
"""Bytes after which `Blob.text` is cut, with `isTruncated` set."""

named(CommitNode, "Commit")
named(TreeNode, "Tree")
named(BlobNode, "Blob")
named(RefNode, "Ref")

plain(
    "Ref",
    {
        "id": lambda r: node_id("REF", r.repository.id, r.name),
        "name": lambda r: r.name.split("/", 2)[2],
        "prefix": lambda r: "/".join(r.name.split("/", 2)[:2]) + "/",
        "repository": lambda r: r.repository,
        "target": lambda r: commit_node(r.repository, r.oid),
    },
)


@field("Ref.compare", "headRef")
def compare(source: RefNode, _context: Context, arguments: Arguments) -> Payload:
    """Compare this ref, as the base, with another."""
    repository, head = source.repository, source.repository.git.resolve(arguments["headRef"])
    if head is None:
        raise ApiError(status=200, message="Invalid head ref", kind="NOT_FOUND")
    found = repository.history.compare(source.oid, head)
    commits = [commit_node(repository, oid) for oid in found.ahead]
    return Payload(
        {
            "id": node_id("CMP", repository.id, source.oid, head),
            "aheadBy": len(found.ahead),
            "behindBy": found.behind,
            "status": found.status.upper(),
            "baseTarget": commit_node(repository, source.oid),
            "headTarget": commit_node(repository, head),
            "commits": Connection(items=commits),
        }
    )


def _oid(source: Any) -> str:
    return str(source.commit.oid if isinstance(source, CommitNode) else source.oid)


def _id(source: Any) -> str:
    prefix = {CommitNode: "C", TreeNode: "T", BlobNode: "B"}[type(source)]
    return node_id(prefix, source.repository.id, _oid(source))


for _kind in ("Commit", "Tree", "Blob"):
    plain(
        _kind,
        {
            "id": _id,
            "oid": _oid,
            "abbreviatedOid": lambda s: _oid(s)[:7],
            "repository": lambda s: s.repository,
        },
    )


plain(
    "Commit",
    {
        "message": lambda c: c.commit.message.rstrip("\n"),
        "messageHeadline": lambda c: c.commit.message.partition("\n")[0],
        "messageBody": lambda c: c.commit.message.partition("\n")[2].strip("\n"),
        "parents": lambda c: Connection(
            items=[commit_node(c.repository, oid) for oid in c.commit.parents]
        ),
        "tree": lambda c: TreeNode(repository=c.repository, oid=c.commit.tree),
        "committedDate": lambda c: stamp(c.commit.committer.when),
        "authoredDate": lambda c: stamp(c.commit.author.when),
        "committedViaWeb": lambda c: c.commit.signed,
    },
)


@field("Commit.url")
def commit_url(source: CommitNode, context: Context, _arguments: Arguments) -> str:
    """Return the web address."""
    return f"{web(context.world, source.repository)}/commit/{source.commit.oid}"


@field("Commit.author")
def author(source: CommitNode, context: Context, _arguments: Arguments) -> ActorNode:
    """Return the author."""
    found = context.world.account_of(source.commit.author.email)
    return ActorNode(signature=source.commit.author, account=found)


@field("Commit.committer")
def committer(source: CommitNode, context: Context, _arguments: Arguments) -> ActorNode:
    """Return the committer."""
    found = context.world.account_of(source.commit.committer.email)
    return ActorNode(signature=source.commit.committer, account=found)


@field("Commit.authors")
def authors(source: CommitNode, context: Context, arguments: Arguments) -> Connection:
    """List authors; co-author trailers are not read."""
    return Connection(items=[author(source, context, arguments)])


@field("Commit.signature")
def signature(source: CommitNode, _context: Context, _arguments: Arguments) -> Payload | None:
    """Return the signature, None for an unsigned commit."""
    if not source.commit.signed:
        return None
    told = {"isValid": True, "state": "VALID", "wasSignedByGitHub": True, "signature": SIGNATURE}
    return Payload({"__typename": "GpgSignature", **told})


named(Payload, lambda payload: str(payload.values["__typename"]))

plain(
    "GitActor",
    {
        "name": lambda a: a.signature.name,
        "email": lambda a: a.signature.email,
        "date": lambda a: a.signature.when.isoformat(),
        "user": lambda a: UserNode(account=a.account) if a.account else None,
    },
)


@field("Commit.file", "path")
def commit_file(source: CommitNode, _context: Context, arguments: Arguments) -> EntryNode | None:
    """Find the entry at a path."""
    path = arguments["path"]
    found = source.repository.git.entry(source.commit.tree, path)
    return EntryNode(repository=source.repository, entry=found, path=path) if found else None


@field("Commit.history", "path")
def history(source: CommitNode, _context: Context, arguments: Arguments) -> Connection:
    """List commits backwards."""
    repository, path = source.repository, arguments.get("path") or ""
    log = repository.history.log(source.commit.oid, path)
    return Connection(items=[CommitNode(repository=repository, commit=c) for c in log])


@field("Tree.entries")
def entries(source: TreeNode, _context: Context, _arguments: Arguments) -> list[EntryNode]:
    """List a tree's entries."""
    start = f"{source.path}/" if source.path else ""
    return [
        EntryNode(repository=source.repository, entry=entry, path=start + entry.name)
        for entry in source.repository.git.tree(source.oid)
    ]


def _size(repository: Any, entry: Entry) -> int:
    found = repository.git.reader.info(entry.oid) if entry.kind == "blob" else None
    return found[2] if found else 0


plain(
    "TreeEntry",
    {
        "name": lambda e: e.entry.name,
        "path": lambda e: e.path,
        "mode": lambda e: int(e.entry.mode, 8),
        "type": lambda e: e.entry.kind,
        "oid": lambda e: e.entry.oid,
        "size": lambda e: _size(e.repository, e.entry),
        "object": lambda e: (
            git_object(e.repository, e.entry.oid, e.path) if e.entry.kind != "commit" else None
        ),
        "repository": lambda e: e.repository,
    },
)


def _data(source: BlobNode) -> bytes:
    return source.repository.git.blob(source.oid) or b""


def _is_binary(data: bytes) -> bool:
    return b"\0" in data[:8000]


def _text(source: BlobNode) -> str | None:
    data = _data(source)
    return None if _is_binary(data) else data[:TEXT_LIMIT].decode("utf-8", "replace")


def _byte_size(source: BlobNode) -> int:
    found = source.repository.git.reader.info(source.oid)
    return found[2] if found else 0


plain(
    "Blob",
    {
        "byteSize": _byte_size,
        "isBinary": lambda b: _is_binary(_data(b)),
        "isTruncated": lambda b: _byte_size(b) > TEXT_LIMIT,
        "text": _text,
    },
)
