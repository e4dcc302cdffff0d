"""What an earlier run evaluated of a pull request, remembered in the gate's own comment.

Rendering and validating takes most of a run's time. Where neither the pull request nor what it
stands on has changed, both come to the same, and are read from the comment instead. An entry counts
only in a comment that the gate's App wrote and nobody else edited. It keeps nothing that time or
people decide, and nothing is merged by it: before a merge everything is evaluated again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import get_args

from gitops_action.core.config.holds import in_holds_folder
from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.approvals import ChangeComparison
from gitops_action.core.gates.change_hash import HASH_VERSION, is_document
from gitops_action.core.gates.open_pull_request import OpenPullRequest
from gitops_action.core.gates.touches import Cause
from gitops_action.core.gates.versions import ImageMove
from gitops_action.core.images import ImageReference, ImageReferenceError, parse_reference
from gitops_action.core.json_values import mapping, text, texts
from gitops_action.core.pattern import pattern
from gitops_action.core.repository import Tree

LONGEST = 6_000
"""Characters of an entry; a larger change is evaluated at each run."""
LASTS = timedelta(hours=20)
"""Registries and remote bases are asked again at least once a day."""
_SPREAD = timedelta(hours=8)
"""Entries of one moment end at different ones, so that no run evaluates all again."""
_VERSION = 2
_DIGITS = 16
_ENTRY = pattern(r"\A[^\n]*\n[^\n]*\n<!-- gitops-action: change (\{[^\n]{1,6000}\}) -->\r?\n")
"""In the comment's third line alone: what is below shows texts of the pull request."""


@dataclass(frozen=True, kw_only=True)
class BaseFingerprint:
    """What the base holds, by content: where two are equal, a change comes to the same on both.

    Attributes:
        environments: the hash of each environment's input closure.
        files: the paths of these.
        rest: the hash of every other file, documents and holds excepted: what is in their way is
            compared file by file, and holds are read again at each run.
        tree: the base's files.
    """

    environments: Mapping[str, str]
    files: Mapping[str, frozenset[str]]
    rest: str
    tree: Tree


def base_fingerprint(
    tree: Tree, closures: Mapping[str, tuple[str, frozenset[str]]]
) -> BaseFingerprint:
    """The fingerprint of a base.

    Args:
        tree: its files.
        closures: of each environment, a hash of its input closure and the paths in it.
    """
    inside = frozenset(path for _, files in closures.values() for path in files)
    rest = [
        (path, file.mode, file.blob)
        for path, file in sorted(tree.files.items())
        if path not in inside and not in_holds_folder(path) and not is_document(path)
    ]
    return BaseFingerprint(
        environments={name: digest for name, (digest, _) in closures.items()},
        files={name: files for name, (_, files) in closures.items()},
        rest=_hash(rest),
        tree=tree,
    )


@dataclass(frozen=True, kw_only=True)
class KnownPushers:
    """Who of some approvers pushed a change to the pull request, up to its head."""

    asked: frozenset[str] = frozenset()
    found: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class RememberedChange:
    """One evaluation of a pull request that found nothing wrong.

    Attributes:
        key: of what was evaluated and by what (`key_of`).
        base: the base's tip at that time.
        at: when.
        digest: the change hash.
        causes: why each environment is touched.
        moves: the images that change in each of them.
        by_hand: whether workflow files change.
        ours: whether it is exactly a bump of its declared images.
        environments: hashes of the base's environments.
        rest: hash of the base's other files.
        paths: the files that change, each with its blob on the base.
        whole: whether it stands on all of the base: files are added or removed, or the whole
            repository was looked through.
        compared: how the change that each review saw compares to this one.
        pushers: of those who had approved; a head moved away and back may add to them, which the
            evaluation before a merge sees.
        proven: digests whose provenance was verified, as `ENVIRONMENT:DIGEST`: what is signed stays
            signed, and the rules and the trusted roots are files of the base.
    """

    key: str
    base: str
    at: datetime
    digest: str
    causes: Mapping[str, frozenset[Cause]]
    moves: Mapping[str, tuple[ImageMove, ...]]
    by_hand: bool = False
    ours: bool = False
    environments: Mapping[str, str]
    rest: str
    paths: Mapping[str, str]
    whole: bool = False
    compared: Mapping[int, ChangeComparison] = field(default_factory=dict)
    pushers: KnownPushers = field(default_factory=KnownPushers)
    proven: frozenset[str] = frozenset()

    def holds_on(self, base: str, found: BaseFingerprint | None) -> bool:
        """Whether it would be evaluated alike on this base; `found` is not needed for the same."""
        if base == self.base:
            return True
        if found is None or found.rest != self.rest:
            return False
        if self.whole:
            return found.environments == self.environments
        if any(_blob(found.tree, path) != blob for path, blob in self.paths.items()):
            return False
        return all(
            self.environments.get(name) == digest
            or (name not in self.causes and not self.paths.keys() & found.files[name])
            for name, digest in found.environments.items()
        )

    def lasts(self, now: datetime, number: int) -> bool:
        """Whether it is young enough."""
        return timedelta(0) <= now - self.at < LASTS + _SPREAD * (number % 32) / 32


