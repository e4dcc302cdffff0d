"""The formats of Git's objects (gitformat documentation, "git-hash-object" and "git-mktree")."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

TREE_MODE = "040000"
FILE_MODE = "100644"
SIGNATURE = (
    "-----BEGIN PGP SIGNATURE-----\n\nc2lnbmVkIGJ5IHRoZSBkb3VibGU=\n-----END PGP SIGNATURE-----"
)
"""Stands where GitHub's signature stands. It shows the double alone what it signed."""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Who and when, in an author or committer line."""

    name: str
    email: str
    when: datetime

    def line(self) -> str:
        """Write it the way a commit object does."""
        name = "".join(c for c in self.name if c not in "<>\n")
        return f"{name} <{self.email}> {int(self.when.timestamp())} {self.when:%z}"

    @classmethod
    def read(cls, line: str) -> Signature:
        """Read it from a commit object."""
        who, _, rest = line.rpartition("> ")
        name, _, email = who.partition(" <")
        seconds, _, zone = rest.partition(" ")
        minutes = int(zone[1:3]) * 60 + int(zone[3:5])
        offset = timezone(timedelta(minutes=-minutes if zone.startswith("-") else minutes))
        when = datetime.fromtimestamp(int(seconds), UTC if not minutes else offset)
        return cls(name=name, email=email, when=when)


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit object. `signed` is True when the double signed it in GitHub's place."""

    oid: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str
    signed: bool = False

    def encode(self) -> bytes:
        """Write the object's content."""
        lines = [f"tree {self.tree}", *(f"parent {parent}" for parent in self.parents)]
        lines += [f"author {self.author.line()}", f"committer {self.committer.line()}"]
        if self.signed:
            lines.append("gpgsig " + SIGNATURE.replace("\n", "\n "))
        return ("\n".join(lines) + f"\n\n{self.message}").encode()

    @classmethod
    def decode(cls, oid: str, data: bytes) -> Commit:
        """Read the object's content."""
        head, _, message = data.decode("utf-8", "replace").partition("\n\n")
        fields = [line.partition(" ") for line in head.split("\n") if not line.startswith(" ")]
        only = {key: value for key, _, value in fields}
        return cls(
            oid=oid,
            tree=only["tree"],
            parents=tuple(value for key, _, value in fields if key == "parent"),
            author=Signature.read(only["author"]),
            committer=Signature.read(only["committer"]),
            message=message,
            signed="c2lnbmVkIGJ5IHRoZSBkb3VibGU=" in head,
        )


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of a tree."""

    name: str
    mode: str
    oid: str

    @property
    def kind(self) -> str:
        """Return blob, tree or commit (a submodule)."""
        return {TREE_MODE: "tree", "160000": "commit"}.get(self.mode, "blob")


def decode_tree(data: bytes) -> list[Entry]:
    """Read a tree object's content."""
    found, at = [], 0
    while at < len(data):
        space, zero = data.index(b" ", at), data.index(b"\0", at)
        name = data[space + 1 : zero].decode("utf-8", "surrogateescape")
        mode = data[at:space].decode().zfill(6)
        found.append(Entry(name=name, mode=mode, oid=data[zero + 1 : zero + 21].hex()))
        at = zero + 21
    return found


def encode_tree(entries: list[Entry]) -> bytes:
    """Write a tree object's content, in Git's order (a folder sorts as if it ended in `/`)."""

    def key(entry: Entry) -> bytes:
        return entry.name.encode("utf-8", "surrogateescape") + b"/" * (entry.kind == "tree")

    return b"".join(
        f"{entry.mode.lstrip('0')} {entry.name}\0".encode("utf-8", "surrogateescape")
        + bytes.fromhex(entry.oid)
        for entry in sorted(entries, key=key)
    )


def write_loose(objects: Path, kind: str, data: bytes) -> str:
    """Write an object into a repository's `objects` folder and return its id."""
    whole = f"{kind} {len(data)}\0".encode() + data
    oid = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
    target = objects / oid[:2] / oid[2:]
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(zlib.compress(whole, 1))
        Path(name).replace(target)
    return oid
