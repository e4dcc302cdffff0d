"""Two nodes that exist on paper: big enough for everything, Ready, without taints."""

from __future__ import annotations

from http import HTTPStatus

from testbed.cluster.api import Api, ApiError, Json
from testbed.cluster.simulator.statuses import now

NODES = ("node-1", "node-2")
_CAPACITY = {"cpu": "64", "memory": "256Gi", "pods": "5000", "ephemeral-storage": "1Ti"}


def create_nodes(api: Api, kubelet_port: int, version: str) -> None:
    """Create them, or point the existing ones to this port.

    Admission taints new nodes as not ready, and only the node lifecycle controller, which does
    not run here, would lift that; so we do.
    """
    for name in NODES:
        labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
        meta = {"name": name, "labels": labels}
        try:
            api.create("/api/v1/nodes", {"metadata": meta})
        except ApiError as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
        api.merge(f"/api/v1/nodes/{name}", {"spec": {"taints": None}})
        api.patch(f"/api/v1/nodes/{name}/status", {"status": _status(kubelet_port, version)})


def _status(port: int, version: str) -> Json:
    return {
        "capacity": _CAPACITY,
        "allocatable": _CAPACITY,
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        "nodeInfo": {"kubeletVersion": version, "operatingSystem": "linux"},
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "KubeletReady",
                "message": "the test bed says so",
                "lastHeartbeatTime": now(),
                "lastTransitionTime": now(),
            }
        ],
    }


def node_for(pod: Json, turn: int) -> str:
    """Where a pod goes: where its affinity says (DaemonSets), else by turns."""
    terms = (
        pod["spec"]
        .get("affinity", {})
        .get("nodeAffinity", {})
        .get("requiredDuringSchedulingIgnoredDuringExecution", {})
        .get("nodeSelectorTerms", [])
    )
    for term in terms:
        for field in term.get("matchFields", []):
            if field["key"] == "metadata.name":
                return str(field["values"][0])
    return NODES[turn % len(NODES)]
