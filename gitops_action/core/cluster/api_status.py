"""What an API server's `Status` means: one of our errors, with its facts.

Kubernetes' "API conventions" describe the status kind; what it leaves open is in the messages, as
the API server and its admission plugins write them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus

from gitops_action.core.cluster import errors
from gitops_action.core.cluster.errors import (
    ClusterError,
    FieldOwner,
    FieldProblem,
    UnreachableError,
)
from gitops_action.core.cluster.model import Operation
from gitops_action.core.manifests.fields import items, mapping, text
from gitops_action.core.manifests.model import Body
from gitops_action.core.pattern import pattern

# Who may not, and what admission refuses: answers 401 and 403, and those of webhooks.

_DENIED = pattern(
    r'User "(?P<account>[^"]*)" cannot (?P<verb>\S+) resource "(?P<resource>[^"]*)" '
    r'in API group "(?P<group>[^"]*)"(?: in the namespace "(?P<namespace>[^"]*)")?'
)
_WEBHOOK = pattern(
    r'admission webhook "(?P<by>[^"]+)" denied the request(?:: )?(?P<why>.*)', re.DOTALL
)
_POLICY = pattern(
    r"ValidatingAdmissionPolicy '(?P<by>[^']+)' .*?denied request: (?P<why>.*)", re.DOTALL
)
_DRY_RUN = pattern(r'admission webhook "(?P<by>[^"]+)" does not support dry run')
_CALLING = pattern(r'failed calling webhook "(?P<by>[^"]+)": (?P<why>.*)', re.DOTALL)


def expired(message: str, _: Body, operation: Operation) -> ClusterError:
    """401: the credentials do not count (any more)."""
    return errors.ExpiredError(
        f"the cluster does not accept the credentials to {operation}",
        cause=f"401 {message}: the token is wrong, was revoked, or has run out",
        fix="mint a new token in the step before; it must live longer than the deployment waits",
    )


def denied(message: str, _: Body, operation: Operation) -> ClusterError | None:
    """RBAC said no; it names account, verb, kind and place."""
    found = _DENIED.search(message)
    if not found:
        return None
    resource = ".".join(part for part in (found["resource"], found["group"]) if part)
    namespace = found["namespace"] or ""
    place = f"in namespace {namespace}" if namespace else "in the whole cluster"
    error = errors.AccessDeniedError(
        f"the account may not {operation}",
        cause=f"{found['account']} has no right to `{found['verb']}` {resource} {place}",
        fix=f"grant `{found['verb']}` on {resource} {place} to {found['account']} by RBAC",
    )
    error.verb, error.resource = found["verb"], resource
    error.namespace, error.account = namespace, found["account"]
    return error


def quota(message: str, _: Body, operation: Operation) -> ClusterError | None:
    """A ResourceQuota is used up."""
    if "exceeded quota" not in message:
        return None
    return errors.QuotaExceededError(
        f"a quota does not let us {operation}",
        cause=_after(message, "is forbidden: "),
        fix="raise the ResourceQuota, or ask for less",
    )


def terminating(message: str, status: Body, operation: Operation) -> ClusterError | None:
    """Namespace or object are on their way out."""
    causes = {text(cause, "reason") for cause in items(status, "details", "causes")}
    told = "is being terminated" in message or "object is being deleted" in message
    if "NamespaceTerminating" not in causes and not told:
        return None
    return errors.TerminatingError(
        f"the cluster cannot {operation} while it is being deleted",
        cause=_after(message, "is forbidden: "),
        fix="wait until it is gone (a finalizer may hold it back) and run again",
    )


def rejected(message: str, _: Body, operation: Operation) -> ClusterError | None:
    """A webhook or a policy said no, and its name."""
    found = _WEBHOOK.search(message) or _POLICY.search(message)
    if not found:
        return None
    error = errors.RejectedError(
        f"admission refused to {operation}",
        cause=f"{found['by']}: {found['why'].strip() or 'no reason given'}",
        fix="change what it objects to, or ask its operator",
    )
    error.by = found["by"]
    return error


def forbidden(message: str, _: Body, operation: Operation) -> ClusterError:
    """A built-in admission plugin, which does not give its name."""
    return errors.RejectedError(
        f"admission refused to {operation}", cause=_after(message, "is forbidden: ")
    )


def dry_run(message: str, _: Body, operation: Operation) -> ClusterError | None:
    """A webhook with side effects takes no dry runs."""
    found = _DRY_RUN.search(message)
    if not found:
        return None
    error = errors.DryRunUnsupportedError(f"a dry run cannot {operation}", cause=message)
    error.webhook = found["by"]
    return error


def webhook_away(message: str, _: Body, operation: Operation) -> ClusterError | None:
    """A webhook could not be asked."""
    found = _CALLING.search(message)
    if not found:
        return None
    error = errors.WebhookUnavailableError(
        f"an admission webhook did not answer when we wanted to {operation}",
        cause=f"{found['by']}: {found['why']}",
        fix="see that the webhook's pods run, and run again",
    )
    error.webhook = found["by"]
    return error


def _after(message: str, mark: str) -> str:
    return message.partition(mark)[2] or message


# What is wrong with the object: answers 400, 404, 409, 410, 413 and 422.

_OWNER = pattern(r'conflict with "(?P<manager>[^"]*)"')
_STRICT = pattern(r'(?P<why>unknown field|duplicate field) "(?P<field>[^"]+)"')
_TYPED = pattern(r"failed to create typed (?:patch|live) object \([^)]*\): (?P<why>.*)", re.DOTALL)
_UNDECODED = pattern(r"failed to convert .*?error decoding from json: (?P<why>.*)", re.DOTALL)
"""A value that the kind's Go type cannot hold, such as bytes that are no base64."""
_TYPED_FIELD = pattern(r"(?P<field>\.\S+): (?P<why>[^\n]+)")
_TOO_LARGE = pattern(
    r"too large|must have at most \d+ bytes|may not be more than \d+ bytes", re.IGNORECASE
)
_DUMP = pattern(r"Invalid value: (?P<value>&?(?:\[\])?(?:[\w.]+(?=\{))?[{\[])")
"""A value that is written whole: JSON, or as Go prints its structs."""
_DIFFERS = pattern(r"[-+]\s+(?P<name>[A-Z]\w*):")
"""A line of a difference between Go structs."""
_IMMUTABLE = pattern(
    r"immutable|spec for fields other than|may not change once set|is forbidden: .*updates to",
    re.IGNORECASE,
)


