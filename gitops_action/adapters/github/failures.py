"""A request that GitHub did not answer with success: what is known of it, and what may follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

HTTP_OK = 200
HTTP_MOVED = 301
HTTP_UNAUTHORIZED = 401
HTTP_FORBIDDEN = 403
HTTP_NOT_FOUND = 404
HTTP_CONFLICT = 409
HTTP_UNPROCESSABLE = 422
HTTP_TOO_MANY = 429
HTTP_SERVER_ERROR = 500
HTTP_NOT_IMPLEMENTED = 501

SECONDARY_PAUSE = 60.0
"""Seconds to wait on a secondary limit without Retry-After (GitHub: "Best practices for REST")."""

_TROUBLE = ("something went wrong", "timedout", "timeout", "couldn't respond to your request in")


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What a request is for, to be named when it is refused.

    Attributes:
        doing: continues "the token may not …".
        permission: the right of an App or fine-grained token that it takes.
        repository: OWNER/NAME it is about.
        writes: whether it changes anything: then the repository is known to be visible.
    """

    doing: str
    permission: str
    repository: str
    writes: bool = False


@dataclass(kw_only=True, eq=False, repr=False)  # not frozen: Python itself sets the traceback
class RequestFailure(Exception):  # noqa: N818 - internal; what the user meets is made of it
    """One failed request.

    Attributes:
        status: HTTP status; 0 when there was no answer; 200 for errors inside a GraphQL answer.
        message: GitHub's words, never the address or headers that were sent.
        headers: the answer's headers, lower-cased names.
        kinds: `type` of each GraphQL error.
        sent: whether GitHub may have received the request.
    """

    status: int
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    sent: bool = True

    def __repr__(self) -> str:
        """In short, without headers: it is shown while a request is tried again."""
        answer = f"GitHub answered {self.status}: " if self.status else ""
        return f"{type(self).__name__}({answer + self.message!r})"

    @property
    def limited(self) -> bool:
        """A primary or secondary rate limit: GitHub did not look at the request itself."""
        if self.status == HTTP_TOO_MANY or "RATE_LIMITED" in self.kinds:
            return True
        if self.status not in {HTTP_OK, HTTP_FORBIDDEN}:
            return False
        spent = self.headers.get("x-ratelimit-remaining") == "0"
        refused = self.status == HTTP_FORBIDDEN and (spent or "retry-after" in self.headers)
        return refused or "rate limit" in self.message.lower()

    @property
    def uncertain(self) -> bool:
        """Whether the request may or may not have taken effect."""
        if self.status == 0:
            return self.sent
        if self.status == HTTP_OK:
            return not self.kinds and self.message.lower().startswith(_TROUBLE)
        return self.status >= HTTP_SERVER_ERROR and self.status != HTTP_NOT_IMPLEMENTED

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self.limited or self.uncertain or self.status == 0

    def pause(self, now: datetime) -> float | None:
        """Seconds that GitHub asks to wait; None when it does not say (our backoff decides)."""
        asked = self.headers.get("retry-after", "")
        if asked.isdigit():
            return float(asked)
        if not self.limited:
            return None
        reset = self.headers.get("x-ratelimit-reset", "")
        if self.headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
            return max(0.0, int(reset) - now.timestamp()) + 1.0
        return SECONDARY_PAUSE
