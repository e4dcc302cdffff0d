"""Asks the addresses of the gate `http`: bounded in time and size, without redirects."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError, LocationValueError

from gitops_action import __version__
from gitops_action.adapters.deadline import DeadlineError, within
from gitops_action.adapters.registry.addresses import is_local, is_loopback
from gitops_action.adapters.retry import RetryPolicy, retry
from gitops_action.core.config.resolved import HttpGate
from gitops_action.core.gates.http import HttpAnswer, HttpSettings

LIMIT = 65_536
"""Bytes of a body that are read; a longer one is no answer."""

_TRANSIENT = frozenset({429, 502, 503, 504})
_METADATA = frozenset({"fd00:ec2::254"})
"""Where a cloud keeps what a machine may know of itself, beside link-local addresses."""


class _NoAnswerError(Exception):
    """There is no answer; `again`: another try may get one."""

    def __init__(self, problem: str, *, again: bool = False) -> None:
        super().__init__(problem)
        self.again = again


class HttpAddresses:
    """Asks addresses; each at most once a run."""

    def __init__(self, settings: HttpSettings, policy: RetryPolicy | None = None) -> None:
        """Take what the job allows, and how to pause between tries."""
        self._settings = settings
        self._policy = policy or RetryPolicy(maximum=5.0)
        self._answers: dict[str, HttpAnswer] = {}

    def ask(self, gates: Iterable[HttpGate]) -> Mapping[str, HttpAnswer]:
        """The answers by address; why there is none is an answer too."""
        for gate in gates:
            if gate.url not in self._answers:
                self._answers[gate.url] = self._answer(gate)
        return dict(self._answers)

    def _answer(self, gate: HttpGate) -> HttpAnswer:
        policy = RetryPolicy(
            attempts=gate.retries + 1,
            initial=self._policy.initial,
            maximum=self._policy.maximum,
            jitter=self._policy.jitter,
        )
        try:
            return retry(lambda: self._once(gate), policy, _again)
        except _NoAnswerError as error:
            return HttpAnswer(problem=str(error))
        except _PassingStatusError as error:
            return error.answer

    def _once(self, gate: HttpGate) -> HttpAnswer:
        """One request, whose whole answer has the configured time."""
        try:
            answer = within(gate.timeout.total_seconds(), lambda: self._exchange(gate))
        except DeadlineError:
            raise _NoAnswerError("it takes too long", again=True) from None
        except (HTTPError, OSError) as error:
            raise _NoAnswerError(_named(error), again=True) from None
        if answer.status in _TRANSIENT:
            raise _PassingStatusError(answer)
        return answer

    def _exchange(self, gate: HttpGate) -> HttpAnswer:
        parts = urlsplit(gate.url)
        host = parts.netloc.lower()
        if parts.scheme != "https" and host not in self._settings.insecure:
            raise _NoAnswerError("it has no TLS, and GITOPS_HTTP_INSECURE does not list it")
        headers = {"User-Agent": f"gitops-action/{__version__}", "Accept-Encoding": "identity"}
        if host in self._settings.hosts:
            headers |= self._settings.headers
        pool, target = self._pool(parts, gate.timeout.total_seconds())
        with pool:
            response = pool.urlopen(
                "GET",
                target,
                headers={**headers, "Host": parts.netloc},
                redirect=False,
                retries=False,
                preload_content=False,
            )
            try:
                return _read(response)
            finally:
                response.close()

    def _pool(
        self, parts: SplitResult, seconds: float
    ) -> tuple[urllib3.HTTPConnectionPool | urllib3.PoolManager, str]:
        """Where the request goes, and what it asks for there.

        Without a proxy the connection is made to the very address that was checked, so that a name
        cannot lead elsewhere the second time.
        """
        timeout = urllib3.Timeout(total=seconds)
        host = parts.hostname or ""
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        proxy = getproxies().get(parts.scheme)
        if proxy and not proxy_bypass(host):
            self._check(host, host, parts.netloc)
            return urllib3.ProxyManager(proxy, timeout=timeout), parts.geturl()
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = self._resolved(host, port, parts.netloc)
        if parts.scheme == "http":
            return urllib3.HTTPConnectionPool(address, port, timeout=timeout), path
        return urllib3.HTTPSConnectionPool(
            address,
            port,
            timeout=timeout,
            ssl_context=ssl.create_default_context(),
            server_hostname=host,
            assert_hostname=host,
        ), path

    def _resolved(self, host: str, port: int, netloc: str) -> str:
        """The first address of a name; every address has to be one that may be asked."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise _NoAnswerError("its name has no address", again=True) from None
        addresses = [str(item[4][0]) for item in found]
        for address in addresses:
            self._check(host, address, netloc)
        return addresses[0]

    def _check(self, host: str, address: str, netloc: str) -> None:
        allowed = is_loopback(address) and netloc.lower() in self._settings.insecure
        if (is_local(address) and not allowed) or address in _METADATA:
            raise _NoAnswerError(f"{host} is an address that only this machine has a use for")


class _PassingStatusError(Exception):
    """An answer that another try may better."""

    def __init__(self, answer: HttpAnswer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def _again(error: Exception) -> bool:
    return isinstance(error, _PassingStatusError) or (
        isinstance(error, _NoAnswerError) and error.again
    )


def _read(response: urllib3.BaseHTTPResponse) -> HttpAnswer:
    """The answer, whose body fits."""
    if response.status in range(HTTPStatus.MULTIPLE_CHOICES, HTTPStatus.BAD_REQUEST):
        raise _NoAnswerError("it redirects, which is not followed")
    body = b""
    for chunk in response.stream(LIMIT + 1, decode_content=False):
        body += chunk
        if len(body) > LIMIT:
            raise _NoAnswerError(f"its body is longer than {LIMIT // 1024} KiB")
    return HttpAnswer(
        status=response.status,
        headers=dict(response.headers.items()),
        body=body.decode("utf-8", errors="replace"),
    )


def _named(error: Exception) -> str:
    """The kind of failure: messages of the library hold addresses and objects."""
    if isinstance(error, LocationValueError):
        return "its address cannot be used"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "its certificate is not trusted"
    return "no connection, or one that broke off"
