"""HTTP to one API server: one pool of connections for all threads, single tries, plain failures."""

from __future__ import annotations

import json
import os
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import cast
from urllib.parse import urlencode, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # typeshed lacks it

import urllib3

from gitops_action import __version__
from gitops_action.adapters.retry import causes
from gitops_action.core.answers import delay_seconds, parse_json
from gitops_action.core.cluster.access import Access
from gitops_action.core.cluster.api_status import is_passing
from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests.model import Body
from gitops_action.errors import UsageError

# The pool of connections to an API server: TLS, client certificate, proxy.

_POOL = 32


def connection_pool(access: Access, environ: Mapping[str, str]) -> urllib3.PoolManager:
    """A pool for all threads; it connects with the first request.

    Raises:
        UsageError: certificate or key cannot be used.
    """
    proxy = access.proxy or _proxy(access.server, environ)
    context = _tls(access)
    if proxy:
        return urllib3.ProxyManager(
            proxy,
            ssl_context=context,
            maxsize=_POOL,
            retries=False,
            server_hostname=access.server_name or None,
        )
    return urllib3.PoolManager(
        ssl_context=context,
        maxsize=_POOL,
        retries=False,
        server_hostname=access.server_name or None,
        assert_hostname=access.server_name or None,
    )


def _proxy(server: str, environ: Mapping[str, str]) -> str:
    """The proxy by the usual variables, as kubectl reads them."""
    parts = urlsplit(server)
    known = {name.lower(): value for name, value in environ.items()}
    if proxy_bypass_environment(parts.netloc, {"no": known.get("no_proxy", "")}):
        return ""
    return known.get(f"{parts.scheme}_proxy", "")


def _tls(access: Access) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=access.ca or None)
    except ssl.SSLError:
        raise UsageError(
            "the cluster's authority is not a certificate",
            cause=f"of {access.name}",
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


# Tries that failed, and the words for why.

_NOBODY: Body = {}


class CallFailure(Exception):  # noqa: N818 - the transport's failure; the client makes an error of it
    """A try that failed.

    Attributes:
        code: the HTTP status; 0 where there was no answer.
        status: the server's `Status`, or nothing.
        cause: why, in words.
        passing: whether trying again can help.
        pause: seconds that the server asks to wait.
        untrusted: TLS failed: nothing was sent, and it will not get better.
    """

    def __init__(self, cause: str, *, code: int = 0, status: Body = _NOBODY) -> None:
        """Take what is known."""
        super().__init__(cause)
        self.code = code
        self.status = status
        self.cause = cause
        self.passing = code == 0 or is_passing(code, status)
        self.pause: float | None = None
        self.untrusted = False


def read_json(raw: bytes) -> Body:
    """The JSON object that this is; an empty one where it is none."""
    if not raw.startswith(b"{"):
        return _NOBODY
    try:
        return cast("Body", parse_json(raw))
    except ValueError:
        return _NOBODY


def no_answer(error: BaseException) -> CallFailure:
    """Tell it in the system's words, without the address, which a proxy's account may be in."""
    chain = causes(error)
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            failure = CallFailure(f"its certificate is not trusted: {cause.verify_message}")
            failure.passing, failure.untrusted = False, True
            return failure
    if any(isinstance(cause, urllib3.exceptions.TimeoutError | TimeoutError) for cause in chain):
        return CallFailure("no answer in time")
    words = [cause.strerror for cause in chain if isinstance(cause, OSError) and cause.strerror]
    return CallFailure(words[0] if words else "the connection was cut")


def no_success(response: urllib3.BaseHTTPResponse, raw: bytes) -> CallFailure:
    """The failure that this answer tells."""
    status = read_json(raw)
    message = status.get("message")
    cause = message if isinstance(message, str) else f"the server answers {response.status}"
    failure = CallFailure(cause, code=response.status, status=status)
    failure.pause = delay_seconds(response.headers.get("Retry-After", ""))
    return failure


_CONNECT_SECONDS = 10.0
_READ_SECONDS = 70.0
"""Longer than the API server's own limit of 60 s for a request that is no watch."""


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
    """A complete, successful answer; `date` is the server's clock in seconds, 0 where not told."""

    body: Body
    text: str
    date: float


class ClusterTransport:
    """Requests to one API server as one account."""

    def __init__(self, access: Access, environ: Mapping[str, str]) -> None:
        """Prepare the pool; it connects with the first request.

        Args:
            access: where and who.
            environ: the environment, for HTTPS_PROXY and NO_PROXY.

        Raises:
            UsageError: certificate or key cannot be used.
        """
        self._server = access.server
        self._headers = {"User-Agent": f"gitops-action/{__version__}"}
        if access.token:
            self._headers["Authorization"] = f"Bearer {access.token}"
        self._pool = connection_pool(access, environ)

    def call(self, request: ClusterRequest) -> ClusterResponse:
        """Send one request and read the whole answer.

        Raises:
            CallFailure: there is no answer, or it is no success.
        """
        body = request.body
        data = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        types = {"Content-Type": request.content, "Accept": request.accept}
        try:
            response = self._pool.request(
                request.method,
                self._url(request.path, request.query),
                body=data,
                headers={**self._headers, **types},
                timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise no_answer(error) from None
        raw = response.data
        if response.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise no_success(response, raw)
        return ClusterResponse(body=read_json(raw), text=_text(raw), date=_date(response))

    def stream(self, path: str, query: Query, *, read_seconds: float) -> urllib3.BaseHTTPResponse:
        """Send a GET whose answer comes piece by piece; the caller closes it.

        Raises:
            CallFailure: there is no answer, or it is no success.
        """
        timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=read_seconds)
        try:
            response = self._pool.request(
                "GET",
                self._url(path, query),
                headers=self._headers,
                timeout=timeout,
                preload_content=False,
            )
            if response.status >= HTTPStatus.MULTIPLE_CHOICES:
                raise no_success(response, response.read())
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise no_answer(error) from None
        return response

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._pool.clear()

    def _url(self, path: str, query: Query) -> str:
        return self._server + path + (f"?{urlencode(query)}" if query else "")


def _text(raw: bytes) -> str:
    """Logs are text; what is JSON is read as such already."""
    return "" if raw.startswith(b"{") else raw.decode("utf-8", errors="replace")


def _date(response: urllib3.BaseHTTPResponse) -> float:
    try:
        return parsedate_to_datetime(response.headers.get("Date", "")).timestamp()
    except (TypeError, ValueError):
        return 0.0
