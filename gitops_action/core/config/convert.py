"""From the checked shape of the file to the values that commands use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

from gitops_action.core.config import resolved
from gitops_action.core.config import resolved as deploy
from gitops_action.core.config import resolved as gates
from gitops_action.core.config.check import normalised
from gitops_action.core.config.document import Document, Path, written
from gitops_action.core.config.resolved import Validation
from gitops_action.core.config.schema import (
    ApprovalsShape,
    ClusterShape,
    ConfigShape,
    DeployShape,
    EnvironmentShape,
    GatesShape,
    HealthShape,
    ProvenanceShape,
    TargetShape,
    ValidateShape,
)
from gitops_action.core.config.select import nearest
from gitops_action.errors import GitOpsError, UsageError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

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
                rollback=application.rollback,
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
        formerly=tuple(dict.fromkeys(shape.formerly)),
        after=tuple(dict.fromkeys(shape.after)),
        merge=shape.merge,
        merge_method=shape.merge_method,
        promotion=resolved.Promotion(
            mode=shape.promotion.mode,
            pick=shape.promotion.pick,
            supersede=shape.promotion.supersede,
        ),
        gates=gates_of(shape.gates) if shape.gates else None,
        rollback=resolved.Rollback(mode=shape.rollback.mode, approvals=shape.rollback.approvals),
        deploy=_deploy(shape.deploy) if shape.deploy else deploy.Deploy(),
        production=shape.production,
        url=shape.url or "",
        line=document.key(("environments", name)).line,
    )


def gates_of(shape: GatesShape) -> gates.Gates:
    """The gates of one environment."""
    override = shape.override
    return gates.Gates(
        soak=shape.soak or timedelta(0),
        windows=tuple(window.resolved() for window in shape.windows),
        approvals=_approvals(shape.approvals) if shape.approvals else gates.Approvals(),
        checks=tuple(gates.RequiredCheck(name=item.name, app=item.app) for item in shape.checks),
        http=tuple(
            gates.HttpGate(
                url=item.url, expect=item.expect, timeout=item.timeout, retries=item.retries
            )
            for item in shape.http
        ),
        provenance=_provenance(shape.provenance) if shape.provenance else None,
        override=gates.Override(teams=tuple(override.teams), users=tuple(override.users))
        if override
        else gates.Override(),
    )


def _provenance(shape: ProvenanceShape) -> gates.Provenance:
    return gates.Provenance(
        workflow=shape.workflow,
        ref=shape.ref or "",
        issuer=shape.issuer,
        trusted_root=shape.trusted_root or "",
    )


def _approvals(shape: ApprovalsShape) -> gates.Approvals:
    return gates.Approvals(
        count=shape.count,
        teams=tuple(dict.fromkeys(shape.teams)),
        users=tuple(dict.fromkeys(shape.users)),
        not_by=tuple(dict.fromkeys(shape.not_by)),
    )


def _deploy(shape: DeployShape) -> deploy.Deploy:
    return deploy.Deploy(
        targets=_targets(shape),
        prune=_prune(shape),
        health=_health(shape.health),
        drift=shape.drift,
        conflicts=shape.conflicts,
        workflow=shape.workflow,
        ignore=tuple(
            deploy.IgnoredFields(
                kind=rule.kind, name=rule.name or "", fields=tuple(rule.fields), reason=rule.reason
            )
            for rule in shape.ignore
        ),
        preflight=shape.preflight,
    )


def _health(shape: HealthShape) -> deploy.HealthSettings:
    unset = deploy.HealthSettings()
    return deploy.HealthSettings(
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
        existing=shape.existing,
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


# What is wrong with a configuration's shape, in words, with place, key and fix.

_KEY = "[key]"
_KINDS = {
    "string_type": ("text", "put it in quotes"),
    "int_type": ("a whole number", "write a number without quotes"),
    "list_type": ("a list", "write [a, b], also for a single one"),
    "dict_type": ("a mapping", "write `key: value` lines below it"),
    "model_type": ("a mapping", "write `key: value` lines below it"),
    "model_attributes_type": ("a mapping", "write `key: value` lines below it"),
    "bool_type": ("true or false", "write true or false without quotes"),
}


def explain(
    document: Document, details: Sequence[ErrorDetails], model: type[BaseModel]
) -> list[GitOpsError]:
    """One error of ours for each of pydantic's, placed in the document.

    A required key that is misspelt is reported once: by the key that is not known.
    """
    meant = {_meant(detail, model) for detail in details if detail["type"] == "extra_forbidden"}
    return [
        _explain(document, detail, model)
        for detail in details
        if detail["type"] != "missing" or detail["loc"] not in meant
    ]


def _meant(detail: ErrorDetails, model: type[BaseModel]) -> Path:
    path = detail["loc"]
    return (*path[:-1], nearest(str(path[-1]), known_keys(model, path[:-1])) or "")


def _explain(document: Document, detail: ErrorDetails, model: type[BaseModel]) -> UsageError:
    path = tuple(step for step in detail["loc"] if step != _KEY)
    about_key = _KEY in detail["loc"] or detail["type"] in {"extra_forbidden", "missing"}
    title, fix = _words(path, detail, model)
    place = document.key(path) if about_key else document.value(path)
    return UsageError(title, fix=fix, location=place)


def _words(path: Path, detail: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    kind, context = detail["type"], detail.get("ctx", {})
    where = written(path) or "the file"
    if kind == "gitops":
        return f"{where}: {context['reason']}", str(context["fix"])
    if kind == "extra_forbidden":
        inside = written(path[:-1]) or "the file"
        return f"unknown key {path[-1]!r} in {inside}", _guess(path, model)
    return _of_value(where, path, detail)


def _of_value(where: str, path: Path, detail: ErrorDetails) -> tuple[str, str]:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        value = "1" if path == ("version",) else "…"
        return f"{where} is missing", f"add `{path[-1]}: {value}`"
    if kind in {"string_too_short", "too_short"}:
        return f"{where} is empty", f"write something, or remove {path[-1]!r}"
    if kind in _KINDS:
        expected, fix = _KINDS[kind]
        return f"{where} is {_said(detail['input'])}, not {expected}", fix
    if kind == "literal_error":
        choice = str(context["expected"]).replace("'", "")
        return f"{where} is {_said(detail['input'])}", f"write {choice}"
    message = detail["msg"]
    return f"{where}: {message[:1].lower()}{message[1:]}", f"change {where}"


def _said(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, list) else repr(value)


def _guess(path: Path, model: type[BaseModel]) -> str:
    keys = known_keys(model, path[:-1])
    guess = nearest(str(path[-1]), keys)
    return f"did you mean {guess!r}?" if guess else f"known keys: {', '.join(keys)}"


def known_keys(model: type[BaseModel], path: Path) -> list[str]:
    """The keys that the model knows at a path; empty where it knows none by name."""
    here: object = model
    for step in path:
        here = _below(here, step)
    found = _model(here)
    return [field.alias or name for name, field in found.model_fields.items()] if found else []


def _below(here: Any, step: str | int) -> Any:
    found = _model(here)
    if found is None:
        return next((item for item in reversed(get_args(here)) if _model(item)), None)
    fields = found.model_fields.items()
    return next((field.annotation for name, field in fields if (field.alias or name) == step), None)


def _model(annotation: Any) -> type[BaseModel] | None:
    for item in (annotation, *_members(annotation)):
        if isinstance(item, type) and issubclass(item, BaseModel):
            return item
    return None


def _members(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if type(None) in get_args(annotation) else ()
