"""What merging a head into a base changes: rendered, hashed, and validated on request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from gitops_action.commands import render
from gitops_action.commands.gate.ports import GateTrees
from gitops_action.commands.ports import Trees
from gitops_action.commands.proposed_holds import hold_changes
from gitops_action.commands.validate.environment import DescribedObjects, Evaluate
from gitops_action.commands.validate.images import ImageCheck, check_promises, trusted_domains
from gitops_action.commands.validate.ports import Workshop
from gitops_action.commands.validate.scope import Touched, find_touched, read_settings
from gitops_action.core.config import (
    Config,
    Environment,
    in_holds_folder,
    load_config,
)
from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates import touches
from gitops_action.core.gates.approvals import ChangeComparison
from gitops_action.core.gates.change_cache import KnownPushers
from gitops_action.core.gates.change_hash import (
    ChangeHash,
    FileChange,
    ObjectChange,
    change_hash,
    counted_files,
    object_changes,
    object_hashes,
)
from gitops_action.core.gates.versions import ImageMove, image_moves
from gitops_action.core.inputs.bump import VerifyMode
from gitops_action.core.rendering import Closures
from gitops_action.core.report.validation import EnvironmentReport, Finding, sentence
from gitops_action.core.repository import RepositoryFile, Sides, Tree
from gitops_action.core.trailers import ProposalTrailers, declared_by
from gitops_action.errors import GitOpsErrors


@dataclass(frozen=True, kw_only=True)
class MergedChange:
    """What merging a head into a base changes, by the base's configuration.

    Attributes:
        sides: both trees.
        scopes: the environments whose files differ.
        pairs: the same, rendered.
        hash: the change hash.
        causes: every environment that is touched, with why.
        moves: the images that differ, for each environment that is touched.
        holds: the changed files of holds.
    """

    sides: Sides
    scopes: tuple[Touched, ...]
    pairs: tuple[render.RenderedPair, ...]
    hash: ChangeHash
    causes: Mapping[str, frozenset[touches.Cause]]
    moves: Mapping[str, tuple[ImageMove, ...]]
    holds: tuple[touches.HoldChange, ...] = ()

    @property
    def by_hand(self) -> bool:
        """Whether it touches workflows: the gate merges no such change."""
        return any(path.startswith(touches.STEERING) for path in self.sides.changed())

    @property
    def added_holds(self) -> frozenset[str] | None:
        """The files of holds that it adds or tightens; None where it takes from one."""
        if any("hold-removed" in causes for causes in self.causes.values()):
            return None
        return frozenset(path for path in self.sides.changed() if in_holds_folder(path))

    def incomplete(self, environment: str) -> str:
        """Why what the environment renders to is not known whole; empty when it is."""
        for pair in self.pairs:
            if pair.environment.name == environment:
                missing = (
                    *(pair.after.problems or pair.before.problems),
                    *(pair.after.unrendered or pair.before.unrendered),
                )
                return str(missing[0]) if missing else ""
        return ""


@dataclass(frozen=True, kw_only=True)
class ValidatedChange:
    """What a validation of a change found.

    Attributes:
        findings: what concerns no single environment.
        environments: of those whose files differ.
        searched: whether all of the repository was looked through for it.
    """

    findings: tuple[Finding, ...] = ()
    environments: tuple[EnvironmentReport, ...] = field(default=())
    searched: bool = False

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong; warnings stay in the comment."""
        every = (*self.findings, *(item for one in self.environments for item in one.findings))
        return all(item.level != "error" for item in every)

    def errors(self, environment: str) -> tuple[str, ...]:
        """What keeps a change of the environment from being valid."""
        own = [
            item for one in self.environments if one.name == environment for item in one.findings
        ]
        found = (*own, *self.findings)
        return tuple(sentence(item) for item in found if item.level == "error")


