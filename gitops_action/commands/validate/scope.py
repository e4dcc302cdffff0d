"""Which environments a change touches: those that stand on a file that differs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gitops_action.commands import render
from gitops_action.commands.ports import Renderer, Trees
from gitops_action.core.config import (
    Config,
    Environment,
    in_holds_folder,
    load_config,
    load_holds,
    missing_folders,
)
from gitops_action.core.dataclass import dataclass
from gitops_action.core.report.validation import Finding
from gitops_action.core.repository import RepositoryFile, Sides, Tree
from gitops_action.errors import GitOpsError, GitOpsErrors


@dataclass(frozen=True, kw_only=True)
class Touched:
    """An environment that the change touches: on the base, and after the merge."""

    before: render.EnvironmentScope
    after: render.EnvironmentScope

    @property
    def environment(self) -> Environment:
        """Which one."""
        return self.after.environment

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.environment.name

    @property
    def files(self) -> frozenset[str]:
        """Every file that it depends on, before or after."""
        return self.before.files | self.after.files


def find_touched(
    config: Config,
    sides: Sides,
    trees: Trees,
    *,
    repository: str = "",
    base: Callable[[Environment], render.EnvironmentScope] | None = None,
) -> tuple[Touched, ...]:
    """The environments that depend on changed files, in the order of the configuration.

    Only what files name is looked at: an environment in which nothing changes is never rendered.
    `base` gives an environment at the base's tip, where the caller knows it already.
    """
    changed = frozenset(sides.changed())
    if not changed:
        return ()
    old, merged = (
        render.closures_of(tree, trees, repository=repository, branch=sides.branch)
        for tree in (sides.base, sides.merged)
    )
    every = (
        Touched(
            before=base(item) if base else render.scope_of(item, config, sides.base, old),
            after=render.scope_of(item, config, sides.merged, merged),
        )
        for item in config.environments
    )
    return tuple(item for item in every if changed & item.files)


def render_both(
    touched: Iterable[Touched], trees: Trees, renderer: Renderer
) -> tuple[render.RenderedPair, ...]:
    """Both sides of these environments; a folder that is the same on both is rendered once."""
    every = tuple(touched)
    with render.FolderRenders(trees, renderer) as renders:
        for item in every:
            renders.start(item.before)
            renders.start(item.after)
        return tuple(
            render.RenderedPair(
                environment=item.environment,
                before=renders.environment(item.before),
                after=renders.environment(item.after),
            )
            for item in every
        )


# The configuration that a change is judged by: the base's, never the one it proposes.


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The configuration in force, and what is to be said of the one that is proposed."""

    config: Config
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()


def read_settings(trees: Trees, sides: Sides, path: str) -> Settings:
    """Read the base's configuration, and check the proposed one and its holds where they change.

    A base without a valid configuration has nothing that could be kept: then the proposed one
    counts, and that is reported.

    Raises:
        GitOpsErrors: neither side has a configuration that can be read.
    """
    base, broken = _load(trees, sides.base, path)
    findings = _holds(trees, sides)
    if sides.base.files.get(path) == sides.merged.files.get(path):
        if broken:
            raise broken
        return Settings(config=base, findings=findings)
    proposed, wrong = _load(trees, sides.merged, path)
    missing = () if wrong else missing_folders(proposed, sides.merged.files)
    findings = (*(_error(error) for error in (*_each(wrong), *missing)), *findings)
    unusable = broken or path not in sides.base.files
    if broken and wrong:
        raise wrong
    if unusable and not wrong:
        return Settings(config=proposed, findings=findings, notes=(_first(path, sides, broken),))
    return Settings(config=base, findings=findings, notes=(_later(path, sides),))


def _load(trees: Trees, tree: Tree, path: str) -> tuple[Config, GitOpsErrors | None]:
    """The configuration; the one of a repository without any beside what is wrong with it."""
    found = trees.read(tree, [path] if path in tree.files else []).get(path)
    try:
        return load_config(path, found.data if found else None), None
    except GitOpsErrors as error:
        return load_config(path, None), error


def _holds(trees: Trees, sides: Sides) -> tuple[Finding, ...]:
    """What is wrong with the holds that change."""
    changed = [
        path for path in sides.changed() if in_holds_folder(path) and path in sides.merged.files
    ]
    files: dict[str, RepositoryFile] = dict(trees.read(sides.merged, changed)) if changed else {}
    try:
        load_holds({path: file.data for path, file in files.items()})
    except GitOpsError as error:
        return tuple(_error(each) for each in _each(error))
    return ()


def _each(error: GitOpsError | None) -> tuple[GitOpsError, ...]:
    if error is None:
        return ()
    return error.errors if isinstance(error, GitOpsErrors) else (error,)


def _error(error: GitOpsError) -> Finding:
    return Finding(level="error", error=error)


def _first(path: str, sides: Sides, broken: GitOpsErrors | None) -> str:
    state = "cannot be read" if broken else "does not exist"
    return (
        f"`{path}` {state} on {_base(sides)}, so this change is judged by the one that it brings in"
    )


def _later(path: str, sides: Sides) -> str:
    return (
        f"`{path}` changes: this change is still judged by the one of {_base(sides)}, the new one"
        " counts from the merge on"
    )


def _base(sides: Sides) -> str:
    return f"`{sides.branch}`" if sides.branch else "the base"
