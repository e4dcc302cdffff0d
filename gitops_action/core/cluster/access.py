"""How to reach a cluster: from a kubeconfig's text, or from server, authority and token.

Nothing is run and no file is read: the action's container sees neither the runner's files nor its
cloud's login programs, so whatever needs them is an error that says what to do instead.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import field
from urllib.parse import urlsplit

from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests.fields import flag, items, mapping, text
from gitops_action.core.manifests.model import Body
from gitops_action.errors import UsageError

# A kubeconfig's text (Kubernetes: "kubeconfig v1"), and the context that is picked from it.


@dataclass(frozen=True, kw_only=True)
class Picked:
    """One context with its cluster and its user."""

    name: str
    cluster: Body
    user: Body
    namespace: str


def broken(cause: str, fix: str) -> UsageError:
    """An error about the kubeconfig; never with a piece of it, for it is a secret."""
    return UsageError("`kubeconfig` cannot be used", cause=cause, fix=fix)


def pick(content: str, context: str) -> Picked:
    """The named context, or the current one.

    Raises:
        UsageError: it is not a kubeconfig, or has no such context, cluster or user.
    """
    body = _load(content)
    name = context or text(body, "current-context")
    if not name:
        raise broken("it has no `current-context`", f"set `context`: {_names(body, 'contexts')}")
    found = _named(body, "contexts", name)
    if found is None:
        raise broken(f"it has no context {name!r}", f"contexts are {_names(body, 'contexts')}")
    chosen = mapping(found, "context")
    cluster = _named(body, "clusters", text(chosen, "cluster"))
    user = _named(body, "users", text(chosen, "user"))
    if cluster is None or user is None:
        missing = "cluster" if cluster is None else "user"
        raise broken(f"context {name!r} names a {missing} that is not in it", "complete it")
    return Picked(
        name=name,
        cluster=mapping(cluster, "cluster"),
        user=mapping(user, "user"),
        namespace=text(chosen, "namespace"),
    )


def _load(content: str) -> Body:
    import yaml  # noqa: PLC0415 - only where a kubeconfig is read

    try:
        loaded: object = yaml.load(content, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError):
        raise broken("it is not YAML", "pass the content of the file, not its path") from None
    if not isinstance(loaded, Mapping):
        raise broken("it is not a kubeconfig", "pass the content of the file, not its path")
    return loaded


def _named(body: Body, key: str, name: str) -> Body | None:
    return next((one for one in items(body, key) if text(one, "name") == name), None)


def _names(body: Body, key: str) -> str:
    return ", ".join(text(one, "name") for one in items(body, key)) or "none"


_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_FLATTEN = "`kubectl config view --raw --flatten --minify` writes one that holds everything"
_MINT = (
    "mint a short-lived token in the step before and pass `kube-server`, `kube-ca` and "
    "`kube-token` (recipes for EKS, GKE and AKS: docs/deploy.md)"
)
_PROGRAMS = {"exec": "runs a program to log in", "auth-provider": "logs in by a plugin"}
_FILES = ("tokenFile", "client-certificate", "client-key")


@dataclass(frozen=True, kw_only=True)
class Given:
    """The inputs `kubeconfig` (its content), `context`, `kube-server`, `kube-ca`, `kube-token`."""

    kubeconfig: str = field(default="", repr=False)
    context: str = ""
    server: str = ""
    ca: str = ""
    token: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where a cluster is and who we are there.

    Attributes:
        server: `https://HOST[:PORT][/PATH]`.
        ca: PEM of the authorities to trust; empty: the system's.
        token: bearer token; empty where a client certificate is shown.
        client_certificate: PEM.
        client_key: PEM.
        insecure: do not check who the server is (the kubeconfig says so).
        server_name: the name in the server's certificate where it is not the host.
        proxy: address of an HTTP proxy that the kubeconfig names.
        namespace: of objects that name none.
        name: what to call it: the context, else the host.
    """

    server: str
    ca: str = ""
    token: str = field(default="", repr=False)
    client_certificate: str = field(default="", repr=False)
    client_key: str = field(default="", repr=False)
    insecure: bool = False
    server_name: str = ""
    proxy: str = ""
    namespace: str = "default"
    name: str = ""

    def secrets(self) -> tuple[str, ...]:
        """What must never be shown."""
        return tuple(part for part in (self.token, self.client_key) if part)


