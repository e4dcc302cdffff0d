"""From the checked shape of the file to the values that commands use."""

from __future__ import annotations

from datetime import timedelta

from gitops_action.core.config import deploy, gates, resolved
from gitops_action.core.config.document import Document
from gitops_action.core.config.layout import normalised
from gitops_action.core.config.model import ConfigShape, EnvironmentShape
from gitops_action.core.config.model_deploy import (
    ClusterShape,
    DeployShape,
    HealthShape,
    TargetShape,
)
from gitops_action.core.config.model_gates import GatesShape
from gitops_action.core.config.model_validate import ValidateShape
from gitops_action.core.config.validation import Validation

_SINGLE = "default"


def convert(shape: ConfigShape, document: Document) -> resolved.Config:
    """The configuration as resolved values, each with the line it is declared on."""
    return resolved.Config(
        path=document.file,
        validate=_validation(shape.validate_),
        applications=tuple(
            resolved.Application(
                name=name,
                images=tuple(dict.fromkeys(application.images)),
                source=application.source,
                line=document.key(("applications", name)).line,
            )
            for name, application in shape.applications.items()
        ),
        environments=tuple(
            _environment(name, environment, document)
            for name, environment in shape.environments.items()
        ),
    )


def _environment(name: str, shape: EnvironmentShape, document: Document) -> resolved.Environment:
    return resolved.Environment(
        name=name,
        path=normalised(shape.path),
        after=tuple(dict.fromkeys(shape.after)),
        merge=shape.merge,
        merge_method=shape.merge_method,
        gates=gates_of(shape.gates) if shape.gates else None,
        rollback=resolved.Rollback(mode=shape.rollback.mode, approvals=shape.rollback.approvals),
        deploy=_deploy(shape.deploy) if shape.deploy else deploy.Deploy(),
        line=document.key(("environments", name)).line,
    )


def gates_of(shape: GatesShape) -> gates.Gates:
    """The gates of one environment."""
    approvals = shape.approvals
    return gates.Gates(
        soak=shape.soak or timedelta(0),
        windows=tuple(window.resolved() for window in shape.windows),
        approvals=gates.Approvals(
            count=approvals.count, teams=tuple(approvals.teams), users=tuple(approvals.users)
        )
        if approvals
        else gates.Approvals(),
        checks=tuple(shape.checks),
        http=tuple(gates.HttpGate(url=item.url, expect=item.expect) for item in shape.http),
    )


def _deploy(shape: DeployShape) -> deploy.Deploy:
    return deploy.Deploy(targets=_targets(shape), prune=_prune(shape), health=_health(shape.health))


def _health(shape: HealthShape) -> deploy.Health:
    unset = deploy.Health()
    return deploy.Health(
        timeout=unset.timeout if shape.timeout is None else shape.timeout,
        tolerate_restarts=shape.tolerate_restarts,
        kinds=tuple(
            deploy.KindRule(
                group=rule.group,
                kind=rule.kind,
                current=rule.current,
                failed=rule.failed or "",
                in_progress=rule.in_progress or "",
            )
            for rule in shape.kinds
        ),
    )


def _validation(shape: ValidateShape) -> Validation:
    return Validation(
        kubernetes=shape.kubernetes,
        schemas=tuple(dict.fromkeys(shape.schemas)),
        unknown_kinds=shape.unknown_kinds,
        remote_bases=shape.remote_bases,
    )


def _prune(shape: DeployShape) -> deploy.PruneBudget:
    budget = shape.prune.max
    counted = isinstance(budget, int)
    return deploy.PruneBudget(
        max_percent=None if counted else float(budget),
        max_count=int(budget) if counted else None,
        confirm=tuple(shape.prune.confirm),
    )


def _targets(shape: DeployShape) -> tuple[deploy.Target, ...]:
    if shape.targets:
        return tuple(_target(item.name, item) for item in shape.targets)
    return (_target(_SINGLE, shape),) if shape.engine else ()


def _target(name: str, shape: ClusterShape | TargetShape) -> deploy.Target:
    return deploy.Target(
        name=name,
        engine=shape.engine or "push",
        kustomizations=tuple(shape.kustomizations),
        context=shape.context or "",
        access=shape.access,
        status_prefix=shape.status_prefix or "",
    )
