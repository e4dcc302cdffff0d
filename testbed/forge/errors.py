"""How the double says no: the status and message GitHub's documentation gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(kw_only=True, eq=False)
class ApiError(Exception):
    """A refusal, for REST (status, body) and GraphQL (kind) alike."""

    status: int
    message: str
    kind: str = "UNPROCESSABLE"
    errors: Sequence[Mapping[str, Any] | str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the message."""
        return self.message

    def body(self) -> dict[str, Any]:
        """Return the JSON that GitHub sends with it."""
        found: dict[str, Any] = {
            "message": self.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": str(self.status),
        }
        if self.errors:
            found["errors"] = [e if isinstance(e, str) else dict(e) for e in self.errors]
        return found


def not_found(message: str = "Not Found") -> ApiError:
    """What does not exist, or what the token may not know exists."""
    return ApiError(status=404, message=message, kind="NOT_FOUND")


def forbidden(message: str = "Resource not accessible by integration") -> ApiError:
    """The token's rights do not reach so far."""
    return ApiError(status=403, message=message, kind="FORBIDDEN")


def conflict(message: str) -> ApiError:
    """The state is not what the caller expected."""
    return ApiError(status=409, message=message, kind="STALE_DATA")


def invalid(message: str, /, **error: str) -> ApiError:
    """A well-formed request that cannot be carried out."""
    return ApiError(
        status=422, message=message, errors=({"code": "custom", **error},) if error else ()
    )


def bad_credentials() -> ApiError:
    """No token that we gave out."""
    return ApiError(status=401, message="Bad credentials", kind="UNAUTHORIZED")


def not_served(what: str) -> ApiError:
    """Something GitHub has and this double has not: always a problem of the test bed."""
    return ApiError(status=501, message=f"{what} is not served by the double", kind="NOT_SERVED")
