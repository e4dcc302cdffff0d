"""Builds what `deploy` talks to: GitHub or a checkout, clusters, and who shows progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_action.adapters.clock import system_clock
from gitops_action.adapters.progress import ProgressTellers
from gitops_action.adapters.workflow import read_job
from gitops_action.app.tools import (
    EVERY_REGISTRY,
    Context,
    github_client,
    image_registry,
    kustomize_renderer,
    read_target,
)
from gitops_action.commands.deploy import command as deploy
from gitops_action.commands.deploy.cluster import Cluster
from gitops_action.commands.deploy.ports import Records
from gitops_action.commands.ports import DeployTrees, Schemas
from gitops_action.core.cluster import Access, Given
from gitops_action.core.config import Target
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deployments.records import CommitStatus
from gitops_action.core.inputs import Values
from gitops_action.core.inputs.access import require_identity
from gitops_action.core.inputs.common import ClusterInputs
from gitops_action.core.inputs.deploy import DeployInputs, deploy_inputs
from gitops_action.core.manifests.model import Manifest
from gitops_action.core.outcome import Job, Notice, Outcome
from gitops_action.errors import UsageError

if TYPE_CHECKING:
    from gitops_action.adapters.github import GitHubClient
    from gitops_action.core.inputs.drift import DriftInputs

# Connects to the clusters that the inputs, or else the surroundings, lead to.


@dataclass(frozen=True, kw_only=True)
class GivenClusters:
    """Implements the port `Clusters`."""

    inputs: ClusterInputs
    context: Context

    def connect(self, target: Target, *, alone: bool) -> Cluster:
        """The cluster of a target; every secret that leads there is known before it is used.

        A target's own context tells clusters of one kubeconfig apart. Where the address of the
        only target's cluster is given, nothing is left to tell apart.

        Raises:
            UsageError: the inputs do not lead to it.
        """
        from gitops_action.adapters.cluster import connect  # noqa: PLC0415 - an HTTP client

        access = self._access(target, alone=alone)
        for secret in access.secrets():
            self.context.redactor.add(secret)
        if access.insecure:
            text = f"the kubeconfig says not to check who {access.name} is: it may be anybody"
            self.context.reporter.notice(Notice(level="warning", text=text))
        namespace = self.inputs.kube_namespace
        return connect(replace(access, namespace=namespace) if namespace else access)

    def _access(self, target: Target, *, alone: bool) -> Access:
        """The inputs; else what a runner inside of a cluster, or a person, has."""
        from gitops_action.adapters.cluster import access_of, persons_files, pod_account  # noqa: PLC0415 - same

        inputs, environ = self.inputs, self.context.environ
        given = Given(
            kubeconfig=inputs.kubeconfig,
            server=inputs.kube_server,
            ca=inputs.kube_ca,
            token=inputs.kube_token,
            terminal=environ.get("GITHUB_ACTIONS") != "true",
        )
        if not given.kubeconfig.strip() and not given.server.strip():
            found = pod_account(environ)
            if found is not None:
                _refuse_context(inputs.context or ("" if alone else target.context))
                return found
            given = replace(given, files=persons_files(environ) if given.terminal else "")
        requested = "" if alone and given.server else target.context
        return access_of(replace(given, context=inputs.context or requested), environ)


def _refuse_context(context: str) -> None:
    if context:
        raise UsageError(
            "`context` needs `kubeconfig`",
            cause=f"a pod's account reaches one cluster, and {context!r} asks for another",
            fix="pass a kubeconfig that has it",
        )


def run(values: Values, context: Context) -> Outcome:
    """Check the inputs together, build the ports, run."""
    inputs, job = deploy_inputs(values, context.environ), read_job(context.environ)
    require_identity(inputs.repository)
    with ExitStack() as stack:
        parts = _DeployParts(inputs=inputs, context=context, job=job)
        return deploy.run(inputs, parts.ports(stack))


def _schemas(version: str, definitions: Sequence[Manifest]) -> Schemas:
    from gitops_action.adapters.schemas import OfflineSchemas  # noqa: PLC0415 - for many new objects

    return OfflineSchemas(kubernetes=version, crds=definitions)


def deploy_trees(inputs: DeployInputs | DriftInputs, stack: ExitStack) -> DeployTrees:
    """Commits of the repository that the token is for; without one, the checkout alone."""
    from gitops_action.adapters.git import CheckoutTrees, CommitTrees  # noqa: PLC0415 - loads Git

    if not inputs.token:
        return stack.enter_context(CheckoutTrees(Path(inputs.working_directory)))
    target = read_target(inputs, inputs.repository, inputs.token)
    return stack.enter_context(CommitTrees(target, base=inputs.base))


@dataclass(frozen=True, kw_only=True)
class _DeployParts:
    """What the ports are built from."""

    inputs: DeployInputs
    context: Context
    job: Job

    def ports(self, stack: ExitStack) -> deploy.DeployPorts:
        """The ports; `stack` tidies up."""
        from gitops_action.adapters.views import DeployViews  # noqa: PLC0415 - templates
        from gitops_action.commands.deploy.flux.engine import deploy_by_flux  # noqa: PLC0415 - one engine
        from gitops_action.commands.deploy.push.engine import deploy_by_push  # noqa: PLC0415 - one engine

        tellers = ProgressTellers(self.context.reporter)
        stack.callback(tellers.close)
        return deploy.DeployPorts(
            trees=deploy_trees(self.inputs, stack),
            renderer=lambda settings: kustomize_renderer(settings, self.context, reviewed=True),
            clusters=GivenClusters(inputs=self.inputs, context=self.context),
            records=self._records(),
            tellers=tellers.of,
            texts=DeployViews(),
            clock=system_clock(self.context.environ),
            redactor=self.context.redactor,
            branch=self.inputs.base or "",
            job=self.job,
            engines={"push": deploy_by_push, "flux": deploy_by_flux},
            statuses=self._statuses(),
            schemas=_schemas,
        )

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
        if inputs.source_token:
            sources = GitHubDeployments(self._client(inputs.source_token), inputs.repository)
            registry = image_registry(inputs, self.context, EVERY_REGISTRY)
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
        return github_client(self.inputs, token, self.context)
