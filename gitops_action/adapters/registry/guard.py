"""Connections that no name leads to this machine, whatever DNS answers.

A name's addresses are checked before it is connected to, and the address of the connection before
a request is sent on it: a name server may give another answer the second time. Where a proxy
resolves names, it decides.
"""

from __future__ import annotations

import socket

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from gitops_action.adapters.registry.addresses import is_local
from gitops_action.core.images.oci import RegistryUnreachableError


class GuardedAdapter(HTTPAdapter):
    """For requests: refuses names that resolve to loopback and link-local addresses."""

    def init_poolmanager(
        self,
        connections: int,
        maxsize: int,
        block: bool = False,  # noqa: FBT001, FBT002 - the signature is that of requests
        **more: object,
    ) -> None:
        """Make connections of our own kinds; those to a proxy stay as they are."""
        super().init_poolmanager(connections, maxsize, block, **more)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}


class _HttpConnection(HTTPConnection):
    def connect(self) -> None:
        _check_name(self.host, self.port)
        super().connect()
        _check_peer(self)


class _HttpsConnection(HTTPSConnection):
    def connect(self) -> None:
        _check_name(self.host, self.port)
        super().connect()
        _check_peer(self)


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


def _check_name(host: str, port: int | None) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return  # connecting fails alike, with its reason
    for *_, address in found:
        _refuse_local(host, str(address[0]))


def _check_peer(connection: HTTPConnection) -> None:
    if connection.sock is None:
        return
    try:
        _refuse_local(connection.host, str(connection.sock.getpeername()[0]))
    except RegistryUnreachableError:
        connection.close()
        raise


def _refuse_local(host: str, address: str) -> None:
    if is_local(address):
        raise RegistryUnreachableError(
            f"{host} is not asked",
            cause="its name resolves to an address of this machine or its link",
            fix="declare the image under `applications` in the configuration of the base",
        )
