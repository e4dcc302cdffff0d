"""Which account is shown to which registry."""

from __future__ import annotations

import base64
from collections.abc import Container
from dataclasses import dataclass, field

from gitops_action.adapters.registry.docker_config import DockerConfig

GITHUB_REGISTRY = "ghcr.io"


@dataclass(frozen=True, kw_only=True)
class Account:
    """A user and a password or token."""

    username: str
    password: str = field(repr=False)

    @property
    def basic(self) -> str:
        """The value of an `Authorization` header (RFC 7617)."""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """The accounts at hand, in the order in which they are asked.

    Attributes:
        given: from the inputs `registry-username` and `registry-password`; it is meant for the
            registries of the images named in the inputs, in `given_for`, and for no other.
        given_for: normalised registry names, as `ImageReference.domain` has them.
        docker: Docker's configuration file.
        job: the job's actor and token; shown to ghcr.io and to nobody else.
    """

    given: Account | None = None
    given_for: Container[str] = frozenset()
    docker: DockerConfig = field(default_factory=DockerConfig)
    job: Account | None = None

    def of(self, domain: str) -> Account | None:
        """The account for a registry; None to be nobody."""
        if self.given and domain in self.given_for:
            return self.given
        if entry := self.docker.entries.get(domain):
            return Account(username=entry[0], password=entry[1])
        return self.job if domain == GITHUB_REGISTRY else None

    def advice(self, domain: str) -> str:
        """What to do when the registry does not let us read, one line."""
        if (helper := self.docker.helper(domain)) and self.of(domain) is None:
            return (
                f"Docker's credential helper `{helper}` is not asked here: set"
                " `registry-username` and `registry-password`"
            )
        if domain == GITHUB_REGISTRY:
            return (
                "give the job `permissions: packages: read` and its repository access to the"
                " package, or set `registry-username` and `registry-password`"
            )
        return "set `registry-username` and `registry-password` to an account that may pull it"
