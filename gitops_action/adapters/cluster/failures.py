"""Tries that failed, and the words for why."""

from __future__ import annotations

import json
import ssl
from typing import cast

import urllib3

from gitops_action.core.cluster.refusals import is_passing
from gitops_action.core.manifests.model import Body

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
        return cast("Body", json.loads(raw))
    except ValueError:
        return _NOBODY


def no_answer(error: BaseException) -> CallFailure:
    """Tell it in the system's words, without the address, which a proxy's account may be in."""
    chain = list(_causes(error))
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            failure = CallFailure(f"its certificate is not trusted: {cause.verify_message}")
            failure.passing, failure.untrusted = False, True
            return failure
    if any(isinstance(cause, urllib3.exceptions.TimeoutError | TimeoutError) for cause in chain):
        return CallFailure("no answer in time")
    words = [cause.strerror for cause in chain if isinstance(cause, OSError) and cause.strerror]
    return CallFailure(words[0] if words else "the connection was cut")


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what led to it, as chained and as urllib3 wraps it."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and cause not in found:
            found.append(cause)
            waiting += [cause.__context__, getattr(cause, "reason", None), *cause.args]
    return found


def no_success(response: urllib3.BaseHTTPResponse, raw: bytes) -> CallFailure:
    """The failure that this answer tells."""
    status = read_json(raw)
    message = status.get("message")
    cause = message if isinstance(message, str) else f"the server answers {response.status}"
    failure = CallFailure(cause, code=response.status, status=status)
    after = response.headers.get("Retry-After", "")
    failure.pause = float(after) if after.isdecimal() else None
    return failure
