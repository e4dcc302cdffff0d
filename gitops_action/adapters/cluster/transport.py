"""HTTP to one API server: one pool of connections for all threads, single tries, plain failures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlencode

import urllib3

from gitops_action import __version__
from gitops_action.adapters.cluster.connection import connection_pool
from gitops_action.adapters.cluster.failures import no_answer, no_success, read_json
from gitops_action.core.cluster.access import Access
from gitops_action.core.manifests.model import Body

_CONNECT_SECONDS = 10.0
_READ_SECONDS = 70.0
"""Longer than the API server's own limit of 60 s for a request that is no watch."""


Query = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Request:
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
class Answer:
    """A complete, successful answer; `date` is the server's clock in seconds, 0 where not told."""

    body: Body
    text: str
    date: float


class Transport:
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

    def call(self, request: Request) -> Answer:
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
        return Answer(body=read_json(raw), text=_text(raw), date=_date(response))

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
