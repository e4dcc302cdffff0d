"""Kinds and versions that a cluster would not know."""

from __future__ import annotations

from collections.abc import Collection

from gitops_action.adapters.schemas.kubernetes import Kind, KubernetesSchemas
from gitops_action.core.config.select import nearest
from gitops_action.core.manifests import Manifest
from gitops_action.core.validation import ObjectProblem

_GONE_GROUPS = frozenset({"extensions"})
"""Groups of Kubernetes' own of which nothing is left."""


def unavailable(
    manifest: Manifest,
    kubernetes: KubernetesSchemas,
    served: Collection[Kind],
    defined: Collection[Kind],
) -> ObjectProblem | None:
    """Why a kind cannot be there, when it cannot; None for a kind that may come from elsewhere.

    Args:
        manifest: an object whose kind, in its version, has no schema.
        kubernetes: the built-in kinds.
        served: the kinds that definitions bring and serve.
        defined: all kinds that definitions bring.
    """
    group, kind = manifest.id.group, manifest.id.kind
    if any((each[0], each[2]) == (group, kind) for each in defined):
        versions = _versions(served, group, kind)
        return _problem(manifest, "its definition does not serve this version", versions)
    built_in = kubernetes.kinds
    groups = {each[0] for each in built_in}
    if group not in groups | _GONE_GROUPS:
        return None
    versions = _versions(built_in, group, kind) or _elsewhere(built_in, kind)
    if not versions and "." in group:
        return None  # groups below k8s.io also hold kinds that add-ons define
    near = nearest(kind, sorted({each[2] for each in built_in if each[0] == group}))
    cause = f"Kubernetes {kubernetes.version} does not have it"
    return _problem(manifest, cause, versions, f"did you mean {near!r}?" if near else "")


def _versions(kinds: Collection[Kind], group: str, kind: str) -> list[str]:
    return sorted(_written(each) for each in kinds if (each[0], each[2]) == (group, kind))


def _elsewhere(kinds: Collection[Kind], kind: str) -> list[str]:
    """Where a kind has moved to: `extensions/v1beta1` Deployments are `apps/v1` now."""
    return sorted(_written(each) for each in kinds if each[2] == kind)


def _written(kind: Kind) -> str:
    return f"{kind[0]}/{kind[1]}" if kind[0] else kind[1]


def _problem(
    manifest: Manifest, cause: str, versions: list[str], otherwise: str = ""
) -> ObjectProblem:
    stable = [version for version in versions if "alpha" not in version and "beta" not in version]
    choice = ", ".join(stable or versions)
    return ObjectProblem(
        f"{manifest.id}: there is no {manifest.id.kind} in {manifest.api_version}",
        manifest=manifest,
        steps=("apiVersion",),
        cause=cause,
        fix=f"write `apiVersion: {choice}`" if choice else otherwise or "check kind and version",
    )
