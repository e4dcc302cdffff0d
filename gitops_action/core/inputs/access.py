"""Stops where the environment repository or the token for it is missing."""

from __future__ import annotations

from gitops_action.errors import UsageError

_NOT_GIVEN = "`repository` is not given, and this is not a GitHub job"
_IDENTITY = "its name distinguishes its inventory in the cluster from others"
WRITE_RIGHTS = "the rights `contents: write` and `pull-requests: write`"
READ_RIGHTS = "the right `contents: read`"


def require_repository(repository: str, *, cause: str = _NOT_GIVEN, instead: str = "") -> None:
    """Stop where the environment repository is not known; `instead` is another way out.

    Raises:
        UsageError: it is missing.
    """
    if not repository:
        raise UsageError(
            "The environment repository is not known",
            cause=cause,
            fix=f"give `repository: OWNER/NAME`{instead}",
        )


def require_identity(repository: str) -> None:
    """Stop where a cluster's inventory could belong to any repository.

    Raises:
        UsageError: the repository is missing.
    """
    require_repository(repository, cause=_IDENTITY)


def check_access(
    repository: str,
    token: str,
    *,
    rights: str = WRITE_RIGHTS,
    needed_by: str = "",
    instead: str = "",
) -> None:
    """Stop where the environment repository or the token is missing.

    Args:
        repository: OWNER/NAME.
        token: for it.
        rights: what the token needs, as `the rights …`; empty where the documentation lists them.
        needed_by: the input that needs both; empty where the command does.
        instead: another way out than to name the repository.

    Raises:
        UsageError: names what is missing.
    """
    given = f"{needed_by} is given, " if needed_by else ""
    require_repository(repository, cause=f"{given}{_NOT_GIVEN}", instead=instead)
    if token:
        return
    cause = f"{needed_by} needs one, and `token` is empty" if needed_by else "`token` is empty"
    raise UsageError(
        f"There is no token for {repository}",
        cause=f"{cause}; it needs {rights} there" if rights else cause,
        fix="give `token`",
    )