def missing(message: str, status: Body, operation: Operation) -> ClusterError:
    """404: object, namespace or kind are not there."""
    kind = text(status, "details", "kind")
    error = errors.NotFoundError(f"there is nothing to {operation}", cause=message)
    if kind == "namespaces" and operation.about.split(" ")[0] != "Namespace":
        error = errors.NotFoundError(f"the namespace to {operation} is not there", cause=message)
        error.missing = "namespace"
    elif not kind:
        title = f"the cluster does not know the kind to {operation}"
        error = errors.NotFoundError(title, cause=message)
        error.missing = "kind"
    return error


def field_conflict(_: str, status: Body, operation: Operation) -> ClusterError | None:
    """Server-side apply met fields of other managers."""
    owners = tuple(
        FieldOwner(field=text(cause, "field"), manager=_manager(text(cause, "message")))
        for cause in items(status, "details", "causes")
        if text(cause, "reason") == "FieldManagerConflict"
    )
    if not owners:
        return None
    error = errors.FieldConflictError(
        f"other managers own fields that we want to {operation}",
        cause="; ".join(f"{one.field} belongs to {one.manager}" for one in owners),
        fix="leave the field out, or name it in `deploy.ignore`; to take it over:"
        " `gitops-action/force: allowed` on the object, `force-conflicts` for the run, or"
        " `deploy.conflicts: force`",
    )
    error.owners = owners
    return error


def exists(message: str, status: Body, operation: Operation) -> ClusterError | None:
    """A create met what it was to create."""
    if text(status, "reason") != "AlreadyExists":
        return None
    return errors.AlreadyExistsError(f"the cluster could not {operation}", cause=message)


def other_uid(message: str, _: Body, operation: Operation) -> ClusterError | None:
    """A delete met another object of the same name."""
    if "UID in the precondition" not in message and "Precondition failed: UID" not in message:
        return None
    return errors.AlreadyGoneError(
        f"there is nothing to {operation}", cause="another object of that name stands in its place"
    )


def stale(message: str, _: Body, operation: Operation) -> ClusterError:
    """A write met a newer version."""
    return errors.ChangedMeanwhileError(f"the cluster could not {operation}", cause=message)


def gone(message: str, _: Body, operation: Operation) -> ClusterError:
    """410: the server forgot that version."""
    return errors.VersionGoneError(f"the cluster could not {operation}", cause=message)


def too_large(message: str, _: Body, operation: Operation) -> ClusterError | None:
    """More than the server takes."""
    if not _TOO_LARGE.search(message):
        return None
    return errors.TooLargeError(
        f"the object to {operation} is too large",
        cause=message,
        fix="split it: etcd takes about 1.5 MB an object, a ConfigMap or Secret 1 MiB of data",
    )


