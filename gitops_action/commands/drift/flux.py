"""Drift of what Flux applies: its own objects first, then what they have applied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from gitops_action.commands.deploy.flux.find import FoundKustomizations, find
from gitops_action.commands.deploy.flux.state import CommitAncestry
from gitops_action.commands.deploy.push.live import read_live
from gitops_action.commands.deploy.target import TargetRun
from gitops_action.commands.drift.objects import compare_objects
from gitops_action.commands.drift.push import Describe
from gitops_action.core.deploy.inventory import InventoryEntry
from gitops_action.core.drift.report import DriftKind, ObjectDrift, TargetDrift
from gitops_action.core.flux.status import (
    Revision,
    applied,
    artifact_of,
    condition_of,
    inventory_of,
    is_elsewhere,
    said_of,
    source_of,
    suspended,
)
from gitops_action.core.flux.verdict import Relate, Relation, suspension
from gitops_action.core.manifests.fields import mapping, text
from gitops_action.core.manifests.model import Body, Manifest, ObjectId

_MANAGER = "kustomize-controller"
_VARIABLE = "${"
_HANDLED = "fix what its message names"
_OUTDATED = "see what its source holds: `flux get sources all`"


def drift_of_flux(run: TargetRun, found: TargetDrift, describe: Describe) -> TargetDrift:
    """Compare what lives with what Flux has applied.

    Args:
        run: the environment on the cluster; its commit is empty where no deployment is recorded.
        found: what is known so far.
        describe: renders.

    Raises:
        GitOpsError: Flux, or one of its objects, is not there.
        ClusterError: the cluster does not answer, or may not be read.
    """
    run = run if run.commit else replace(run, commit=run.history.tip())
    flux = find(run)
    own = tuple(_of_flux(run, flux))
    if any(is_elsewhere(one) for one in flux.kustomizations.values()):
        reason = "it applies to another cluster (`spec.kubeConfig`)"
        return replace(found, objects=own, commit=run.commit, reason=reason)
    commit = _applied_commit(flux) or run.commit
    rendering = describe(commit)
    found = replace(found, commit=commit, objects=own, notes=(*found.notes, *flux.notes))
    if rendering.problems:
        return replace(found, reason=str(rendering.problems[0]))
    manifests = [_as_applied(one, flux) for one in rendering.applied]
    compared = compare_objects(run, manifests, own=(_MANAGER,))
    waiting = _waiting(run, flux, compared.described)
    return replace(
        found,
        compared=compared.count,
        objects=(*own, *compared.objects),
        unread=compared.unread,
        waiting=waiting,
    )


def _of_flux(run: TargetRun, flux: FoundKustomizations) -> Iterator[ObjectDrift]:
    """Sources first: what they hold explains what Kustomizations run."""
    ancestry = CommitAncestry(run)
    for item, body in flux.sources.items():
        yield from _stopped(item, body) or _behind(run, item, "holds", ancestry, artifact_of(body))
    for item, body in flux.kustomizations.items():
        now = applied(body, flux.sources[source_of(body)])
        yield from _stopped(item, body) or _behind(run, item, "runs", ancestry, now)


def _behind(
    run: TargetRun, item: ObjectId, does: str, relate: Relate, now: Revision | None
) -> tuple[ObjectDrift, ...]:
    """Whether what it holds or runs is without the deployed commit."""
    if now is None or relate(now) not in {Relation.OLDER, Relation.DIVERGED}:
        return ()
    sentence = f"it {does} {now.short}, which does not contain {run.commit[:12]}"
    return (ObjectDrift(id=item, change=DriftKind.OUTDATED, sentence=sentence, fix=_OUTDATED),)


def _stopped(item: ObjectId, body: Body) -> tuple[ObjectDrift, ...]:
    """Whether its controller leaves it alone, or cannot go on."""
    if suspended(body):
        said = suspension(body)
        change = DriftKind.SUSPENDED
        return (ObjectDrift(id=item, change=change, sentence=said.sentence, fix=said.fix),)
    for kind in ("Stalled", "Ready"):
        condition = condition_of(body, kind)
        if condition.status == ("True" if kind == "Stalled" else "False"):
            sentence = said_of(body, "is stuck", condition)
            return (ObjectDrift(id=item, change=DriftKind.STUCK, sentence=sentence, fix=_HANDLED),)
    return ()


def _applied_commit(flux: FoundKustomizations) -> str:
    """What all of them have applied; empty where they differ, or where that is not known."""
    found = {
        now.digest if (now := applied(body, flux.sources[source_of(body)])) else ""
        for body in flux.kustomizations.values()
    }
    return next(iter(found)) if len(found) == 1 else ""


def _as_applied(manifest: Manifest, flux: FoundKustomizations) -> Manifest:
    """The object as Flux applies it: in its namespace, without text that it substitutes."""
    spaces = {text(one, "spec", "targetNamespace") for one in flux.kustomizations.values()}
    space = next(iter(spaces)) if len(spaces) == 1 else ""
    item = replace(manifest.id, namespace=space) if space else manifest.id
    substitutes = any(mapping(one, "spec").get("postBuild") for one in flux.kustomizations.values())
    body = _without_variables(manifest.body) if substitutes else manifest.body
    return replace(manifest, id=item, body=body if isinstance(body, Mapping) else {})


def _without_variables(value: object) -> object:
    """What is described for certain: text with variables becomes what Flux knows alone."""
    if isinstance(value, Mapping):
        return {
            key: _without_variables(one)
            for key, one in value.items()
            if not (isinstance(one, str) and _VARIABLE in one)
        }
    return value


def _waiting(
    run: TargetRun, flux: FoundKustomizations, described: frozenset[ObjectId]
) -> tuple[ObjectId, ...]:
    """What Flux has applied, and this environment does not describe at that commit."""
    entries = [
        InventoryEntry(id=item, version=version)
        for body in flux.kustomizations.values()
        if _reads_only_this(run, body)
        for item, version in inventory_of(body)
        if item not in described
    ]
    live = read_live(run.cluster, entries, label="") if entries else {}
    return tuple(sorted(item for item, body in live.items() if body is not None))


def _reads_only_this(run: TargetRun, kustomization: Body) -> bool:
    """Whether its folder is the environment's, or one in it: one above applies others as well."""
    folder = PurePosixPath(text(kustomization, "spec", "path").lstrip("/"))
    return PurePosixPath(run.environment.root) in (folder, *folder.parents)
