"""From what Git says on standard error to an error that names cause and fix."""

from __future__ import annotations

import re
from http import HTTPStatus

from gitops_action.adapters.git.command import GitResult
from gitops_action.adapters.git.target import GitTarget
from gitops_action.errors import GitOpsError

_STATUS = re.compile(r"(?:returned error:|HTTP) (\d{3})")
_REMOTE = re.compile(r"^remote: *(.*?) *$", re.MULTILINE)
_UNKNOWN_ACCOUNT = ("could not read Username", "could not read Password", "Authentication failed")
_UNKNOWN_COMMIT = ("server does not allow", "not our ref")
_MOVED = frozenset({301, 302, 307, 308})
_PERMANENT = range(400, 500)
_PASSING = frozenset({408, 425, 429})


class GitNetworkError(GitOpsError):
    """The server could not be reached, or the connection was cut: trying again may help."""


def failure(result: GitResult, target: GitTarget, *, writing: bool) -> GitOpsError:
    """The error for a command that spoke to the server and failed."""
    said = result.stderr
    found = _STATUS.search(said)
    status = int(found[1]) if found else 0
    told = _told(status, said, target, writing=writing)
    if told or (status in _PERMANENT and status not in _PASSING):
        return told or GitOpsError(f"{target.server_url} refuses", cause=f"HTTP status {status}")
    cause = f"it answers {status}" if status else last_line(said)
    cause = "no answer in time" if result.timed_out else cause
    return GitNetworkError(f"{target.server_url} cannot be reached", cause=cause)


def _told(status: int, said: str, target: GitTarget, *, writing: bool) -> GitOpsError | None:
    """The error for what the server clearly told us; None for anything else."""
    if status in _MOVED or "redirect" in said:
        return GitOpsError(
            f"{target.repository} has moved",
            cause="the server redirects to another address",
            fix="write its new name into `repository`",
        )
    if status == HTTPStatus.FORBIDDEN:
        return _forbidden(said, target, writing=writing)
    if status == HTTPStatus.UNAUTHORIZED or any(words in said for words in _UNKNOWN_ACCOUNT):
        return GitOpsError(
            f"The token is not accepted for {target.repository}",
            cause="it is missing, wrong, expired or revoked",
            fix="give a valid `token`",
        )
    if status == HTTPStatus.NOT_FOUND or "not found" in said:
        return GitOpsError(
            f"{target.repository} is not there, or the token cannot see it",
            cause=f"{target.server_url} answers 404",
            fix="correct `repository`, or give the token `contents: read` on it",
        )
    if any(words in said for words in _UNKNOWN_COMMIT):
        return GitOpsError(f"{target.repository} has not got this commit", cause=last_line(said))
    return None


def _forbidden(said: str, target: GitTarget, *, writing: bool) -> GitOpsError:
    right = "contents: write" if writing else "contents: read"
    return GitOpsError(
        f"The token may not {'write to' if writing else 'read'} {target.repository}",
        cause=remote_words(said) or "the server answers 403",
        fix=f"give the token `{right}` on {target.repository}",
    )


def remote_words(said: str) -> str:
    """What the server itself told, on one line."""
    told = " ".join(line for line in _REMOTE.findall(said) if line)
    return "".join(letter for letter in told if letter.isprintable())


def last_line(said: str) -> str:
    """The line that says why: Git writes it last."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1].removeprefix("fatal: ") if lines else "Git says nothing"