@dataclass(frozen=True, kw_only=True)
class JudgedChange:
    """What the gates and the merge are decided by, of a change.

    Attributes:
        digest: the change hash.
        causes: why each environment is touched.
        moves: the images that change in each of them.
        holds: the changed files of holds.
        unreadable_after: those of them that cannot be read after the merge.
        by_hand: whether it touches workflows.
        incomplete: why what an environment renders to is not known whole, where that is so.
        validated: what a validation found.
        compared: how the change that reviews saw compares to it, where an earlier run knew.
        pushers: who of earlier approvers pushed to it.
        proven: digests whose provenance an earlier run verified, as `ENVIRONMENT:DIGEST`.
        remembered: whether an earlier evaluation was taken over.
    """

    digest: str
    causes: Mapping[str, frozenset[touches.Cause]]
    moves: Mapping[str, tuple[ImageMove, ...]]
    holds: tuple[touches.HoldChange, ...] = ()
    unreadable_after: frozenset[str] = frozenset()
    by_hand: bool = False
    incomplete: Mapping[str, str] = field(default_factory=dict)
    validated: ValidatedChange
    compared: Mapping[int, ChangeComparison] = field(default_factory=dict)
    pushers: KnownPushers = field(default_factory=KnownPushers)
    proven: frozenset[str] = frozenset()
    remembered: bool = False

    @classmethod
    def of(cls, change: MergedChange, validated: ValidatedChange) -> JudgedChange:
        """A change that was rendered and validated."""
        return cls(
            digest=change.hash.digest,
            causes=change.causes,
            moves=change.moves,
            holds=change.holds,
            unreadable_after=frozenset(
                one.path
                for one in change.holds
                if one.unreadable and one.after is None and one.path in change.sides.merged.files
            ),
            by_hand=change.by_hand,
            incomplete={name: change.incomplete(name) for name in change.causes},
            validated=validated,
        )


class _SidesTrees:
    """The port `Trees` on sides that are known."""

    def __init__(self, trees: GateTrees, sides: Sides) -> None:
        self._trees = trees
        self._sides = sides

    def sides(self) -> Sides:
        """The sides."""
        return self._sides

    def read(self, tree: Tree, paths: object) -> Mapping[str, RepositoryFile]:
        """The content of these files."""
        return self._trees.read(tree, paths)  # type: ignore[arg-type]  # as the port has it


