"""What a cluster can refuse, each kind with the facts that a report or a decision needs."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_action.core.dataclass import dataclass
from gitops_action.errors import GitOpsError


class StoppedError(GitOpsError):
    """The job was cancelled; what had been begun is reported, and the next run goes on."""


class ClusterError(GitOpsError):
    """A cluster refused, failed, or did not answer."""


class UnreachableError(ClusterError):
    """No answer, or only "not now", after every try: what it did is not known."""


class ExpiredError(ClusterError):
    """The cluster does not accept the credentials (401): wrong, revoked, or run out."""


class AccessDeniedError(ClusterError):
    """The account may not do this (RBAC).

    Attributes:
        verb: such as `patch`.
        resource: the plural with its group, such as `deployments.apps`.
        namespace: empty for the whole cluster.
        account: as the server names it.
    """

    verb = ""
    resource = ""
    namespace = ""
    account = ""


@dataclass(frozen=True, kw_only=True)
class FieldOwner:
    """A field in conflict and the manager that owns it, with the API version it wrote in."""

    field: str
    manager: str


class FieldConflictError(ClusterError):
    """Fields are owned by other managers, with other values (server-side apply)."""

    owners: Sequence[FieldOwner] = ()


@dataclass(frozen=True, kw_only=True)
class FieldProblem:
    """A field that the server refuses, and why; the path is empty where none is given."""

    field: str
    message: str


class InvalidError(ClusterError):
    """The object is not what its kind asks for."""

    problems: Sequence[FieldProblem] = ()


class ImmutableError(InvalidError):
    """A field that cannot be changed would change."""


class RejectedError(ClusterError):
    """Admission refused it; `by` names the webhook, policy or plugin where the server does."""

    by = ""


class WebhookUnavailableError(ClusterError):
    """An admission webhook did not answer; `webhook` names it."""

    webhook = ""


class DryRunUnsupportedError(ClusterError):
    """An admission webhook with side effects takes no dry runs; `webhook` names it."""

    webhook = ""


class QuotaExceededError(ClusterError):
    """A ResourceQuota of the namespace is used up."""


class TerminatingError(ClusterError):
    """The namespace, or the object itself, is being deleted."""


class NotFoundError(ClusterError):
    """The object, its namespace, or its kind is not there.

    `missing` is what is: `object`, `namespace` or `kind`.
    """

    missing = "object"


class AlreadyGoneError(ClusterError):
    """What was to be deleted is gone, or another of the same name stands in its place."""


class AlreadyExistsError(ClusterError):
    """What was to be created is there."""


class ChangedMeanwhileError(ClusterError):
    """Someone else wrote the object since it was read: read it again."""


class VersionGoneError(ClusterError):
    """The server no longer knows that resource version (410): list again."""


class TooLargeError(ClusterError):
    """The object is larger than the server takes."""


class LeaseHeldError(ClusterError):
    """Another run works on this; `holder` says who."""

    holder = ""


class LeaseLostError(ClusterError):
    """The lease could not be renewed in time, or was taken by another."""