def access_of(given: Given) -> Access:
    """The one way in that the inputs describe.

    Raises:
        UsageError: they describe none or two, or what they hold cannot be used.
    """
    if given.kubeconfig.strip() and given.server.strip():
        raise UsageError("`kubeconfig` and `kube-server` are both given", fix="give one of the two")
    if given.kubeconfig.strip():
        return _from_kubeconfig(pick(given.kubeconfig, given.context.strip()))
    if not given.server.strip():
        raise UsageError(
            "there is no cluster to talk to",
            cause="neither `kubeconfig` nor `kube-server` is given",
            fix="pass `kubeconfig` (its content), or `kube-server`, `kube-ca` and `kube-token`",
        )
    if given.context.strip():
        raise UsageError("`context` needs `kubeconfig`", fix="leave it away, or pass a kubeconfig")
    if not given.token.strip():
        raise UsageError("`kube-server` needs `kube-token`", fix=_MINT)
    server = _server(given.server.strip(), "`kube-server`")
    return Access(
        server=server,
        ca=_pem(given.ca, "`kube-ca`"),
        token=_token(given.token, "`kube-token`"),
        name=urlsplit(server).hostname or server,
    )


def _from_kubeconfig(picked: Picked) -> Access:
    cluster, user = picked.cluster, picked.user
    _refuse_what_is_elsewhere(cluster, user)
    certificate = _decoded(user, "client-certificate-data")
    token = text(user, "token")
    if not token and not certificate:
        raise broken("its user has neither a token nor a client certificate", _MINT)
    return Access(
        server=_server(text(cluster, "server"), "the kubeconfig's server"),
        ca=_decoded(cluster, "certificate-authority-data"),
        token=_token(token, "the kubeconfig's token"),
        client_certificate=certificate,
        client_key=_decoded(user, "client-key-data"),
        insecure=bool(flag(cluster, "insecure-skip-tls-verify")),
        server_name=text(cluster, "tls-server-name"),
        proxy=text(cluster, "proxy-url"),
        namespace=picked.namespace or "default",
        name=picked.name,
    )


def _refuse_what_is_elsewhere(cluster: Body, user: Body) -> None:
    for key, does in _PROGRAMS.items():
        if user.get(key):
            raise broken(f"its user {does} (`{key}`), which the action does not do", _MINT)
    if user.get("as"):
        raise broken("its user impersonates another user (`as`)", "give that account's own token")
    if user.get("username"):
        raise broken("its user has a password, which no cluster takes any more", _MINT)
    for key in _FILES:
        if text(user, key) and not text(user, f"{key}-data"):
            raise broken(f"`{key}` names a file, which the action cannot see", _FLATTEN)
    authority = "certificate-authority"
    if text(cluster, authority) and not text(cluster, f"{authority}-data"):
        raise broken(f"`{authority}` names a file, which the action cannot see", _FLATTEN)


def _server(url: str, what: str) -> str:
    parts = urlsplit(url)
    plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not parts.hostname or parts.username or not (parts.scheme == "https" or plain):
        raise UsageError(
            f"{what} is not an https address", cause=parts.hostname or url, fix="https://…"
        )
    return url.rstrip("/")


def _token(token: str, what: str) -> str:
    """A token that is one word: anything else would break out of its header."""
    stripped = token.strip()
    if not stripped.isascii() or any(letter.isspace() for letter in stripped):
        raise UsageError(f"{what} is not a token", cause="it has blanks, or letters beyond ASCII")
    return stripped


def _pem(given: str, what: str) -> str:
    """PEM, given as it is or as the base64 that clouds' tools print."""
    stripped = given.strip()
    if not stripped or "-----BEGIN" in stripped:
        return stripped
    decoded = _base64(stripped)
    if "-----BEGIN" not in decoded:
        raise UsageError(
            f"{what} is not a certificate", fix="pass the PEM text, or its base64 encoding"
        )
    return decoded


def _decoded(body: Body, key: str) -> str:
    encoded = text(body, key)
    decoded = _base64(encoded)
    if encoded and "-----BEGIN" not in decoded:
        raise broken(f"`{key}` is not base64 of a PEM text", _FLATTEN)
    return decoded


def _base64(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=False).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return ""
