"""Admission webhooks of the test bed: they allow, reject, change, fail to answer, or are not there.

with serve_webhook(plane, namespace, reject="no Friday deployments") as webhook:
…  # every ConfigMap of that namespace meets it
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from testbed.cluster.api import Json
from testbed.cluster.certificates import write_certificate
from testbed.cluster.plane import ControlPlane

_CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1"
_CONFIG_MAPS = ("configmaps",)


@dataclass(kw_only=True)
class Webhook:
    """How a webhook behaves; may be changed while it is served.

    Attributes:
        name: as the API server names it in errors.
        reject: the message of a refusal; empty: allow.
        operations: on what it is asked.
        patch: operations of a JSON patch, to change what is admitted.
        delay: seconds until it answers.
        requests: what it was asked.
    """

    name: str
    reject: str = ""
    operations: Sequence[str] = ("CREATE", "UPDATE")
    patch: Sequence[Json] = ()
    delay: float = 0.0
    requests: list[Json] = field(default_factory=list)

    def review(self, request: Json) -> Json:
        """The answer to one admission request."""
        self.requests.append(request)
        time.sleep(self.delay)
        answer: Json = {"uid": request["uid"], "allowed": not self.reject}
        if self.reject:
            answer["status"] = {"message": self.reject, "code": 403}
        elif self.patch:
            encoded = base64.b64encode(json.dumps(list(self.patch)).encode()).decode()
            answer |= {"patchType": "JSONPatch", "patch": encoded}
        return answer


@contextmanager
def serve_webhook(
    plane: ControlPlane,
    namespace: str,
    webhook: Webhook,
    *,
    resources: Sequence[str] = _CONFIG_MAPS,
    timeout: int = 2,
) -> Iterator[Webhook]:
    """Let it decide on objects of one namespace while the block runs.

    Args:
        plane: the cluster.
        namespace: whose objects.
        webhook: what it does.
        resources: plurals, in any group.
        timeout: seconds that the API server waits for it.
    """
    certificate = write_certificate(plane.folder, webhook.name)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            review = json.loads(self.rfile.read(size))
            answered = {**review, "request": None, "response": webhook.review(review["request"])}
            data = json.dumps(answered).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = {
        "url": f"https://127.0.0.1:{server.server_port}/",
        "caBundle": base64.b64encode(certificate.certificate.read_bytes()).decode(),
    }
    path = _register(plane, namespace, webhook, client, resources, timeout)
    try:
        yield webhook
    finally:
        plane.api.delete(path)
        server.shutdown()
        server.server_close()


def _register(  # noqa: PLR0913, PLR0917 - the parts of one configuration
    plane: ControlPlane,
    namespace: str,
    webhook: Webhook,
    client: Json,
    resources: Sequence[str],
    timeout: int,
) -> str:
    """Register it and wait until the API server asks it; gives the configuration's path."""
    rule = {
        "apiGroups": ["*"],
        "apiVersions": ["*"],
        "operations": list(webhook.operations),
        "resources": list(resources),
    }
    body = {
        "metadata": {"name": webhook.name},
        "webhooks": [
            {
                "name": webhook.name,
                "clientConfig": client,
                "rules": [rule],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "timeoutSeconds": timeout,
            }
        ],
    }
    path = f"{_CONFIGURATIONS}/mutatingwebhookconfigurations"
    plane.api.create(path, body)
    time.sleep(1.2)  # the API server takes a second to notice a configuration
    return f"{path}/{webhook.name}"
