"""Tools that several commands make: what renders, and what asks GitHub and registries."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import TYPE_CHECKING, TextIO

from gitops_action.adapters.clock import system_clock
from gitops_action.adapters.process import Runner, Sandbox
from gitops_action.adapters.workflow import Reporter, read_job
from gitops_action.commands.ports import Renderer
from gitops_action.core.config import Validation
from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs import Values
from gitops_action.core.inputs.common import EndpointInputs, RegistryInputs
from gitops_action.core.outcome import Outcome
from gitops_action.core.pull_requests import NOBODY
from gitops_action.core.redaction.known import Redactor

if TYPE_CHECKING:
    from gitops_action.adapters.git import GitTarget
    from gitops_action.adapters.github import GitHubClient
    from gitops_action.adapters.registry import RegistryClient


@dataclass(frozen=True, kw_only=True)
class Context:
    """What building a command's adapters takes, beside its inputs.

    `terminal` is where a person can be asked, input and output; None in a job, in a pipe, and
    where a program reads the outcome. `reporter` shows what cannot wait for the outcome.
    """

    environ: Mapping[str, str]
    redactor: Redactor
    reporter: Reporter
    terminal: tuple[TextIO, TextIO] | None = None


CommandRunner = Callable[[Values, Context], Outcome]


def github_client(endpoints: EndpointInputs, token: str, context: Context) -> GitHubClient:
    """A client of the GitHub that the inputs name."""
    from gitops_action.adapters.github import connect  # noqa: PLC0415 - loads requests

    clock = system_clock(context.environ)
    return connect(token, endpoints.api_url, endpoints.graphql_url, clock)


def read_target(endpoints: EndpointInputs, repository: str, token: str) -> GitTarget:
    """A repository that Git reads, and commits nothing to."""
    from gitops_action.adapters.git import GitTarget  # noqa: PLC0415 - loads Git

    return GitTarget(
        server_url=endpoints.server_url, repository=repository, token=token, identity=NOBODY
    )


def kustomize_renderer(
    settings: Validation, context: Context, *, reviewed: bool = False, privileged: bool = False
) -> Renderer:
    """Kustomize as kubectl has it; helm where the machine has it.

    Args:
        settings: what may be rendered.
        context: the surroundings.
        reviewed: whether only what is on the base branch is rendered. A chart of a pull request
            is not rendered by a user who could read this process's secrets.
        privileged: whether it holds secrets wherever it runs, not only in a job.
    """
    from gitops_action.adapters.renderer import (  # noqa: PLC0415 - two commands'
        NOT_INSTALLED,
        NOT_SEPARATE,
        KustomizeRenderer,
        find_helm,
        find_kubectl,
        find_sandbox,
    )

    path = context.environ.get("PATH")
    kubectl, helm = find_kubectl(path), find_helm(path)
    programs = tuple(program for program in (kubectl, helm) if program)

    def sandbox() -> Sandbox:
        return find_sandbox(programs, network=settings.remote_bases)

    holds = privileged or (not reviewed and read_job(context.environ).privileged)
    exposed = bool(helm) and holds and not sandbox().separate
    return KustomizeRenderer(
        kubectl,
        Runner(environ=context.environ, redact=context.redactor.clean),
        allow_remote=settings.remote_bases,
        helm=NOT_SEPARATE if exposed else helm or NOT_INSTALLED,
        sandbox=sandbox,
    )


class _EveryRegistry:
    """Contains every registry."""

    def __contains__(self, domain: object) -> bool:
        return isinstance(domain, str)


EVERY_REGISTRY = _EveryRegistry()
"""For commands that look up only images that the base branch or its configuration names."""


def image_registry(
    inputs: RegistryInputs, context: Context, domains: Container[str]
) -> RegistryClient:
    """Accounts in their order: as given for `domains`, Docker's, the job's for ghcr.io."""
    from gitops_action.adapters.registry import (  # noqa: PLC0415 - loads an HTTP client
        Account,
        Accounts,
        RegistryClient,
        read_docker_config,
    )

    given = Account(username=inputs.registry_username, password=inputs.registry_password)
    job = Account(username=inputs.ghcr_username or "x", password=inputs.ghcr_password)
    return RegistryClient(
        Accounts(
            given=given if inputs.registry_password else None,
            given_for=domains,
            docker=read_docker_config(context.environ),
            job=job if inputs.ghcr_password else None,
        ),
        local=domains,
    )
