"""Chooses how the environment repository's content is read and written."""

from __future__ import annotations

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


def content_store(
    inputs: BumpInputs,
    client: GitHubClient,
    forge: Forge,
    clock: Clock,
    stack: ExitStack,
) -> ContentStore:
    """The API, which needs no clone, or Git where `transport: git` asks for it.

    Git's commits bear the name of whoever the token belongs to, so GitHub is asked for that.
    """
    if inputs.transport != "git":
        from gitops_action.adapters.github import ApiContentStore  # noqa: PLC0415 - one transport's

        return ApiContentStore(client, inputs.repository)
    from gitops_action.adapters.git import GitStore, GitTarget  # noqa: PLC0415 - same

    target = GitTarget(
        server_url=inputs.server_url,
        repository=inputs.repository,
        token=inputs.token,
        identity=forge.viewer(),
    )
    return stack.enter_context(GitStore(target, now=clock.now))
