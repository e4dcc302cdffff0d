"""From a refused request to an error to act on: which repository, which right, what next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gitops_action.adapters.github.failures import (
    HTTP_FORBIDDEN,
    HTTP_NOT_FOUND,
    HTTP_OK,
    HTTP_UNAUTHORIZED,
    Purpose,
    RequestFailure,
)
from gitops_action.errors import DeniedError, GitOpsError

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


def _refused(  # noqa: PLR0911 - one line a kind of refusal, told apart by GitHub's words
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
        f"GitHub refused to {purpose.doing} in {purpose.repository}",
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
    return GitOpsError(
        "GitHub's rate limit for this token is used up",
        cause=f"{failure.message}; it ends at {until.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        fix="run again after that time, or use an App's token, which has a limit of its own",
    )


def _troubled(failure: RequestFailure, purpose: Purpose) -> GitOpsError:
    number = failure.headers.get("x-github-request-id", "")
    return GitOpsError(
        f"GitHub failed to {purpose.doing} in {purpose.repository}, also when asked again",
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
        f"the job's token may not {purpose.doing} in {purpose.repository}",
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
        f"a branch rule of {purpose.repository} forbids to {purpose.doing}",
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
        f"the token may not {purpose.doing} in {purpose.repository}",
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
