"""A configuration as plain values under the file's own keys: reading them gives it again."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from gitops_action.core.config.deploy import Deploy, Health, PruneBudget, Target
from gitops_action.core.config.gates import Approvals, Gates, Window
from gitops_action.core.config.load import VERSION
from gitops_action.core.config.resolved import Application, Config, Environment
from gitops_action.core.config.validation import Validation
from gitops_action.core.config.values import format_duration

Plain = dict[str, object]


def plain_config(config: Config) -> Plain:
    """The whole configuration with every default filled in; what means nothing is left out."""
    values: Plain = {"version": VERSION}
    if config.applications:
        values["applications"] = {item.name: _application(item) for item in config.applications}
    values["environments"] = {item.name: _environment(item) for item in config.environments}
    values["validate"] = _validation(config.validate)
    return values


def _given(**values: object) -> Plain:
    """Keys with hyphens, without the values that are empty."""
    return {
        key.rstrip("_").replace("_", "-"): value
        for key, value in values.items()
        if value not in (None, "", (), [], {})
    }


def _application(application: Application) -> Plain:
    return _given(images=list(application.images), source=application.source)


def _validation(validation: Validation) -> Plain:
    return _given(
        kubernetes=validation.kubernetes,
        schemas=list(validation.schemas),
        unknown_kinds=validation.unknown_kinds,
        remote_bases=validation.remote_bases,
    )


def _environment(environment: Environment) -> Plain:
    return _given(
        path=environment.path or ".",
        after=list(environment.after),
        merge=environment.merge,
        merge_method=environment.merge_method,
        gates=_gates(environment.gates) if environment.gates else None,
        rollback={"mode": environment.rollback.mode, "approvals": environment.rollback.approvals},
        deploy=_deploy(environment.deploy) if environment.deploy != Deploy() else None,
    )


def _gates(gates: Gates) -> Plain:
    return _given(
        soak=format_duration(gates.soak) if gates.soak else None,
        windows=[_window(window) for window in gates.windows],
        approvals=_approvals(gates.approvals) if gates.approvals != Approvals() else None,
        checks=list(gates.checks),
        http=[{"url": item.url, "expect": item.expect} for item in gates.http],
    )


def _window(window: Window) -> Plain:
    return {
        window.effect: window.cron,
        "for": format_duration(window.duration),
        "timezone": window.timezone,
    }


def _approvals(approvals: Approvals) -> Plain:
    people = _given(teams=list(approvals.teams), users=list(approvals.users))
    return {"count": approvals.count, **people}


def _deploy(deploy: Deploy) -> Plain:
    return _given(
        targets=[_target(target) for target in deploy.targets],
        prune=_prune(deploy.prune),
        health=_health(deploy.health),
    )


def _target(target: Target) -> Plain:
    return _given(
        name=target.name,
        engine=target.engine,
        kustomizations=list(target.kustomizations),
        context=target.context,
        access=target.access,
        status_prefix=target.status_prefix,
    )


def _prune(budget: PruneBudget) -> Mapping[str, object]:
    share, count = budget.max_percent, budget.max_count
    limit = count if share is None else f"{Decimal(repr(share)).normalize():f}%"
    return {"max": limit, "confirm": list(budget.confirm)}


def _health(health: Health) -> Plain:
    rules = [
        _given(
            group=rule.group,
            kind=rule.kind,
            current=rule.current,
            failed=rule.failed,
            in_progress=rule.in_progress,
        )
        for rule in health.kinds
    ]
    waits = {
        "timeout": format_duration(health.timeout),
        "tolerate-restarts": health.tolerate_restarts,
    }
    return {**waits, **_given(kinds=rules)}
