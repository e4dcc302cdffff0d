"""Docker's configuration file, for the accounts that `docker login` leaves in it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from gitops_action.errors import Location, UsageError

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
            return _parse(json.loads(file.read(_SIZE_LIMIT)))
    except FileNotFoundError:
        return DockerConfig()
    except (OSError, ValueError) as error:
        # The text of a JSON error holds no piece of the file, only a position.
        raise UsageError(
            "Docker's configuration file cannot be read",
            cause=error.strerror or "" if isinstance(error, OSError) else "it is not valid JSON",
            fix="mend it, or point DOCKER_CONFIG to another folder",
            location=Location(file=str(path)),
        ) from None


def _parse(content: object) -> DockerConfig:
    whole = _mapping(content)
    entries = {}
    for key, value in _mapping(whole.get("auths")).items():
        if account := _account(_mapping(value)):
            entries[_domain(key)] = account
    helpers = {_domain(key): str(name) for key, name in _mapping(whole.get("credHelpers")).items()}
    store = whole.get("credsStore")
    return DockerConfig(
        entries=entries, helpers=helpers, store=store if isinstance(store, str) else ""
    )


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


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
