"""Builds what `bump` talks to: only the parts that its mode needs, imported when they are."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from secrets import token_hex

from gitops_action.adapters.clock import SystemClock, system_clock
from gitops_action.adapters.workflow import read_job
from gitops_action.app.commands import Context
from gitops_action.app.content import content_store, working_tree
from gitops_action.commands import bump
from gitops_action.commands.dispatch_ports import DispatchPorts
from gitops_action.commands.ports import Registry, SourceHistory, Texts
from gitops_action.commands.steps.dispatch import dispatch
from gitops_action.core.inputs import BumpInputs, Values, bump_inputs
from gitops_action.core.job import Job
from gitops_action.core.outcome import Notice, Outcome


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
    clock, job = system_clock(context.environ), read_job(context.environ)
    texts = _texts(inputs, job)
    if inputs.mode == "local":
        return bump.BumpPorts(store=working_tree(inputs), texts=texts, clock=clock, job=job)
    from gitops_action.adapters.github import GitHubForge, connect  # noqa: PLC0415 - loads requests

    client = connect(inputs.token, inputs.api_url, inputs.graphql_url, clock)
    forge = GitHubForge(client, inputs.repository)
    return bump.BumpPorts(
        store=content_store(inputs, client, forge, clock, stack, tell=tell),
        texts=texts,
        clock=clock,
        job=job,
        forge=forge,
        registry=_registry(inputs, context),
        history=_history(inputs, clock),
    )


def _dispatch_ports(inputs: BumpInputs, context: Context) -> DispatchPorts:
    from gitops_action.adapters.github import connect  # noqa: PLC0415 - loads requests
    from gitops_action.adapters.github.dispatch import GitHubDispatcher  # noqa: PLC0415 - same

    clock, job = system_clock(context.environ), read_job(context.environ)
    client = connect(inputs.token, inputs.api_url, inputs.graphql_url, clock)
    return DispatchPorts(
        dispatcher=GitHubDispatcher(client, inputs.repository, clock.pause),
        registry=_registry(inputs, context),
        clock=clock,
        job=job,
        correlation=f"{job.run_id or 'terminal'}-{token_hex(6)}",
    )


def _texts(inputs: BumpInputs, job: Job) -> Texts:
    from gitops_action.adapters.views import UserTemplates, Views  # noqa: PLC0415 - loads a template engine

    templates = UserTemplates(
        branch=inputs.branch,
        title=inputs.pull_request_title,
        body=inputs.pull_request_body,
        commit_message=inputs.commit_message,
    )
    return Views(templates, job)


def _registry(inputs: BumpInputs, context: Context) -> Registry:
    """Accounts in their order: as given for the images' registries, Docker's, the job's."""
    from gitops_action.adapters.registry import (  # noqa: PLC0415 - loads an HTTP client
        Account,
        Accounts,
        RegistryClient,
        read_docker_config,
    )
    from gitops_action.core.images import parse_image_lines  # noqa: PLC0415 - same

    given = Account(username=inputs.registry_username, password=inputs.registry_password)
    job = Account(username=inputs.ghcr_username or "x", password=inputs.ghcr_password)
    changes = parse_image_lines(inputs.images)
    return RegistryClient(
        Accounts(
            given=given if inputs.registry_password else None,
            given_for=frozenset(change.target.domain for change in changes),
            docker=read_docker_config(context.environ),
            job=job if inputs.ghcr_password else None,
        )
    )


def _history(inputs: BumpInputs, clock: SystemClock) -> SourceHistory | None:
    """Without a token for the application repository its commits stay unknown."""
    if not inputs.source_token:
        return None
    from gitops_action.adapters.github import GitHubSourceHistory, connect  # noqa: PLC0415 - same

    return GitHubSourceHistory(
        connect(inputs.source_token, inputs.api_url, inputs.graphql_url, clock)
    )
