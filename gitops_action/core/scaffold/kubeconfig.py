"""A kubeconfig from nothing: one server, one account's token, one namespace."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

from gitops_action.core.config.values import parse_duration
from gitops_action.core.dataclass import dataclass
from gitops_action.core.pattern import pattern
from gitops_action.errors import UsageError

_NAME = pattern(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
LASTING = "lasting"
SHORTEST = timedelta(minutes=10)
"""Kubernetes gives no token for less (TokenRequest v1, `expirationSeconds`)."""


@dataclass(frozen=True, kw_only=True)
class KubeconfigContent:
    """What the file holds; `ca` is PEM, and empty where the system's authorities are trusted."""

    server: str
    ca: str
    token: str
    namespace: str
    account: str
    context: str


def kubeconfig_text(content: KubeconfigContent) -> str:
    """The file, as YAML; values are JSON strings, which YAML reads alike."""
    cluster = [f"server: {json.dumps(content.server)}"]
    if content.ca:
        encoded = base64.b64encode(content.ca.encode()).decode()
        cluster.append(f"certificate-authority-data: {encoded}")
    context, account = json.dumps(content.context), json.dumps(content.account)
    return "\n".join(
        (
            "apiVersion: v1",
            "kind: Config",
            f"current-context: {context}",
            "clusters:",
            f"  - name: {context}",
            "    cluster:",
            *(f"      {line}" for line in cluster),
            "users:",
            f"  - name: {account}",
            "    user:",
            f"      token: {json.dumps(content.token)}",
            "contexts:",
            f"  - name: {context}",
            "    context:",
            f"      cluster: {context}",
            f"      user: {account}",
            f"      namespace: {json.dumps(content.namespace)}",
            "",
        )
    )


def check_name(flag: str, name: str) -> None:
    """A name of an object of the cluster (RFC 1123).

    Raises:
        UsageError: it is none.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be --{flag}",
            cause="Kubernetes' names have small letters, digits, hyphens and dots",
            fix="write it as `kubectl get serviceaccounts --all-namespaces` shows it",
        )


def read_lifetime(text: str) -> timedelta | None:
    """How long the token is valid; None for `lasting`.

    Raises:
        UsageError: it is neither, or shorter than Kubernetes allows.
    """
    if text == LASTING:
        return None
    try:
        found = parse_duration(text)
    except ValueError as error:
        raise UsageError(
            f"--lifetime {text!r} is not a duration",
            cause=str(error),
            fix=f"write `1h`, or `{LASTING}`",
        ) from None
    if found < SHORTEST:
        raise UsageError(
            f"--lifetime {text} is too short",
            cause="Kubernetes gives tokens for 10 minutes and more",
            fix="write `10m` or more",
        )
    return found
