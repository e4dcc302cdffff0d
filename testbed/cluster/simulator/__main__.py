"""`python -m testbed.cluster.simulator FOLDER`: runs until it is ended.

The folder has `admin.json` (server, ca, token) and the certificate `kubelet`.
"""

from __future__ import annotations

import itertools
import json
import logging
import sys
import time
from pathlib import Path

import urllib3

from testbed.cluster.api import Api, ApiError, Json
from testbed.cluster.certificates import Certificate
from testbed.cluster.simulator.images import with_behaviour
from testbed.cluster.simulator.kubelet import Kubelet, pod_path
from testbed.cluster.simulator.logs import serve_logs
from testbed.cluster.simulator.nodes import create_nodes
from testbed.cluster.simulator.services import Balancer
from testbed.cluster.simulator.stage import Stage

_PODS = "/api/v1/pods"
_PAUSE = 0.2
_GRACE = 0.1
_LOG = logging.getLogger(__name__)


class Simulator:
    """Follows the pods of the whole cluster."""

    def __init__(self, api: Api, folder: Path) -> None:
        """Nothing is followed yet."""
        self._api = api
        self._folder = folder
        self._stage = Stage()
        self._turns = itertools.count()
        self._pods: dict[tuple[str, str], Json] = {}
        self._met: set[str] = set()
        self._leaving: set[str] = set()

    def find(self, namespace: str, name: str) -> Json | None:
        """The pod, for its log."""
        return self._pods.get((namespace, name))

    def run(self, balancer: Balancer) -> None:
        """Follow for ever; an API server that is away is waited for."""
        self._stage.add(balancer)
        while True:
            try:
                self._follow()
            except (ApiError, urllib3.exceptions.HTTPError, OSError) as error:
                _LOG.warning("the watch ended: %s", error)
                time.sleep(_PAUSE)

    def _follow(self) -> None:
        listed = self._api.get(_PODS)
        for pod in listed["items"]:
            self._meet(pod)
        for kind, pod in self._api.watch(_PODS, listed["metadata"]["resourceVersion"]):
            if kind == "ERROR":
                return
            if kind == "DELETED":
                self._pods.pop(_key(pod), None)
            elif kind != "BOOKMARK":
                self._meet(pod)

    def _meet(self, pod: Json) -> None:
        pod = with_behaviour(self._folder, pod)
        uid = pod["metadata"]["uid"]
        self._pods[_key(pod)] = pod
        if pod["metadata"].get("deletionTimestamp"):
            self._let_go(pod, uid)
        elif uid not in self._met:
            self._met.add(uid)
            self._stage.add(Kubelet(self._api, pod, next(self._turns)))

    def _let_go(self, pod: Json, uid: str) -> None:
        """Delete for good, once, as a kubelet does when the containers have ended."""
        if uid in self._leaving:
            return
        self._leaving.add(uid)

        def act() -> float | None:
            try:
                options = {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}}
                self._api.request("DELETE", pod_path(pod), options)
            except ApiError:
                return None
            except (urllib3.exceptions.HTTPError, OSError):
                return _PAUSE
            return None

        self._stage.add(act, _GRACE)


def _key(pod: Json) -> tuple[str, str]:
    return pod["metadata"]["namespace"], pod["metadata"]["name"]


def main(folder: Path) -> None:
    """Serve until the process is ended."""
    logging.basicConfig(level=logging.WARNING)
    api = Api(**json.loads((folder / "admin.json").read_text()))
    simulator = Simulator(api, folder)
    kubelet = Certificate(certificate=folder / "kubelet.crt", key=folder / "kubelet.key")
    with serve_logs(kubelet, simulator.find) as port:
        create_nodes(api, port, str(api.get("/version")["gitVersion"]))
        simulator.run(Balancer(api))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
