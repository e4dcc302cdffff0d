"""The HTTP server: threads, keep-alive, bodies with a length or in chunks, loopback only."""

from __future__ import annotations

import contextlib
import socket
import threading
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from testbed.forge.git.process import GitError
from testbed.forge.http import ConnectionCutError, HttpReply, HttpRequest
from testbed.forge.service import Service

_LENGTHLESS = frozenset({204, 304})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "GitHub.com"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def answer(self) -> None:
        """Answer one request, whatever its method."""
        reply = HttpReply(status=500)
        request = self._request()
        try:
            reply = self.server.service.handle(request)
        except ConnectionCutError:
            self._cut()
            return
        except Exception:  # noqa: BLE001 - a mistake in the double must reach the test
            trace = traceback.format_exc()
            self.server.service.world.problem(f"{request.method} {request.path}: {trace}")
            reply = HttpReply(status=500, body=trace.encode())
        with contextlib.suppress(ConnectionError):
            self._send(reply)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815 - http.server's

    def log_message(self, *_arguments: Any) -> None:
        """Stay silent: requests are recorded."""

    def _request(self) -> HttpRequest:
        target = urlsplit(self.path) if self.path.startswith("http://") else None
        path, _, query = self.path.partition("?")
        headers = {key.lower(): value for key, value in self.headers.items()}
        return HttpRequest(
            method=self.command,
            host=target.netloc if target else headers.get("host", ""),
            path=target.path if target else path,
            query_string=target.query if target else query,
            headers=headers,
            body=self._body(),
        )

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def _send(self, reply: HttpReply) -> None:
        self.send_response(reply.status)
        for key, value in reply.headers.items():
            self.send_header(key, value)
        if reply.stream is not None:
            self._send_chunks(reply.stream)
            return
        if reply.status not in _LENGTHLESS:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD" and reply.status not in _LENGTHLESS:
            self.wfile.write(reply.body)
        self.wfile.flush()

    def _send_chunks(self, stream: Iterator[bytes]) -> None:
        """Send what comes as it comes (RFC 9112, "Chunked Transfer Coding"); a failure cuts it."""
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.command == "HEAD":
            return
        try:
            for piece in stream:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        except GitError as error:
            self.server.service.world.problem(f"{self.command} {self.path}: {error}")
            self._cut()
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _cut(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512
    service: Service

    def handle_error(self, *_arguments: Any) -> None:
        """Let clients hang up as they like."""


class RunningServer:
    """A server in a thread."""

    def __init__(self, service: Service, port: int = 0) -> None:
        """Listen at once; port 0 takes a free one."""
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.service = service
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        arguments = {"poll_interval": 0.05}
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs=arguments, name="forge", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
