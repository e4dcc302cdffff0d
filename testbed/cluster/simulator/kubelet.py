"""One pod's kubelet: binds it, plays its script, lets it go."""

from __future__ import annotations

import logging
import uuid
from http import HTTPStatus

import urllib3

from testbed.cluster.api import Api, ApiError, Json
from testbed.cluster.simulator.behaviours import Event, Step, is_schedulable, script
from testbed.cluster.simulator.nodes import node_for
from testbed.cluster.simulator.statuses import now

_RETRY = 0.3
_GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.FORBIDDEN}
_LOG = logging.getLogger(__name__)


class Kubelet:
    """The life of one pod as an act of the stage: call it, and again after the pause it gives."""

    def __init__(self, api: Api, pod: Json, turn: int) -> None:
        """Nothing happens before the first call."""
        self._api = api
        self._pod = pod
        self._turn = turn
        self._path = pod_path(pod)
        self._bound = bool(pod["spec"].get("nodeName")) or not is_schedulable(pod)
        self._script = script(pod)
        self._step: Step | None = None

    def __call__(self) -> float | None:
        """Take the next step; a step that the server did not take is tried again."""
        try:
            return self._go_on()
        except ApiError as error:
            if error.status in _GONE:
                return None
            _LOG.warning("%s: %s", self._path, error)
            return _RETRY
        except (urllib3.exceptions.HTTPError, OSError):
            return _RETRY

    def _go_on(self) -> float | None:
        if not self._bound:
            self._bind()
            self._bound = True
        if self._step:
            self._write(self._step)
        self._step = next(self._script, None)
        return self._step.pause if self._step else None

    def _bind(self) -> None:
        node = node_for(self._pod, self._turn)
        meta = self._pod["metadata"]
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        body = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": meta["name"]},
            "target": target,
        }
        self._api.create(f"{self._path}/binding", body)
        told = f"Successfully assigned {meta['namespace']}/{meta['name']} to {node}"
        self._tell(Event(reason="Scheduled", message=told))

    def _write(self, step: Step) -> None:
        if step.status:
            # The address changes with each pod, as endpoints expect of those that are Ready.
            address = {"podIP": f"10.1.{self._turn // 250 % 250}.{self._turn % 250 + 1}"}
            status = {**address, **step.status, "podIPs": [{"ip": address["podIP"]}]}
            self._api.patch(f"{self._path}/status", {"status": status})
        for event in step.events:
            self._tell(event)

    def _tell(self, event: Event) -> None:
        meta = self._pod["metadata"]
        about = {
            "apiVersion": "v1",
            "kind": "Pod",
            **{key: meta[key] for key in ("name", "namespace", "uid")},
        }
        self._api.create(
            f"/api/v1/namespaces/{meta['namespace']}/events",
            {
                "metadata": {"name": f"{meta['name']}.{uuid.uuid4().hex[:16]}"},
                "involvedObject": about,
                "reason": event.reason,
                "message": event.message,
                "type": "Warning" if event.warning else "Normal",
                "source": {"component": "kubelet"},
                "firstTimestamp": now(),
                "lastTimestamp": now(),
                "count": 1,
            },
        )


def pod_path(pod: Json) -> str:
    """Where the pod is in the API."""
    meta = pod["metadata"]
    return f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
