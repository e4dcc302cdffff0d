"""What deleting a namespace, or the definition of a kind, would take along.

Deleting a namespace deletes everything in it, and deleting a definition deletes every
object of its kind. Neither may happen to what someone else put there, so they are looked through,
and what may not be looked at counts as someone's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from gitops_action.commands.deploy.cluster import ClusterReader
from gitops_action.commands.deploy.push.live import for_each
from gitops_action.core.cluster.errors import ClusterError, ExpiredError, UnreachableError
from gitops_action.core.cluster.model import LiveObject, Resource
from gitops_action.core.deploy.prune import DEFINITION, NAMESPACE
from gitops_action.core.manifests import fields
from gitops_action.core.manifests.model import ObjectId

_BY_ITSELF = frozenset({("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")})
"""What the cluster puts into every namespace (kind, name)."""
_DERIVED = frozenset({"Endpoints", "Event"})
"""Kinds that only describe other objects, without naming them as their owners."""
_TOKEN_OF = "kubernetes.io/service-account.name"  # noqa: S105 - the name of an annotation


def occupied(
    cluster: ClusterReader, containers: Iterable[ObjectId], *, without: Collection[str]
) -> dict[str, str]:
    """Those of the namespaces and definitions that hold more, by name, each with an example.

    Args:
        cluster: where.
        containers: namespaces and definitions of kinds; anything else holds nothing.
        without: UIDs of objects that go anyway, and with them what they own.

    Raises:
        ExpiredError: the credentials have run out.
        UnreachableError: the cluster is away.
    """
    held: dict[str, str] = {}
    for one in containers:
        example = ""
        if (one.group, one.kind) == NAMESPACE:
            example = _in_namespace(cluster, one.name, without)
        elif (one.group, one.kind) == DEFINITION:
            example = _of_definition(cluster, one.name, without)
        if example:
            held[one.name] = example
    return held


def is_container(item: ObjectId) -> bool:
    """Whether deleting it takes other objects along."""
    return (item.group, item.kind) in {NAMESPACE, DEFINITION}


def _in_namespace(cluster: ClusterReader, namespace: str, without: Collection[str]) -> str:
    if namespace == cluster.namespace:
        return "the lease and the inventory of this environment"
    kinds = [one for one in deletable_kinds(cluster) if one.namespaced]
    looked = for_each(lambda kind: _look(cluster, kind, namespace), kinds)
    denied = [answer for answer in looked if isinstance(answer, str)]
    if denied:
        return denied[0]
    items = [item for answer in looked if not isinstance(answer, str) for item in answer]
    return _example(items, without)


def _of_definition(cluster: ClusterReader, name: str, without: Collection[str]) -> str:
    plural, _, group = name.partition(".")
    kinds = [one for one in deletable_kinds(cluster) if (one.plural, one.group) == (plural, group)]
    for kind in kinds:
        answer = _look(cluster, kind, "")
        example = answer if isinstance(answer, str) else _example(answer, without)
        if example:
            return example
    return ""


def deletable_kinds(cluster: ClusterReader) -> tuple[Resource, ...]:
    """Every kind that is stored as objects, in the version that the server prefers."""
    served = cluster.resources()
    return tuple(
        one
        for one in served
        if {"list", "delete"} <= one.verbs
        and one.kind not in _DERIVED
        and served.preferred(one.group, one.kind) == one
    )


def _look(cluster: ClusterReader, kind: Resource, namespace: str) -> tuple[LiveObject, ...] | str:
    """The objects of a kind; text where they may not be looked at."""
    try:
        return cluster.list(kind, namespace=namespace, metadata=True).items
    except ExpiredError:
        raise
    except ClusterError as error:
        if isinstance(error, UnreachableError):
            cluster.version()  # answers where only the server of this kind is down
        return f"what could not be looked at ({kind.plural}: {error.cause or error.title})"


def _example(items: Collection[LiveObject], without: Collection[str]) -> str:
    uids = {fields.text(item, "metadata", "uid") for item in items} | set(without)
    left = [item for item in items if _counts(item, without, uids)]
    if not left:
        return ""
    shown = _shown(min(left, key=_shown))
    return shown if len(left) == 1 else f"{shown} and {len(left) - 1} more"


def _counts(item: LiveObject, without: Collection[str], uids: Collection[str]) -> bool:
    """Whether it is someone's: not ours to delete, and not owned by what is looked at anyway."""
    if fields.text(item, "metadata", "uid") in without:
        return False
    if (fields.text(item, "kind"), fields.text(item, "metadata", "name")) in _BY_ITSELF:
        return False
    if _TOKEN_OF in fields.annotations(item) and fields.text(item, "kind") == "Secret":
        return False
    ends = fields.text(item, "metadata", "deletionTimestamp")
    if ends and not fields.texts(item, "metadata", "finalizers"):
        return False
    owners = fields.items(item, "metadata", "ownerReferences")
    return not owners or not all(fields.text(owner, "uid") in uids for owner in owners)


def _shown(item: LiveObject) -> str:
    namespace = fields.text(item, "metadata", "namespace")
    name = fields.text(item, "metadata", "name")
    return f"{fields.text(item, 'kind')} {namespace}/{name}" if namespace else name
