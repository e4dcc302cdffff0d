"""One run at a time: a lease in the cluster, with a holder and an expiry (coordination.k8s.io/v1).

The server's clock counts, by the Date of its answers, so that runners whose clocks differ agree on
when a lease has run out. A holder that dies frees it by its expiry.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

from gitops_action.adapters.cluster.requests import Caller
from gitops_action.adapters.cluster.transport import ClusterRequest, ClusterResponse
from gitops_action.core.cluster import errors
from gitops_action.core.cluster.model import LeaseTerms, Operation, Resource
from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests.fields import mapping, number, text
from gitops_action.core.manifests.model import Body

LEASES = Resource(
    group="coordination.k8s.io", version="v1", kind="Lease", plural="leases", namespaced=True
)
_CLAIM = "gitops-action/claim"
_LONGEST_LOOK = 2.0
_LAST_WORD = 3.0
"""Seconds that giving it back waits for a renewal under way; after that its expiry frees it."""
_MICROTIME = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One attempt to hold a lease; the mark distinguishes it from others of the same holder."""

    terms: LeaseTerms
    mark: str

    def is_of(self, body: Body) -> bool:
        """Whether the lease was written by this attempt."""
        return text(body, "metadata", "annotations", _CLAIM) == self.mark and (
            text(body, "spec", "holderIdentity") == self.terms.holder
        )


class Lease:
    """A lease that is ours, renewed in the background."""

    def __init__(self, caller: Caller, claim: Claim, held: ClusterResponse) -> None:
        """Begin to renew."""
        self._caller = caller
        self._claim = claim
        self._terms = claim.terms
        self._body = held.body
        self._over = threading.Event()
        self._lost = ""
        self._thread = threading.Thread(target=self._renew, daemon=True)
        self._renewed = time.monotonic()
        self._thread.start()

    def check(self) -> None:
        """Make sure that it is still ours, before each step that writes.

        Raises:
            LeaseLostError: another took it, or it could not be renewed before its expiry.
        """
        if not self._lost and time.monotonic() - self._renewed > self._terms.seconds:
            self._lost = "it could not be renewed in time"
        if self._lost:
            raise errors.LeaseLostError(
                f"this run no longer holds the lease {self._terms.namespace}/{self._terms.name}",
                cause=self._lost,
                fix="run again when the other run has ended",
            )

    def release(self) -> None:
        """Give it back; where that fails, its expiry does."""
        self._over.set()
        self._thread.join(_LAST_WORD)
        if self._lost or self._thread.is_alive():
            return
        try:
            _put(self._caller, self._claim, self._body, holder="", now=_now(0.0))
        except errors.ClusterError:
            return

    def _renew(self) -> None:
        while not self._over.wait(self._terms.seconds / 3):
            began = time.monotonic()
            try:
                answer = _look(self._caller, self._terms)
                if not self._claim.is_of(answer.body):
                    self._lost = f"{text(answer.body, 'spec', 'holderIdentity') or 'nobody'} has it"
                    return
                now = _now(answer.date)
                self._body = _put(
                    self._caller, self._claim, answer.body, holder=self._terms.holder, now=now
                ).body
                self._renewed = began
            except (errors.ChangedMeanwhileError, errors.UnreachableError):
                continue  # looked at again; `check` reckons with the time that passed
            except errors.ClusterError as error:
                self._lost = str(error)
                return


@contextmanager
def hold_lease(caller: Caller, terms: LeaseTerms) -> Iterator[Lease]:
    """Hold the lease while the block runs.

    Raises:
        LeaseHeldError: another run holds it for longer than we wait.
        ClusterError: it can be neither read nor written.
    """
    claim = Claim(terms=terms, mark=uuid4().hex)
    lease = Lease(caller, claim, _acquire(caller, claim))
    try:
        yield lease
    finally:
        lease.release()


