"""Namespaces that objects name and nobody describes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from gitops_action.core.manifests import Manifest
from gitops_action.core.rendering.variables import holds_variable
from gitops_action.core.validation.objects import ObjectProblem, is_namespaced, scopes_of

# A name that is another one but for a slip of one or two letters.

_ONE, _TWO = 4, 8
"""Lengths from which on one letter, or two, may be wrong: `dev` and `web` are two names."""


def slip_of(name: str, known: Collection[str]) -> str | None:
    """The known name that was probably meant; None where none is that near.

    Names that differ in digits alone, as `web1` and `web2`, are different names.
    """
    allowed = 2 if len(name) >= _TWO else 1 if len(name) >= _ONE else 0
    near = [
        (distance, one)
        for one in sorted(known)
        if abs(len(one) - len(name)) <= allowed
        and _letters(one) != _letters(name)
        and (distance := _distance(name, one)) <= allowed
    ]
    return min(near)[1] if near else None


def _letters(name: str) -> str:
    return "".join(letter for letter in name if not letter.isdigit())


def _distance(one: str, other: str) -> int:
    """Letters to change, add, remove or swap with their neighbour (optimal string alignment)."""
    before: list[int] = []
    above = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        here = [row]
        for column, opposite in enumerate(other, 1):
            costs = [above[column] + 1, here[-1] + 1, above[column - 1] + (letter != opposite)]
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == opposite:
                costs.append(before[column - 2] + 1)
            here.append(min(costs))
        before, above = above, here
    return above[-1]


BUILT_IN = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})
"""Namespaces that every cluster has (Kubernetes documentation, "Namespaces")."""

_WELL_KNOWN = frozenset(
    {
        *("argo-rollouts", "argocd", "cert-manager", "external-dns", "external-secrets"),
        *("ingress-nginx", "istio-ingress", "kyverno", "linkerd", "longhorn", "metallb"),
        *("monitoring", "observability", "openshift", "tekton-pipelines", "traefik"),
        *("vault", "velero"),
    }
)
_SYSTEM = "-system"
"""End of the namespaces that add-ons create for themselves: `flux-system`, `istio-system`."""

_OPENSHIFT = "openshift-"
"""Start of the namespaces that OpenShift keeps for itself and its operators."""

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
    elsewhere: so it is a warning, which asks "did you mean" where a letter or two make it one that
    is known. Namespaces that add-ons create for themselves are left alone.

    Args:
        manifests: the objects of an environment, after the change.
        known: namespaces that are described elsewhere: by other environments of the same
            cluster, by the configuration. Those of `manifests` and the built-in ones are known.
    """
    own = declared_namespaces(manifests)
    there = own | frozenset(known) | BUILT_IN
    users: dict[str, list[Manifest]] = {}
    for manifest in manifests:
        name = manifest.id.namespace
        if name and name not in there and not _is_well_known(name) and not holds_variable(name):
            users.setdefault(name, []).append(manifest)
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
    guess = slip_of(name, own) or slip_of(name, there)
    add = "add a Namespace object for it, unless the cluster gets it from elsewhere"
    return ObjectProblem(
        f"namespace {name!r} is described nowhere",
        manifest=users[0],
        steps=("metadata", "namespace"),
        cause=f"used by {_names(users)}",
        fix=f"did you mean {guess!r}?" if guess else add,
        level="warning",
    )


def _is_well_known(name: str) -> bool:
    return name in _WELL_KNOWN or name.endswith(_SYSTEM) or name.startswith(_OPENSHIFT)


def _count(manifests: Sequence[Manifest]) -> str:
    return "1 object names" if len(manifests) == 1 else f"{len(manifests)} objects name"


def _names(manifests: Sequence[Manifest]) -> str:
    more = len(manifests) - _SHOWN
    names = ", ".join(str(manifest.id) for manifest in manifests[:_SHOWN])
    return f"{names} and {more} more" if more > 0 else names
