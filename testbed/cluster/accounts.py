"""Restricted accounts: a service account, its RBAC rules, and a token for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from testbed.cluster.api import Api, Json, kubeconfig

Rule = Mapping[str, Sequence[str]]
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class Account:
    """A service account with real, limited rights.

    Attributes:
        namespace: where it lives.
        name: its name.
        user: how the API server calls it.
        token: what it shows.
        kubeconfig: a kubeconfig with that token.
    """

    namespace: str
    name: str
    user: str
    token: str
    kubeconfig: str


def create_account(
    api: Api,
    connection: Mapping[str, str],
    namespace: str,
    name: str,
    rules: tuple[Sequence[Rule], Sequence[Rule]],
) -> Account:
    """Create it with the rules of a Role (first) and of a ClusterRole (second)."""
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    api.create(accounts, {"metadata": {"name": name}})
    own, everywhere = rules
    if own:
        _grant(api, f"{_RBAC}/namespaces/{namespace}", ("Role", name), own, (namespace, name))
    if everywhere:
        role = ("ClusterRole", f"{namespace}-{name}")
        _grant(api, _RBAC, role, everywhere, (namespace, name))
    asked = {"spec": {"audiences": [], "expirationSeconds": _SECONDS}}
    token = str(api.create(f"{accounts}/{name}/token", asked)["status"]["token"])
    return Account(
        namespace=namespace,
        name=name,
        user=f"system:serviceaccount:{namespace}:{name}",
        token=token,
        kubeconfig=kubeconfig(
            server=connection["server"], ca=connection["ca"], token=token, namespace=namespace
        ),
    )


def _grant(
    api: Api, place: str, role: tuple[str, str], rules: Sequence[Rule], account: tuple[str, str]
) -> None:
    kind, name = role
    meta = {"name": name}
    api.create(f"{place}/{kind.lower()}s", {"metadata": meta, "rules": [dict(r) for r in rules]})
    subject = {"kind": "ServiceAccount", "namespace": account[0], "name": account[1]}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
    binding: Json = {"metadata": meta, "roleRef": reference, "subjects": [subject]}
    api.create(f"{place}/{kind.lower()}bindings", binding)
