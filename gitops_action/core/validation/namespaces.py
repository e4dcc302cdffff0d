"""Namespaces that objects name and nobody describes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from gitops_action.core.config.select import nearest
from gitops_action.core.manifests import Manifest
from gitops_action.core.validation.objects import ObjectProblem, is_namespaced, scopes_of

BUILT_IN = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})
"""Namespaces that every cluster has (Kubernetes documentation, "Namespaces")."""

_SHOWN = 5


def declared_namespaces(manifests: Iterable[Manifest]) -> frozenset[str]:
    """The namespaces that these objects create."""
    return frozenset(
        manifest.id.name
        for manifest in manifests
        if manifest.id.kind == "Namespace" and not manifest.id.group
    )


def unknown_namespaces(
    manifests: Sequence[Manifest], known: Collection[str]
) -> tuple[ObjectProblem, ...]:
    """One problem for each namespace that is used and not known.

    Whether it exists is known to the cluster alone, and many clusters get their namespaces from
    elsewhere: so it is a warning. It is an error where these objects create namespaces of their
    own and the unknown name is nearly one of them: that is a slip of the pen.

    Args:
        manifests: the objects of an environment, after the change.
        known: namespaces that are described elsewhere: by other environments of the same
            cluster, by the configuration. Those of `manifests` and the built-in ones are known.
    """
    own = declared_namespaces(manifests)
    there = own | frozenset(known) | BUILT_IN
    users: dict[str, list[Manifest]] = {}
    for manifest in manifests:
        if manifest.id.namespace and manifest.id.namespace not in there:
            users.setdefault(manifest.id.namespace, []).append(manifest)
    return tuple(_unknown(name, users[name], own, there) for name in sorted(users))


def without_namespace(manifests: Sequence[Manifest]) -> tuple[ObjectProblem, ...]:
    """At most one warning: objects that live in a namespace and do not say in which one.

    Kinds are looked up among the built-in ones and the definitions among `manifests`.
    """
    scopes = scopes_of(manifests)
    lost = [
        manifest
        for manifest in manifests
        if not manifest.id.namespace and is_namespaced(manifest.id, scopes)
    ]
    if not lost:
        return ()
    problem = ObjectProblem(
        f"{_count(lost)} no namespace",
        manifest=lost[0],
        steps=("metadata",),
        cause=f"where they go depends on who applies them: {_names(lost)}",
        fix="set metadata.namespace, or `namespace:` in the kustomization",
        level="warning",
    )
    return (problem,)


def _unknown(
    name: str, users: Sequence[Manifest], own: Collection[str], there: Collection[str]
) -> ObjectProblem:
    slip = nearest(name, sorted(own))
    guess = slip or nearest(name, sorted(there))
    add = "add a Namespace object for it, unless the cluster gets it from elsewhere"
    return ObjectProblem(
        f"namespace {name!r} is described nowhere",
        manifest=users[0],
        steps=("metadata", "namespace"),
        cause=f"used by {_names(users)}",
        fix=f"did you mean {guess!r}?" if guess else add,
        level="error" if slip else "warning",
    )


def _count(manifests: Sequence[Manifest]) -> str:
    return "1 object names" if len(manifests) == 1 else f"{len(manifests)} objects name"


def _names(manifests: Sequence[Manifest]) -> str:
    more = len(manifests) - _SHOWN
    names = ", ".join(str(manifest.id) for manifest in manifests[:_SHOWN])
    return f"{names} and {more} more" if more > 0 else names
