"""HTTP to one API server: one pool of connections for all threads, single tries, plain failures."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from email.utils import parsedate_to_datetime
from functools import cached_property
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote, urlencode, urlsplit

from gitops_action import __version__
from gitops_action.adapters.cluster import connections
from gitops_action.adapters.retry import causes
from gitops_action.core.answers import delay_seconds, parse_json
from gitops_action.core.cluster.access import Access
from gitops_action.core.cluster.api_status import is_passing
from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests.model import Body

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, HTTPConnectionPool

# The pool of connections to an API server through a proxy, and of its watches.


def connection_pool(access: Access, context: ssl.SSLContext | None) -> HTTPConnectionPool:
    """A pool for all threads; it connects with the first request."""
    import urllib3  # noqa: PLC0415 - only proxies and watches need it

    if context is None:
        manager = urllib3.PoolManager(maxsize=connections.KEPT)
    elif access.proxy:
        manager = urllib3.ProxyManager(
            access.proxy,
            proxy_headers=_proxy_account(access.proxy),
            ssl_context=context,
            maxsize=connections.KEPT,
            server_hostname=access.server_name or None,
        )
    else:
        manager = urllib3.PoolManager(
            ssl_context=context,
            maxsize=connections.KEPT,
            server_hostname=access.server_name or None,
        )
    return manager.connection_from_url(access.server)


def _proxy_account(proxy: str) -> Mapping[str, str]:
    parts = urlsplit(proxy)
    if not parts.username:
        return {}
    from urllib3.util import make_headers  # noqa: PLC0415 - only proxies need it

    account = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return make_headers(proxy_basic_auth=account)


# Tries that failed, and the words for why.

_NOBODY: Body = {}
_NO_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL"}
"""OpenSSL's reasons where the answer is no TLS."""
_TUNNEL = "Tunnel connection failed:"
"""How `http.client` begins the message about a proxy that refuses a tunnel."""


class CallFailure(Exception):  # noqa: N818 - the transport's failure; the client makes an error of it
    """A try that failed.

    Attributes:
        code: the HTTP status; 0 where there was no answer.
        status: the server's `Status`, or nothing.
        cause: why, in words.
        fix: what to do about it, where that is known.
        passing: whether trying again can help.
        pause: seconds that the server asks to wait.
    """

    def __init__(self, cause: str, *, code: int = 0, status: Body = _NOBODY, fix: str = "") -> None:
        """Take what is known."""
        super().__init__(cause)
        self.code = code
        self.status = status
        self.cause = cause
        self.fix = fix
        self.passing = code == 0 or is_passing(code, status)
        self.pause: float | None = None


def read_json(raw: bytes) -> Body:
    """The JSON object that this is; an empty one where it is none."""
    if not raw.startswith(b"{"):
        return _NOBODY
    try:
        return cast("Body", parse_json(raw))
    except ValueError:
        return _NOBODY


def no_answer(error: BaseException, access: Access) -> CallFailure:
    """Why there is no answer, and what to do; without what a proxy's account may be in."""
    chain = causes(error)
    found = (_by_tls(chain), _by_proxy(chain, access), _by_network(chain, access))
    return next((one for one in found if one), CallFailure("the connection was cut"))


def _by_tls(chain: Sequence[BaseException]) -> CallFailure | None:
    """TLS failed: nothing was sent, and it will not get better."""
    failure = None
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            named = "match" in cause.verify_message  # of a host name, or of an address
            words = "is for another name" if named else "is not trusted"
            fix = (
                "set `tls-server-name`"
                if named
                else "pass the cluster's own authority as `kube-ca`"
            )
            failure = CallFailure(f"its certificate {words}: {cause.verify_message}", fix=fix)
        elif isinstance(cause, ssl.SSLError) and cause.reason in _NO_TLS:
            failure = CallFailure(
                "it does not speak TLS at this port", fix="check the port of the address"
            )
        elif isinstance(cause, ssl.SSLError) and "ALERT" in (cause.reason or ""):
            words = (cause.reason or "").lower().replace("_", " ")
            failure = CallFailure(
                f"it refuses the TLS connection ({words})", fix="check the client certificate"
            )
        if failure:
            failure.passing = False
            return failure
    return None


def _by_proxy(chain: Sequence[BaseException], access: Access) -> CallFailure | None:
    from urllib3.exceptions import ProxyError  # noqa: PLC0415 - only failures need it

    if not any(isinstance(cause, ProxyError) for cause in chain):
        return None
    host = urlsplit(access.proxy).netloc.rpartition("@")[2]
    refusals = [str(cause) for cause in chain if str(cause).startswith(_TUNNEL)]
    detail = refusals[0].removeprefix(_TUNNEL).strip() if refusals else ""
    if not detail:
        network = _by_network(chain, replace(access, server=f"http://{host}"))
        detail = network.cause if network else "it cut the connection"
    fix = "check HTTPS_PROXY or `proxy-url` and its account, or except the cluster by NO_PROXY"
    failure = CallFailure(f"the proxy {host} does not let it through: {detail}", fix=fix)
    failure.passing = not refusals
    return failure


