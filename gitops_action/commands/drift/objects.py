"""Compares described objects with the live ones, by reads alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

from gitops_action.commands.deploy.push.live import LiveState, look, read_live, scaled_in
from gitops_action.commands.deploy.target import TargetRun
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.hooks import is_hook
from gitops_action.core.deploy.inventory import InventoryEntry
from gitops_action.core.deploy.objects import (
    ClusterState,
    Placed,
    Placing,
    left_to_others,
    place,
)
from gitops_action.core.drift.compare import differences
from gitops_action.core.drift.report import DriftKind, ObjectDrift, object_drift
from gitops_action.core.drift.same import is_empty
from gitops_action.core.manifests.fields import annotations as annotations_of
from gitops_action.core.manifests.fields import mapping, text
from gitops_action.core.manifests.model import Body, Manifest, ObjectId
from gitops_action.core.redaction.known import Redactor
from gitops_action.core.redaction.values import without_values_of

_FLUX_SSA = "kustomize.toolkit.fluxcd.io/ssa"
_FLUX_RECONCILE = "kustomize.toolkit.fluxcd.io/reconcile"
_LEAVES = frozenset({"ignore", "Ignore", "disabled"})
_IF_ABSENT = frozenset({"if-absent", "IfNotPresent"})


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What came of all objects.

    Attributes:
        described: the ids of everything that is described, namespaces filled in.
        count: how many were compared.
        objects: what lives otherwise.
        unread: what could not be read.
    """

    described: frozenset[ObjectId] = frozenset()
    count: int = 0
    objects: tuple[ObjectDrift, ...] = ()
    unread: tuple[ObjectId, ...] = ()


def compare_objects(
    run: TargetRun, manifests: Iterable[Manifest], *, own: Sequence[str], label: str = ""
) -> Compared:
    """Compare them.

    Args:
        run: the environment on the cluster.
        manifests: what is described.
        own: the field managers that apply it; the first one applies it now.
        label: the value of our inventory label; empty where Flux applies the objects.

    Raises:
        ClusterError: the cluster does not answer.
    """
    every = tuple(manifests)
    placing = _placed(run, every, label)
    served = {one.manifest.id: one for one in placing.objects}
    absent, unread = _unserved(run, [one for one in every if one.id not in served], label)
    watched = [one for one in placing.objects if _policy(one) not in _LEAVES]
    live = look(run.cluster, watched)
    unread += sorted(live.unread)
    found = [*absent, *_objects(run, watched, live, own)]
    return Compared(
        described=frozenset((*(one.id for one in placing.objects), *(one.id for one in every))),
        count=len(watched) + len(absent),
        objects=tuple(found),
        unread=tuple(unread),
    )


def _placed(run: TargetRun, manifests: tuple[Manifest, ...], label: str) -> Placing:
    """Every object with its kind; kinds that seem to be missing are asked for again."""
    cluster = run.cluster
    served = cluster.resources()
    placing = place(manifests, served, namespace=cluster.namespace, inventory=label)
    if len(placing.objects) < len(manifests):
        served = cluster.resources(fresh=True)
        placing = place(manifests, served, namespace=cluster.namespace, inventory=label)
    return placing


def _unserved(
    run: TargetRun, manifests: Iterable[Manifest], label: str
) -> tuple[list[ObjectDrift], list[ObjectId]]:
    """Objects whose kind is not served: gone with it, unless who serves it is only away."""
    entries = [InventoryEntry(id=one.id, version=one.version) for one in manifests]
    origins = {one.id: one.origin for one in manifests}
    read = read_live(run.cluster, entries, label=label)
    gone = [
        ObjectDrift(
            id=one.id,
            change=DriftKind.MISSING,
            origin=origins.get(one.id),
            sentence="the cluster does not serve its kind",
        )
        for one in entries
        if one.id in read
    ]
    return gone, [one.id for one in entries if one.id not in read]


def _objects(
    run: TargetRun, placed: list[Placed], live: LiveState, own: Sequence[str]
) -> Iterator[ObjectDrift]:
    state = ClusterState(
        live=live.objects,
        scaled=scaled_in(run.cluster, placed, ()).targets,
        ignore=run.environment.deploy.ignore,
        manager=own[0],
    )

    @cache
    def secrets() -> Redactor:
        return without_values_of([*(one.body for one in placed), *live.objects.values()])

    for before, after in zip(placed, left_to_others(placed, state), strict=True):
        body = _without_emptied(before.body, after.body)
        one = after if body is after.body else replace(after, body=body)
        lives = live.objects.get(one.id)
        if one.id in live.unread:
            continue
        drift = _missing(one, lives) or _changed(one, lives, own, secrets)
        if drift is not None:
            yield drift


def _without_emptied(before: Body, after: Body) -> Body:
    """What is described without mappings and lists that only ignored fields were in."""
    if before is after:
        return after
    found = _kept(before, after)
    return found if isinstance(found, Mapping) else {}


def _kept(before: object, after: object) -> object:
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return after
    return {
        key: _kept(before[key], value)
        for key, value in after.items()
        if not (is_empty(value) and not is_empty(before[key]))
    }


def _missing(one: Placed, lives: LiveObject | None) -> ObjectDrift | None:
    """The object is not there, or on its way out, and nothing in it says that it would be."""
    leaving = lives is not None and bool(text(lives, "metadata", "deletionTimestamp"))
    if (lives is not None and not leaving) or _removes_itself(one):
        return None
    return ObjectDrift(
        id=one.id,
        change=DriftKind.MISSING,
        origin=one.manifest.origin,
        sentence="it is being deleted" if leaving else "",
    )


def _changed(
    one: Placed, lives: LiveObject | None, own: Sequence[str], secrets: Callable[[], Redactor]
) -> ObjectDrift | None:
    if lives is None or _policy(one) in _IF_ABSENT:
        return None
    found = differences(one.body, lives, own=own)
    if not found:
        return None
    manifest = replace(one.manifest, id=one.id)
    return object_drift(manifest, one.body, lives, found, secrets=secrets())


def _policy(one: Placed) -> str:
    found = annotations_of(one.manifest.body)
    for name in (_FLUX_SSA, _FLUX_RECONCILE):
        if found.get(name) in _LEAVES | _IF_ABSENT:
            return found[name]
    return one.policy


def _removes_itself(one: Placed) -> bool:
    """Whether it describes its own removal: a Job with a time to live, or a hook."""
    lives_on = mapping(one.body, "spec").get("ttlSecondsAfterFinished") is None
    return is_hook(one.body) or not lives_on
