"""Where the API server keeps the objects of a kind: by its own list, as kubectl finds it.

Reading an object so costs a thousandth of the processor time that kubectl takes to start.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from testbed.cluster.api import Api, ApiError, Json

_LISTED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class Resources:
    """Objects of one API server by their kind and name."""

    def __init__(self, api: Api) -> None:
        """The list is asked for when a kind is not known yet."""
        self._api = api
        self._known: dict[str, tuple[str, str, bool]] = {}

    def get(self, kind: str, name: str, namespace: str = "") -> Json:
        """An object, with its managed fields; empty where there is none.

        Args:
            kind: in lower case, with its group where another group has it too: `deployment.apps`.
            name: the object's.
            namespace: of the object; without meaning for kinds that have none.

        Raises:
            ApiError: the server refuses the request.
            KeyError: the server has no such kind.
        """
        try:
            return self._api.get(f"{self.collection(kind, namespace)}/{name}")
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return {}

    def collection(self, kind: str, namespace: str = "") -> str:
        """The path of all objects of a kind, in a namespace where the kind has one."""
        if kind not in self._known:
            self._known = dict(reversed(list(self._listed())))  # the first of a name counts
        version, plural, namespaced = self._known[kind]
        return f"{version}/namespaces/{namespace}/{plural}" if namespaced else f"{version}/{plural}"

    def _listed(self) -> Iterator[tuple[str, tuple[str, str, bool]]]:
        """Each kind, in the order in which the server prefers groups and versions."""
        for root in ("/api", "/apis"):
            for group in self._api.request("GET", root, Accept=_LISTED)["items"]:
                own = group["metadata"].get("name", "")
                for version in group["versions"]:
                    path = "/".join(filter(None, (root, own, version["version"])))
                    for found in version["resources"]:
                        kind = found["responseKind"]["kind"].lower()
                        place = (path, found["resource"], found["scope"] == "Namespaced")
                        yield kind, place
                        yield f"{kind}.{own}", place
