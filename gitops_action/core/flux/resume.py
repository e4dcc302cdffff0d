"""Commands that people are told."""

from __future__ import annotations

from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import Body

_NAMES = {
    "Kustomization": "kustomization",
    "GitRepository": "source git",
    "OCIRepository": "source oci",
    "Bucket": "source bucket",
}


def resume(body: Body) -> str:
    """The command that lets Flux go on with an object (`flux resume`)."""
    kind = text(body, "kind")
    name, namespace = text(body, "metadata", "name"), text(body, "metadata", "namespace")
    if kind in _NAMES:
        return f"flux resume {_NAMES[kind]} {name} -n {namespace}"
    patch = '{"spec":{"suspend":false}}'
    return f"kubectl patch {kind.lower()} {name} -n {namespace} --type=merge -p '{patch}'"
