"""Answering a registry that asks who we are.

Bearer follows Distribution's "Token Authentication Specification", Basic RFC 7617.
"""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from gitops_action.adapters.registry.accounts import Account
from gitops_action.adapters.registry.address import is_safe, leads_home, same_site
from gitops_action.adapters.registry.transport import Transport
from gitops_action.core.registry import RegistryDeniedError, RegistryUnreachableError

_SCHEME = re.compile(r"(?:^|[\s,])(bearer|basic)\s", re.IGNORECASE)
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_TOKEN_LIMIT = 256 * 1024


def authorize(  # noqa: PLR0913 - who asks, as whom, for what, and where it may be asked
    transport: Transport,
    *,
    challenge: str,
    registry: str,
    path: str,
    account: Account | None,
    insecure: frozenset[str],
) -> str:
    """The `Authorization` that a `WWW-Authenticate` header asks for.

    Only the right to pull `path` is asked for, whatever scope the registry proposes. `registry`
    is its address; to a token service of somebody else the account is not shown.

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
            "The registry's token service is somebody else's",
            cause=f"it is at {hosts[1]}, where the account for {hosts[0]} is not shown",
        )


def _token(transport: Transport, realm: str, query: dict[str, str], account: Account | None) -> str:
    wanted = urlencode({name: value for name, value in query.items() if value})
    answer = transport.get(
        f"{realm}{'&' if '?' in realm else '?'}{wanted}",
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
        content = json.loads(body)
    except ValueError:
        content = None
    token = ""
    if isinstance(content, dict):
        token = content.get("token") or content.get("access_token") or ""
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
        raise RegistryUnreachableError("The registry's token service gives no token")
    return token
