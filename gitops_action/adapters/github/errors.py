"""From a refused request to an error to act on: which repository, which right, what next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from gitops_action.core.answers import LONGEST_DELAY, delay_seconds, epoch_seconds
from gitops_action.core.dispatch import Order
from gitops_action.errors import DeniedError, GitOpsError, RateLimitError

# A request that GitHub did not answer with success: what is known of it, and what may follow.

HTTP_OK = 200
HTTP_MOVED = 301
HTTP_UNAUTHORIZED = 401
HTTP_FORBIDDEN = 403
HTTP_NOT_FOUND = 404
HTTP_NOT_ALLOWED = 405
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

    operation: str
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
        asked = delay_seconds(self.headers.get("retry-after", ""))
        if asked is not None:
            return asked
        if not self.limited:
            return None
        reset = epoch_seconds(self.headers.get("x-ratelimit-reset", ""))
        if self.headers.get("x-ratelimit-remaining") == "0" and reset is not None:
            return min(max(0.0, reset - now.timestamp()) + 1.0, LONGEST_DELAY)
        return SECONDARY_PAUSE


_RULES = (
    "rule violation",
    "ruleset",
    "protected branch",
    "protected ref",
    "cannot force-push",
    "must be made through a pull request",
    "verified signatures",
    "required status check",
)
_RIGHTS = ("not accessible", "must have", "not permitted", "forbidden", "permission", "not found")


class ApiLacksError(GitOpsError):
    """The server's API has no such call: it is older than the call."""


def translate(failure: RequestFailure, purpose: Purpose, now: datetime) -> GitOpsError:
    """Make the error for the user. GitHub's own words are its cause; a token is never in them."""
    if failure.status == 0:
        return _unreachable(failure)
    if failure.limited:
        return _limited(failure, now)
    if failure.uncertain:
        return _troubled(failure, purpose)
    if failure.status == HTTP_UNAUTHORIZED:
        return _bad_token(failure)
    return _refused(failure, purpose)


def _refused(  # noqa: PLR0911 - one line a kind of refusal, recognised by GitHub's words
    failure: RequestFailure, purpose: Purpose
) -> GitOpsError:
    message = failure.message.lower()
    if "x-github-sso" in failure.headers or "saml" in message:
        return _single_sign_on(purpose)
    if "archived" in message:
        return GitOpsError(
            f"{purpose.repository} is archived, so it is read-only",
            fix="unarchive it in its settings, or name another `repository`",
        )
    if "is not permitted to create or approve pull requests" in message:
        return _actions_may_not(failure, purpose)
    if "doesn't exist on type" in message:
        return ApiLacksError(
            "this GitHub Enterprise Server is too old for the API transport",
            cause=failure.message,
            fix="set `transport: git`",
        )
    if any(words in message for words in _RULES):
        return _ruled_out(failure, purpose)
    if _is_missing(failure) and not purpose.writes:
        return _not_found(purpose)
    if _is_forbidden(failure):
        return _no_right(failure, purpose)
    return GitOpsError(
        f"GitHub refused to {purpose.operation} in {purpose.repository}",
        cause=failure.message or f"status {failure.status}",
    )


def _is_missing(failure: RequestFailure) -> bool:
    return failure.status == HTTP_NOT_FOUND or "NOT_FOUND" in failure.kinds


def _is_forbidden(failure: RequestFailure) -> bool:
    if failure.status in {HTTP_FORBIDDEN, HTTP_NOT_FOUND}:
        return True
    if {"FORBIDDEN", "INSUFFICIENT_SCOPES", "NOT_FOUND"} & set(failure.kinds):
        return True
    return failure.status == HTTP_OK and any(word in failure.message.lower() for word in _RIGHTS)


def _unreachable(failure: RequestFailure) -> GitOpsError:
    return GitOpsError(
        "GitHub cannot be reached",
        cause=failure.message,
        fix="check the network, the proxy settings and `api-url`, then run again",
    )


def _limited(failure: RequestFailure, now: datetime) -> GitOpsError:
    until = now + timedelta(seconds=failure.pause(now) or 0.0)
    return RateLimitError(
        "GitHub's rate limit for this token is used up",
        cause=f"{failure.message}; it ends at {until.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        fix="run again after that time, or use an App's token, which has a limit of its own",
    )


