"""What an API server's `Status` means: one of our errors, with its facts.

Kubernetes' "API conventions" describe the status kind; what it leaves open is in the messages, as
the API server and its admission plugins write them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus

from gitops_action.core.cluster import refused_access as access
from gitops_action.core.cluster import refused_objects as objects
from gitops_action.core.cluster.doing import Doing
from gitops_action.core.cluster.errors import ClusterError, UnreachableError
from gitops_action.core.manifests.fields import mapping, text
from gitops_action.core.manifests.model import Body

_PASSING = frozenset({429, 500, 502, 503, 504})

Reader = Callable[[str, Body, Doing], ClusterError | None]


def refusal(code: int, status: Body, doing: Doing) -> ClusterError:
    """The error for an answer with this HTTP status and body (a `Status` where there is one)."""
    message = text(status, "message") or text(status, "reason") or f"the server answers {code}"
    for reads in _BY_CODE.get(code, ()):
        error = reads(message, status, doing)
        if error:
            return error
    if code == HTTPStatus.TOO_MANY_REQUESTS or code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        title = f"the cluster could not {doing}"
        return UnreachableError(title, cause=message, fix="run again: it goes on from there")
    return ClusterError(f"the cluster refused to {doing}", cause=message)


def is_passing(code: int, status: Body) -> bool:
    """Whether asking again can help: overload and outages, but no refusal that comes as a 5xx."""
    if code not in _PASSING:
        return False
    error = refusal(code, status, Doing(verb="", about=""))
    return isinstance(error, UnreachableError)


def delay(status: Body) -> float | None:
    """Seconds that the server asks to wait, where its `Status` says so."""
    seconds = mapping(status, "details").get("retryAfterSeconds")
    return float(seconds) if isinstance(seconds, int) and seconds > 0 else None


def _body_too_large(message: str, status: Body, doing: Doing) -> ClusterError | None:
    return objects.too_large(f"{message} (too large)", status, doing)


_BY_CODE: Mapping[int, tuple[Reader, ...]] = {
    400: (access.dry_run, access.rejected, objects.too_large, objects.invalid),
    401: (access.expired,),
    403: (access.denied, access.quota, access.terminating, access.rejected, access.forbidden),
    404: (access.rejected, objects.missing),
    409: (
        access.rejected,
        objects.field_conflict,
        objects.exists,
        objects.other_uid,
        access.terminating,
        objects.stale,
    ),
    410: (objects.gone,),
    413: (_body_too_large,),
    422: (access.rejected, objects.too_large, objects.invalid),
    500: (access.webhook_away, access.rejected, objects.too_large, objects.untyped),
    503: (access.webhook_away, access.rejected),
    504: (access.webhook_away, access.rejected),
}
