"""An HTTP server on loopback whose answers a test writes, for faults no real server makes."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer; `cut` sends half of the body, `trickle` waits so many seconds a byte."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False
    trickle: float = 0


@dataclass(frozen=True, kw_only=True)
class ScriptedServer:
    """A server that runs: where it is and what it was asked."""

    address: str
    asked: list[Asked]


@contextlib.contextmanager
def scripted_server(script: Callable[[Asked, int], Reply]) -> Iterator[ScriptedServer]:
    """Serve what `script` says for each request and its number (from 1)."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            request = Asked(path=self.path, headers=dict(self.headers.items()))
            asked.append(request)
            with contextlib.suppress(ConnectionError):
                self.answer(script(request, len(asked)))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def answer(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            if reply.trickle:
                for byte in reply.body:
                    self.wfile.write(bytes([byte]))
                    time.sleep(reply.trickle)
            elif reply.cut:
                self.wfile.write(reply.body[: len(reply.body) // 2])
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
            else:
                self.wfile.write(reply.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield ScriptedServer(address=f"localhost:{server.server_port}", asked=asked)
        finally:
            server.shutdown()
            thread.join()
