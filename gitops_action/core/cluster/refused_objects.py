"""What is wrong with the object: answers 400, 404, 409, 410, 413 and 422."""

from __future__ import annotations

import re

from gitops_action.core.cluster import errors
from gitops_action.core.cluster.doing import Doing
from gitops_action.core.cluster.errors import ClusterError, FieldOwner, FieldProblem
from gitops_action.core.manifests.fields import items, text
from gitops_action.core.manifests.model import Body

_OWNER = re.compile(r'conflict with "(?P<manager>[^"]*)"')
_STRICT = re.compile(r'(?P<why>unknown field|duplicate field) "(?P<field>[^"]+)"')
_TYPED = re.compile(
    r"failed to create typed (?:patch|live) object \([^)]*\): (?P<why>.*)", re.DOTALL
)
_TYPED_FIELD = re.compile(r"(?P<field>\.\S+): (?P<why>[^\n]+)")
_TOO_LARGE = re.compile(
    r"too large|must have at most \d+ bytes|may not be more than \d+ bytes", re.IGNORECASE
)
_IMMUTABLE = re.compile(
    r"immutable|spec for fields other than|may not change once set|is forbidden: .*updates to",
    re.IGNORECASE,
)


def missing(message: str, status: Body, doing: Doing) -> ClusterError:
    """404: object, namespace or kind are not there."""
    kind = text(status, "details", "kind")
    error = errors.NotFoundError(f"there is nothing to {doing}", cause=message)
    if kind == "namespaces" and doing.about.split(" ")[0] != "Namespace":
        error = errors.NotFoundError(f"the namespace to {doing} is not there", cause=message)
        error.missing = "namespace"
    elif not kind:
        title = f"the cluster does not know the kind to {doing}"
        error = errors.NotFoundError(title, cause=message)
        error.missing = "kind"
    return error


def field_conflict(_: str, status: Body, doing: Doing) -> ClusterError | None:
    """Server-side apply met fields of other managers."""
    owners = tuple(
        FieldOwner(field=text(cause, "field"), manager=_manager(text(cause, "message")))
        for cause in items(status, "details", "causes")
        if text(cause, "reason") == "FieldManagerConflict"
    )
    if not owners:
        return None
    error = errors.FieldConflictError(
        f"other managers own fields that we want to {doing}",
        cause="; ".join(f"{one.field} belongs to {one.manager}" for one in owners),
        fix="leave the field out, or take it over: `gitops-action/force: allowed` on the object, "
        "or `force-conflicts` for the run",
    )
    error.owners = owners
    return error


def exists(message: str, status: Body, doing: Doing) -> ClusterError | None:
    """A create met what it was to create."""
    if text(status, "reason") != "AlreadyExists":
        return None
    return errors.AlreadyExistsError(f"the cluster could not {doing}", cause=message)


def other_uid(message: str, _: Body, doing: Doing) -> ClusterError | None:
    """A delete met another object of the same name."""
    if "UID in the precondition" not in message and "Precondition failed: UID" not in message:
        return None
    return errors.AlreadyGoneError(
        f"there is nothing to {doing}", cause="another object of that name stands in its place"
    )


def stale(message: str, _: Body, doing: Doing) -> ClusterError:
    """A write met a newer version."""
    return errors.ChangedMeanwhileError(f"the cluster could not {doing}", cause=message)


def gone(message: str, _: Body, doing: Doing) -> ClusterError:
    """410: the server forgot that version."""
    return errors.VersionGoneError(f"the cluster could not {doing}", cause=message)


def too_large(message: str, _: Body, doing: Doing) -> ClusterError | None:
    """More than the server takes."""
    if not _TOO_LARGE.search(message):
        return None
    return errors.TooLargeError(
        f"the object to {doing} is too large",
        cause=message,
        fix="split it: etcd takes about 1.5 MB an object, a ConfigMap or Secret 1 MiB of data",
    )


def invalid(message: str, status: Body, doing: Doing) -> ClusterError:
    """Fields that the kind refuses, or that cannot be changed."""
    problems = _problems(message, status)
    shown = "; ".join(
        f"{one.field}: {one.message}" if one.field else one.message for one in problems
    )
    if problems and any(_IMMUTABLE.search(one.message) for one in problems):
        error: errors.InvalidError = errors.ImmutableError(
            f"fields that cannot be changed stand in the way to {doing}",
            cause=shown,
            fix="undo the change, or allow `gitops-action/recreate: allowed` on the object",
        )
    else:
        error = errors.InvalidError(f"the object to {doing} is not valid", cause=shown or message)
    error.problems = problems
    return error


def untyped(message: str, status: Body, doing: Doing) -> ClusterError | None:
    """Server-side apply met what the schema does not have; it answers 500 to that, for good."""
    return invalid(message, status, doing) if _TYPED.search(message) else None


def _problems(message: str, status: Body) -> tuple[FieldProblem, ...]:
    typed = _TYPED.search(message)
    if typed:
        return tuple(
            FieldProblem(field=found["field"], message=found["why"])
            for found in _TYPED_FIELD.finditer(typed["why"])
        ) or (FieldProblem(field="", message=typed["why"]),)
    strict = tuple(
        FieldProblem(field=found["field"], message=found["why"])
        for found in _STRICT.finditer(message)
    )
    return strict or tuple(
        FieldProblem(field=text(cause, "field"), message=text(cause, "message"))
        for cause in items(status, "details", "causes")
    )


def _manager(message: str) -> str:
    found = _OWNER.search(message)
    return found["manager"] if found else "another manager"
