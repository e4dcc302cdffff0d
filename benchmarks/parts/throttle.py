"""A TCP proxy on loopback that lets only so many bytes a second through to the client."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Iterator

_CHUNK = 256 * 1024


class _Budget:
    """Bytes that all connections share."""

    def __init__(self, rate: float) -> None:
        self._rate, self._lock, self._free = rate, threading.Lock(), time.monotonic()

    def wait(self, size: int) -> None:
        """Wait until so many bytes may pass."""
        with self._lock:
            begin = max(self._free, time.monotonic())
            self._free = begin + size / self._rate
        time.sleep(max(0.0, self._free - time.monotonic()))


@contextlib.contextmanager
def throttled(port: int, rate: float) -> Iterator[int]:
    """Serve that port of this machine at another one; `rate` in bytes a second; gives the port."""
    budget = _Budget(rate)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", port)) as server:
                up = threading.Thread(target=_copy, args=(self.request, server, None), daemon=True)
                up.start()
                _copy(server, self.request, budget)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as proxy:
        proxy.daemon_threads = True
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield int(proxy.server_address[1])
        proxy.shutdown()


def _copy(source: socket.socket, target: socket.socket, budget: _Budget | None) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            if budget:
                budget.wait(len(data))
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
