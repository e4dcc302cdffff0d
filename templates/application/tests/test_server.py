"""The server answers its probes and nothing that it does not know."""

from __future__ import annotations

import sys
import threading
import unittest
from http.client import HTTPConnection
from http.server import ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from server import Handler


class ServerTest(unittest.TestCase):
    """Talks to a server on a port of its own."""

    def setUp(self) -> None:
        """Start it."""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of an answer."""
        connection = HTTPConnection("127.0.0.1", self.server.server_port, timeout=5)
        self.addCleanup(connection.close)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def test_it_is_healthy(self) -> None:
        """The probes of the Deployment ask for this page."""
        self.assertEqual(self.get("/healthz"), (200, b"ok\n"))

    def test_it_greets(self) -> None:
        """The front page says who answers."""
        self.assertEqual(self.get("/"), (200, b"Hello from web\n"))

    def test_other_pages_are_not_there(self) -> None:
        """Whatever is not known is answered as such."""
        self.assertEqual(self.get("/nothing")[0], 404)


if __name__ == "__main__":
    unittest.main()
