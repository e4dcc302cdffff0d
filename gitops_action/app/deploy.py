"""Builds what `deploy` talks to: GitHub or a checkout, clusters, and who shows progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_action.adapters.clock import system_clock
from gitops_action.adapters.progress import ProgressTellers
from gitops_action.adapters.workflow import read_job
from gitops_action.app.tools import Context, image_registry, kustomize_renderer
from gitops_action.commands.deploy import command as deploy
from gitops_action.commands.deploy.cluster import Cluster
from gitops_action.commands.deploy.ports import Records
from gitops_action.commands.ports import DeployTrees
from gitops_action.core.cluster import Given, access_of
from gitops_action.core.config import Target
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deployments.records import CommitStatus
from gitops_action.core.inputs import Values
from gitops_action.core.inputs.common import ClusterInputs
from gitops_action.core.inputs.deploy import DeployInputs, deploy_inputs
from gitops_action.core.outcome import Job, Notice, Outcome
from gitops_action.core.pull_requests import Identity
from gitops_action.errors import UsageError

if TYPE_CHECKING:
    from gitops_action.adapters.github import GitHubClient

# Ways to a cluster that the surroundings offer: a person's kubeconfig, a pod's service account.

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, kw_only=True)
class FoundKubeconfig:
    """What was found, and the namespace that goes with it (empty: none is known)."""

    given: Given
    namespace: str = ""


def service_account(environ: Mapping[str, str], folder: Path = _ACCOUNT) -> FoundKubeconfig | None:
    """The account of the pod we run in; None outside of a cluster.

    Variables and files are those of Kubernetes' documentation, "Accessing the Kubernetes API from
    a Pod".
    """
    host = environ.get("KUBERNETES_SERVICE_HOST", "")
    port = environ.get("KUBERNETES_SERVICE_PORT", "443")
    token = _text(folder / "token")
    if not (host and token):
        return None
    address = f"[{host}]" if ":" in host else host
    given = Given(server=f"https://{address}:{port}", ca=_text(folder / "ca.crt"), token=token)
    return FoundKubeconfig(given=given, namespace=_text(folder / "namespace"))


def persons_kubeconfig(environ: Mapping[str, str]) -> str:
    """The kubeconfig that kubectl would take; empty where there is none.

    Raises:
        UsageError: `KUBECONFIG` names several files, or one that cannot be read.
    """
    named = environ.get("KUBECONFIG", "")
    if ":" in named:
        raise UsageError(
            "KUBECONFIG names several files",
            cause="they are not merged here",
            fix="`kubectl config view --raw --flatten --minify` writes one that holds everything",
        )
    if named:
        text = _text(Path(named))
        if not text:
            raise UsageError("The file that KUBECONFIG names cannot be read", cause=named)
        return text
    home = environ.get("HOME", "")
    return _text(Path(home) / ".kube" / "config") if home else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


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

        given, namespace = self._given()
        requested = "" if alone and given.server else target.context
        access = access_of(replace(given, context=self.inputs.context or requested))
        for secret in access.secrets():
            self.context.redactor.add(secret)
        if access.insecure:
            text = f"the kubeconfig says not to check who {access.name} is: it may be anybody"
            self.context.reporter.notice(Notice(level="warning", text=text))
        namespace = self.inputs.kube_namespace or namespace
        access = replace(access, namespace=namespace) if namespace else access
        return connect(access, self.context.environ)

    def _given(self) -> tuple[Given, str]:
        """The inputs; else what a person, or a runner inside of a cluster, has."""
        inputs = self.inputs
        given = Given(
            kubeconfig=inputs.kubeconfig,
            server=inputs.kube_server,
            ca=inputs.kube_ca,
            token=inputs.kube_token,
        )
        if given.kubeconfig.strip() or given.server.strip():
            return given, ""

        environ = self.context.environ
        found = service_account(environ)
        if found is not None:
            return found.given, found.namespace
        if environ.get("GITHUB_ACTIONS") != "true":
            return replace(given, kubeconfig=persons_kubeconfig(environ)), ""
        return given, ""


_NOBODY = Identity(login="gitops-action", name="gitops-action", email="gitops-action@localhost")
"""Git wants a name; nothing is ever committed."""


def run(values: Values, context: Context) -> Outcome:
    """Check the inputs together, build the ports, run."""
    inputs, job = deploy_inputs(values, context.environ), read_job(context.environ)
    if not inputs.repository:
        raise UsageError(
            "The environment repository is not known",
            cause="its name distinguishes its inventory in the cluster from others",
            fix="give `repository: OWNER/NAME`",
        )
    with ExitStack() as stack:
        parts = _DeployParts(inputs=inputs, context=context, job=job)
        return deploy.run(inputs, parts.ports(stack))


class _Declared:
    """The registries that are asked: only images that the configuration declares are looked up."""

    def __contains__(self, domain: object) -> bool:
        return isinstance(domain, str)


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
            trees=self._trees(stack),
            renderer=lambda settings: kustomize_renderer(settings, self.context),
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
        )

    def _trees(self, stack: ExitStack) -> DeployTrees:
        from gitops_action.adapters.git import CheckoutTrees, CommitTrees, GitTarget  # noqa: PLC0415 - loads Git

        inputs = self.inputs
        if not inputs.token:
            return stack.enter_context(CheckoutTrees(Path(inputs.working_directory)))
        target = GitTarget(
            server_url=inputs.server_url,
            repository=inputs.repository,
            token=inputs.token,
            identity=_NOBODY,
        )
        return stack.enter_context(CommitTrees(target, base=inputs.base))

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
            registry = image_registry(inputs, self.context, _Declared())
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
        from gitops_action.adapters.github import connect  # noqa: PLC0415 - loads requests

        clock = system_clock(self.context.environ)
        return connect(token, self.inputs.api_url, self.inputs.graphql_url, clock)
