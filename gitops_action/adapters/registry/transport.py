"""HTTP requests to registries: bounded in time, size and tries; every failure classified."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from ssl import SSLCertVerificationError
from typing import TypeVar

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from gitops_action import __version__
from gitops_action.adapters.deadline import DeadlineError, within
from gitops_action.adapters.registry.addresses import is_local, is_safe, leads_home, same_origin
from gitops_action.adapters.retry import RetryPolicy, causes, retry
from gitops_action.core.answers import delay_seconds
from gitops_action.core.dataclass import dataclass
from gitops_action.core.images.oci import RegistryContentError, RegistryUnreachableError

# Connections that no name leads to this machine, whatever DNS answers.
#
# A name's addresses are checked before it is connected to, and the address of the connection before
# a request is sent on it: a name server may give another answer the second time. Where a proxy
# resolves names, it decides.


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


T = TypeVar("T")

_CHUNK = 65536
_REDIRECTS = 5
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


RETRIES = RetryPolicy(maximum=30.0, longest=30.0, total=90.0)


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """How long to wait for a registry; seconds.

    Attributes:
        connect: until a connection stands.
        read: between two pieces of an answer.
        answer: for a whole answer.
    """

    connect: float = 10
    read: float = 20
    answer: float = 60


TIMEOUTS = Timeouts()


@dataclass(frozen=True, kw_only=True)
class RegistryResponse:
    """A complete answer of a registry."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class TransientError(RegistryUnreachableError):
    """A failure that may pass; `after` is the pause in seconds that the server asks for."""

    after: float | None = None


class RegistryTransport:
    """One connection pool for all look-ups of a run."""

    def __init__(
        self,
        policy: RetryPolicy = RETRIES,
        timeouts: Timeouts = TIMEOUTS,
        *,
        insecure: frozenset[str] = frozenset(),
        local: bool = False,
    ) -> None:
        """Take the limits, and what is allowed.

        Args:
            policy: how often and how long a request is sent again.
            timeouts: limits in time of one request.
            insecure: registries that may be asked without TLS.
            local: whether names may resolve to addresses of this machine or its link.
        """
        self._policy = policy
        self._timeouts = timeouts
        self._insecure = insecure
        self._local = local
        self._session = self._new_session()

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        if not self._local:
            session.mount("https://", GuardedAdapter())
            session.mount("http://", GuardedAdapter())
        session.headers.update(
            {"User-Agent": f"gitops-action/{__version__}", "Accept-Encoding": "identity"}
        )
        # Else requests would look for an account in ~/.netrc by itself.
        session.auth = _leave_alone
        return session

    def persist(self, work: Callable[[], T]) -> T:
        """Do the work again while it fails in a way that may pass.

        Raises:
            RegistryUnreachableError: it still fails after the last try.
        """
        return retry(work, self._policy, _again)

    def get(self, url: str, *, headers: Mapping[str, str], limit: int) -> RegistryResponse:
        """GET, following redirects; `Authorization` never goes to another origin.

        Args:
            url: where.
            headers: sent as they are.
            limit: longest body in bytes.

        Raises:
            RegistryUnreachableError: no answer, or a status that says nothing on the image.
            RegistryContentError: the body is too long.
        """
        start = url
        for _ in range(_REDIRECTS):
            if not is_safe(url, self._insecure) or leads_home(start, url):
                raise RegistryUnreachableError(
                    f"{_host(start)} leads to an address that is not asked",
                    cause=f"{_host(url)} has no TLS, or is no place for a registry",
                )
            sent = dict(headers)
            if not same_origin(start, url):
                sent.pop("Authorization", None)
            answer, target = self._once(url, sent, limit)
            if target is None:
                return answer
            url = _joined(url, target)
        raise RegistryUnreachableError(f"{_host(start)} redirects without end")

    def _once(
        self, url: str, headers: Mapping[str, str], limit: int
    ) -> tuple[RegistryResponse, str | None]:
        """One request, whose whole answer has a deadline: headers may come drop by drop too."""
        try:
            return within(self._timeouts.answer, lambda: self._exchange(url, headers, limit))
        except DeadlineError:
            self._session = self._new_session()  # the old one's connection is still in use
            raise TransientError(
                f"{_host(url)} cannot be reached", cause="no answer in time"
            ) from None

    def _exchange(
        self, url: str, headers: Mapping[str, str], limit: int
    ) -> tuple[RegistryResponse, str | None]:
        limits = self._timeouts
        try:
            with self._session.get(
                url,
                headers=dict(headers),
                timeout=(limits.connect, limits.read),
                allow_redirects=False,
                stream=True,
            ) as response:
                if response.is_redirect:
                    return RegistryResponse(status=0, headers={}, body=b""), response.headers[
                        "Location"
                    ]
                _check_status(response, _host(url))
                body = _read(response, limit, time.monotonic() + limits.answer)
                return RegistryResponse(
                    status=response.status_code, headers=response.headers, body=body
                ), None
        except requests.exceptions.SSLError as error:
            raise RegistryUnreachableError(
                f"{_host(url)} cannot be trusted", cause=_tls_reason(error)
            ) from None
        except (requests.ConnectionError, requests.Timeout, HTTPError, TimeoutError) as error:
            raise TransientError(
                f"{_host(url)} cannot be reached", cause=_network_reason(error)
            ) from None
        except (requests.RequestException, ValueError) as error:
            raise RegistryUnreachableError(
                f"{_host(url)} cannot be read", cause=type(error).__name__
            ) from None


def _joined(url: str, target: str) -> str:
    """Where a redirect leads."""
    try:
        if target.isascii():
            return requests.compat.urljoin(url, target)
    except ValueError:
        pass
    raise RegistryUnreachableError(
        f"{_host(url)} leads to an address that is not asked", cause="it is not a valid URL"
    )


def _leave_alone(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _host(url: str) -> str:
    return requests.compat.urlsplit(url).netloc.rpartition("@")[2]


def _check_status(response: requests.Response, host: str) -> None:
    status = response.status_code
    if status in _TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        error = TransientError(f"{host} answers {status}", cause="it is overloaded or out of order")
        error.after = delay_seconds(response.headers.get("Retry-After", ""))
        raise error
    known = (HTTPStatus.OK, HTTPStatus.NOT_FOUND, *_REFUSED)
    if status not in known:
        raise RegistryUnreachableError(f"{host} answers {status}", cause="unexpected status")


def _read(response: requests.Response, limit: int, deadline: float) -> bytes:
    """Read piece by piece, so that neither a flood nor a trickle holds us up."""
    pieces, size = [], 0
    while piece := response.raw.read1(_CHUNK):
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise RegistryContentError(
                f"{_host(response.url)} sends more than {limit} bytes",
                cause="no manifest or config is that large",
            )
        if time.monotonic() > deadline:
            raise TimeoutError
    return b"".join(pieces)


def _tls_reason(error: BaseException) -> str:
    for cause in causes(error):
        if isinstance(cause, SSLCertVerificationError):
            return cause.verify_message
    return "the TLS connection failed"


def _network_reason(error: BaseException) -> str:
    """The system's words for it, without the address (which a proxy's account may be in)."""
    if any(isinstance(cause, requests.Timeout | TimeoutError) for cause in causes(error)):
        return "no answer in time"
    for cause in causes(error):
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    return "the connection was cut"


def _again(error: Exception) -> bool | float:
    if not isinstance(error, TransientError):
        return False
    return True if error.after is None else error.after
