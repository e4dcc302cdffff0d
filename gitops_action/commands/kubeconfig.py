"""`init kubeconfig`: a kubeconfig that holds one least-privilege account and nothing else."""

from __future__ import annotations

import shlex
from datetime import datetime, timedelta
from typing import Protocol

from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs.init import KubeconfigInputs
from gitops_action.core.outcome import Line, Outcome, Part
from gitops_action.core.scaffold.kubeconfig import (
    KubeconfigContent,
    check_name,
    kubeconfig_text,
    read_lifetime,
)
from gitops_action.errors import GitOpsError


class AccountTokens(Protocol):
    """A cluster, as the administrator whose own kubeconfig leads to it."""

    @property
    def server(self) -> str:
        """Its address."""
        ...

    @property
    def authority(self) -> str:
        """The authorities that its certificate is checked by, PEM; empty: the system's."""
        ...

    def may_everything(self, namespace: str, account: str) -> bool:
        """Whether the service account is an administrator of the cluster."""
        ...

    def short(
        self, namespace: str, account: str, lifetime: timedelta
    ) -> tuple[str, datetime | None]:
        """A token, and when it runs out: the server may have shortened it."""
        ...

    def lasting(self, namespace: str, account: str) -> tuple[str, str]:
        """A token that is valid until its Secret is deleted, and the Secret's name."""
        ...


class PrivateFile(Protocol):
    """Where the file goes."""

    def exists(self, path: str) -> bool:
        """Whether something is there already."""
        ...

    def write(self, path: str, text: str) -> None:
        """Write it for its owner alone, whole or not at all."""
        ...


@dataclass(frozen=True, kw_only=True)
class KubeconfigPorts:
    """What `init kubeconfig` talks to."""

    cluster: AccountTokens
    file: PrivateFile


def run(inputs: KubeconfigInputs, ports: KubeconfigPorts) -> Outcome:
    """Mint a token for the account and write a kubeconfig with it.

    Raises:
        UsageError: a name or the lifetime cannot be.
        GitOpsError: the account is not there, may do everything, or a file is in the way.
    """
    account, namespace = inputs.account, inputs.namespace
    home, context = inputs.account_namespace or namespace, inputs.name or namespace
    named = {"account": account, "namespace": namespace, "account-namespace": home, "name": context}
    for flag, name in named.items():
        check_name(flag, name)
    lifetime = read_lifetime(inputs.lifetime)
    path = inputs.output or f"./{context}.kubeconfig"
    if ports.file.exists(path) and not inputs.force and not inputs.dry_run:
        raise GitOpsError(
            f"{path} is in the way, and nothing was written",
            fix="choose another file by --output, or replace it by --force",
        )
    _refuse_administrator(ports.cluster, home, account)
    if inputs.dry_run:
        return Outcome(outputs={}, headline=f"would write {path} for {home}/{account}")
    token, valid = _minted(ports.cluster, home, account, lifetime)
    content = KubeconfigContent(
        server=inputs.kube_server or ports.cluster.server,
        ca=ports.cluster.authority,
        token=token,
        namespace=namespace,
        account=account,
        context=context,
    )
    ports.file.write(path, kubeconfig_text(content))
    return _outcome(path, f"{home}/{account}", context, valid)


def _refuse_administrator(cluster: AccountTokens, namespace: str, account: str) -> None:
    """Before anything is written: a token of such an account is the whole cluster."""
    if cluster.may_everything(namespace, account):
        raise GitOpsError(
            f"The account {namespace}/{account} is an administrator of the cluster",
            cause="anyone who reads the secret KUBECONFIG could do everything with it",
            fix="apply cluster-config/, as `gitops-action init environment` writes it, and name its"
            " account",
        )


def _minted(
    cluster: AccountTokens, namespace: str, account: str, lifetime: timedelta | None
) -> tuple[str, str]:
    """A token, and a sentence on how long it is valid."""
    if lifetime is None:
        token, secret = cluster.lasting(namespace, account)
        revoked = f"kubectl delete secret {secret} --namespace {namespace}"
        return token, f"Its token is valid until `{revoked}`."
    token, expires = cluster.short(namespace, account, lifetime)
    until = f"{expires:%Y-%m-%d %H:%M}Z" if expires else f"{lifetime} from now on"
    return token, f"Its token is valid until {until}; store it nowhere that is read later."


def _outcome(path: str, account: str, context: str, valid: str) -> Outcome:
    file, environment = shlex.quote(path), shlex.quote(context)
    store = f"gh secret set KUBECONFIG --env {environment} < {file} && rm {file}"
    lines: tuple[Line, ...] = (
        f"It holds the account {account} and nothing else. {valid}",
        "In the environment repository, store it as the GitHub environment's secret:",
        (Part(text=store, tone="new"),),
    )
    return Outcome(
        outputs={},
        headline=f"wrote {path}",
        lines=lines,
        data={"file": path, "account": account, "context": context, "valid": valid},
    )
