"""Connections to an API server that no proxy leads to: TLS, and requests on what was kept open.

They are `http.client`'s: urllib3, which proxies and watches need, takes a third more time for each
request, and a twentieth of a short run to be loaded.
"""

from __future__ import annotations

import os
import select
import socket
import ssl
import tempfile
from collections import deque
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import NamedTuple, cast
from urllib.parse import urlsplit

from gitops_action.core.cluster.access import Access
from gitops_action.errors import UsageError

CONNECT_SECONDS = 10.0
READ_SECONDS = 70.0
"""Longer than the API server's own limit of 60 s for a request that is no watch."""
KEPT = 32
"""Connections that are kept open for the next request."""


class ConnectTimeoutError(TimeoutError):
    """The server did not accept a connection in time."""


class Answer(NamedTuple):
    """What the server sent; the texts are those of the headers `Date` and `Retry-After`."""

    status: int
    data: bytes
    date: str
    retry_after: str


def tls_context(access: Access) -> ssl.SSLContext | None:
    """How the server is trusted, and who we are to it; None where it does not speak TLS.

    Raises:
        UsageError: certificate or key cannot be used.
    """
    if urlsplit(access.server).scheme == "http":
        return None
    try:
        context = ssl.create_default_context(cadata=access.ca or None)
    except ssl.SSLError:
        raise UsageError(
            f"The authority of the cluster {access.name} is not a valid PEM certificate",
            fix="pass its PEM text as `kube-ca`, or in the kubeconfig",
        ) from None
    if access.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    # Authorities of clusters are often made without the extensions that Python 3.13 asks for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if access.client_certificate:
        _show(context, access)
    return context


def _show(context: ssl.SSLContext, access: Access) -> None:
    """Load the client certificate; Python reads it from a file, which is gone before we go on."""
    handle, path = tempfile.mkstemp(prefix="gitops-action-")  # readable by us alone
    try:
        with os.fdopen(handle, "w") as file:
            file.write(f"{access.client_certificate}\n{access.client_key}\n")
        context.load_cert_chain(path)
    except ssl.SSLError:
        raise UsageError(
            "`kubeconfig` cannot be used", cause="client certificate and key do not match"
        ) from None
    finally:
        os.unlink(path)  # noqa: PTH108 - the counterpart of mkstemp


class KeptConnections:
    """Requests to one server, each on a connection that no other thread uses meanwhile."""

    def __init__(self, access: Access, context: ssl.SSLContext | None) -> None:
        """Connect with the first request."""
        parts = urlsplit(access.server)
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if context else 80)
        self._name = access.server_name or self._host
        self._context = context
        self._idle: deque[_Connection] = deque()

    def send(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Send one request and read the whole answer.

        Raises:
            HTTPException: what comes is no answer of HTTP.
            OSError: the server cannot be reached, or cut the connection.
        """
        connection = self._take()
        try:
            answer = connection.exchange(method, url, body, headers)
        except BaseException:
            connection.close()
            raise
        if len(self._idle) < KEPT:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> _Connection:
        try:
            connection = self._idle.pop()
        except IndexError:
            return _Connection(self._host, self._port, self._context, self._name)
        if connection.has_news():
            connection.close()  # it connects again
        return connection


class _Connection(HTTPConnection):
    """One connection; it is made again by the next request after it was closed.

    Head and body leave in one piece: in two, each is encrypted and written by itself, and the
    server wakes up twice.
    """

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None, name: str) -> None:
        super().__init__(host, port)
        self.default_port = 443 if context else 80
        self._context = context
        self._name = name
        self._pieces: list[bytes] = []

    def connect(self) -> None:
        try:
            self.sock = socket.create_connection((self.host, self.port), CONNECT_SECONDS)
        except TimeoutError as error:
            raise ConnectTimeoutError from error
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self._name)
        self.sock.settimeout(READ_SECONDS)

    def send(self, data: object) -> None:
        self._pieces.append(cast("bytes", data))

    def exchange(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        if self.sock is None:
            self.connect()
        self.request(method, url, body=body, headers=headers)
        whole = b"".join(self._pieces)
        self._pieces.clear()
        self.sock.sendall(whole)
        response = self.getresponse()
        return Answer(
            status=response.status,
            data=response.read(),
            date=response.headers.get("Date", ""),
            retry_after=response.headers.get("Retry-After", ""),
        )

    def has_news(self) -> bool:
        """Whether something came that nobody asked for: the end of the connection, most of all."""
        if self.sock is None:
            return False
        if not hasattr(select, "poll"):
            return bool(select.select([self.sock], [], [], 0)[0])
        poll = select.poll()  # one system call; a selector of its own takes five
        poll.register(self.sock, select.POLLIN)
        return bool(poll.poll(0))
