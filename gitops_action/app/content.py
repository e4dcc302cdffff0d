"""Chooses how the environment repository's content is read and written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_action.commands.ports import Clock, ContentStore, Forge
from gitops_action.core.inputs import BumpInputs

if TYPE_CHECKING:
    from gitops_action.adapters.github import GitHubClient


def working_tree(inputs: BumpInputs) -> ContentStore:
    """The checkout that `mode: local` edits."""
    from gitops_action.adapters.worktree import WorktreeStore  # noqa: PLC0415 - one mode's

    return WorktreeStore(Path(inputs.working_directory))


def content_store(  # noqa: PLR0913 - what both transports take together
    inputs: BumpInputs,
    client: GitHubClient,
    forge: Forge,
    clock: Clock,
    stack: ExitStack,
    *,
    tell: Callable[[str], None],
) -> ContentStore:
    """What `transport` asks for: the API, which needs no clone, or Git, or whichever can.

    `tell` takes the note on a write that went by Git although nobody asked for it.
    """
    if inputs.transport == "git":
        return _git_store(inputs, forge, clock, stack)
    from gitops_action.adapters.github import ApiContentStore  # noqa: PLC0415 - one transport's

    api = ApiContentStore(client, inputs.repository)
    if inputs.transport == "api":
        return api
    from gitops_action.app.auto_store import AutoStore  # noqa: PLC0415 - same

    return AutoStore(api, lambda: _git_store(inputs, forge, clock, stack), tell)


def _git_store(inputs: BumpInputs, forge: Forge, clock: Clock, stack: ExitStack) -> ContentStore:
    """Git's commits bear the name of whoever the token belongs to: GitHub is asked for that."""
    from gitops_action.adapters.git import GitStore, GitTarget  # noqa: PLC0415 - one transport's

    target = GitTarget(
        server_url=inputs.server_url,
        repository=inputs.repository,
        token=inputs.token,
        identity=forge.viewer(),
    )
    return stack.enter_context(GitStore(target, now=clock.now))
