"""Answering a registry that asks who we are.

Bearer follows Distribution's "Token Authentication Specification", Basic RFC 7617.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Container, Mapping
from dataclasses import field
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlencode, urlsplit

from gitops_action.adapters.registry.addresses import is_safe, leads_home, same_site
from gitops_action.adapters.registry.transport import RegistryTransport
from gitops_action.core.answers import parse_json
from gitops_action.core.dataclass import dataclass
from gitops_action.core.images.oci import RegistryDeniedError, RegistryUnreachableError
from gitops_action.core.json_values import mapping, text
from gitops_action.core.pattern import pattern
from gitops_action.errors import Location, UsageError

# Docker's configuration file, for the accounts that `docker login` leaves in it.

_HUB_KEYS = frozenset({"index.docker.io", "registry-1.docker.io", "docker.io"})
_SIZE_LIMIT = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class DockerConfig:
    """Accounts by normalised registry name, and the credential helpers that are set up.

    Helpers are programs of the runner, which a container does not have: they are not run.
    """

    entries: Mapping[str, tuple[str, str]] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )
    helpers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    store: str = ""

    def helper(self, domain: str) -> str:
        """The credential helper that Docker would ask for this registry; empty for none."""
        return self.helpers.get(domain, self.store)


def read_docker_config(environ: Mapping[str, str]) -> DockerConfig:
    """Read `config.json` in DOCKER_CONFIG, else in `.docker` below HOME; absent is empty.

    Raises:
        UsageError: it is there and cannot be read.
    """
    folder = environ.get("DOCKER_CONFIG") or (
        f"{environ['HOME']}/.docker" if environ.get("HOME") else ""
    )
    if not folder:
        return DockerConfig()
    path = Path(folder) / "config.json"
    try:
        with path.open("rb") as file:
            return _parse(parse_json(file.read(_SIZE_LIMIT)))
    except FileNotFoundError:
        return DockerConfig()
    except (OSError, ValueError) as error:
        # The text of a JSON error holds no piece of the file, only a position.
        raise UsageError(
            "Docker's configuration file cannot be read",
            cause=error.strerror or "" if isinstance(error, OSError) else "it is not valid JSON",
            fix="fix it, or point DOCKER_CONFIG to another folder",
            location=Location(file=str(path)),
        ) from None


def _parse(content: object) -> DockerConfig:
    entries = {}
    for key, value in mapping(content, "auths").items():
        if account := _account(mapping(value)):
            entries[_domain(key)] = account
    helpers = {_domain(key): str(name) for key, name in mapping(content, "credHelpers").items()}
    return DockerConfig(entries=entries, helpers=helpers, store=text(content, "credsStore"))


def _account(entry: Mapping[str, object]) -> tuple[str, str] | None:
    """User and password, plain or in `auth`; None where there is neither, as with helpers."""
    username, password = entry.get("username"), entry.get("password")
    if isinstance(username, str) and isinstance(password, str) and username:
        return username, password
    try:
        plain = base64.b64decode(str(entry.get("auth") or ""), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    user, colon, secret = plain.partition(":")
    return (user, secret.rstrip("\0")) if colon and user else None


def _domain(key: str) -> str:
    """Keys are registry names, and for older logins web addresses (`https://…/v1/`)."""
    host = key.rpartition("://")[2].partition("/")[0]
    return "docker.io" if host in _HUB_KEYS else host


# Which account is shown to which registry.

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


_SCHEME = pattern(r"(?:^|[\s,])(bearer|basic)\s", re.IGNORECASE)
_PARAMETER = pattern(r'(\w+)="([^"]*)"')
_TOKEN_LIMIT = 256 * 1024


def authorize(  # noqa: PLR0913 - who asks, as whom, for what, and where it may be asked
    transport: RegistryTransport,
    *,
    challenge: str,
    registry: str,
    path: str,
    account: Account | None,
    insecure: frozenset[str],
) -> str:
    """The `Authorization` that a `WWW-Authenticate` header asks for.

    Only the right to pull `path` is asked for, whatever scope the registry proposes. `registry`
    is its address; to a token service of someone else the account is not shown.

    Raises:
        RegistryDeniedError: the account is refused, or one is needed and none is at hand.
        RegistryUnreachableError: the challenge cannot be answered safely, or not at all.
    """
    schemes = {found[1].lower(): found.end() for found in _SCHEME.finditer(challenge)}
    if "bearer" in schemes:
        parameters: dict[str, str] = {}
        for name, value in _PARAMETER.findall(challenge[schemes["bearer"] :]):
            parameters.setdefault(name.lower(), value)
        realm = parameters.get("realm", "")
        _check_realm(realm, registry, account, insecure)
        query = {"service": parameters.get("service", ""), "scope": f"repository:{path}:pull"}
        return _token(transport, realm, query, account)
    if "basic" in schemes and account:
        return account.basic
    if "basic" in schemes:
        raise RegistryDeniedError("The registry wants an account", cause="none is at hand")
    raise RegistryUnreachableError("The registry asks for an unknown kind of account")


def _check_realm(
    realm: str, registry: str, account: Account | None, insecure: frozenset[str]
) -> None:
    if not is_safe(realm, insecure) or leads_home(registry, realm):
        raise RegistryUnreachableError(
            "The registry's token service cannot be used",
            cause="its address is not an https address that may be asked",
        )
    hosts = [urlsplit(address).hostname or "" for address in (registry, realm)]
    if account and not same_site(*hosts):
        raise RegistryDeniedError(
            "The registry's token service is another server's",
            cause=f"it is at {hosts[1]}, where the account for {hosts[0]} is not shown",
        )


def _token(
    transport: RegistryTransport, realm: str, query: dict[str, str], account: Account | None
) -> str:
    requested = urlencode({name: value for name, value in query.items() if value})
    answer = transport.get(
        f"{realm}{'&' if '?' in realm else '?'}{requested}",
        headers={"Authorization": account.basic} if account else {},
        limit=_TOKEN_LIMIT,
    )
    if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise RegistryDeniedError(
            "The registry's token service refuses",
            cause="user or password is wrong" if account else "an account is needed",
        )
    return f"Bearer {_token_text(answer.body)}"


def _token_text(body: bytes) -> str:
    try:
        content = parse_json(body)
    except ValueError:
        content = None
    token = ""
    if isinstance(content, dict):
        token = content.get("token") or content.get("access_token") or ""
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
        raise RegistryUnreachableError("The registry's token service gives no token")
    return token
