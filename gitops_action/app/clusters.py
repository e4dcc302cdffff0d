"""What `deploy` and `drift` stand on: the clusters that the inputs lead to, and the commits."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_action.app.load_ahead import load_ahead
from gitops_action.app.tools import Context, read_target
from gitops_action.commands.deploy.cluster import Cluster
from gitops_action.commands.ports import DeployTrees
from gitops_action.core.cluster import Access, Given
from gitops_action.core.config import Target
from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs.common import ClusterInputs
from gitops_action.core.outcome import Notice
from gitops_action.errors import UsageError

if TYPE_CHECKING:
    from gitops_action.core.inputs.deploy import DeployInputs
    from gitops_action.core.inputs.drift import DriftInputs


@dataclass(frozen=True, kw_only=True)
class GivenClusters:
    """Implements the port `Clusters`."""

    inputs: ClusterInputs
    context: Context

    def connect(self, target: Target, *, alone: bool) -> Cluster:
        """The cluster of a target; every secret that leads there is known before it is used.

        A target's own context distinguishes clusters of one kubeconfig. Where the address of the
        only target's cluster is given, nothing is left to distinguish.

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


def deploy_trees(inputs: DeployInputs | DriftInputs, stack: ExitStack) -> DeployTrees:
    """Commits of the repository that the token is for; without one, the checkout alone."""
    load_ahead()
    from gitops_action.adapters.git import CheckoutTrees, CommitTrees  # noqa: PLC0415 - loads Git

    if not inputs.token:
        return stack.enter_context(CheckoutTrees(Path(inputs.working_directory)))
    target = read_target(inputs, inputs.repository, inputs.token)
    return stack.enter_context(CommitTrees(target, base=inputs.base))
