"""Builds what `promote` talks to: the branch's history, records, and what `bump` has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from gitops_action.adapters.clock import system_clock
from gitops_action.adapters.workflow import read_job
from gitops_action.app import tools
from gitops_action.app.history import branch_history
from gitops_action.commands.bump.ports import BumpPorts
from gitops_action.commands.promote import command as promote
from gitops_action.commands.render import EnvironmentRendering, render_environment
from gitops_action.core.config import Config, Environment
from gitops_action.core.inputs import Values
from gitops_action.core.inputs.promote import PromoteInputs, promote_inputs
from gitops_action.core.manifests.model import Manifest
from gitops_action.core.outcome import Outcome
from gitops_action.errors import GitOpsError

if TYPE_CHECKING:
    from gitops_action.adapters.git import FirstParentHistory


def run(values: Values, context: tools.Context) -> Outcome:
    """Check the inputs, build the ports, run."""
    inputs = promote_inputs(values, context.environ)
    with ExitStack() as stack:
        return promote.run(inputs, build_ports(inputs, context, stack))


def build_ports(
    inputs: PromoteInputs, context: tools.Context, stack: ExitStack
) -> promote.PromotePorts:
    """The ports; `stack` tidies up."""
    from gitops_action.adapters.git.open_trees import OpenTrees  # noqa: PLC0415 - loads Git
    from gitops_action.adapters.github import (  # noqa: PLC0415 - loads requests
        ApiContentStore,
        GitHubForge,
        GitHubSourceHistory,
    )
    from gitops_action.adapters.github.people import GitHubPeople  # noqa: PLC0415 - loads requests
    from gitops_action.adapters.github.promotions import GitHubPromotions  # noqa: PLC0415 - same
    from gitops_action.adapters.github.proved_records import GitHubRecords  # noqa: PLC0415 - same
    from gitops_action.adapters.views import UserTemplates, Views  # noqa: PLC0415 - loads templates

    clock = system_clock(context.environ)
    job = read_job(context.environ).working_on(inputs.server_url)
    client = tools.github_client(inputs, inputs.token, context)
    target = tools.read_target(inputs, inputs.repository, inputs.token)
    commits = branch_history(inputs, inputs.repository, inputs.token, stack, base=inputs.base)
    forge = GitHubForge(client, inputs.repository)
    texts = Views(UserTemplates(), job)
    registry = tools.image_registry(inputs, context, tools.EVERY_REGISTRY)
    history = None
    if inputs.source_token:
        history = GitHubSourceHistory(tools.github_client(inputs, inputs.source_token, context))

    return promote.PromotePorts(
        commits=commits,
        records=GitHubRecords(client, inputs.repository),
        proposals=GitHubPromotions(client, inputs.repository, forge, texts.remark),
        trees=stack.enter_context(OpenTrees(target, branch=inputs.base or "HEAD")),
        may_write=GitHubPeople(client, inputs.repository).may_write,
        bump=BumpPorts(
            store=ApiContentStore(client, inputs.repository),
            texts=texts,
            clock=clock,
            job=job,
            forge=forge,
            registry=registry,
            history=history,
        ),
        registry=registry,
        render=EnvironmentRenders(commits, inputs.repository, context),
        ask=_ask(context),
    )


class EnvironmentRenders:
    """Fulfils the port `Render`: each environment of a commit is rendered once."""

    def __init__(
        self, commits: FirstParentHistory, repository: str, context: tools.Context
    ) -> None:
        """Nothing is rendered yet."""
        self._commits = commits
        self._repository = repository
        self._context = context
        self._found: dict[tuple[str, str], EnvironmentRendering] = {}

    def __call__(self, environment: Environment, config: Config, commit: str) -> Sequence[Manifest]:
        """The objects, and those that Flux and Argo CD make of this repository.

        Raises:
            GitOpsError: they cannot be rendered.
        """
        key = (environment.name, commit)
        if key not in self._found:
            self._found[key] = self._render(environment, config, commit)
        found = self._found[key]
        if found.problems:
            raise GitOpsError(
                f"{environment.name} cannot be rendered", cause=str(found.problems[0])
            )
        return found.manifests

    def _render(
        self, environment: Environment, config: Config, commit: str
    ) -> EnvironmentRendering:
        return render_environment(
            environment,
            config,
            self._commits.tree(commit),
            self._commits,
            tools.kustomize_renderer(config.validate, self._context),
            repository=self._repository,
            branch=self._commits.branch,
        )


def _ask(context: tools.Context) -> Callable[[str], bool] | None:
    """A person at a terminal sees everything first; anywhere else nobody is asked."""
    if context.terminal is None:
        return None
    answers, questions = context.terminal

    def ask(text: str) -> bool:
        questions.write(f"{context.redactor.clean(text)}\n\nPropose this? [y/N] ")
        questions.flush()
        return answers.readline().strip().lower() in {"y", "yes"}

    return ask
