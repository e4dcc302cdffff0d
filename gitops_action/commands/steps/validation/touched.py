"""Which environments a change touches: those that stand on a file that differs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gitops_action.commands.steps.render import (
    FolderRenders,
    FolderState,
    RenderedPair,
    closures_of,
    environment_folders,
)
from gitops_action.commands.tree_ports import Renderer, Trees
from gitops_action.core.config import Config, Environment
from gitops_action.core.trees import Sides


@dataclass(frozen=True, kw_only=True)
class Touched:
    """An environment that the change touches.

    Attributes:
        environment: which one.
        before: its folders on the base.
        after: its folders after the merge.
    """

    environment: Environment
    before: tuple[FolderState, ...]
    after: tuple[FolderState, ...]

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.environment.name

    @property
    def files(self) -> frozenset[str]:
        """Every file that it stands on, before or after."""
        return frozenset(path for state in (*self.before, *self.after) for path in state.files)


def find_touched(config: Config, sides: Sides, trees: Trees) -> tuple[Touched, ...]:
    """The environments that stand on changed files, in the order of the configuration.

    Only names are looked at, and what kustomizations name: an environment in which nothing
    changes is never rendered.
    """
    changed = frozenset(sides.changed())
    if not changed:
        return ()
    base, merged = closures_of(sides.base, trees), closures_of(sides.merged, trees)
    every = (
        Touched(
            environment=item,
            before=environment_folders(item, config, sides.base, base),
            after=environment_folders(item, config, sides.merged, merged),
        )
        for item in config.environments
    )
    return tuple(item for item in every if changed & item.files)


def render_both(
    touched: Iterable[Touched], sides: Sides, trees: Trees, renderer: Renderer
) -> tuple[RenderedPair, ...]:
    """Both sides of these environments; a folder that is the same on both is rendered once."""
    every = tuple(touched)
    with FolderRenders(trees, renderer) as renders:
        for item in every:
            renders.start(sides.base, item.before)
            renders.start(sides.merged, item.after)
        return tuple(
            RenderedPair(
                environment=item.environment,
                before=renders.environment(item.environment, item.before),
                after=renders.environment(item.environment, item.after),
            )
            for item in every
        )
