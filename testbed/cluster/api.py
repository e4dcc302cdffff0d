"""The API server as the test bed itself speaks to it: one request, one JSON answer.

Apart from the product's own client on purpose: what tests arrange and what the simulator does must
not depend on what is tested.
"""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, cast

import urllib3
import yaml

Json = dict[str, Any]
_MERGE = "application/merge-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"
_WHILE_BUSY = urllib3.Retry(
    total=None,
    connect=0,
    read=0,
    redirect=0,
    other=0,
    status=30,
    status_forcelist=[HTTPStatus.TOO_MANY_REQUESTS],
    allowed_methods=None,
    backoff_factor=0.1,
    raise_on_status=False,
)
"""An API server that has just started says 429 for a while for each kind, though it is ready."""


class ApiError(Exception):
    """An answer that is no success; `status` is its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        """Keep the status apart from the text."""
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """A connection pool to one API server with one token."""

    def __init__(self, *, server: str, ca: str, token: str) -> None:
        """Connect with the first request."""
        self._server = server
        self._headers = {"Authorization": f"Bearer {token}"}
        context = ssl.create_default_context(cadata=ca)
        self._pool = urllib3.PoolManager(ssl_context=context, maxsize=16, retries=_WHILE_BUSY)

    def request(self, method: str, path: str, body: Json | None = None, **headers: str) -> Json:
        """Send one request.

        Raises:
            ApiError: the answer is no success.
            urllib3.exceptions.HTTPError: there is no answer.
        """
        sent = {**self._headers, "Content-Type": "application/json", **headers}
        data = json.dumps(body) if body is not None else None
        answer = self._pool.request(
            method, self._server + path, body=data, headers=sent, timeout=urllib3.Timeout(30)
        )
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise ApiError(answer.status, answer.data.decode(errors="replace"))
        text = answer.data
        return cast("Json", json.loads(text)) if text.startswith(b"{") else {"text": text.decode()}

    def get(self, path: str) -> Json:
        """GET."""
        return self.request("GET", path)

    def create(self, path: str, body: Json) -> Json:
        """POST."""
        return self.request("POST", path, body)

    def merge(self, path: str, body: Json) -> Json:
        """PATCH by JSON merge patch."""
        return self.request("PATCH", path, body, **{"Content-Type": _MERGE})

    def patch(self, path: str, body: Json) -> Json:
        """PATCH by strategic merge patch, which built-in kinds alone have."""
        return self.request("PATCH", path, body, **{"Content-Type": _STRATEGIC})

    def delete(self, path: str) -> Json:
        """DELETE."""
        return self.request("DELETE", path)

    def ready(self) -> bool:
        """Whether the server says that it is ready."""
        try:
            self.get("/readyz")
        except (ApiError, urllib3.exceptions.HTTPError, OSError):
            return False
        return True

    def watch(self, path: str, version: str) -> Iterator[tuple[str, Json]]:
        """Events of a watch until the server ends it."""
        answer = self._pool.request(
            "GET",
            f"{self._server}{path}?watch=1&resourceVersion={version}&timeoutSeconds=300",
            headers=self._headers,
            preload_content=False,
            timeout=urllib3.Timeout(connect=5, read=330),
        )
        try:
            if answer.status >= HTTPStatus.BAD_REQUEST:
                raise ApiError(answer.status, answer.read().decode(errors="replace"))
            pending = b""
            while piece := answer.read1(65536):
                *lines, pending = (pending + piece).split(b"\n")
                for line in lines:
                    event = json.loads(line)
                    yield event["type"], event["object"]
        finally:
            answer.close()


def kubeconfig(*, server: str, ca: str, token: str, namespace: str = "default") -> str:
    """A kubeconfig with one context, `test`, in many lines as people have it."""
    authority = base64.b64encode(ca.encode()).decode()
    cluster: Mapping[str, str] = {"server": server, "certificate-authority-data": authority}
    context = {"cluster": "test", "user": "test", "namespace": namespace}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "test", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": context}],
            "current-context": "test",
        }
    )