def _by_network(chain: Sequence[BaseException], access: Access) -> CallFailure | None:
    from urllib3 import exceptions  # noqa: PLC0415 - only failures need it

    parts = urlsplit(access.server)
    for cause in chain:
        if isinstance(cause, socket.gaierror):
            return CallFailure(
                f"the name {parts.hostname} cannot be resolved (DNS): {cause.strerror}",
                fix="check the address; a private name needs a runner in its network",
            )
        if isinstance(cause, ConnectionRefusedError):
            return CallFailure(
                f"{parts.netloc} refuses the connection (Connection refused)",
                fix="check host and port, and that the API server runs",
            )
    late = (connections.ConnectTimeoutError, exceptions.ConnectTimeoutError)
    if any(isinstance(cause, late) for cause in chain):
        return CallFailure(
            f"{parts.netloc} did not accept a connection within"
            f" {connections.CONNECT_SECONDS:.0f} s",
            fix="let this runner through the cluster's firewall or list of allowed addresses",
        )
    if any(isinstance(cause, exceptions.TimeoutError | TimeoutError) for cause in chain):
        return CallFailure("no answer in time")
    words = [cause.strerror for cause in chain if isinstance(cause, OSError) and cause.strerror]
    return CallFailure(words[0]) if words else None


def no_success(answer: connections.Answer) -> CallFailure:
    """The failure that this answer describes."""
    status = read_json(answer.data)
    message = status.get("message")
    cause = message if isinstance(message, str) else f"the server answers {answer.status}"
    failure = CallFailure(cause, code=answer.status, status=status)
    failure.pause = delay_seconds(answer.retry_after)
    return failure


Query = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ClusterRequest:
    """What is sent.

    Attributes:
        method: of HTTP.
        path: below the server's address, quoted.
        query: its parameters.
        body: sent as JSON; nothing when None.
        content: the media type of the body.
        accept: the media types of the answer.
    """

    method: str
    path: str
    query: Query = field(default_factory=dict)
    body: object = None
    content: str = "application/json"
    accept: str = "application/json"


@dataclass(frozen=True, kw_only=True)
class ClusterResponse:
    """A complete, successful answer; `sent` is its header `Date`."""

    body: Body
    text: str
    sent: str

    @property
    def date(self) -> float:
        """The server's clock in seconds, 0 where unknown."""
        try:
            return parsedate_to_datetime(self.sent).timestamp()
        except (TypeError, ValueError):
            return 0.0


class ClusterTransport:
    """Requests to one API server as one account."""

    def __init__(self, access: Access) -> None:
        """Prepare the pool; it connects with the first request.

        Raises:
            UsageError: certificate or key cannot be used.
        """
        self._access = access
        self._prefix = urlsplit(access.server).path
        self._headers = {"User-Agent": f"gitops-action/{__version__}"}
        if access.token:
            self._headers["Authorization"] = f"Bearer {access.token}"
        self._context = connections.tls_context(access)
        self._direct = None if access.proxy else connections.KeptConnections(access, self._context)

    @cached_property
    def _pool(self) -> HTTPConnectionPool:
        return connection_pool(self._access, self._context)

    def call(self, request: ClusterRequest) -> ClusterResponse:
        """Send one request and read the whole answer.

        Raises:
            CallFailure: there is no answer, or it is no success.
        """
        body = request.body
        data = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        types = {"Content-Type": request.content, "Accept": request.accept}
        url = self._url(request.path, request.query)
        send = self._through_proxy if self._direct is None else self._direct.send
        try:
            answer = send(request.method, url, data, {**self._headers, **types})
        except (HTTPException, OSError) as error:
            raise no_answer(error, self._access) from None
        if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise no_success(answer)
        return ClusterResponse(
            body=read_json(answer.data), text=_text(answer.data), sent=answer.date
        )

    def _through_proxy(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> connections.Answer:
        from urllib3 import Timeout  # noqa: PLC0415 - only proxies and watches need it
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - same

        try:
            # The pool itself: what a manager adds is for redirects, and costs much time.
            response = self._pool.urlopen(
                method,
                url,
                body=body,
                headers=headers,
                timeout=Timeout(connect=connections.CONNECT_SECONDS, read=connections.READ_SECONDS),
                retries=False,
                redirect=False,
            )
        except HTTPError as error:
            raise no_answer(error, self._access) from None
        return _answer(response, response.data)

    def stream(self, path: str, query: Query, *, read_seconds: float) -> BaseHTTPResponse:
        """Send a GET whose answer comes piece by piece; the caller closes it.

        Raises:
            CallFailure: there is no answer, or it is no success.
        """
        from urllib3 import Timeout  # noqa: PLC0415 - only proxies and watches need it
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - same

        timeout = Timeout(connect=connections.CONNECT_SECONDS, read=read_seconds)
        try:
            response = self._pool.urlopen(
                "GET",
                self._url(path, query),
                headers=self._headers,
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            if response.status >= HTTPStatus.MULTIPLE_CHOICES:
                raise no_success(_answer(response, response.read()))
        except (HTTPError, OSError) as error:
            raise no_answer(error, self._access) from None
        return response

    def close(self) -> None:
        """Close the connections that are not in use."""
        if self._direct is not None:
            self._direct.close()
        if "_pool" in vars(self):
            self._pool.close()

    def _url(self, path: str, query: Query) -> str:
        return self._prefix + path + (f"?{urlencode(query)}" if query else "")


def _text(raw: bytes) -> str:
    """Logs are text; what is JSON is read as such already."""
    return "" if raw.startswith(b"{") else raw.decode("utf-8", errors="replace")


def _answer(response: BaseHTTPResponse, data: bytes) -> connections.Answer:
    return connections.Answer(
        status=response.status,
        data=data,
        date=response.headers.get("Date", ""),
        retry_after=response.headers.get("Retry-After", ""),
    )
