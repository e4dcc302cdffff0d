"""Load balancers and volumes, which a cloud would provide.

A Service of type LoadBalancer gets an address, and a claim a volume, unless the annotation
`testbed/behaviour: pending` asks for none. Claims whose class binds with the first consumer wait.
"""

from __future__ import annotations

import urllib3

from testbed.cluster.api import Api, ApiError, Json

_PAUSE = 0.5
_ADDRESS = {"ingress": [{"ip": "192.0.2.10"}]}


class Balancer:
    """Looks at all Services and claims twice a second, as an act of the stage."""

    def __init__(self, api: Api) -> None:
        """Nothing happens before the first call."""
        self._api = api

    def __call__(self) -> float:
        """Provide what is missing."""
        try:
            for service in self._waiting("services"):
                if service["spec"].get("type") == "LoadBalancer" and not _has_address(service):
                    self._api.merge(_path("services", service, "/status"), _balanced())
            for claim in self._waiting("persistentvolumeclaims"):
                if claim["status"].get("phase") == "Pending" and not self._waits_for_pod(claim):
                    self._provide(claim)
        except (ApiError, urllib3.exceptions.HTTPError, OSError):
            pass  # gone meanwhile, or the server is away: looked at again
        return _PAUSE

    def _waiting(self, resource: str) -> list[Json]:
        items: list[Json] = self._api.get(f"/api/v1/{resource}")["items"]
        return [item for item in items if not _is_pending(item)]

    def _waits_for_pod(self, claim: Json) -> bool:
        name = claim["spec"].get("storageClassName")
        if not name:
            return False
        storage = self._api.get(f"/apis/storage.k8s.io/v1/storageclasses/{name}")
        return bool(storage.get("volumeBindingMode") == "WaitForFirstConsumer")

    def _provide(self, claim: Json) -> None:
        """Create a volume that is reserved for this claim; the controller binds the two."""
        meta, spec = claim["metadata"], claim["spec"]
        reserved = {key: meta[key] for key in ("namespace", "name", "uid")}
        volume = {
            "metadata": {"name": f"pv-{meta['uid']}"},
            "spec": {
                "accessModes": spec["accessModes"],
                "capacity": spec["resources"]["requests"],
                "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **reserved},
                "hostPath": {"path": "/nowhere"},
                "persistentVolumeReclaimPolicy": "Retain",
                "storageClassName": spec.get("storageClassName", ""),
            },
        }
        self._api.create("/api/v1/persistentvolumes", volume)


def _has_address(service: Json) -> bool:
    return bool(service["status"].get("loadBalancer", {}).get("ingress"))


def _balanced() -> Json:
    return {"status": {"loadBalancer": _ADDRESS}}


def _is_pending(item: Json) -> bool:
    annotations = item["metadata"].get("annotations", {})
    return bool(annotations.get("testbed/behaviour") == "pending")


def _path(resource: str, item: Json, rest: str) -> str:
    meta = item["metadata"]
    return f"/api/v1/namespaces/{meta['namespace']}/{resource}/{meta['name']}{rest}"
