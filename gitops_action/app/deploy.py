"""Builds what `deploy` talks to: GitHub or a checkout, clusters, and who shows progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from gitops_action.adapters.clock import system_clock
from gitops_action.adapters.progress import ProgressTellers
from gitops_action.adapters.workflow import read_job
from gitops_action.app import tools
from gitops_action.app.clusters import GivenClusters, deploy_trees
from gitops_action.commands.deploy import command as deploy
from gitops_action.commands.deploy.ports import DeploymentTexts, NoTexts, Records
from gitops_action.commands.deploy.target import TargetRun
from gitops_action.commands.ports import Schemas
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import TargetResult
from gitops_action.core.deployments.records import CommitStatus
from gitops_action.core.inputs import Values
from gitops_action.core.inputs.access import require_identity
from gitops_action.core.inputs.deploy import DeployInputs, deploy_inputs
from gitops_action.core.manifests.model import Manifest
from gitops_action.core.outcome import Job, Outcome

if TYPE_CHECKING:
    from gitops_action.adapters.github import GitHubClient


def run(values: Values, context: tools.Context) -> Outcome:
    """Check the inputs together, build the ports, run."""
    inputs, job = deploy_inputs(values, context.environ), read_job(context.environ)
    require_identity(inputs.repository)
    with ExitStack() as stack:
        parts = _DeployParts(inputs=inputs, context=context, job=job)
        return deploy.run(inputs, parts.ports(stack))


def _schemas(version: str, definitions: Sequence[Manifest]) -> Schemas:
    from gitops_action.adapters.schemas import OfflineSchemas  # noqa: PLC0415 - for many new objects

    return OfflineSchemas(kubernetes=version, crds=definitions)


def _by_push(run: TargetRun) -> TargetResult:
    from gitops_action.commands.deploy.push.engine import deploy_by_push  # noqa: PLC0415 - one engine

    return deploy_by_push(run)


def _by_flux(run: TargetRun) -> TargetResult:
    from gitops_action.commands.deploy.flux.engine import deploy_by_flux  # noqa: PLC0415 - one engine

    return deploy_by_flux(run)


@dataclass(frozen=True, kw_only=True)
class _DeployParts:
    """What the ports are built from."""

    inputs: DeployInputs
    context: tools.Context
    job: Job

    def ports(self, stack: ExitStack) -> deploy.DeployPorts:
        """The ports; `stack` tidies up."""
        tellers = ProgressTellers(self.context.reporter)
        stack.callback(tellers.close)
        return deploy.DeployPorts(
            trees=deploy_trees(self.inputs, stack),
            renderer=lambda settings: tools.kustomize_renderer(
                settings, self.context, reviewed=True
            ),
            clusters=GivenClusters(inputs=self.inputs, context=self.context),
            records=self._records(),
            tellers=tellers.of,
            texts=self._texts(),
            clock=system_clock(self.context.environ),
            redactor=self.context.redactor,
            branch=self.inputs.base or "",
            job=self.job,
            engines={"push": _by_push, "flux": _by_flux},
            statuses=self._statuses(),
            schemas=_schemas,
        )

    def _texts(self) -> DeploymentTexts:
        if not self.job.in_actions:
            return NoTexts()
        from gitops_action.adapters.views import DeployViews  # noqa: PLC0415 - loads templates

        return DeployViews()

    def _records(self) -> Records:
        from gitops_action.commands.deploy.record import NoRecorder, Recorder, RecordPorts  # noqa: PLC0415 - one command's

        inputs = self.inputs
        if not inputs.token:
            return NoRecorder()
        from gitops_action.adapters.github.deployments import GitHubDeployments  # noqa: PLC0415 - loads requests

        ports = RecordPorts(
            deployments=GitHubDeployments(self._client(inputs.token), inputs.repository),
            job=self.job,
            environment_url=inputs.environment_url,
        )
        if inputs.artifact_metadata:
            from gitops_action.adapters.github.deployments import (  # noqa: PLC0415 - same
                GitHubArtifactMetadata,
            )

            client = self._client(inputs.token)
            ports = replace(ports, artifacts=GitHubArtifactMetadata(client, inputs.repository))
        if inputs.source_token:
            sources = GitHubDeployments(self._client(inputs.source_token), inputs.repository)
            registry = tools.image_registry(inputs, self.context, tools.EVERY_REGISTRY)
            ports = replace(ports, sources=sources, registry=registry)
        return Recorder(ports)

    def _statuses(self) -> Callable[[str], tuple[CommitStatus, ...]] | None:
        inputs = self.inputs
        if not inputs.token:
            return None
        from gitops_action.adapters.github.deployments import GitHubDeployments  # noqa: PLC0415 - loads requests

        known = GitHubDeployments(self._client(inputs.token), inputs.repository)
        return lambda commit: known.commit_statuses(inputs.repository, commit)

    def _client(self, token: str) -> GitHubClient:
        return tools.github_client(self.inputs, token, self.context)
