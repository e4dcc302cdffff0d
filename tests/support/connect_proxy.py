"""An HTTP proxy that opens tunnels (CONNECT), for those who have the account."""

from __future__ import annotations

import base64
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class ConnectProxy:
    """Where it listens, and what it let through."""

    port: int
    tunnels: list[str] = field(default_factory=list)
    refused: int = 0


@contextmanager
def connect_proxy(account: str = "") -> Iterator[ConnectProxy]:
    """Run it; with an account (`user:password`) others are answered with 407."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = ConnectProxy(port=server.getsockname()[1])
        threading.Thread(target=_accept, args=(server, proxy, account), daemon=True).start()
        yield proxy


def _accept(server: socket.socket, proxy: ConnectProxy, account: str) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(client, proxy, account), daemon=True).start()


def _serve(client: socket.socket, proxy: ConnectProxy, account: str) -> None:
    with client:
        head = b""
        while b"\r\n\r\n" not in head:
            got = client.recv(4096)
            if not got:
                return
            head += got
        expected = f"Basic {base64.b64encode(account.encode()).decode()}"
        if account and expected not in head.decode():
            proxy.refused += 1
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            return
        target = head.split(b" ", 2)[1].decode()
        proxy.tunnels.append(target)
        host, _, port = target.rpartition(":")
        with socket.create_connection((host, int(port))) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _pump(client, server)


def _pump(one: socket.socket, other: socket.socket) -> None:
    ends = {one: other, other: one}
    while True:
        for ready in select.select(list(ends), [], [])[0]:
            try:
                data = ready.recv(65536)
            except OSError:
                data = b""
            if not data:
                return
            ends[ready].sendall(data)
