"""Asks a cluster which kinds it serves: two requests, or one a group version on older servers."""

from __future__ import annotations

from gitops_action.adapters.cluster.caller import Caller
from gitops_action.adapters.cluster.transport import Request
from gitops_action.core.cluster.doing import Doing
from gitops_action.core.cluster.errors import ClusterError
from gitops_action.core.cluster.resources import Resources, group_versions
from gitops_action.core.manifests.fields import text, texts

_AGGREGATED = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
    for version in ("v2", "v2beta1")
)
_DOING = Doing(verb="read", about="the kinds it serves")


def discover(caller: Caller, *, aggregated: bool = True) -> Resources:
    """All kinds, those of the core API first.

    Args:
        caller: the cluster.
        aggregated: ask for the aggregated form; a server that lacks it gives the older one.

    Raises:
        ClusterError: they cannot be read.
    """
    accept = f"{_AGGREGATED},application/json" if aggregated else "application/json"
    core, groups = (
        caller.safe(_DOING, Request(method="GET", path=path, accept=accept)).body
        for path in ("/api", "/apis")
    )
    if text(core, "kind") == text(groups, "kind") == "APIGroupDiscoveryList":
        return Resources.aggregated((core, groups))
    paths = [f"/api/{version}" for version in texts(core, "versions")]
    paths += [f"/apis/{version}" for version in group_versions(groups)]
    documents = []
    for path in paths:
        try:
            documents.append(caller.read(_DOING, path).body)
        except ClusterError as error:
            # An aggregated API that is down must not hide all others (kubectl does the same).
            if path == "/api/v1":
                raise error from None
    return Resources.listed(documents)
