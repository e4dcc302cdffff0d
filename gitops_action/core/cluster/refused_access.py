"""Who may not, and what admission refuses: answers 401 and 403, and those of webhooks."""

from __future__ import annotations

import re

from gitops_action.core.cluster import errors
from gitops_action.core.cluster.doing import Doing
from gitops_action.core.cluster.errors import ClusterError
from gitops_action.core.manifests.fields import items, text
from gitops_action.core.manifests.model import Body

_DENIED = re.compile(
    r'User "(?P<account>[^"]*)" cannot (?P<verb>\S+) resource "(?P<resource>[^"]*)" '
    r'in API group "(?P<group>[^"]*)"(?: in the namespace "(?P<namespace>[^"]*)")?'
)
_WEBHOOK = re.compile(
    r'admission webhook "(?P<by>[^"]+)" denied the request(?:: )?(?P<why>.*)', re.DOTALL
)
_POLICY = re.compile(
    r"ValidatingAdmissionPolicy '(?P<by>[^']+)' .*?denied request: (?P<why>.*)", re.DOTALL
)
_DRY_RUN = re.compile(r'admission webhook "(?P<by>[^"]+)" does not support dry run')
_CALLING = re.compile(r'failed calling webhook "(?P<by>[^"]+)": (?P<why>.*)', re.DOTALL)


def expired(message: str, _: Body, doing: Doing) -> ClusterError:
    """401: the credentials do not count (any more)."""
    return errors.ExpiredError(
        f"the cluster does not accept the credentials to {doing}",
        cause=f"401 {message}: the token is wrong, was revoked, or has run out",
        fix="mint a new token in the step before; it must live longer than the deployment waits",
    )


def denied(message: str, _: Body, doing: Doing) -> ClusterError | None:
    """RBAC said no; it names account, verb, kind and place."""
    found = _DENIED.search(message)
    if not found:
        return None
    resource = ".".join(part for part in (found["resource"], found["group"]) if part)
    namespace = found["namespace"] or ""
    place = f"in namespace {namespace}" if namespace else "in the whole cluster"
    error = errors.AccessDeniedError(
        f"the account may not {doing}",
        cause=f"{found['account']} has no right to `{found['verb']}` {resource} {place}",
        fix=f"grant `{found['verb']}` on {resource} {place} to {found['account']} by RBAC",
    )
    error.verb, error.resource = found["verb"], resource
    error.namespace, error.account = namespace, found["account"]
    return error


def quota(message: str, _: Body, doing: Doing) -> ClusterError | None:
    """A ResourceQuota is used up."""
    if "exceeded quota" not in message:
        return None
    return errors.QuotaExceededError(
        f"a quota does not let us {doing}",
        cause=_after(message, "is forbidden: "),
        fix="raise the ResourceQuota, or ask for less",
    )


def terminating(message: str, status: Body, doing: Doing) -> ClusterError | None:
    """Namespace or object are on their way out."""
    causes = {text(cause, "reason") for cause in items(status, "details", "causes")}
    told = "is being terminated" in message or "object is being deleted" in message
    if "NamespaceTerminating" not in causes and not told:
        return None
    return errors.TerminatingError(
        f"the cluster cannot {doing} while it is being deleted",
        cause=_after(message, "is forbidden: "),
        fix="wait until it is gone (a finalizer may hold it back) and run again",
    )


def rejected(message: str, _: Body, doing: Doing) -> ClusterError | None:
    """A webhook or a policy said no, and its name."""
    found = _WEBHOOK.search(message) or _POLICY.search(message)
    if not found:
        return None
    error = errors.RejectedError(
        f"admission refused to {doing}",
        cause=f"{found['by']}: {found['why'].strip() or 'no reason given'}",
        fix="change what it objects to, or ask whoever runs it",
    )
    error.by = found["by"]
    return error


def forbidden(message: str, _: Body, doing: Doing) -> ClusterError:
    """A built-in admission plugin, which does not tell its name."""
    return errors.RejectedError(
        f"admission refused to {doing}", cause=_after(message, "is forbidden: ")
    )


def dry_run(message: str, _: Body, doing: Doing) -> ClusterError | None:
    """A webhook with side effects takes no dry runs."""
    found = _DRY_RUN.search(message)
    if not found:
        return None
    error = errors.DryRunUnsupportedError(f"a dry run cannot {doing}", cause=message)
    error.webhook = found["by"]
    return error


def webhook_away(message: str, _: Body, doing: Doing) -> ClusterError | None:
    """A webhook could not be asked."""
    found = _CALLING.search(message)
    if not found:
        return None
    error = errors.WebhookUnavailableError(
        f"an admission webhook did not answer when we wanted to {doing}",
        cause=f"{found['by']}: {found['why']}",
        fix="see that the webhook's pods run, and run again",
    )
    error.webhook = found["by"]
    return error


def _after(message: str, mark: str) -> str:
    return message.partition(mark)[2] or message
