"""Finds and makes the entries of `core/gates/change_cache`: what need not be evaluated again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from gitops_action import __version__
from gitops_action.commands.gate.base import BaseState
from gitops_action.commands.gate.change import ChangeReader, MergedChange, ValidatedChange
from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates import change_cache
from gitops_action.core.gates.open_pull_request import OpenPullRequest, OpenPullRequests
from gitops_action.core.inputs.gate import GateInputs
from gitops_action.core.repository import TreeFile
from gitops_action.errors import GitOpsError


@dataclass(frozen=True, kw_only=True)
class KnownChange:
    """An entry that holds on the base of today.

    `validated` is what this run's own validation found; None where an earlier run validated it.
    """

    entry: change_cache.RememberedChange
    validated: ValidatedChange | None = None


class ChangeMemory:
    """What earlier runs, and this one, have evaluated."""

    def __init__(self, inputs: GateInputs, listing: OpenPullRequests) -> None:
        """Take the comments as they were listed."""
        self._by = (__version__, inputs.repository, inputs.config, inputs.verify)
        self._believes = listing.caches and not inputs.simulation
        self._own: dict[int, KnownChange] = {}

    def at(self, base: BaseState, reader: ChangeReader) -> ChangeCache:
        """The entries at one base."""
        return ChangeCache(self, base, reader)

    def key(self, pull: OpenPullRequest) -> str:
        """Of the evaluation of a pull request by this run."""
        return change_cache.key_of(pull, self._by)

    def remember(self, number: int, known: KnownChange) -> None:
        """Keep what this run has found."""
        self._own[number] = known

    def of(self, pull: OpenPullRequest) -> KnownChange | None:
        """This run's own, or what the gate's App has written into its comment."""
        if pull.number in self._own:
            return self._own[pull.number]
        comment = pull.comment
        if not self._believes or comment is None or comment.edited:
            return None
        entry = change_cache.read_remembered(comment.body)
        return KnownChange(entry=entry) if entry else None


class ChangeCache:
    """Entries at one base."""

    def __init__(self, memory: ChangeMemory, base: BaseState, reader: ChangeReader) -> None:
        """Nothing of the base is read before an entry of another base is met."""
        self._memory = memory
        self._base = base
        self._reader = reader
        self._fingerprint: change_cache.BaseFingerprint | None = None

    def find(self, pull: OpenPullRequest) -> KnownChange | None:
        """The entry of a pull request, where evaluating it again would come to the same."""
        found = self._memory.of(pull)
        if found is None or found.entry.key != self._memory.key(pull):
            return None
        entry, base = found.entry, self._base
        if not entry.lasts(base.now, pull.number):
            return None
        same = entry.base == base.commit
        return found if entry.holds_on(base.commit, None if same else self._read()) else None

    def make(
        self,
        pull: OpenPullRequest,
        change: MergedChange,
        validated: ValidatedChange,
        *,
        ours: bool,
    ) -> change_cache.RememberedChange | None:
        """The entry of an evaluation; None where it has to be repeated at each run.

        What is wrong may be put right outside of Git, and when a hold ends time decides.
        """
        whole = all(not change.incomplete(pair.environment.name) for pair in change.pairs)
        if not whole or not validated.clean or change.holds:
            return None
        try:
            found = self._read()
        except GitOpsError:
            return None
        base, merged = change.sides.base.files, change.sides.merged.files
        paths = change.sides.changed()
        entry = change_cache.RememberedChange(
            key=self._memory.key(pull),
            base=self._base.commit,
            at=self._base.now,
            digest=change.hash.digest,
            causes=change.causes,
            moves=change.moves,
            by_hand=change.by_hand,
            ours=ours,
            environments=found.environments,
            rest=found.rest,
            paths={path: _blob(base.get(path)) for path in paths},
            whole=validated.searched or any(p not in base or p not in merged for p in paths),
        )
        self._memory.remember(pull.number, KnownChange(entry=entry, validated=validated))
        return entry

    def _read(self) -> change_cache.BaseFingerprint:
        if self._fingerprint is None:
            commit = self._base.commit
            closures = {}
            for environment in self._base.config.environments:
                scope = self._reader.scope(environment, commit)
                closures[environment.name] = (
                    _digest(f"{one.path} {one.hash}" for one in scope.folders),
                    scope.files,
                )
            tree = self._reader.tree(commit)
            self._fingerprint = change_cache.base_fingerprint(tree, closures)
        return self._fingerprint


def _blob(file: TreeFile | None) -> str:
    return file.blob if file else ""


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode(errors="surrogatepass")).hexdigest()[:16]