def invalid(message: str, status: Body, operation: Operation) -> ClusterError:
    """Fields that the kind refuses, or that cannot be changed."""
    problems = _problems(message, status)
    shown = "; ".join(
        f"{one.field}: {one.message}" if one.field else one.message for one in problems
    )
    if problems and any(_IMMUTABLE.search(one.message) for one in problems):
        error: errors.InvalidError = errors.ImmutableError(
            f"fields that cannot be changed stand in the way to {operation}",
            cause=shown,
            fix="undo the change, or allow `gitops-action/recreate: allowed` on the object",
        )
    else:
        error = errors.InvalidError(
            f"the object to {operation} is not valid", cause=shown or message
        )
    error.problems = problems
    return error


def untyped(message: str, status: Body, operation: Operation) -> ClusterError | None:
    """Server-side apply met what the schema does not have; it answers 500 to that, for good."""
    found = _TYPED.search(message) or _UNDECODED.search(message)
    return invalid(message, status, operation) if found else None


def _problems(message: str, status: Body) -> tuple[FieldProblem, ...]:
    undecoded = _UNDECODED.search(message)
    if undecoded:
        return (FieldProblem(field="", message=undecoded["why"]),)
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
        FieldProblem(field=text(cause, "field"), message=_without_dump(text(cause, "message")))
        for cause in items(status, "details", "causes")
    )


def _without_dump(message: str) -> str:
    """The reason without the whole value before it, or the difference of Go structs behind it."""
    reason, *difference = message.split("\n")
    fields = [found["name"] for line in difference if (found := _DIFFERS.match(line))]
    if fields:
        names = dict.fromkeys(f"{name[0].lower()}{name[1:]}" for name in fields)
        return f"{reason.rstrip(':')} ({', '.join(names)})"
    dump = _DUMP.match(reason)
    if dump is None:
        return reason if difference and "{" in difference[0] else message
    end = _end_of_braces(message, dump.end() - 1)
    return message[end:].lstrip(": ") or reason[: dump.start("value")]


def _end_of_braces(message: str, start: int) -> int:
    """Where the value that begins with a brace ends; braces inside text do not count."""
    depth, quoted, escaped = 0, False, False
    for position in range(start, len(message)):
        letter = message[position]
        if quoted:
            quoted = escaped or letter != '"'
            escaped = letter == "\\" and not escaped
        elif letter == '"':
            quoted = True
        elif letter in "{[":
            depth += 1
        elif letter in "}]":
            depth -= 1
            if depth == 0:
                return position + 1
    return len(message)


def _manager(message: str) -> str:
    found = _OWNER.search(message)
    return found["manager"] if found else "another manager"


_PASSING = frozenset({429, 500, 502, 503, 504})

Reader = Callable[[str, Body, Operation], ClusterError | None]


def refusal(code: int, status: Body, operation: Operation) -> ClusterError:
    """The error for an answer with this HTTP status and body (a `Status` where there is one)."""
    message = text(status, "message") or text(status, "reason") or f"the server answers {code}"
    for reads in _BY_CODE.get(code, ()):
        error = reads(message, status, operation)
        if error:
            return error
    if code == HTTPStatus.TOO_MANY_REQUESTS or code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        title = f"the cluster could not {operation}"
        return UnreachableError(title, cause=message, fix="run again: it goes on from there")
    return ClusterError(f"the cluster refused to {operation}", cause=message)


def is_passing(code: int, status: Body) -> bool:
    """Whether asking again can help: overload and outages, but no refusal that comes as a 5xx."""
    if code not in _PASSING:
        return False
    error = refusal(code, status, Operation(verb="", about=""))
    return isinstance(error, UnreachableError)


def delay(status: Body) -> float | None:
    """Seconds that the server asks to wait, where its `Status` says so."""
    seconds = mapping(status, "details").get("retryAfterSeconds")
    return float(seconds) if isinstance(seconds, int) and seconds > 0 else None


def _body_too_large(message: str, status: Body, operation: Operation) -> ClusterError | None:
    return too_large(f"{message} (too large)", status, operation)


_BY_CODE: Mapping[int, tuple[Reader, ...]] = {
    400: (dry_run, rejected, too_large, invalid),
    401: (expired,),
    403: (denied, quota, terminating, rejected, forbidden),
    404: (rejected, missing),
    409: (
        rejected,
        field_conflict,
        exists,
        other_uid,
        terminating,
        stale,
    ),
    410: (gone,),
    413: (_body_too_large,),
    422: (rejected, too_large, invalid),
    500: (webhook_away, rejected, too_large, untyped),
    503: (webhook_away, rejected),
    504: (webhook_away, rejected),
}
