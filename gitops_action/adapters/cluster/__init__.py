"""A Kubernetes cluster over its API, by urllib3 and the server's own discovery.

cluster = connect(access_of(Given(kubeconfig=…)), environ)
for applied in cluster.apply_all(bodies, ApplyOptions(manager="gitops-action:production")):
    …

The official package is not used: importing any part of it takes longer than comparing a thousand
objects, its kubeconfig loader leaves keys in files and runs login programs, and what we need of the
API is a dozen requests.
"""

from gitops_action.adapters.cluster.client import ClusterClient, connect
from gitops_action.adapters.cluster.lease import Lease
from gitops_action.adapters.cluster.watching import Watching

__all__ = ["ClusterClient", "Lease", "Watching", "connect"]
