"""A Kubernetes cluster over its API, by HTTP and the server's own discovery.

cluster = connect(access_of(Given(kubeconfig=…), environ))
for applied in cluster.apply_all(bodies, ApplyOptions(manager="gitops-action:production")):
    …

The official package reads kubeconfigs (`kubeconfig.py`), and is loaded where there is one. Its API
classes are not used: what we need of the API is a dozen requests, with errors and retries that a
deployment can go by.
"""

from gitops_action.adapters.cluster.access import access_of, persons_files, pod_account
from gitops_action.adapters.cluster.client import ClusterClient, connect
from gitops_action.adapters.cluster.lease import Lease
from gitops_action.adapters.cluster.watching import Watching

__all__ = [
    "ClusterClient",
    "Lease",
    "Watching",
    "access_of",
    "connect",
    "persons_files",
    "pod_account",
]