def key_of(pull: OpenPullRequest, by: Iterable[str]) -> str:
    """Names what an evaluation depends on besides the base.

    Args:
        pull: its head, and what decides whether it is one of ours.
        by: version, inputs and tools of the run.
    """
    parts = [_VERSION, HASH_VERSION, *by, pull.head, pull.branch, pull.fork, pull.body]
    return _hash(parts)


def _hash(value: object) -> str:
    text = json.dumps(value, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[: 2 * _DIGITS]


def _blob(tree: Tree, path: str) -> str:
    file = tree.files.get(path)
    return file.blob if file else ""


def write_remembered(entry: RememberedChange) -> str:
    """The line of a comment that holds the entry, hidden; empty where it would be too long."""
    values = {
        "key": entry.key,
        "base": entry.base,
        "at": entry.at.astimezone(UTC).isoformat(timespec="seconds"),
        "digest": entry.digest,
        "causes": {name: sorted(causes) for name, causes in entry.causes.items()},
        "moves": {
            name: [[one.application, str(one.before or ""), str(one.after or "")] for one in moves]
            for name, moves in entry.moves.items()
        },
        "by-hand": entry.by_hand,
        "ours": entry.ours,
        "environments": dict(entry.environments),
        "rest": entry.rest,
        "paths": dict(entry.paths),
        "whole": entry.whole,
        "compared": {
            str(number): one.objects if one.kind == "different" else 0
            for number, one in entry.compared.items()
        },
        "asked": sorted(entry.pushers.asked),
        "pushers": sorted(entry.pushers.found),
        "proven": sorted(entry.proven),
    }
    # A `>` in a text could end the hidden part of the comment.
    line = json.dumps(values, separators=(",", ":"))
    line = line.replace("<", "\\u003c").replace(">", "\\u003e")
    return f"<!-- gitops-action: change {line} -->" if len(line) <= LONGEST else ""


def read_remembered(body: str) -> RememberedChange | None:
    """The entry of a comment of ours; None where there is none that can be read."""
    found = _ENTRY.search(body)
    if found is None:
        return None
    try:
        values = mapping(json.loads(found[1]))
        at = datetime.fromisoformat(text(values, "at"))
        moves = {
            name: tuple(_move(one) for one in listed)
            for name, listed in mapping(values.get("moves")).items()
            if isinstance(listed, list)
        }
    except (ValueError, RecursionError, ImageReferenceError):
        return None
    if at.tzinfo is None:
        return None
    causes = mapping(values.get("causes"))
    return RememberedChange(
        key=text(values, "key"),
        base=text(values, "base"),
        at=at,
        digest=text(values, "digest"),
        causes={
            name: frozenset(one for one in get_args(Cause) if one in texts(causes, name))
            for name in causes
        },
        moves=moves,
        by_hand=values.get("by-hand") is True,
        ours=values.get("ours") is True,
        environments=_texts(values, "environments"),
        rest=text(values, "rest"),
        paths=_texts(values, "paths"),
        whole=values.get("whole") is not False,
        compared={
            int(number): _comparison(objects)
            for number, objects in mapping(values.get("compared")).items()
            if number.isascii() and number.isdigit() and isinstance(objects, int)
        },
        pushers=KnownPushers(
            asked=frozenset(texts(values, "asked")), found=frozenset(texts(values, "pushers"))
        ),
        proven=frozenset(texts(values, "proven")),
    )


def _texts(values: Mapping[str, object], key: str) -> dict[str, str]:
    found = mapping(values.get(key))
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _comparison(objects: int) -> ChangeComparison:
    return (
        ChangeComparison(kind="different", objects=objects)
        if objects
        else ChangeComparison(kind="same")
    )


def _move(value: object) -> ImageMove:
    if not isinstance(value, list) or len(value) != _PARTS:
        raise ValueError("not a move")
    application, before, after = (str(one) for one in value)
    return ImageMove(application=application, before=_image(before), after=_image(after))


_PARTS = 3


def _image(text_: str) -> ImageReference | None:
    return parse_reference(text_) if text_ else None
