"""Tokens: their kinds, what each may do, and how GitHub refuses."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from testbed.forge.errors import ApiError, bad_credentials, forbidden, not_found
from testbed.forge.model import Repository
from testbed.forge.records import Account
from testbed.forge.teams import Organization, Role

TokenKind = Literal["app", "user", "job", "pat"]
_PREFIX: Mapping[TokenKind, str] = {"app": "ghs_", "job": "ghs_", "user": "ghu_", "pat": "ghp_"}
_REFUSAL: Mapping[TokenKind, str] = {
    "app": "Resource not accessible by integration",
    "job": "Resource not accessible by integration",
    "user": "Resource not accessible by integration",
    "pat": "Resource not accessible by personal access token",
}
JOB_DEFAULT: Mapping[str, str] = {"contents": "read", "packages": "read"}
"""What the job's token may do where neither workflow nor job says `permissions`."""
_NEVER_PUBLIC = frozenset({"administration", "members", "secrets"})
_FOR_READERS = frozenset({"pull_requests", "issues"})
_WRITERS = frozenset({"write", "maintain", "admin"})
_LEVEL = {"none": 0, "read": 1, "write": 2, "admin": 3}


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token.

    Attributes:
        repositories: those it was made for; None: all.
        permissions: area to level. What is not there is not given, except `metadata: read`, and
            reading what is public.
        role: what the person behind it may do in a repository; an App has none.
    """

    text: str
    kind: TokenKind
    account: Account
    repositories: frozenset[str] | None
    permissions: Mapping[str, str]
    role: Callable[[Repository], Role] | None = None

    @property
    def signs(self) -> bool:
        """Return whether GitHub signs REST commits whose author is left out (Apps only)."""
        return self.kind in {"app", "job"}

    def sees(self, repository: Repository) -> bool:
        """Return whether the repository exists for this token."""
        chosen = self.repositories
        if not repository.private:
            return True
        if self.role and self.role(repository) == "none":
            return False
        return chosen is None or repository.full_name.lower() in chosen

    def may(self, repository: Repository, area: str, level: str) -> bool:
        """Return whether it has a right in a repository."""
        chosen = self.repositories
        public = level == "read" and not repository.private and area not in _NEVER_PUBLIC
        if chosen is not None and repository.full_name.lower() not in chosen:
            return public
        if public or (area == "metadata" and level == "read"):
            return True
        if _LEVEL[self.permissions.get(area, "none")] < _LEVEL[level]:
            return False
        return self.role is None or self._role_allows(self.role(repository), area, level)

    @staticmethod
    def _role_allows(role: Role, area: str, level: str) -> bool:
        """A person's token does no more than the person may."""
        if area == "administration":
            return role == "admin"
        if level == "read" or area in _FOR_READERS:
            return role != "none"
        return role in _WRITERS

    def demand(self, repository: Repository, rights: tuple[tuple[str, str], ...]) -> None:
        """Refuse unless one of the rights (any of them suffices) is there.

        Raises:
            ApiError: 404 for what the token cannot see, 403 for what it may not do.
        """
        if not self.sees(repository):
            raise not_found()
        if rights and not any(self.may(repository, area, level) for area, level in rights):
            raise self._refusal(rights)

    def demand_organization(
        self, organization: Organization, rights: tuple[tuple[str, str], ...]
    ) -> None:
        """Refuse unless the token reaches the organisation with one of the rights.

        Raises:
            ApiError: 404 for what is not the token's, 403 for what it may not do.
        """
        login, own = organization.account.login, self.repositories
        if not self.signs and self.account.login not in organization.members:
            raise not_found()
        if own is not None and not any(name.startswith(f"{login.lower()}/") for name in own):
            raise not_found()
        given = self.permissions
        if not any(_LEVEL[given.get(area, "none")] >= _LEVEL[level] for area, level in rights):
            raise self._refusal(rights)

    def _refusal(self, rights: tuple[tuple[str, str], ...]) -> ApiError:
        accepted = "; ".join(f"{area}={level}" for area, level in rights)
        return ApiError(
            status=403,
            message=_REFUSAL[self.kind],
            kind="FORBIDDEN",
            headers={"X-Accepted-GitHub-Permissions": accepted},
        )

    def demand_account(self) -> None:
        """Refuse installation tokens where a person is needed."""
        if self.signs:
            raise forbidden()


def rights(*write: str, read: tuple[str, ...] = ()) -> dict[str, str]:
    """Name permissions: these to write, those to read."""
    return {**dict.fromkeys(read, "read"), **dict.fromkeys(write, "write")}


def mint(kind: TokenKind) -> str:
    """Make a token's text with GitHub's prefix for its kind."""
    return _PREFIX[kind] + secrets.token_hex(18)


def presented(header: str | None) -> str | None:
    """Return the token text in an Authorization header: `token`, `bearer` or basic's password.

    Raises:
        ApiError: the header is of no such form.
    """
    if not header:
        return None
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() in {"token", "bearer"}:
        return value.strip()
    if scheme.lower() != "basic":
        raise bad_credentials()
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise bad_credentials() from error
    return password if password and password != "x-oauth-basic" else user  # noqa: S105 - a name