def _troubled(failure: RequestFailure, purpose: Purpose) -> GitOpsError:
    number = failure.headers.get("x-github-request-id", "")
    return GitOpsError(
        f"GitHub failed to {purpose.operation} in {purpose.repository}, also when asked again",
        cause=f"status {failure.status}: {failure.message}" + (f" ({number})" if number else ""),
        fix="see https://www.githubstatus.com and run again: nothing is done twice",
    )


def _bad_token(failure: RequestFailure) -> GitOpsError:
    return GitOpsError(
        "GitHub does not accept the token",
        cause=f"{failure.message}: it is wrong, revoked or expired (an App's token lives one hour)",
        fix="make a new token in the same job and pass it as `token`",
    )


def _single_sign_on(purpose: Purpose) -> GitOpsError:
    return GitOpsError(
        f"the token may not reach {purpose.repository}",
        cause="its organisation requires single sign-on",
        fix="authorise the token for the organisation (Settings, Developer settings, "
        "Configure SSO), or use an App's token",
    )


def _actions_may_not(failure: RequestFailure, purpose: Purpose) -> GitOpsError:
    return GitOpsError(
        f"the job's token may not {purpose.operation} in {purpose.repository}",
        cause=failure.message,
        fix='allow it under Settings, Actions, General, "Allow GitHub Actions to create and '
        "approve pull requests\", or use an App's token",
    )


def _ruled_out(failure: RequestFailure, purpose: Purpose) -> GitOpsError:
    signed = "signature" in failure.message.lower()
    advice = (
        "use an App's token: GitHub signs what it commits"
        if signed
        else "let the token's identity bypass the rule, or keep `gitops/**` branches out of it "
        "(for `mode: commit` on a protected branch use `mode: pull-request`)"
    )
    return GitOpsError(
        f"a branch rule of {purpose.repository} forbids to {purpose.operation}",
        cause=" ".join(failure.message.split()),
        fix=advice,
    )


def _not_found(purpose: Purpose) -> GitOpsError:
    return GitOpsError(
        f"the token cannot see {purpose.repository}",
        cause="the repository does not exist, or the token was not given access to it "
        "(a job's own token reaches only the job's repository)",
        fix="check `repository`; install the App on it, or list it where the token is made "
        f"(`repositories`), with the right `{purpose.permission}`",
    )


def _no_right(failure: RequestFailure, purpose: Purpose) -> GitOpsError:
    return DeniedError(
        f"the token may not {purpose.operation} in {purpose.repository}",
        cause=_what_it_takes(failure) or failure.message,
        fix=f"give the token the right `{purpose.permission}` on {purpose.repository}",
    )


def _what_it_takes(failure: RequestFailure) -> str:
    parts = [failure.message]
    if takes := failure.headers.get("x-accepted-github-permissions"):
        rights = takes.replace("_", "-").replace("=", ": ").replace(",", " and ")
        parts.append(f"it takes {rights.replace('; ', ' or ')}")
    if "x-oauth-scopes" in failure.headers:
        parts.append(f"the token has the scopes {failure.headers['x-oauth-scopes'] or '(none)'}")
    return "; ".join(part for part in parts if part)


# Why a workflow could not be started, with the way out.

_TEMPLATE = "take the workflow of the environment template (`gitops-action init environment`)"


def explain(failure: RequestFailure, order: Order, repository: str) -> GitOpsError | None:
    """The error for a refusal that is about the workflow; None for any other failure."""
    by_hand = order.event == "workflow_dispatch"
    if failure.status == HTTP_NOT_FOUND and by_hand:
        return GitOpsError(
            f"{repository} has no workflow {order.workflow}",
            cause="there is no such file in `.github/workflows/` of its default branch",
            fix=f"{_TEMPLATE}, or name another one as `workflow`",
        )
    if failure.status != HTTP_UNPROCESSABLE:
        return None
    message = failure.message.lower()
    if "trigger" in message:
        return GitOpsError(
            f"{order.workflow} of {repository} cannot be started by hand",
            cause=failure.message,
            fix="add `workflow_dispatch` to its `on:` on the default branch, or set"
            " `dispatch-event: repository_dispatch`",
        )
    if "input" in message:
        return GitOpsError(
            f"{order.workflow} of {repository} does not take what is sent",
            cause=f"{failure.message}; sent: {', '.join(order.inputs)}",
            fix=f"declare these inputs under `workflow_dispatch`, or {_TEMPLATE}",
        )
    if "ref" in message:
        return GitOpsError(
            f"{repository} has no branch {order.ref!r}",
            cause=failure.message,
            fix="correct `base`, or leave it out for the default branch",
        )
    return None
