"""Builds what `bump` talks to: only the parts that its mode needs, imported when they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from secrets import token_hex
from typing import TYPE_CHECKING

from gitops_action.adapters.clock import system_clock
from gitops_action.adapters.github import ApiLacksError
from gitops_action.adapters.workflow import read_job
from gitops_action.app.tools import Context, github_client, image_registry
from gitops_action.commands import ports
from gitops_action.commands.bump import command as bump
from gitops_action.commands.bump.dispatch import dispatch
from gitops_action.core.inputs import BumpInputs, Values, bump_inputs
from gitops_action.core.outcome import Job, Notice, Outcome
from gitops_action.core.pull_requests import NewCommit
from gitops_action.core.repository import Keep, Snapshot, Tip

if TYPE_CHECKING:
    from gitops_action.adapters.github import GitHubClient

# `transport: auto`: the API, and Git for a write that the server's API has no call for.

Tell = Callable[[str], None]


class AutoStore:
    """Reads through the API and writes so too, until the API says that it cannot.

    That is GitHub Enterprise Server before 3.16, whose GraphQL has no `updateRefs`: the one call
    that moves a branch by compare-and-swap. Git's push has a lease for that. Both write the same
    tree, so that nothing else changes.
    """

    def __init__(
        self, api: ports.ContentStore, git: Callable[[], ports.ContentStore], tell: Tell
    ) -> None:
        """Git is opened when it is first needed; `tell` takes the notes on it."""
        self._api = api
        self._open_git = git
        self._tell = tell
        self._git: ports.ContentStore | None = None

    def tip(self, *, base: str | None, config: str) -> Tip:
        """As the API reads it."""
        return self._api.tip(base=base, config=config)

    def read(self, *, commit: str, folders: tuple[str, ...], keep: Keep) -> Snapshot:
        """As the API reads it."""
        return self._api.read(commit=commit, folders=folders, keep=keep)

    def confirm(self, *, snapshot: Snapshot, paths: Sequence[str]) -> Snapshot:
        """As the API reads it."""
        return self._api.confirm(snapshot=snapshot, paths=paths)

    def write(self, commit: NewCommit) -> str:
        """Through the API; from the first time on that it cannot, by Git."""
        if self._git is None:
            try:
                return self._api.write(commit)
            except ApiLacksError as error:
                self._git = self._open_git()
                self._tell(f"written by Git, because the API cannot: {error.cause}")
        return self._git.write(commit)


# Chooses how the environment repository's content is read and written.


def working_tree(inputs: BumpInputs) -> ports.ContentStore:
    """The checkout that `mode: local` edits."""
    from gitops_action.adapters.worktree.store import (  # noqa: PLC0415 - one mode's
        WorktreeStore,
        working_root,
    )

    return WorktreeStore(working_root(inputs.working_directory, inputs.config))


def content_store(  # noqa: PLR0913 - what both transports take together
    inputs: BumpInputs,
    client: GitHubClient,
    forge: ports.Forge,
    clock: ports.Clock,
    stack: ExitStack,
    *,
    tell: Callable[[str], None],
) -> ports.ContentStore:
    """What `transport` asks for: the API, which needs no clone, or Git, or whichever can.

    `tell` takes the note on a write that went by Git without a request for it.
    """
    if inputs.transport == "git":
        return _git_store(inputs, forge, clock, stack)
    from gitops_action.adapters.github import ApiContentStore  # noqa: PLC0415 - one transport's

    api = ApiContentStore(client, inputs.repository)
    if inputs.transport == "api":
        return api

    return AutoStore(api, lambda: _git_store(inputs, forge, clock, stack), tell)


def _git_store(
    inputs: BumpInputs, forge: ports.Forge, clock: ports.Clock, stack: ExitStack
) -> ports.ContentStore:
    """Git's commits bear the name of the token's account, for which GitHub is asked."""
    from gitops_action.adapters.git import GitStore, GitTarget  # noqa: PLC0415 - one transport's

    target = GitTarget(
        server_url=inputs.server_url,
        repository=inputs.repository,
        token=inputs.token,
        identity=forge.viewer(),
    )
    return stack.enter_context(GitStore(target, now=clock.now))


def run(values: Values, context: Context) -> Outcome:
    """Check the inputs together, build the ports, run."""
    inputs = bump_inputs(values, context.environ)
    if inputs.mode == "dispatch":
        return dispatch(inputs, _dispatch_ports(inputs, context))
    notes: list[str] = []
    with ExitStack() as stack:
        outcome = bump.run(inputs, build_ports(inputs, context, stack, tell=notes.append))
    told = tuple(Notice(level="notice", text=note) for note in notes)
    return replace(outcome, notices=(*outcome.notices, *told))


def build_ports(
    inputs: BumpInputs, context: Context, stack: ExitStack, *, tell: Callable[[str], None]
) -> bump.BumpPorts:
    """The ports of a bump: a working tree alone, or GitHub and the registries.

    Args:
        inputs: what the user asked for.
        context: the job's environment.
        stack: tidies up after those that leave something on disk.
        tell: takes notes of the ports on how they did their work.
    """
    clock = system_clock(context.environ)
    job = read_job(context.environ).working_on(inputs.server_url)
    texts = _texts(inputs, job)
    if inputs.mode == "local":
        return bump.BumpPorts(store=working_tree(inputs), texts=texts, clock=clock, job=job)
    from gitops_action.adapters.github import GitHubForge  # noqa: PLC0415 - loads requests

    client = github_client(inputs, inputs.token, context)
    forge = GitHubForge(client, inputs.repository)
    return bump.BumpPorts(
        store=content_store(inputs, client, forge, clock, stack, tell=tell),
        texts=texts,
        clock=clock,
        job=job,
        forge=forge,
        registry=_registry(inputs, context),
        history=_history(inputs, context),
    )


def _dispatch_ports(inputs: BumpInputs, context: Context) -> ports.DispatchPorts:
    from gitops_action.adapters.github.dispatch import GitHubDispatcher  # noqa: PLC0415 - loads requests

    clock = system_clock(context.environ)
    job = read_job(context.environ).working_on(inputs.server_url)
    client = github_client(inputs, inputs.token, context)
    return ports.DispatchPorts(
        dispatcher=GitHubDispatcher(client, inputs.repository, clock.pause),
        registry=_registry(inputs, context),
        clock=clock,
        job=job,
        correlation=f"{job.run_id or 'terminal'}-{token_hex(6)}",
    )


def _texts(inputs: BumpInputs, job: Job) -> ports.Texts:
    from gitops_action.adapters.views import UserTemplates, Views  # noqa: PLC0415 - loads a template engine

    templates = UserTemplates(
        branch=inputs.branch,
        title=inputs.pull_request_title,
        body=inputs.pull_request_body,
        commit_message=inputs.commit_message,
    )
    return Views(templates, job)


def _registry(inputs: BumpInputs, context: Context) -> ports.Registry:
    """As given for the images' own registries."""
    from gitops_action.core.images import parse_image_lines  # noqa: PLC0415 - seldom all of it

    domains = frozenset(change.target.domain for change in parse_image_lines(inputs.images))
    return image_registry(inputs, context, domains)


def _history(inputs: BumpInputs, context: Context) -> ports.SourceHistory | None:
    """Without a token for the application repository its commits stay unknown."""
    if not inputs.source_token:
        return None
    from gitops_action.adapters.github import GitHubSourceHistory  # noqa: PLC0415 - loads requests

    return GitHubSourceHistory(github_client(inputs, inputs.source_token, context))