def _acquire(caller: Caller, claim: Claim) -> ClusterResponse:
    terms = claim.terms
    deadline = time.monotonic() + terms.wait
    while True:
        try:
            found = _look(caller, terms)
        except errors.NotFoundError as error:
            if error.missing != "object":
                raise
            taken = _create(caller, claim)
        else:
            taken = _take(caller, claim, found, patient=time.monotonic() < deadline)
        if taken:
            return taken
        time.sleep(min(_LONGEST_LOOK, max(deadline - time.monotonic(), 0.05)))


def _look(caller: Caller, terms: LeaseTerms) -> ClusterResponse:
    path = LEASES.path(terms.namespace, terms.name)
    return caller.read(_operation("read", terms), path)


def _create(caller: Caller, claim: Claim) -> ClusterResponse | None:
    terms = claim.terms
    now = _now(caller.read(_operation("read", terms), "/version").date)
    body: Body = {
        "apiVersion": LEASES.api_version,
        "kind": LEASES.kind,
        "metadata": {
            "name": terms.name,
            "namespace": terms.namespace,
            "annotations": {_CLAIM: claim.mark},
        },
        "spec": _spec(terms, terms.holder, now, transitions=0),
    }
    try:
        path = LEASES.path(terms.namespace)
        asked = ClusterRequest(method="POST", path=path, body=body)
        return caller.once(_operation("create", terms), asked)
    except (errors.AlreadyExistsError, errors.UnreachableError):
        return None  # someone was quicker, or we do not know: look


def _take(
    caller: Caller, claim: Claim, found: ClusterResponse, *, patient: bool
) -> ClusterResponse | None:
    """Take a lease that is free, ours already (an answer was lost) or expired; None: look again."""
    terms = claim.terms
    holder = text(found.body, "spec", "holderIdentity")
    now = _now(found.date)
    until = _expiry(found.body)
    if holder and not claim.is_of(found.body) and until > now.timestamp():
        if patient:
            return None
        raise _held(terms, holder, until)
    try:
        return _put(caller, claim, found.body, holder=terms.holder, now=now)
    except (errors.ChangedMeanwhileError, errors.UnreachableError):
        return None


def _put(
    caller: Caller, claim: Claim, body: Body, *, holder: str, now: datetime
) -> ClusterResponse:
    """Write it, only if nobody has since (the resource version says so)."""
    terms = claim.terms
    previous = text(body, "spec", "holderIdentity")
    transitions = (number(body, "spec", "leaseTransitions") or 0) + (previous != holder)
    marks = {**mapping(body, "metadata", "annotations"), _CLAIM: claim.mark}
    metadata = {**mapping(body, "metadata"), "annotations": marks}
    written = {
        **body,
        "metadata": metadata,
        "spec": _spec(terms, holder, now, transitions=transitions),
    }
    path = LEASES.path(terms.namespace, terms.name)
    return caller.once(
        _operation("update", terms), ClusterRequest(method="PUT", path=path, body=written)
    )


def _spec(
    terms: LeaseTerms, holder: str, now: datetime, *, transitions: int
) -> dict[str, str | int]:
    at = now.strftime(_MICROTIME)
    return {
        "holderIdentity": holder,
        "leaseDurationSeconds": terms.seconds if holder else 1,
        "acquireTime": at,
        "renewTime": at,
        "leaseTransitions": transitions,
    }


def _expiry(body: Body) -> float:
    """When it runs out, in seconds of the epoch; one without a time has run out."""
    try:
        renewed = datetime.fromisoformat(text(body, "spec", "renewTime"))
    except ValueError:
        return 0.0
    return renewed.timestamp() + (number(body, "spec", "leaseDurationSeconds") or 0)


def _held(terms: LeaseTerms, holder: str, until: float) -> errors.LeaseHeldError:
    at = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    error = errors.LeaseHeldError(
        "another run is deploying here",
        cause=f"{holder} holds the lease {terms.namespace}/{terms.name}, at least until {at}",
        fix="wait until it has ended and run again",
    )
    error.holder = holder
    return error


def _operation(verb: str, terms: LeaseTerms) -> Operation:
    return Operation(verb=verb, about=f"Lease {terms.namespace}/{terms.name}")


def _now(date: float) -> datetime:
    return datetime.fromtimestamp(date or time.time(), UTC)
