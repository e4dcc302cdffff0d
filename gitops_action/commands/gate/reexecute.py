"""Proof by re-execution: whether a pull request is exactly what a bump of its images gives.

Branch names, authors and trailers can be forged. What cannot is this: planning the declared images
on the base, by the code of `bump`, gives the very files that the merge would have. The plan
replaces only images that the base has already, so that they are the application's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gitops_action.commands.bump.content import CommitContent
from gitops_action.commands.gate.base import BaseState
from gitops_action.commands.gate.ports import GateTrees
from gitops_action.core import trailers
from gitops_action.core.config import Config, Environment
from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.versions import ImageMove
from gitops_action.core.images import ImageChange, ImageReference
from gitops_action.core.inputs.bump import DIGEST_MODES, DigestMode
from gitops_action.core.plan import Plan, PlanRequest, make_keep, make_plan
from gitops_action.core.repository import (
    Keep,
    RepositoryFile,
    Sides,
    Snapshot,
    Tree,
    blob_id,
)
from gitops_action.errors import GitOpsError

BRANCHES = "gitops/"
"""Where our branches are: a hint that saves planning every person's pull request."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Whether a pull request is one of ours, and the images that it declares.

    `reason` says why it is not.
    """

    ours: bool
    declared: trailers.Declared | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Reexecution:
    """What a plan on the base is compared with.

    Attributes:
        sides: the change.
        base: whose tip and configuration the plan is made by.
        trees: where files are read.
        repository: OWNER/NAME.
        beside: changed files that may be there as well: the holds of a granted rollback.
    """

    sides: Sides
    base: BaseState
    trees: GateTrees
    repository: str
    beside: frozenset[str] = frozenset()

    def prove(self, proposal: trailers.ProposalTrailers) -> Proof:
        """Plan what is declared on the base, and compare with what the merge would change."""
        declared = trailers.declared_by(proposal)
        if declared is None:
            return Proof(ours=False, reason="it declares no image")
        environment = _environment(declared, self.base.config)
        if environment is None:
            reason = "it does not declare one environment"
            return Proof(ours=False, declared=declared, reason=reason)
        if self._gives(environment, declared.images, _applications(proposal)):
            return Proof(ours=True, declared=declared)
        reason = "planning its images on the base does not give its files"
        return Proof(ours=False, declared=declared, reason=reason)

    def gives(self, environment: Environment, moves: Sequence[ImageMove]) -> bool:
        """Whether planning the images that a change brings gives exactly its files."""
        targets = dict.fromkeys(move.after for move in moves if move.after is not None)
        names = tuple(dict.fromkeys(move.application for move in moves))
        return self._gives(environment, tuple(targets), ((), names))

    def _gives(
        self,
        environment: Environment,
        images: Iterable[ImageReference],
        applications: Iterable[tuple[str, ...]],
    ) -> bool:
        """Whether one of the plans gives exactly the files.

        Every way in which `bump` writes digests, and with and without applications, is tried:
        which of them was used is not declared.
        """
        changed = _changed(self.sides, self.beside)
        if changed is None:
            return False
        content = _TreeContent(self.trees, self.sides.base)
        changes = tuple(ImageChange(repository=one.repository, target=one) for one in images)
        requests = (
            _Request(environment=environment, changes=changes, applications=names, mode=mode)
            for names in applications
            for mode in DIGEST_MODES
        )
        plans = (self._plan(request, content) for request in requests)
        return any(plan is not None and _blobs(plan) == changed for plan in plans)

    def _plan(self, request: _Request, store: _TreeContent) -> Plan | None:
        """The plan; None where the base does not take it."""
        changes = _as_written(request)
        if changes is None:
            return None
        content = CommitContent(
            store,
            commit=self.base.commit,
            config=self.base.config,
            applications=request.applications,
            keep=make_keep(request.changes, ()),
        )

        def make(files: Snapshot) -> Plan:
            return make_plan(
                PlanRequest(
                    snapshot=files,
                    environment=request.environment,
                    config=self.base.config,
                    changes=changes,
                    applications=request.applications,
                    digest_mode=request.mode,
                    repository=self.repository,
                    branch=self.base.branch,
                )
            )

        try:
            return content.plan(make)
        except GitOpsError:
            return None


def _environment(declared: trailers.Declared, config: Config) -> Environment | None:
    names = declared.environments or tuple(item.name for item in config.environments)
    return config.environment(names[0]) if len(names) == 1 else None


def _applications(proposal: trailers.ProposalTrailers) -> Iterable[tuple[str, ...]]:
    yield ()
    for block in (proposal.body, *reversed(proposal.messages)):
        if names := trailers.parse_trailers(block).get(trailers.APPLICATION, ()):
            yield tuple(names)
            return


def _changed(sides: Sides, beside: frozenset[str]) -> Mapping[str, str] | None:
    """The blob of each changed file; None where one is added, removed or changes its mode."""
    found = {}
    for path in sides.changed():
        if path in beside:
            continue
        before, after = sides.base.files.get(path), sides.merged.files.get(path)
        if before is None or after is None or before.mode != after.mode:
            return None
        found[path] = after.blob
    return found or None


def _blobs(plan: Plan) -> Mapping[str, str]:
    return {path: blob_id(data) for path, data in plan.edits.items()}


@dataclass(frozen=True, kw_only=True)
class _Request:
    environment: Environment
    changes: tuple[ImageChange, ...]
    applications: tuple[str, ...]
    mode: DigestMode


def _as_written(request: _Request) -> tuple[ImageChange, ...] | None:
    """The images as this way of writing digests has them; None where it has nothing to write."""
    if request.mode != "drop":
        return request.changes
    if any(change.target.tag is None for change in request.changes):
        return None
    return tuple(
        replace(change, target=change.target.with_(digest=None)) for change in request.changes
    )


class _TreeContent:
    """The port `ContentReader` on one tree."""

    def __init__(self, trees: GateTrees, tree: Tree) -> None:
        self._trees = trees
        self._tree = tree

    def read(self, *, commit: str, folders: tuple[str, ...], keep: Keep) -> Snapshot:
        """The files that are worth keeping, in the folders or in the whole tree."""
        inside = tuple(f"{folder}/" for folder in folders)
        paths = [path for path in self._tree.files if not folders or path.startswith(inside)]
        files = self._trees.read(self._tree, paths)
        kept = {path: file for path, file in files.items() if keep(path, file.data)}
        return Snapshot(commit=commit, files=kept, folders=folders)

    def confirm(self, *, snapshot: Snapshot, paths: Sequence[str]) -> Snapshot:
        """Git's own bytes are read in the first place; what was passed over is added."""
        missing = [path for path in paths if path not in snapshot.files]
        added: Mapping[str, RepositoryFile] = (
            self._trees.read(self._tree, missing) if missing else {}
        )
        return replace(snapshot, files={**snapshot.files, **added})
