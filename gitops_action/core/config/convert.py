"""From a checked document to the values that commands use, each with the line it is declared on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar, cast

from gitops_action.core.config import resolved
from gitops_action.core.config.check import normalised
from gitops_action.core.config.document import Document
from gitops_action.core.config.values import parse_duration, parse_percentage
from gitops_action.core.images import normalise_repository
from gitops_action.core.json_values import flag, items, mapping, text, texts, value

Body = Mapping[str, object]
_T = TypeVar("_T")
_SINGLE = "default"


def convert(document: Document) -> resolved.Config:
    """The configuration as resolved values."""
    data = mapping(document.data)
    return resolved.Config(
        path=document.file,
        validate=_validation(mapping(data, "validate")),
        applications=tuple(
            _application(name, mapping(body), document)
            for name, body in mapping(data, "applications").items()
        ),
        environments=tuple(
            _environment(name, mapping(body), document)
            for name, body in mapping(data, "environments").items()
        ),
    )


def _given(body: Body, key: str, default: _T) -> _T:
    """The value of a key, whose type the schema has checked; the default where it is empty."""
    found = body.get(key)
    return default if found is None else cast("_T", found)


def whole_number(body: Body, key: str, default: int) -> int:
    """A whole number: `1.0` is one too, by JSON Schema."""
    return int(_given(body, key, default))


def _names(body: Body, key: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts(body, key)))


def _application(name: str, body: Body, document: Document) -> resolved.Application:
    return resolved.Application(
        name=name,
        images=tuple(dict.fromkeys(normalise_repository(one) for one in texts(body, "images"))),
        source=_given(body, "source", None),
        rollback=_given(body, "rollback", None),
        line=document.key(("applications", name)).line,
    )


def _environment(name: str, body: Body, document: Document) -> resolved.Environment:
    unset = resolved.Environment(name=name)
    promotion, rollback = mapping(body, "promotion"), mapping(body, "rollback")
    return resolved.Environment(
        name=name,
        path=normalised(text(body, "path")),
        formerly=_names(body, "formerly"),
        after=_names(body, "after"),
        merge=_given(body, "merge", unset.merge),
        merge_method=_given(body, "merge-method", unset.merge_method),
        promotion=resolved.Promotion(
            mode=_given(promotion, "mode", unset.promotion.mode),
            pick=_given(promotion, "pick", unset.promotion.pick),
            supersede=_given(promotion, "supersede", unset.promotion.supersede),
        ),
        gates=_gates(mapping(body, "gates")) if value(body, "gates") is not None else None,
        rollback=resolved.Rollback(
            mode=_given(rollback, "mode", unset.rollback.mode),
            approvals=whole_number(rollback, "approvals", unset.rollback.approvals),
        ),
        deploy=_deploy(mapping(body, "deploy")),
        production=flag(body, "production"),
        url=text(body, "url"),
        line=document.key(("environments", name)).line,
    )


# Gates.


def _gates(body: Body) -> resolved.Gates:
    unset = resolved.Gates()
    approvals, override = value(body, "approvals"), mapping(body, "override")
    provenance = value(body, "provenance")
    return resolved.Gates(
        soak=parse_duration(text(body, "soak")) if text(body, "soak") else unset.soak,
        windows=windows(body),
        approvals=unset.approvals if approvals is None else _approvals(mapping(approvals)),
        checks=tuple(_check(one) for one in _listed(body, "checks")),
        http=tuple(http_gate(one) for one in items(body, "http")),
        provenance=None if provenance is None else _provenance(mapping(provenance)),
        override=resolved.Override(teams=texts(override, "teams"), users=texts(override, "users")),
    )


def windows(body: Body) -> tuple[resolved.Window, ...]:
    """The windows of an environment's gates."""
    return tuple(
        resolved.Window(
            effect="deny" if text(one, "deny") else "allow",
            cron=text(one, "deny") or text(one, "allow"),
            duration=parse_duration(text(one, "for")),
            timezone=_given(one, "timezone", "UTC"),
        )
        for one in items(body, "windows")
    )


def _listed(body: Body, key: str) -> Sequence[object]:
    found: Sequence[object] = _given(body, key, ())
    return found


def _check(body: object) -> resolved.RequiredCheck:
    if isinstance(body, str):
        return resolved.RequiredCheck(name=body)
    app = value(body, "app")
    return resolved.RequiredCheck(
        name=text(body, "name"), app=None if app is None else whole_number(mapping(body), "app", 0)
    )