class ChangeReader:
    """Reads changes by one configuration; equal folders are rendered once for all of them."""

    def __init__(  # noqa: PLR0913 - what rendering and validating takes
        self,
        trees: GateTrees,
        workshop: Workshop,
        config: Config,
        *,
        repository: str,
        branch: str,
        config_path: str,
        verify: VerifyMode,
        renders: render.FolderRenders,
    ) -> None:
        """Nothing is read yet; `branch` is the base's name."""
        self._trees = trees
        self._workshop = workshop
        self._config = config
        self._repository = repository
        self._branch = branch
        self._path = config_path
        self._verify = verify
        self._renders = renders
        self._changes: dict[tuple[str, str], MergedChange] = {}
        self._closures: dict[str, Closures] = {}
        self._scopes: dict[tuple[str, str], render.EnvironmentScope] = {}
        self._renderings: dict[tuple[str, str], render.EnvironmentRendering] = {}

    def change(self, *, base: str, head: str, now: datetime) -> MergedChange:
        """What merging the head into the base changes.

        Raises:
            MergeConflictError: they cannot be merged.
            GitOpsError: a commit cannot be fetched.
        """
        if (base, head) not in self._changes:
            self._changes[base, head] = self._read(self._trees.sides(base=base, head=head), now)
        return self._changes[base, head]

    def rendering(self, environment: Environment, commit: str) -> render.EnvironmentRendering:
        """What an environment renders to at a commit.

        Raises:
            GitOpsError: the commit cannot be fetched.
        """
        key = environment.name, commit
        if key not in self._renderings:
            scope = self.scope(environment, commit)
            self._renders.start(scope)
            self._renderings[key] = self._renders.environment(scope)
        return self._renderings[key]

    def tree(self, commit: str) -> Tree:
        """Every file of a commit of the base branch.

        Raises:
            GitOpsError: the commit cannot be fetched.
        """
        return self._trees.at(commit)

    def scope(self, environment: Environment, commit: str) -> render.EnvironmentScope:
        """An environment's folders at a commit of the base branch, with all that they depend on.

        Raises:
            GitOpsError: the commit cannot be fetched.
        """
        key = environment.name, commit
        if key not in self._scopes:
            tree = self._trees.at(commit)
            if commit not in self._closures:
                self._closures[commit] = render.closures_of(
                    tree, self._trees, repository=self._repository, branch=self._branch
                )
            self._scopes[key] = render.scope_of(
                environment, self._config, tree, self._closures[commit]
            )
        return self._scopes[key]

    def validate(self, change: MergedChange, proposal: ProposalTrailers) -> ValidatedChange:
        """Validate a change as `validate` does.

        Raises:
            GitOpsError: it could not be done at all.
        """
        trees: Trees = _SidesTrees(self._trees, change.sides)
        settings = read_settings(trees, change.sides, self._path)
        rules = self._config.validate
        before = [item for pair in change.pairs for item in pair.before.manifests]
        registry = self._workshop.registry(trusted_domains(self._config, before))
        described = DescribedObjects(trees, change.sides.merged, rules.schemas)
        evaluate = Evaluate(
            trees=trees,
            merged=change.sides.merged,
            settings=rules,
            workshop=self._workshop,
            described=described,
            images=ImageCheck(registry, self._verify),
            declared=self._config.declared,
        )
        promises = check_promises(
            declared_by(proposal),
            {pair.environment.name: pair for pair in change.pairs},
            self._config,
        )
        environments = tuple(evaluate.evaluate(pair) for pair in change.pairs)
        return ValidatedChange(
            findings=(*settings.findings, *promises),
            environments=environments,
            searched=described.searched,
        )

    def _read(self, sides: Sides, now: datetime) -> MergedChange:
        trees: Trees = _SidesTrees(self._trees, sides)
        base = sides.base.commit
        scopes = find_touched(
            self._config,
            sides,
            trees,
            repository=self._repository,
            base=lambda one: self.scope(one, base),
        )
        for scope in scopes:
            self._renders.start(scope.before)
            self._renders.start(scope.after)
        pairs = tuple(
            render.RenderedPair(
                environment=scope.environment,
                before=self._renders.environment(scope.before),
                after=self._renders.environment(scope.after),
            )
            for scope in scopes
        )
        holds = hold_changes(trees, sides, self._config)
        facts = touches.ChangeFacts(
            base=self._config,
            head=self._proposed(sides),
            changed=frozenset(sides.changed()),
            rendered=tuple(
                touches.RenderedChange(
                    environment=scope.name,
                    before=_hashes(pair.before),
                    after=_hashes(pair.after),
                    inputs=scope.files,
                )
                for scope, pair in zip(scopes, pairs, strict=True)
            ),
            holds=holds,
            now=now,
        )
        return MergedChange(
            sides=sides,
            scopes=scopes,
            pairs=pairs,
            hash=_hash(sides, scopes, pairs),
            causes=touches.touched(facts),
            moves={pair.environment.name: self._moves(pair) for pair in pairs},
            holds=holds,
        )

    def _moves(self, pair: render.RenderedPair) -> tuple[ImageMove, ...]:
        before, after = (
            side.applications(self._config.applications) for side in (pair.before, pair.after)
        )
        return image_moves(before, after)

    def _proposed(self, sides: Sides) -> Config | None:
        """The configuration after the merge; None where it cannot be read."""
        if sides.base.files.get(self._path) == sides.merged.files.get(self._path):
            return self._config
        found = self._trees.read(sides.merged, [self._path]).get(self._path)
        try:
            return load_config(self._path, found.data if found else None)
        except GitOpsErrors:
            return None


def _hashes(rendering: render.EnvironmentRendering) -> Mapping[str, str] | None:
    """The hash of each object; None where not all of them are known."""
    if rendering.problems or rendering.unrendered:
        return None
    return object_hashes(rendering.manifests)


def _hash(
    sides: Sides, scopes: tuple[Touched, ...], pairs: tuple[render.RenderedPair, ...]
) -> ChangeHash:
    objects: list[ObjectChange] = []
    inputs: set[str] = set()
    unrendered: set[str] = set()
    for scope, pair in zip(scopes, pairs, strict=True):
        before, after = _hashes(pair.before), _hashes(pair.after)
        inputs |= scope.files
        if before is None or after is None:
            unrendered |= scope.files
        objects += object_changes(scope.name, before or {}, after or {})
    files = [
        FileChange(
            path=path,
            mode=new.mode if new else "",
            before=old.blob if old else "",
            after=new.blob if new else "",
        )
        for path in sides.changed()
        for old, new in [(sides.base.files.get(path), sides.merged.files.get(path))]
    ]
    return change_hash(objects, counted_files(files, inputs, unrendered))
