"""web: greets, reports its health at /healthz, and ends when it is asked to.

A place to begin: replace it by your application, and keep /healthz, port 8080 and the signal.
"""

from __future__ import annotations

import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 8080


class Handler(BaseHTTPRequestHandler):
    """Answers GET requests."""

    def do_GET(self) -> None:
        """`/healthz` for the probes, a greeting at `/`, nothing elsewhere."""
        pages = {"/healthz": "ok\n", "/": "Hello from web\n"}
        page = pages.get(self.path)
        text = "not found\n" if page is None else page
        self.send_response(404 if page is None else 200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


def serve(port: int = PORT) -> None:
    """Serve until SIGTERM; requests that have begun are answered."""
    server = ThreadingHTTPServer(("", port), Handler)
    server.daemon_threads = False
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    serve()
