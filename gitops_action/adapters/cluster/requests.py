"""Requests, tried again where that is safe, failures made into our errors."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from gitops_action.adapters.cluster.transport import (
    CallFailure,
    ClusterRequest,
    ClusterResponse,
    ClusterTransport,
    Query,
)
from gitops_action.adapters.retry import RetryPolicy, retry
from gitops_action.core.cluster.api_status import delay, refusal
from gitops_action.core.cluster.errors import ClusterError, UnreachableError
from gitops_action.core.cluster.model import Operation

T = TypeVar("T")


RETRIES = RetryPolicy(attempts=6, initial=0.25, maximum=4.0, jitter=0.25, longest=30.0, total=60.0)


class Caller:
    """One cluster's requests; for all threads."""

    def __init__(self, transport: ClusterTransport, name: str, policy: RetryPolicy) -> None:
        """Name the cluster as errors do."""
        self.transport = transport
        self.name = name
        self.policy = policy

    def safe(self, operation: Operation, request: ClusterRequest) -> ClusterResponse:
        """Send what may be repeated at will: reads, server-side applies, deletes by UID.

        Raises:
            ClusterError: it failed for good.
        """
        return self.persist(operation, lambda: self.transport.call(request))

    def read(self, operation: Operation, path: str, query: Query | None = None) -> ClusterResponse:
        """GET.

        Raises:
            ClusterError: it failed for good.
        """
        return self.safe(operation, ClusterRequest(method="GET", path=path, query=query or {}))

    def once(self, operation: Operation, request: ClusterRequest) -> ClusterResponse:
        """Send what must not be repeated blindly, such as a create.

        Raises:
            ClusterError: it failed; after an `UnreachableError` it may have taken effect.
        """
        try:
            return self.transport.call(request)
        except CallFailure as failure:
            raise self.error(failure, operation) from None

    def persist(self, operation: Operation, action: Callable[[], T]) -> T:
        """Run something repeatable until it succeeds or the policy ends it.

        Raises:
            ClusterError: it failed for good.
        """
        try:
            return retry(action, self.policy, _again)
        except CallFailure as failure:
            raise self.error(failure, operation) from None

    def error(self, failure: CallFailure, operation: Operation) -> ClusterError:
        """Make it an error for the user."""
        if failure.code == 0:
            return UnreachableError(
                f"the cluster {self.name} cannot be reached to {operation}",
                cause=failure.cause,
                fix=failure.fix or "see that this runner reaches the cluster, and run again",
            )
        if failure.code in {HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND}:
            return UnreachableError(
                f"what answers for the cluster {self.name} is not an API server",
                cause=f"it redirects ({failure.code}), which no API server does",
                fix="give the API server's own address",
            )
        return refusal(failure.code, failure.status, operation)


def _again(error: Exception) -> bool | float:
    if not isinstance(error, CallFailure) or not error.passing:
        return False
    asked = error.pause if error.pause is not None else delay(error.status)
    return True if asked is None else asked
