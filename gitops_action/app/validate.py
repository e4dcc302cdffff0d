"""Builds what `validate` talks to: a checkout alone, or GitHub and a pull request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_action.adapters.workflow import read_job
from gitops_action.app import tools
from gitops_action.commands.ports import Registry, Renderer, Trees
from gitops_action.commands.validate import command as validate
from gitops_action.commands.validate.ports import NotedSchemas, Proposals
from gitops_action.core.config import Validation
from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs import ValidateInputs, Values, validate_inputs
from gitops_action.core.outcome import Job, Outcome
from gitops_action.core.repository import RepositoryFile
from gitops_action.core.trailers import finished_run_of, proposal_of

if TYPE_CHECKING:
    from gitops_action.adapters.git import GitTarget
    from gitops_action.adapters.github import GitHubClient
    from gitops_action.core.manifests import Manifest

# Makes what `validate` needs once it knows the configuration: renderer, schemas, registries.


class ToolWorkshop:
    """Implements the port `Workshop` with kubectl, helm, the shipped schemas and registries."""

    def __init__(self, inputs: ValidateInputs, context: tools.Context) -> None:
        """Nothing is loaded before it is needed."""
        self._inputs = inputs
        self._context = context

    def renderer(self, settings: Validation) -> Renderer:
        """Kustomize as kubectl has it; helm where the machine has it."""
        return tools.kustomize_renderer(settings, self._context)

    def schemas(
        self,
        settings: Validation,
        definitions: Sequence[Manifest],
        files: Mapping[str, RepositoryFile],
    ) -> NotedSchemas:
        """The schemas that are shipped, and those of the repository."""
        from gitops_action.adapters.schemas import OfflineSchemas  # noqa: PLC0415 - same

        return OfflineSchemas(kubernetes=settings.kubernetes, crds=definitions, files=files)

    def registry(self, domains: frozenset[str]) -> Registry | None:
        """Accounts in their order: as given for `domains`, Docker's, the job's for ghcr.io."""
        if self._inputs.verify == "off":
            return None
        return tools.image_registry(self._inputs, self._context, domains)


def run(values: Values, context: tools.Context) -> Outcome:
    """Check the inputs together, build the ports, run."""
    inputs, job = validate_inputs(values, context.environ), read_job(context.environ)
    client = _client(inputs, context)
    followed = finished_run_of(job)
    if followed and client and inputs.pull_request is None:
        from gitops_action.adapters.github.proposals import pull_request_of  # noqa: PLC0415 - loads requests

        number = pull_request_of(client, inputs.repository, followed)
        if number is None:
            return Outcome(outputs={}, headline="Nothing to do: the run's pull request is closed")
        inputs = replace(inputs, pull_request=number)
    with ExitStack() as stack:
        parts = _ValidateParts(inputs=inputs, context=context, job=job, client=client)
        return validate.run(inputs, parts.ports(stack))


def _client(inputs: ValidateInputs, context: tools.Context) -> GitHubClient | None:
    """GitHub, where there is a token and a repository to speak of."""
    if not (inputs.token and inputs.repository):
        return None
    return tools.github_client(inputs, inputs.token, context)


@dataclass(frozen=True, kw_only=True)
class _ValidateParts:
    """What the ports are built from."""

    inputs: ValidateInputs
    context: tools.Context
    job: Job
    client: GitHubClient | None

    def ports(self, stack: ExitStack) -> validate.ValidatePorts:
        """The ports; `stack` tidies up after those that leave something on disk."""
        from gitops_action.adapters.views import ValidationViews  # noqa: PLC0415 - a template engine

        number = self.inputs.pull_request
        if self.client and number:
            proposals, trees = self._pull_request(self.client, number, stack)
        else:
            proposals, trees = self._checkout(stack)
        ports = validate.ValidatePorts(
            trees=trees,
            proposals=proposals,
            workshop=ToolWorkshop(self.inputs, self.context),
            texts=ValidationViews(),
            job=self.job,
        )
        return self._with_places_to_tell(ports)

    def _with_places_to_tell(self, ports: validate.ValidatePorts) -> validate.ValidatePorts:
        """Where the comment's text goes; a place that cannot be is an error before any work."""
        if self.inputs.comment_file:
            from gitops_action.adapters.worktree.files import text_file  # noqa: PLC0415 - one input's

            root = Path(self.context.environ.get("GITHUB_WORKSPACE") or ".")
            write = text_file(root, self.inputs.comment_file, self.context.redactor)
            ports = replace(ports, write_file=write)
        if self.inputs.comment and self.client:
            from gitops_action.adapters.github import GitHubForge  # noqa: PLC0415 - one input's

            forge = GitHubForge(self.client, self.inputs.repository)
            ports = replace(ports, comments=forge)
        return ports

    def _pull_request(
        self, client: GitHubClient, number: int, stack: ExitStack
    ) -> tuple[Proposals, Trees]:
        """A pull request, read from GitHub: without `base` GitHub is asked for its base."""
        from gitops_action.adapters.git import PullRequestTrees  # noqa: PLC0415 - loads Git
        from gitops_action.adapters.github.proposals import GitHubProposals  # noqa: PLC0415 - same

        proposals = GitHubProposals(client, self.inputs.repository, number)
        base = self.inputs.base or proposals.current().base
        trees = PullRequestTrees(self._target(), number, base=base)
        return proposals, stack.enter_context(trees)

    def _checkout(self, stack: ExitStack) -> tuple[Proposals, Trees]:
        """What is checked out; with a token, commits that it lacks are fetched."""
        from gitops_action.adapters.git import LocalTrees  # noqa: PLC0415 - loads Git
        from gitops_action.adapters.github.proposals import EventProposals  # noqa: PLC0415 - same

        trees = LocalTrees(
            Path(self.inputs.working_directory),
            base=self.inputs.base,
            job=self.job,
            target=self._target() if self.client else None,
        )
        event = proposal_of(self.job)
        proposals = EventProposals(event, self.client, self.inputs.repository)
        return proposals, stack.enter_context(trees)

    def _target(self) -> GitTarget:
        return tools.read_target(self.inputs, self.inputs.repository, self.inputs.token)
