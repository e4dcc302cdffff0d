"""The inputs by which commands reach a cluster."""

from __future__ import annotations

from dataclasses import dataclass, field

from gitops_action.core.inputs.declaration import Input

KUBECONFIG = Input(
    name="kubeconfig",
    topic="Access",
    kind="secret",
    help="Content of a kubeconfig that holds everything: no files, no programs to log in with.",
    default_help="on a terminal the file that `KUBECONFIG` names, else `~/.kube/config`; on a"
    " runner inside of a cluster its service account",
    variables=("GITOPS_KUBECONFIG",),
)
CONTEXT = Input(
    name="context",
    topic="Access",
    help="Context of the kubeconfig.",
    default_help="the target's `context`, else the kubeconfig's current one",
)
KUBE_SERVER = Input(
    name="kube-server",
    topic="Access",
    kind="url",
    help="Address of the API server, instead of a kubeconfig.",
)
KUBE_CA = Input(
    name="kube-ca",
    topic="Access",
    help="Certificate authority of `kube-server`: PEM, or its base64 encoding.",
    default_help="the authorities that the system trusts",
)
KUBE_TOKEN = Input(
    name="kube-token",
    topic="Access",
    kind="secret",
    help="Token for `kube-server`; short-lived ones are best.",
    variables=("GITOPS_KUBE_TOKEN",),
)
KUBE_NAMESPACE = Input(
    name="kube-namespace",
    topic="Access",
    help="Namespace of objects that name none; the inventory and the lease are kept there.",
    default_help="the kubeconfig context's, else `default`",
)
CLUSTER_INPUTS = (KUBECONFIG, CONTEXT, KUBE_SERVER, KUBE_CA, KUBE_TOKEN, KUBE_NAMESPACE)


@dataclass(frozen=True, kw_only=True)
class ClusterInputs:
    """How the cluster is reached; secrets stay out of `repr`."""

    kubeconfig: str = field(default="", repr=False)
    context: str = ""
    kube_server: str = ""
    kube_ca: str = ""
    kube_token: str = field(default="", repr=False)
    kube_namespace: str = ""
