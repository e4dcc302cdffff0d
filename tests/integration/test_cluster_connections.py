"""Kept connections on a real socket: used again, made again, never shared with an old answer."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException

import pytest

from gitops_action.adapters.cluster.connections import KeptConnections
from gitops_action.core.cluster import Access

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: Mon, 02 Nov 2026 10:00:00 GMT\r\n\r\n{}"


class Server(socketserver.ThreadingTCPServer):
    """Answers each read with the next of its answers; an empty one ends the connection."""

    daemon_threads = True

    def __init__(self, answers: list[bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers
        self.pieces: list[bytes] = []
        self.connections = 0
        self.ended = threading.Event()

    def shutdown_request(self, request: object) -> None:
        super().shutdown_request(request)  # type: ignore[arg-type]
        self.ended.set()


class Handler(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        self.server.connections += 1
        while piece := self.request.recv(65536):
            self.server.pieces.append(piece)
            self.request.sendall(self.server.answers.pop(0))
            if self.server.answers[:1] == [b""]:
                self.server.answers.pop(0)
                return


@contextmanager
def serving(*answers: bytes) -> Iterator[tuple[Server, KeptConnections]]:
    with Server(list(answers)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        access = Access(name="test", server=f"http://127.0.0.1:{server.server_address[1]}")
        connections = KeptConnections(access, None)
        try:
            yield server, connections
        finally:
            connections.close()
            server.shutdown()
            thread.join()


def test_a_connection_is_used_again_and_a_request_is_one_piece() -> None:
    with serving(GOOD, GOOD) as (server, connections):
        answers = [connections.send("PATCH", "/x?a=b", b'{"a":1}', {"Accept": "a/b"})] * 2
        answers[1] = connections.send("GET", "/y", None, {})
        assert [(one.status, one.data) for one in answers] == [(200, b"{}")] * 2
        assert answers[0].date == "Mon, 02 Nov 2026 10:00:00 GMT"
        assert server.connections == 1
        patch, get = server.pieces
        assert patch.startswith(b"PATCH /x?a=b HTTP/1.1\r\n")
        assert patch.endswith(b'\r\n\r\n{"a":1}')
        assert b"Content-Length: 7\r\n" in patch
        assert get.endswith(b"\r\n\r\n")


def test_a_connection_that_the_server_closed_meanwhile_is_made_again() -> None:
    with serving(GOOD, b"", GOOD) as (server, connections):
        connections.send("POST", "/x", b"{}", {})
        assert server.ended.wait(10)
        assert connections.send("POST", "/x", b"{}", {}).status == 200
        assert (server.connections, len(server.pieces)) == (2, 2)


@pytest.mark.parametrize(
    "broken", [b"what?\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"]
)
def test_after_a_broken_answer_nothing_is_read_from_that_connection(broken: bytes) -> None:
    with serving(broken, b"", GOOD) as (server, connections):
        with pytest.raises((HTTPException, OSError)):
            connections.send("GET", "/x", None, {})
        assert connections.send("GET", "/x", None, {}).data == b"{}"
        assert server.connections == 2
