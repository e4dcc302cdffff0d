"""What leads to a cluster, which of it is refused and why, and what it comes to.

The action's container sees neither the runner's files nor its cloud's login programs, so a
kubeconfig that needs them is an error there, with the way out. At a terminal they are used.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import field
from pathlib import PurePath
from urllib.parse import unquote, urlsplit

from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests.fields import items, mapping, text
from gitops_action.core.manifests.model import Body
from gitops_action.errors import UsageError

# A kubeconfig (Kubernetes: "kubeconfig v1"), and the context that is picked from it.


class NoClusterGivenError(UsageError):
    """Nothing leads to a cluster: neither inputs, nor a pod's account, nor a person's files."""


@dataclass(frozen=True, kw_only=True)
class Picked:
    """One context with its cluster and its user, and what the file calls them."""

    name: str
    cluster: Body
    cluster_name: str
    user: Body
    user_name: str
    namespace: str


def broken(cause: str, fix: str) -> UsageError:
    """An error about the kubeconfig; never with a piece of it, for it is a secret."""
    return UsageError("`kubeconfig` cannot be used", cause=cause, fix=fix)


def pick(body: object, context: str) -> Picked:
    """The named context, or the current one.

    Raises:
        UsageError: it is not a kubeconfig, or has no such context, cluster or user.
    """
    if not isinstance(body, Mapping):
        raise broken("it is not a kubeconfig", "pass the content of the file, not its path")
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
        cluster_name=text(cluster, "name"),
        user=mapping(user, "user"),
        user_name=text(user, "name"),
        namespace=text(chosen, "namespace"),
    )


def _named(body: Body, key: str, name: str) -> Body | None:
    return next((one for one in items(body, key) if text(one, "name") == name), None)


def _names(body: Body, key: str) -> str:
    return ", ".join(text(one, "name") for one in items(body, key)) or "none"


_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_MINT = (
    "make a kubeconfig of an account by `gitops-action init kubeconfig`, or have each job mint"
    " `kube-token` (EKS, GKE and AKS: docs/cloud-credentials.md)"
)
_LOGIN = "use a login program (`exec`, such as kubelogin), or a token"
_FILES = {"tokenFile": "token", "client-certificate": "", "client-key": ""}
"""Keys that name a file, with the key that holds its content; empty: `-data` is appended."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What leads to a cluster.

    Attributes:
        kubeconfig: the content of one.
        files: paths of kubeconfigs, joined as in `KUBECONFIG`; of a person at a terminal.
        context: of the kubeconfig; empty: its current one.
        server: the address, instead of a kubeconfig.
        ca: PEM of its authority, or the base64 of that.
        token: bearer token for it.
        terminal: a person's own machine: login programs may run, and files may be read.
    """

    kubeconfig: str = field(default="", repr=False)
    files: str = ""
    context: str = ""
    server: str = ""
    ca: str = ""
    token: str = field(default="", repr=False)
    terminal: bool = False


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
        proxy: address of an HTTP proxy on the way, maybe with an account.
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
    proxy: str = field(default="", repr=False)
    namespace: str = "default"
    name: str = ""

    def secrets(self) -> tuple[str, ...]:
        """What must never be shown."""
        password = urlsplit(self.proxy).password or ""
        parts = (self.token, self.client_key, password, unquote(password))
        return tuple(dict.fromkeys(part for part in parts if part))


def direct_access(given: Given) -> Access:
    """The way in that `kube-server`, `kube-ca` and `kube-token` describe.

    Raises:
        UsageError: one is missing, or what they hold cannot be used.
    """
    if not given.server.strip():
        raise NoClusterGivenError(
            "There is no cluster to talk to",
            cause="neither `kubeconfig` nor `kube-server` is given",
            fix="pass `kubeconfig` (its content), or `kube-server`, `kube-ca` and `kube-token`;"
            " at a terminal, log in to the cluster: the files that `KUBECONFIG` names are read,"
            " else `~/.kube/config`",
        )
    if given.context.strip():
        raise UsageError("`context` needs `kubeconfig`", fix="leave it away, or pass a kubeconfig")
    if not given.token.strip():
        raise UsageError("`kube-server` needs `kube-token`", fix=_MINT)
    server = server_address(given.server.strip(), "`kube-server`")
    return Access(
        server=server,
        ca=_pem(given.ca, "`kube-ca`"),
        token=one_word(given.token, "`kube-token`"),
        name=urlsplit(server).hostname or server,
    )


def check_picked(picked: Picked, *, terminal: bool, from_file: bool) -> None:
    """Make sure that everything it takes may be used here, and can be.

    Args:
        picked: the context.
        terminal: see `Given`.
        from_file: paths in it are relative to a file that is known.

    Raises:
        UsageError: something cannot be used; with the way out.
    """
    cluster, user = picked.cluster, picked.user
    server_address(text(cluster, "server"), "the kubeconfig's server")
    if user.get("auth-provider"):
        fix = _LOGIN if terminal else _MINT
        raise broken("its user logs in by a plugin (`auth-provider`), which is not done", fix)
    if user.get("exec") and not terminal:
        raise broken("its user runs a program to log in (`exec`), which the action does not", _MINT)
    if user.get("as"):
        raise broken("its user impersonates another user (`as`)", "give that account's own token")
    if user.get("username"):
        raise broken("its user has a password, which no cluster accepts any longer", _MINT)
    for key, data in _FILES.items():
        _check_file(user, key, data or f"{key}-data", terminal=terminal, from_file=from_file)
    authority = "certificate-authority"
    _check_file(cluster, authority, f"{authority}-data", terminal=terminal, from_file=from_file)
    _check_data(cluster, "certificate-authority-data")
    _check_data(user, "client-certificate-data")
    _check_data(user, "client-key-data")
    names = ("token", "tokenFile", "client-certificate", "client-certificate-data", "exec")
    if not any(user.get(name) for name in names):
        raise broken("its user has neither a token nor a client certificate", _MINT)


_INLINE = frozenset(
    {
        *("server", "certificate-authority-data", "tls-server-name", "proxy-url"),
        *("token", "client-certificate-data", "client-key-data"),
    }
)
_INSECURE = "insecure-skip-tls-verify"


def inline_access(picked: Picked) -> Access | None:
    """The way in of a context that holds all of it; None where a file or a program has a part.

    Raises:
        UsageError: its token is none.
    """
    cluster, user = picked.cluster, picked.user
    written = {**cluster, **user}
    insecure = written.pop(_INSECURE, False)
    if not isinstance(insecure, bool) or not written.keys() <= _INLINE:
        return None
    if not all(isinstance(value, str) for value in written.values()):
        return None
    return Access(
        server=server_address(text(cluster, "server"), "the kubeconfig's server"),
        ca=_base64(text(cluster, "certificate-authority-data")),
        token=one_word(text(user, "token"), "the kubeconfig's token"),
        client_certificate=_base64(text(user, "client-certificate-data")),
        client_key=_base64(text(user, "client-key-data")),
        insecure=insecure,
        server_name=text(cluster, "tls-server-name"),
        proxy=text(cluster, "proxy-url"),
        namespace=picked.namespace or "default",
        name=picked.name,
    )


def _check_file(body: Body, key: str, data: str, *, terminal: bool, from_file: bool) -> None:
    path = text(body, key)
    if not path or text(body, data):
        return
    if not terminal:
        raise broken(f"`{key}` names a file, which the action cannot see", _MINT)
    if not from_file and not PurePath(path).is_absolute():
        raise broken(f"`{key}` names a file relative to an unknown folder", _MINT)


def _check_data(body: Body, key: str) -> None:
    encoded = text(body, key)
    if encoded and "-----BEGIN" not in _base64(encoded):
        raise broken(f"`{key}` is not base64 of a PEM text", _MINT)


def server_address(url: str, what: str) -> str:
    """The address of an API server, without a slash at its end.

    Raises:
        UsageError: it is none, or plain HTTP leaves this machine.
    """
    parts = urlsplit(url)
    plain = parts.scheme == "http" and is_loopback(parts.hostname or "")
    if not parts.hostname or parts.username or not (parts.scheme == "https" or plain):
        raise UsageError(
            f"{what} is not an https address", cause=parts.hostname or url, fix="https://…"
        )
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether it is this very machine."""
    return host in _LOOPBACK


def one_word(token: str, what: str) -> str:
    """A token that is one word: anything else would break out of its header.

    Raises:
        UsageError: it is not.
    """
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


def _base64(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=False).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return ""
