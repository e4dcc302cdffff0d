"""Tokens of service accounts, as an administrator of the cluster mints them."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta

from gitops_action.adapters.cluster.requests import RETRIES, Caller
from gitops_action.adapters.cluster.transport import ClusterRequest, ClusterTransport
from gitops_action.adapters.retry import RetryPolicy, retry
from gitops_action.core.cluster.access import Access
from gitops_action.core.cluster.errors import AlreadyExistsError, ClusterError
from gitops_action.core.cluster.model import Operation, Resource
from gitops_action.core.manifests.fields import flag, mapping, text
from gitops_action.errors import GitOpsError

_ACCOUNT = Resource(
    group="", version="v1", kind="ServiceAccount", plural="serviceaccounts", namespaced=True
)
_SECRET = Resource(group="", version="v1", kind="Secret", plural="secrets", namespaced=True)
_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_TYPE = "kubernetes.io/service-account-token"
_OWNER = "kubernetes.io/service-account.name"
_FILLED = RetryPolicy(attempts=60, initial=0.1, maximum=1.0, jitter=0.0, total=30.0)


class ServiceAccountTokens:
    """Implements the port `AccountTokens`."""

    def __init__(self, access: Access) -> None:
        """Nothing is sent yet.

        Raises:
            GitOpsError: nobody checks who the server is, so that anybody could be handed the token.
        """
        if access.insecure:
            raise GitOpsError(
                f"The kubeconfig's cluster {access.name} skips the check of its certificate",
                cause="any server at its address would get the account's token",
                fix="set `certificate-authority-data` in your own kubeconfig",
            )
        self._access = access
        self._caller = Caller(ClusterTransport(access), access.name, RETRIES)

    @property
    def server(self) -> str:
        """Its address."""
        return self._access.server

    @property
    def authority(self) -> str:
        """The authorities that its certificate is checked by."""
        return self._access.ca

    def may_everything(self, namespace: str, account: str) -> bool:
        """Whether it may do anything with anything, by Kubernetes' own review of it.

        Raises:
            ClusterError: the account is not there, or the server does not answer.
        """
        about = Operation(verb="read", about=f"ServiceAccount {namespace}/{account}")
        self._caller.read(about, _ACCOUNT.path(namespace, account))
        accounts = "system:serviceaccounts"
        body = {
            "spec": {
                "user": f"system:serviceaccount:{namespace}:{account}",
                "groups": [accounts, f"{accounts}:{namespace}", "system:authenticated"],
                "resourceAttributes": {"verb": "*", "group": "*", "resource": "*"},
            }
        }
        asking = Operation(verb="ask", about=f"what {namespace}/{account} may do")
        request = ClusterRequest(method="POST", path=_REVIEWS, body=body)
        return bool(flag(self._caller.safe(asking, request).body, "status", "allowed"))

    def short(
        self, namespace: str, account: str, lifetime: timedelta
    ) -> tuple[str, datetime | None]:
        """By a TokenRequest; nothing of it is kept in the cluster.

        Raises:
            ClusterError: it is refused.
        """
        body = {"spec": {"expirationSeconds": int(lifetime.total_seconds())}}
        path = _ACCOUNT.path(namespace, account, "token")
        minting = Operation(verb="create", about=f"a token of {namespace}/{account}")
        status = mapping(
            self._caller.safe(minting, ClusterRequest(method="POST", path=path, body=body)).body,
            "status",
        )
        try:
            expires = datetime.fromisoformat(text(status, "expirationTimestamp"))
        except ValueError:
            expires = None
        return text(status, "token"), expires

    def lasting(self, namespace: str, account: str) -> tuple[str, str]:
        """By a Secret of the account, which the cluster's token controller fills.

        Raises:
            GitOpsError: another Secret has its name, or nothing fills it.
        """
        name = f"{account}-token"
        about = Operation(verb="create", about=f"Secret {namespace}/{name}")
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "annotations": {_OWNER: account}},
            "type": _TYPE,
        }
        request = ClusterRequest(method="POST", path=_SECRET.path(namespace), body=body)
        try:
            self._caller.once(about, request)
        except AlreadyExistsError:
            self._refuse_other(namespace, name, account)
        try:
            token = retry(lambda: self._filled(namespace, name), _FILLED, _is_empty)
        except LookupError:
            raise GitOpsError(
                f"The Secret {namespace}/{name} got no token",
                cause="the cluster's token controller does not run, or is slow",
                fix="run it again, or take a token that runs out: --lifetime 1h",
            ) from None
        return token, name

    def _refuse_other(self, namespace: str, name: str, account: str) -> None:
        """A Secret of that name may be anything: only the account's own is used again."""
        found = self._read(namespace, name)
        if (found.get("type"), text(found, "metadata", "annotations", _OWNER)) != (_TYPE, account):
            raise GitOpsError(
                f"The Secret {namespace}/{name} is there already, and is no token of {account}",
                fix="rename it, or take a token that runs out: --lifetime 1h",
            )

    def _filled(self, namespace: str, name: str) -> str:
        encoded = text(self._read(namespace, name), "data", "token")
        try:
            token = base64.b64decode(encoded, validate=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            token = ""
        if not token:
            raise LookupError(name)
        return token

    def _read(self, namespace: str, name: str) -> dict[str, object]:
        about = Operation(verb="read", about=f"Secret {namespace}/{name}")
        return dict(self._caller.read(about, _SECRET.path(namespace, name)).body)


def _is_empty(error: Exception) -> bool:
    return isinstance(error, LookupError) and not isinstance(error, ClusterError)
