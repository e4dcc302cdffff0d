"""Ways to a cluster that the surroundings offer: a person's kubeconfig, a pod's service account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gitops_action.core.cluster import Given
from gitops_action.errors import UsageError

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was found, and the namespace that goes with it (empty: none is known)."""

    given: Given
    namespace: str = ""


def service_account(environ: Mapping[str, str], folder: Path = _ACCOUNT) -> Found | None:
    """The account of the pod we run in; None outside of a cluster.

    Variables and files are those of Kubernetes' documentation, "Accessing the Kubernetes API from
    a Pod".
    """
    host = environ.get("KUBERNETES_SERVICE_HOST", "")
    port = environ.get("KUBERNETES_SERVICE_PORT", "443")
    token = _text(folder / "token")
    if not (host and token):
        return None
    address = f"[{host}]" if ":" in host else host
    given = Given(server=f"https://{address}:{port}", ca=_text(folder / "ca.crt"), token=token)
    return Found(given=given, namespace=_text(folder / "namespace"))


def persons_kubeconfig(environ: Mapping[str, str]) -> str:
    """The kubeconfig that kubectl would take; empty where there is none.

    Raises:
        UsageError: `KUBECONFIG` names several files, or one that cannot be read.
    """
    named = environ.get("KUBECONFIG", "")
    if ":" in named:
        raise UsageError(
            "KUBECONFIG names several files",
            cause="they are not merged here",
            fix="`kubectl config view --raw --flatten --minify` writes one that holds everything",
        )
    if named:
        text = _text(Path(named))
        if not text:
            raise UsageError("The file that KUBECONFIG names cannot be read", cause=named)
        return text
    home = environ.get("HOME", "")
    return _text(Path(home) / ".kube" / "config") if home else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
