"""Requests with patience: tried again where that is safe, failures made into our errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

from gitops_action.adapters.cluster.transport import Answer, CallFailure, Query, Request, Transport
from gitops_action.core.cluster.api_status import delay, refusal
from gitops_action.core.cluster.errors import ClusterError, UnreachableError
from gitops_action.core.cluster.model import Doing

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How often and how long to try; seconds.

    A wait that the server asks for beyond `longest` is not sat out.
    """

    attempts: int = 6
    initial: float = 0.25
    maximum: float = 4.0
    jitter: float = 0.25
    longest: float = 30.0
    total: float = 60.0


class Caller:
    """One cluster's requests; for all threads."""

    def __init__(self, transport: Transport, name: str, patience: Patience) -> None:
        """Name the cluster as errors do."""
        self.transport = transport
        self.name = name
        self.patience = patience

    def safe(self, doing: Doing, request: Request) -> Answer:
        """Send what may be repeated at will: reads, server-side applies, deletes by UID.

        Raises:
            ClusterError: it failed for good.
        """
        return self.persist(doing, lambda: self.transport.call(request))

    def read(self, doing: Doing, path: str, query: Query | None = None) -> Answer:
        """GET.

        Raises:
            ClusterError: it failed for good.
        """
        return self.safe(doing, Request(method="GET", path=path, query=query or {}))

    def once(self, doing: Doing, request: Request) -> Answer:
        """Send what must not be repeated blindly, such as a create.

        Raises:
            ClusterError: it failed; after an `UnreachableError` it may have taken effect.
        """
        try:
            return self.transport.call(request)
        except CallFailure as failure:
            raise self.error(failure, doing) from None

    def persist(self, doing: Doing, action: Callable[[], T]) -> T:
        """Run something repeatable until it succeeds or patience ends.

        Raises:
            ClusterError: it failed for good.
        """
        try:
            return action()
        except CallFailure as failure:
            if not failure.passing:
                raise self.error(failure, doing) from None
            first = failure
        try:
            return self._again(action, first)
        except CallFailure as failure:
            raise self.error(failure, doing) from None

    def _again(self, action: Callable[[], T], first: CallFailure) -> T:
        """Go on after a failure that passes: only now is the library for it loaded."""
        import stamina  # noqa: PLC0415 - most runs never need it

        limits = self.patience
        waiting: list[CallFailure] = [first]

        def attempt() -> T:
            # The first try was made already: its failure takes part in the reckoning of pauses.
            if waiting:
                raise waiting.pop()
            return action()

        for trial in stamina.retry_context(
            on=self._pause,
            attempts=limits.attempts,
            timeout=limits.total,
            wait_initial=limits.initial,
            wait_max=limits.maximum,
            wait_jitter=limits.jitter,
        ):
            with trial:
                return attempt()
        raise AssertionError  # pragma: no cover - the loop returns or raises

    def _pause(self, error: Exception) -> bool | float:
        if not isinstance(error, CallFailure) or not error.passing:
            return False
        asked = error.pause if error.pause is not None else delay(error.status)
        if asked is None:
            return True
        return asked if asked <= self.patience.longest else False

    def error(self, failure: CallFailure, doing: Doing) -> ClusterError:
        """Make it an error for the user."""
        if failure.code == 0:
            fix = (
                "pass the cluster's own authority as `kube-ca`"
                if failure.untrusted
                else "see that this runner reaches the cluster, and run again"
            )
            return UnreachableError(
                f"the cluster {self.name} cannot be reached to {doing}",
                cause=failure.cause,
                fix=fix,
            )
        if failure.code in {HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND}:
            return UnreachableError(
                f"what answers for the cluster {self.name} is no API server",
                cause=f"it redirects ({failure.code}), which no API server does",
                fix="give the API server's own address",
            )
        return refusal(failure.code, failure.status, doing)
