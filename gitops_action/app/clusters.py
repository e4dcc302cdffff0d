"""Connects to the clusters that the inputs, or else the surroundings, lead to."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gitops_action.app.commands import Context
from gitops_action.commands.cluster_ports import Cluster
from gitops_action.core.cluster import Given, access_of
from gitops_action.core.config import Target
from gitops_action.core.inputs.cluster import ClusterInputs
from gitops_action.core.outcome import Notice


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
        wanted = "" if alone and given.server else target.context
        access = access_of(replace(given, context=self.inputs.context or wanted))
        for secret in access.secrets():
            self.context.redactor.add(secret)
        if access.insecure:
            text = f"the kubeconfig says not to check who {access.name} is: it may be anybody"
            self.context.surface.notice(Notice(level="warning", text=text))
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
        from gitops_action.adapters.cluster.surroundings import persons_kubeconfig, service_account  # noqa: PLC0415 - as above

        environ = self.context.environ
        found = service_account(environ)
        if found is not None:
            return found.given, found.namespace
        if environ.get("GITHUB_ACTIONS") != "true":
            return replace(given, kubeconfig=persons_kubeconfig(environ)), ""
        return given, ""
