"""Which of many new objects are written without being tried before (`deploy.preflight`)."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_action.commands.deploy.push.changes import Change
from gitops_action.commands.deploy.target import TargetRun
from gitops_action.core.cluster.model import Resource
from gitops_action.core.validation.objects import ObjectProblem

MANY = 100
"""Up to so many new objects are all tried."""


def spare(run: TargetRun, changes: Sequence[Change]) -> list[Change]:
    """Those that need no dry run: new, with a schema that they fulfil, not the first of their kind.

    A dry run of each costs the API server as much as the write itself. One of each kind and
    namespace shows quotas, policies and webhooks; the schemas show what is wrong with an object by
    itself. What a schema objects to, or none is known for, is tried: the API server decides.

    Raises:
        ClusterError: the cluster does not answer.
    """
    new = [one for one in changes if one.live is None and one.certain]
    if run.environment.deploy.preflight == "full" or run.options.dry_run or len(new) <= MANY:
        return []
    doubtful = _doubtful(run, new)
    seen: set[tuple[Resource, str]] = set()
    spared: list[Change] = []
    for one in new:
        key = one.placed.resource, one.placed.id.namespace
        if key in seen and one.placed.id not in doubtful:
            spared.append(one)
        seen.add(key)
    return spared


def _doubtful(run: TargetRun, changes: Sequence[Change]) -> frozenset[object]:
    manifests = [one.placed.manifest for one in changes]
    if run.schemas is None:
        return frozenset(one.id for one in manifests)
    schemas = run.schemas(run.cluster.version(), run.rendering.manifests)
    problems = schemas.check(manifests)
    if any(not isinstance(one, ObjectProblem) for one in problems):
        return frozenset(one.id for one in manifests)
    wrong = {one.manifest.id for one in problems if isinstance(one, ObjectProblem)}
    return frozenset({*wrong, *(one.id for one in schemas.unknown(manifests))})