def http_gate(body: Body) -> resolved.HttpGate:
    """An address that is asked."""
    unset = resolved.HttpGate(url=text(body, "url"), expect=text(body, "expect"))
    timeout = text(body, "timeout")
    return resolved.HttpGate(
        url=unset.url,
        expect=unset.expect,
        timeout=parse_duration(timeout) if timeout else unset.timeout,
        retries=whole_number(body, "retries", unset.retries),
    )


def _provenance(body: Body) -> resolved.Provenance:
    root = text(body, "trusted-root")
    return resolved.Provenance(
        workflow=text(body, "workflow"),
        ref=text(body, "ref"),
        issuer=_given(body, "issuer", resolved.ACTIONS_ISSUER),
        trusted_root=normalised(root) if root else "",
    )


def _approvals(body: Body) -> resolved.Approvals:
    not_by: Sequence[resolved.NotBy] = _given(body, "not-by", resolved.DEFAULT_NOT_BY)
    return resolved.Approvals(
        count=whole_number(body, "count", 1),
        teams=_names(body, "teams"),
        users=_names(body, "users"),
        not_by=tuple(dict.fromkeys(not_by)),
    )


# Deployment.


def _deploy(body: Body) -> resolved.Deploy:
    unset = resolved.Deploy()
    return resolved.Deploy(
        targets=_targets(body),
        prune=_prune(mapping(body, "prune")),
        health=_health(mapping(body, "health")),
        drift=_given(body, "drift", unset.drift),
        conflicts=_given(body, "conflicts", unset.conflicts),
        workflow=_given(body, "workflow", unset.workflow),
        ignore=tuple(
            resolved.IgnoredFields(
                kind=text(rule, "kind"),
                name=text(rule, "name"),
                fields=texts(rule, "fields"),
                reason=text(rule, "reason"),
            )
            for rule in items(body, "ignore")
        ),
        preflight=_given(body, "preflight", unset.preflight),
    )


def _targets(body: Body) -> tuple[resolved.Target, ...]:
    if several := items(body, "targets"):
        return tuple(_target(text(one, "name"), one) for one in several)
    return (_target(_SINGLE, body),) if text(body, "engine") else ()


def _target(name: str, body: Body) -> resolved.Target:
    unset = resolved.Target(name=name, engine=_given(body, "engine", "push"))
    return resolved.Target(
        name=name,
        engine=unset.engine,
        kustomizations=texts(body, "kustomizations"),
        context=text(body, "context"),
        access=_given(body, "access", unset.access),
        status_prefix=text(body, "status-prefix"),
    )


def _prune(body: Body) -> resolved.PruneBudget:
    unset = resolved.PruneBudget()
    confirm = tuple(_given(body, "confirm", unset.confirm))
    most = value(body, "max")
    if most is None:
        return resolved.PruneBudget(confirm=confirm)
    if isinstance(most, str):
        return resolved.PruneBudget(max_percent=parse_percentage(most), confirm=confirm)
    return resolved.PruneBudget(
        max_percent=None, max_count=whole_number(body, "max", 0), confirm=confirm
    )


def _health(body: Body) -> resolved.HealthSettings:
    unset, timeout = resolved.HealthSettings(), text(body, "timeout")
    return resolved.HealthSettings(
        timeout=parse_duration(timeout) if timeout else unset.timeout,
        tolerate_restarts=whole_number(body, "tolerate-restarts", unset.tolerate_restarts),
        kinds=tuple(
            resolved.KindRule(
                group=text(rule, "group"),
                kind=text(rule, "kind"),
                current=text(rule, "current"),
                failed=text(rule, "failed"),
                in_progress=text(rule, "in-progress"),
            )
            for rule in items(body, "kinds")
        ),
    )


def _validation(body: Body) -> resolved.Validation:
    unset = resolved.Validation()
    return resolved.Validation(
        kubernetes=_given(body, "kubernetes", unset.kubernetes),
        schemas=tuple(dict.fromkeys(normalised(one) for one in texts(body, "schemas"))),
        unknown_kinds=_given(body, "unknown-kinds", unset.unknown_kinds),
        remote_bases=_given(body, "remote-bases", unset.remote_bases),
        existing=_given(body, "existing", unset.existing),
    )
