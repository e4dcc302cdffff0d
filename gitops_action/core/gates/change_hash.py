"""The change hash: what a pull request changes, so that an approval is for exactly that.

H(head, base) is over what differs between the base and the merge of head into it. A rebase, an
update from the base and a change to a file that renders to the same objects leave it equal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests.canonical import manifest_hash
from gitops_action.core.manifests.model import Manifest
from gitops_action.core.repository import GITHUB_FOLDER

HASH_VERSION = 1
"""Part of the hash: another way to compute it makes every earlier hash another one."""

SHOWN_DIGITS = 12
_DOCUMENTS = (".md", ".markdown", ".rst", ".adoc")


@dataclass(frozen=True, kw_only=True)
class ObjectChange:
    """An object that differs; a hash is empty where the object is not there.

    `key` names the object in its environment (`object_hashes`).
    """

    environment: str
    key: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """A file that differs; a mode or blob is empty where the file is not there."""

    path: str
    mode: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class ChangeHash:
    """A change hash and what it is over, in order.

    Attributes:
        digest: 64 hexadecimal digits.
        objects: that differ.
        files: that differ and count.
    """

    digest: str
    objects: tuple[ObjectChange, ...] = ()
    files: tuple[FileChange, ...] = ()

    @property
    def short(self) -> str:
        """The twelve digits that are shown."""
        return self.digest[:SHOWN_DIGITS]


def object_hashes(manifests: Iterable[Manifest]) -> dict[str, str]:
    """The hash of each object by a key that distinguishes objects beside each other.

    The same object may be applied by several controllers, and to several clusters. One that is
    described twice in one place has both descriptions in its hash.
    """
    found: dict[str, list[str]] = {}
    for manifest in manifests:
        found.setdefault(object_key(manifest), []).append(manifest_hash(manifest))
    return {key: "+".join(sorted(hashes)) for key, hashes in found.items()}


def object_key(manifest: Manifest) -> str:
    """Names an object among all of an environment's."""
    one, by = manifest.id, manifest.deployer
    deployer = [by.group, by.kind, by.namespace, by.name] if by else []
    parts = [one.group, one.kind, one.namespace, one.name, manifest.cluster, deployer]
    return json.dumps(parts, separators=(",", ":"))


def object_changes(
    environment: str, before: Mapping[str, str], after: Mapping[str, str]
) -> tuple[ObjectChange, ...]:
    """The objects of an environment that differ, by the hashes of both sides."""
    return tuple(
        ObjectChange(
            environment=environment, key=key, before=before.get(key, ""), after=after.get(key, "")
        )
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    )


def counted_files(
    changed: Iterable[FileChange], inputs: Iterable[str], unrendered: Iterable[str]
) -> tuple[FileChange, ...]:
    """Those of the changed files that count beside the objects.

    A file that rendering reads counts by the objects alone. What counts by itself is outside of
    every environment, could not be rendered, or steers GitHub and the gate.

    Args:
        changed: every file that differs between the base and the merge.
        inputs: paths of the input closures of all environments, on either side.
        unrendered: paths of the input closures of environments that do not render, on either side.
    """
    rendered = frozenset(inputs) - frozenset(unrendered)
    read = frozenset(inputs)
    return tuple(
        file
        for file in changed
        if file.path.startswith(GITHUB_FOLDER)
        or (file.path not in rendered and (file.path in read or not is_document(file.path)))
    )


def is_document(path: str) -> bool:
    """Whether a file is there for people to read."""
    return path.lower().endswith(_DOCUMENTS)


def change_hash(objects: Iterable[ObjectChange], files: Iterable[FileChange]) -> ChangeHash:
    """The hash, whatever order the changes come in."""
    changed = sorted({(one.environment, one.key, one.before, one.after) for one in objects})
    others = sorted({(one.path, one.mode, one.before, one.after) for one in files})
    text = json.dumps([HASH_VERSION, changed, others], separators=(",", ":"))
    return ChangeHash(
        digest=hashlib.sha256(text.encode()).hexdigest(),
        objects=tuple(
            ObjectChange(environment=environment, key=key, before=before, after=after)
            for environment, key, before, after in changed
        ),
        files=tuple(
            FileChange(path=path, mode=mode, before=before, after=after)
            for path, mode, before, after in others
        ),
    )


def differing(one: ChangeHash, other: ChangeHash) -> int:
    """How many objects and files the two changes disagree on; 0 only for equal hashes."""
    objects = {(item.environment, item.key) for item in {*one.objects} ^ {*other.objects}}
    files = {item.path for item in {*one.files} ^ {*other.files}}
    return len(objects) + len(files)
