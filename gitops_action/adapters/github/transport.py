"""Our own HTTP session: GraphQL and byte streams, which the first requests of a run need.

REST goes through PyGithub (see `rest`). It is not used here because it reads an archive into
memory as text, takes no GraphQL address of its own, and costs half a second to import.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from gitops_action import __version__
from gitops_action.adapters.github.errors import HTTP_OK, RequestFailure
from gitops_action.adapters.github.reply import Reply
from gitops_action.core.answers import parse_json

TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and between two bytes of an answer."""

MAX_ANSWER = 32 * 1024 * 1024
"""Bytes of a JSON answer that are read at most."""

USER_AGENT = f"gitops-action/{__version__}"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class _TokenForHost(AuthBase):
    """Sends the token to one host only, and keeps `.netrc` from sending another."""

    def __init__(self, token: str, origin: str) -> None:
        self._token = token
        self._origin = origin

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token and _origin(request.url or "") == self._origin:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Transport:
    """One connection pool to one GitHub."""

    def __init__(self, *, token: str, api_url: str, graphql_url: str) -> None:
        """Open the session; nothing is sent yet."""
        self._api_url = api_url.rstrip("/")
        self._graphql_url = graphql_url
        self._token = token
        self._session = requests.Session()
        self._session.headers["User-Agent"] = USER_AGENT

    def graphql(self, document: str, variables: Mapping[str, object]) -> Reply:
        """Run one GraphQL document and return its `data`.

        Raises:
            RequestFailure: also for errors inside an answer, except "not found" for something
                within the repository, which reads as null.
        """
        body = json.dumps({"query": document, "variables": dict(variables)}).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        with self._send("POST", self._graphql_url, headers, body) as response:
            _check(response)
            answer = Reply(_json(response, MAX_ANSWER))
        _check_errors(answer, response.headers)
        return answer.at("data")

    @contextmanager
    def stream(self, path: str, accept: str) -> Iterator[requests.Response]:
        """GET bytes as they come, following one redirect (archives live on another host)."""
        # Bytes as they are: an archive that is compressed once more would only cost time.
        headers = {"Accept": accept, "Accept-Encoding": "identity"}
        url = self._api_url + path
        with self._send("GET", url, headers) as first:
            if first.status_code not in _REDIRECTS:
                _check(first)
                yield first
                return
            target = _target(url, first.headers.get("Location", ""))
        with self._send("GET", target, headers) as second:
            _check(second)
            yield second

    @contextmanager
    def _send(
        self, verb: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Iterator[requests.Response]:
        try:
            with self._answer(verb, url, headers, body) as response:
                yield response
        except (requests.RequestException, HTTPError, UnicodeError) as error:
            raise unreachable(error, url) from None

    def _answer(
        self, verb: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> requests.Response:
        try:
            return self._session.request(
                verb,
                url,
                headers=dict(headers),
                data=body,
                auth=_TokenForHost(self._token, _origin(self._home(url))),
                timeout=TIMEOUT,
                stream=True,
                allow_redirects=False,
            )
        except (requests.RequestException, UnicodeError):
            raise
        except ValueError:  # requests reads the target of a redirect that it does not follow
            raise RequestFailure(status=0, message=_LEFT) from None

    def _home(self, url: str) -> str:
        return self._graphql_url if url == self._graphql_url else self._api_url


_LEFT = "a redirect left the API: its target is not an address of the same protocol"


def unreachable(error: Exception, url: str) -> RequestFailure:
    """Report a broken connection, without the address: a redirect's may carry a token."""
    sent = not isinstance(error, requests.ConnectTimeout) and "NewConnectionError" not in repr(
        error
    )
    host = urlsplit(url).hostname or "GitHub"
    message = f"the connection to {host} failed ({type(error).__name__})"
    return RequestFailure(status=0, message=message, sent=sent)


def _target(url: str, location: str) -> str:
    """Where a redirect leads, in the API's own protocol."""
    try:
        target = urljoin(url, location)
        same = urlsplit(target).scheme == urlsplit(url).scheme and bool(urlsplit(target).hostname)
    except ValueError:
        same = False
    if not same or not location.isascii():
        raise RequestFailure(status=0, message=_LEFT)
    return target


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _json(response: requests.Response, limit: int) -> object:
    data = bytearray()
    for chunk in response.iter_content(64 * 1024):
        data += chunk
        if len(data) > limit:
            raise RequestFailure(status=HTTP_OK, message="the answer is too large", kinds=("SIZE",))
    try:
        return parse_json(bytes(data))
    except ValueError:
        raise RequestFailure(
            status=response.status_code, message="the answer is not JSON", kinds=("FORMAT",)
        ) from None


def _check(response: requests.Response) -> None:
    if response.status_code == HTTP_OK:
        return
    headers = {name.lower(): value for name, value in response.headers.items()}
    try:
        message = Reply(_json(response, 1024 * 1024)).text("message")
    except (RequestFailure, ValueError):
        message = response.reason or "no reason given"
    raise RequestFailure(status=response.status_code, message=message, headers=headers)


def _check_errors(answer: Reply, headers: Mapping[str, str]) -> None:
    errors = [error for error in answer.each("errors") if not _only_null(error)]
    if not errors:
        return
    raise RequestFailure(
        status=HTTP_OK,
        message="; ".join(error.text("message") for error in errors),
        headers={name.lower(): value for name, value in headers.items()},
        kinds=tuple(error.text("type") for error in errors if error.text("type")),
    )


def _only_null(error: Reply) -> bool:
    """Whether the error says "not found" of a thing inside a repository that was found."""
    return error.text("type") == "NOT_FOUND" and error.depth("path") > 1
