"""The kubelet's log endpoint: what containers are meant to have written."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from testbed.cluster.api import Json
from testbed.cluster.certificates import Certificate
from testbed.cluster.simulator.behaviours import behaviour

_NEVER_STARTED = {"image-pull-error", "config-error", "unschedulable", "slow-start"}
_CRASHES = {"crash-loop", "oom-killed", "init-crash-loop", "restarts-then-fine"}

FindPod = Callable[[str, str], Json | None]


class LogError(Exception):
    """A kubelet's refusal to give a log."""


def container_log(pod: Json, container: str, *, previous: bool) -> str:
    """What the container wrote: the annotation `testbed/log`, else a line or two.

    Raises:
        LogError: it never started, or was not started before.
    """
    name, _ = behaviour(pod)
    if name in _NEVER_STARTED:
        raise LogError(f'container "{container}" in pod is waiting to start')
    if previous and name not in _CRASHES:
        raise LogError(f'previous terminated container "{container}" in pod not found')
    text: str = pod["metadata"].get("annotations", {}).get("testbed/log", "")
    default = "starting\nfatal: cannot go on\n" if name in _CRASHES else "starting\nlistening\n"
    return text or default


@contextmanager
def serve_logs(certificate: Certificate, find: FindPod) -> Iterator[int]:
    """Answer for all kubelets while the block runs; gives the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = _answer(self.path, find)
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
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
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def _answer(path: str, find: FindPod) -> tuple[int, str]:
    """`/containerLogs/NAMESPACE/POD/CONTAINER?tailLines=N&previous=true`."""
    parts = urlsplit(path)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    try:
        _, endpoint, namespace, name, container = parts.path.split("/")
    except ValueError:
        return 404, "no such endpoint"
    pod = find(namespace, name)
    if endpoint != "containerLogs" or pod is None:
        return 404, f"pod {name} not found"
    try:
        text = container_log(pod, container, previous=query.get("previous") == "true")
    except LogError as error:
        return 400, str(error)
    lines = text.splitlines(keepends=True)
    tail = int(query.get("tailLines", len(lines)))
    return 200, "".join(lines[len(lines) - min(tail, len(lines)) :])
