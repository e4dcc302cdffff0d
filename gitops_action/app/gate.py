"""Builds what `gate` talks to: GitHub as the gate App, Git, and the tools of `validate`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gitops_action.adapters.clock import system_clock
from gitops_action.adapters.gate_views import GateViews
from gitops_action.adapters.git.open_trees import OpenTrees
from gitops_action.adapters.github.activity import GitHubActivity
from gitops_action.adapters.github.checks import GitHubChecks
from gitops_action.adapters.github.dispatch import start_workflow
from gitops_action.adapters.github.gate_writes import GitHubGateComments, GitHubStatuses
from gitops_action.adapters.github.merge import GitHubMerges
from gitops_action.adapters.github.merge_queue import GitHubMergeQueue
from gitops_action.adapters.github.open_pull_requests import GitHubOpenPullRequests
from gitops_action.adapters.github.people import GitHubPeople
from gitops_action.adapters.github.proved_records import GitHubRecords
from gitops_action.adapters.http_gate import HttpAddresses
from gitops_action.adapters.workflow import read_job
from gitops_action.app import tools
from gitops_action.app.validate import ToolWorkshop
from gitops_action.commands.gate import command as gate
from gitops_action.commands.gate.ports import GatePorts, SourceCommits
from gitops_action.commands.ports import Renderer
from gitops_action.core.config import Validation
from gitops_action.core.gates.http import HttpSettings, http_settings
from gitops_action.core.gates.model import COMMENT_MARKER
from gitops_action.core.images import ImageReference
from gitops_action.core.inputs import ValidateInputs, Values
from gitops_action.core.inputs.bump import BumpInputs
from gitops_action.core.inputs.gate import GateInputs, gate_inputs
from gitops_action.core.outcome import Outcome

if TYPE_CHECKING:
    from gitops_action.adapters.attestations.images import AttestedImages
    from gitops_action.adapters.github import GitHubClient


class GateWorkshop(ToolWorkshop):
    """The tools of `validate`, in a job that holds tokens."""

    def renderer(self, settings: Validation) -> Renderer:
        """Kustomize; helm where it runs as another user."""
        return tools.kustomize_renderer(settings, self._context, privileged=True)


def run(values: Values, context: tools.Context) -> Outcome:
    """Check the inputs together, build the ports, run."""
    inputs = gate_inputs(values, context.environ)
    client = tools.github_client(inputs, inputs.token, context)
    with ExitStack() as stack:
        return gate.run(*build(inputs, context, client, stack))


def build(
    inputs: GateInputs, context: tools.Context, client: GitHubClient, stack: ExitStack
) -> tuple[GateInputs, GatePorts]:
    """The ports, and the inputs with the base branch that they are for.

    Raises:
        GitOpsError: the default branch cannot be read.
    """
    pulls = GitHubOpenPullRequests(client, inputs.repository, marker=COMMENT_MARKER)
    base = inputs.base or pulls.default_branch()
    target = tools.read_target(inputs, inputs.repository, inputs.token)
    ports = GatePorts(
        repository=inputs.repository,
        pull_requests=pulls,
        trees=stack.enter_context(OpenTrees(target, branch=base)),
        workshop=GateWorkshop(_of_validate(inputs), context),
        activity=GitHubActivity(client),
        people=GitHubPeople(client, inputs.repository),
        checks=GitHubChecks(client, inputs.repository),
        records=GitHubRecords(client, inputs.repository),
        statuses=GitHubStatuses(client, inputs.repository),
        comments=GitHubGateComments(client, inputs.repository),
        merges=GitHubMerges(client, inputs.repository),
        texts=GateViews(),
        clock=system_clock(context.environ),
        job=read_job(context.environ),
        replan=Replanner(inputs, base, context),
        http=HttpAddresses(_http_settings(context)),
        sources=_sources(inputs, context),
        queue=GitHubMergeQueue(client, inputs.repository),
        attestations=_attestations(inputs, context, client),
        server=inputs.server_url.rstrip("/"),
        start_workflow=partial(start_workflow, client, inputs.repository),
    )
    return replace(inputs, base=base), ports


def _sources(inputs: GateInputs, context: tools.Context) -> SourceCommits | None:
    """Commits of the application repositories, with their own token."""
    if not inputs.source_token:
        return None
    from gitops_action.adapters.github.history import GitHubSourceAuthors  # noqa: PLC0415 - loads requests

    return GitHubSourceAuthors(tools.github_client(inputs, inputs.source_token, context))


def _attestations(
    inputs: GateInputs, context: tools.Context, client: GitHubClient
) -> AttestedImages:
    """Attestations of images, read with the `source-token` where there is one."""
    from gitops_action.adapters.attestations.images import (  # noqa: PLC0415 - loads requests
        AttestedImages,
        BundleDownloads,
    )
    from gitops_action.adapters.github.attestations import GitHubAttestations  # noqa: PLC0415 - same
    from gitops_action.adapters.registry.addresses import is_loopback  # noqa: PLC0415 - same

    token = inputs.source_token
    reading = tools.github_client(inputs, token, context) if token else client
    downloads = BundleDownloads(local=is_loopback(urlsplit(inputs.api_url).hostname or ""))
    return AttestedImages(
        GitHubAttestations(reading, downloads.get),
        lambda domains: tools.image_registry(_of_validate(inputs), context, domains),
    )


def _http_settings(context: tools.Context) -> HttpSettings:
    """What the gate `http` may send, whose values are secrets.

    Raises:
        UsageError: a `GITOPS_HTTP_*` variable cannot be used.
    """
    settings = http_settings(context.environ)
    for value in settings.headers.values():
        context.redactor.add(value)
    return settings


class Replanner:
    """Implements the port `Replan` with `bump` itself, as the token's account.

    Only what that account, or the pull request's author, has committed is rebuilt; people's commits
    stay, and a conflict with them is reported on the pull request.
    """

    def __init__(self, inputs: GateInputs, base: str, context: tools.Context) -> None:
        """Nothing is loaded before it is needed."""
        self._inputs = inputs
        self._base = base
        self._context = context

    def __call__(self, *, environment: str, images: Sequence[ImageReference]) -> str:
        """Plan on the base's tip, and propose; gives the outcome's headline.

        Raises:
            GitOpsError: it could not be done.
        """
        from gitops_action.app.bump import build_ports  # noqa: PLC0415 - seldom needed
        from gitops_action.commands.bump import command as bump  # noqa: PLC0415 - same

        given = self._inputs
        inputs = BumpInputs(
            images="\n".join(str(image) for image in images),
            digest="keep",
            verify="off",
            environment=(environment,),
            repository=given.repository,
            base=self._base,
            config=given.config,
            token=given.token,
            api_url=given.api_url,
            graphql_url=given.graphql_url,
            server_url=given.server_url,
        )
        with ExitStack() as stack:
            ports = build_ports(inputs, self._context, stack, tell=lambda _note: None)
            return bump.run(inputs, ports).headline


def _of_validate(inputs: GateInputs) -> ValidateInputs:
    """What the tools of `validate` are made by."""
    return ValidateInputs(
        verify=inputs.verify,
        source_token=inputs.source_token,
        registry_username=inputs.registry_username,
        registry_password=inputs.registry_password,
        ghcr_username=inputs.ghcr_username,
        ghcr_password=inputs.ghcr_password,
    )
