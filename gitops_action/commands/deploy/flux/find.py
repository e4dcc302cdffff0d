"""Finds the Kustomizations of a target and their sources, and sees that they can do the work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gitops_action.commands.deploy.target import TargetRun
from gitops_action.core.cluster.errors import AccessDeniedError, NotFoundError
from gitops_action.core.cluster.model import LiveObject, Resource
from gitops_action.core.dataclass import dataclass
from gitops_action.core.flux.source_match import Follows, follows
from gitops_action.core.flux.status import GROUP, dependencies_of, id_of, of_path, source_of
from gitops_action.core.manifests.model import ObjectId
from gitops_action.errors import GitOpsError

_HOME = "flux-system"
_KIND = "Kustomization"


@dataclass(frozen=True, kw_only=True)
class FoundKustomizations:
    """What a target is deployed by; `notes` are about sources."""

    kustomizations: Mapping[ObjectId, LiveObject]
    sources: Mapping[ObjectId, LiveObject]
    notes: tuple[str, ...] = ()


def find(run: TargetRun) -> FoundKustomizations:
    """Read them.

    Raises:
        GitOpsError: Flux is not there, one of them is not there, or a source reads something else
            than this repository's branch.
        ClusterError: the cluster does not answer, or the account may not read them.
    """
    kind = _served(run, GROUP, _KIND)
    run = replace(run, branch=run.branch or run.history.branch())
    named = run.target.kustomizations
    bodies = [_named(run, kind, one) for one in named] if named else _by_path(run, kind)
    kustomizations = {id_of(body): body for body in bodies}
    sources = {one: _source(run, one) for one in dict.fromkeys(map(source_of, bodies))}
    return FoundKustomizations(
        kustomizations=kustomizations, sources=sources, notes=_follow(run, sources)
    )


def _served(run: TargetRun, group: str, kind: str) -> Resource:
    found = run.cluster.resources().preferred(group, kind)
    if found is None:
        raise GitOpsError(
            f"Flux is not installed in the cluster {run.cluster.name}",
            cause=f"it does not serve the kind {kind} of {group}",
            fix="install Flux (see docs/flux.md), or see that the context is the right one",
        )
    return found


def _named(run: TargetRun, kind: Resource, named: str) -> LiveObject:
    namespace, _, name = named.rpartition("/")
    try:
        return run.cluster.get(kind, namespace=namespace, name=name)
    except NotFoundError as error:
        raise GitOpsError(
            f"The cluster {run.cluster.name} has no Kustomization {named}",
            cause=f"`deploy.kustomizations` of `{run.environment.name}` names it",
            fix="apply `cluster-config/`, or correct the name in the configuration",
        ) from error


def _by_path(run: TargetRun, kind: Resource) -> tuple[LiveObject, ...]:
    """Those that read the environment's folder in this very repository."""
    candidates = [one for one in _listed(run, kind) if _reads_this(run, one)]
    found = of_path(candidates, run.environment.path)
    if not found:
        raise GitOpsError(
            f"No Kustomization in the cluster {run.cluster.name} deploys"
            f" {run.environment.path} of {run.repository}",
            fix="apply `cluster-config/`, or name it in `deploy.kustomizations`",
        )
    return tuple(found)


def _listed(run: TargetRun, kind: Resource) -> tuple[LiveObject, ...]:
    """All; where the account may not, those of Flux's own namespace."""
    try:
        return run.cluster.list(kind).items
    except AccessDeniedError:
        return run.cluster.list(kind, namespace=_HOME).items


def _reads_this(run: TargetRun, kustomization: LiveObject) -> bool:
    try:
        source = _source(run, source_of(kustomization))
    except GitOpsError:
        return False
    return not _compared(run, source).problem


def _source(run: TargetRun, one: ObjectId) -> LiveObject:
    kind = _served(run, one.group, one.kind)
    try:
        return run.cluster.get(kind, namespace=one.namespace, name=one.name)
    except NotFoundError as error:
        raise GitOpsError(
            f"The source {one} does not exist",
            cause="a Kustomization of this environment reads it",
            fix="apply `cluster-config/`, or correct `spec.sourceRef` of the Kustomization",
        ) from error


def _compared(run: TargetRun, source: LiveObject) -> Follows:
    return follows(
        source,
        server_url=run.server_url,
        repository=run.repository,
        branch=run.branch,
    )


def _follow(run: TargetRun, sources: Mapping[ObjectId, LiveObject]) -> tuple[str, ...]:
    notes = []
    for one, source in sources.items():
        seen = _compared(run, source)
        if seen.problem:
            raise GitOpsError(
                f"{one} does not follow what is deployed", cause=seen.problem, fix=seen.fix
            )
        if seen.note:
            notes.append(f"{one}: {seen.note}")
    return tuple(notes)


# The order of Kustomizations: what others depend on comes first.


def in_order(kustomizations: Mapping[ObjectId, LiveObject]) -> tuple[ObjectId, ...]:
    """Each after those of the same target that it depends on; Flux itself refuses circles."""
    ordered: dict[ObjectId, None] = {}
    seen: set[ObjectId] = set()

    def visit(one: ObjectId) -> None:
        if one in seen:
            return
        seen.add(one)
        for before in dependencies_of(kustomizations[one]):
            if before in kustomizations:
                visit(before)
        ordered[one] = None

    for one in kustomizations:
        visit(one)
    return tuple(ordered)
