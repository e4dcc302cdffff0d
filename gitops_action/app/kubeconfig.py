"""Builds what `init kubeconfig` talks to: the cluster of a person's own kubeconfig, and a file."""

from __future__ import annotations

from pathlib import Path

from gitops_action.adapters.cluster import access_of, persons_files
from gitops_action.adapters.cluster.tokens import ServiceAccountTokens
from gitops_action.adapters.whole_files import PrivateFiles
from gitops_action.app.tools import Context
from gitops_action.commands.kubeconfig import KubeconfigPorts
from gitops_action.commands.kubeconfig import run as init_kubeconfig
from gitops_action.core.cluster import Given
from gitops_action.core.inputs import Values
from gitops_action.core.inputs.init import kubeconfig_inputs
from gitops_action.core.outcome import Outcome
from gitops_action.errors import UsageError


def run(values: Values, context: Context) -> Outcome:
    """Connect as the person, mint, write."""
    inputs = kubeconfig_inputs(values)
    files = persons_files(context.environ)
    if not files:
        raise UsageError(
            "There is no kubeconfig of your own that leads to the cluster",
            cause="neither KUBECONFIG nor ~/.kube/config is there",
            fix="log in to the cluster as its administrator, and run it again",
        )
    access = access_of(Given(files=files, context=inputs.context, terminal=True), context.environ)
    for secret in access.secrets():
        context.redactor.add(secret)
    ports = KubeconfigPorts(cluster=ServiceAccountTokens(access), file=PrivateFiles(Path.cwd()))
    return init_kubeconfig(inputs, ports)
