"""The way into a cluster: from what is given or found, over the proxy that leads there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from gitops_action.core.cluster.access import (
    Access,
    Given,
    check_picked,
    direct_access,
    inline_access,
    is_loopback,
    pick,
)
from gitops_action.errors import UsageError

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_PROXIES = ("http", "https")


def access_of(given: Given, environ: Mapping[str, str] | None = None) -> Access:
    """The one way in that is given.

    Args:
        given: the inputs, or a person's files.
        environ: the environment, for `HTTPS_PROXY` and `NO_PROXY`.

    Raises:
        UsageError: none or two are given, or what they hold cannot be used.
    """
    if given.kubeconfig.strip() and given.server.strip():
        raise UsageError("`kubeconfig` and `kube-server` are both given", fix="give one of the two")
    return _by_proxy(_read(given), environ or {})


def _read(given: Given) -> Access:
    found = _of_one_text(given)
    if found is not None:
        return found
    if given.kubeconfig.strip():
        from gitops_action.adapters.cluster.kubeconfig import of_content  # noqa: PLC0415 - loads kubernetes

        return of_content(given)
    if given.files and not given.server.strip():
        from gitops_action.adapters.cluster.kubeconfig import of_files  # noqa: PLC0415 - same

        return of_files(given)
    return direct_access(given)


def _of_one_text(given: Given) -> Access | None:
    """What one kubeconfig holds by itself; None where it needs `kubernetes`, or has a mistake."""
    try:
        content = given.kubeconfig if given.kubeconfig.strip() else _only_file(given)
        body: object = yaml.load(content, Loader=yaml.CSafeLoader) if content else None
        picked = pick(body, given.context.strip())
        check_picked(picked, terminal=given.terminal, from_file=False)
    except (OSError, yaml.YAMLError, ValueError, UsageError):
        return None  # reported by those who read it with everything that belongs to it
    return inline_access(picked)


def _only_file(given: Given) -> str:
    """The content of a person's kubeconfig where they have one; empty where it does not count."""
    if not given.files or given.server.strip() or os.pathsep in given.files:
        return ""
    return Path(given.files).expanduser().read_text(encoding="utf-8")


def pod_account(environ: Mapping[str, str], folder: Path = _ACCOUNT) -> Access | None:
    """The account of the pod that this runs in; None outside of a cluster.

    Variables and files are those of Kubernetes' documentation, "Accessing the Kubernetes API from
    a Pod".

    Raises:
        UsageError: it is there and cannot be used.
    """
    if not environ.get("KUBERNETES_SERVICE_HOST") or not (folder / "token").is_file():
        return None
    from gitops_action.adapters.cluster.kubeconfig import of_pod  # noqa: PLC0415 - loads kubernetes

    return _by_proxy(of_pod(folder, environ), environ)


def persons_files(environ: Mapping[str, str]) -> str:
    """The kubeconfigs that kubectl would read; empty where there is none."""
    named = environ.get("KUBECONFIG", "")
    if named or not environ.get("HOME"):
        return named
    usual = Path(environ["HOME"]) / ".kube" / "config"
    return str(usual) if usual.is_file() else ""


# Proxies, by the variables that kubectl reads; one that the kubeconfig names comes first.


def _by_proxy(access: Access, environ: Mapping[str, str]) -> Access:
    proxy = access.proxy or _from_environment(access.server, environ)
    if not proxy:
        return access
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    if parts.scheme not in _PROXIES or not parts.hostname:
        raise UsageError(
            f"The cluster {access.name} cannot be reached through this proxy",
            cause=f"it is a proxy of the kind {parts.scheme}; http and https are supported",
            fix="use an HTTP proxy, or except the cluster by NO_PROXY",
        )
    return replace(access, proxy=parts.geturl())


def _from_environment(server: str, environ: Mapping[str, str]) -> str:
    parts = urlsplit(server)
    known = {name.lower(): value for name, value in environ.items()}
    proxy = known.get(f"{parts.scheme}_proxy") or known.get("all_proxy") or ""
    if not proxy or is_loopback(parts.hostname or ""):
        return ""
    from kubernetes.client.rest import should_bypass_proxies  # noqa: PLC0415 - loads kubernetes

    return "" if should_bypass_proxies(server, known.get("no_proxy", "")) else proxy
