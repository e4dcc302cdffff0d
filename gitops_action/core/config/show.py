"""A configuration as people are shown it: every value, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from urllib.parse import urlsplit

from gitops_action.core.config import resolved
from gitops_action.core.config.check import Folder
from gitops_action.core.config.document import Document, Path, leaves, origin, written
from gitops_action.core.config.load import VERSION
from gitops_action.core.config.values import format_duration
from gitops_action.core.yaml.render import render

# The environments and their order as a graph (Mermaid's flowchart syntax).

_SPECIAL = '#&<>"`'


def as_mermaid(environments: Sequence[resolved.Environment]) -> str:
    """A node for each environment with its folder, gates and engine; arrows follow `after`.

    Names do not become ids, because some of them are words of the syntax (`end`).
    """
    ids = {item.name: f"e{number}" for number, item in enumerate(environments)}
    lines = ["flowchart LR"]
    lines += [f'  {ids[item.name]}["{_label(item)}"]' for item in environments]
    lines += [
        f"  {ids[before]} --> {ids[item.name]}"
        for item in environments
        for before in item.after
        if before in ids
    ]
    return "\n".join(lines)


def _label(environment: resolved.Environment) -> str:
    lines = [environment.name, environment.path or ".", *_gate_labels(environment.gates)]
    lines.append(f"merge: {environment.merge}")
    engines = [f"{target.engine} ({target.name})" for target in environment.deploy.targets]
    if engines:
        lines.append(f"deploy: {', '.join(engines)}")
    return "<br/>".join(_escaped(line) for line in lines)


def _gate_labels(gates: resolved.Gates | None) -> Iterator[str]:
    """Each gate in one line."""
    if gates is None:
        return
    if gates.soak:
        yield f"soak {format_duration(gates.soak)}"
    for window in gates.windows:
        length = format_duration(window.duration)
        yield f"{window.effect} {window.cron} for {length} ({window.timezone})"
    if gates.approvals.count:
        yield _approvals_label(gates.approvals)
    if gates.checks:
        yield f"checks: {', '.join(check.name for check in gates.checks)}"
    for item in gates.http:
        yield f"asks {urlsplit(item.url).netloc}"
    if gates.provenance:
        yield f"built by {gates.provenance.workflow}"


def _approvals_label(approvals: resolved.Approvals) -> str:
    people = ", ".join((*approvals.teams, *approvals.users))
    plural = "s" if approvals.count > 1 else ""
    return f"{approvals.count} approval{plural}{f' of {people}' if people else ''}"


def _escaped(text: str) -> str:
    """Text inside a quoted label: Mermaid's entity codes for what would end or change it."""
    return "".join(f"#{ord(letter)};" if letter in _SPECIAL else letter for letter in text)


# A configuration as plain values under the file's own keys: reading them gives it again.

Plain = dict[str, object]


def plain_config(config: resolved.Config) -> Plain:
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


def _application(application: resolved.Application) -> Plain:
    return _given(
        images=list(application.images),
        source=application.source,
        rollback=application.rollback,
    )


def _validation(validation: resolved.Validation) -> Plain:
    return _given(
        kubernetes=validation.kubernetes,
        schemas=list(validation.schemas),
        unknown_kinds=validation.unknown_kinds,
        remote_bases=validation.remote_bases,
        existing=validation.existing,
    )


def _environment(environment: resolved.Environment) -> Plain:
    return _given(
        path=environment.path or ".",
        formerly=list(environment.formerly),
        production=environment.production,
        url=environment.url,
        after=list(environment.after),
        merge=environment.merge,
        merge_method=environment.merge_method,
        promotion={
            "mode": environment.promotion.mode,
            "pick": environment.promotion.pick,
            "supersede": environment.promotion.supersede,
        },
        gates=_gates(environment.gates) if environment.gates else None,
        rollback={"mode": environment.rollback.mode, "approvals": environment.rollback.approvals},
        deploy=_deploy(environment.deploy) if environment.deploy != resolved.Deploy() else None,
    )


def _gates(gates: resolved.Gates) -> Plain:
    return _given(
        soak=format_duration(gates.soak) if gates.soak else None,
        windows=[_window(window) for window in gates.windows],
        approvals=_approvals(gates.approvals) if gates.approvals != resolved.Approvals() else None,
        checks=[_check(item) for item in gates.checks],
        http=[_http(item) for item in gates.http],
        provenance=_provenance(gates.provenance) if gates.provenance else None,
        override=_given(teams=list(gates.override.teams), users=list(gates.override.users)),
    )


def _window(window: resolved.Window) -> Plain:
    return {
        window.effect: window.cron,
        "for": format_duration(window.duration),
        "timezone": window.timezone,
    }


def _approvals(approvals: resolved.Approvals) -> Plain:
    people = _given(teams=list(approvals.teams), users=list(approvals.users))
    return {"count": approvals.count, **people, "not-by": list(approvals.not_by)}


def _check(check: resolved.RequiredCheck) -> object:
    return check.name if check.app is None else {"name": check.name, "app": check.app}


def _http(gate: resolved.HttpGate) -> Plain:
    return {
        "url": gate.url,
        "expect": gate.expect,
        "timeout": format_duration(gate.timeout),
        "retries": gate.retries,
    }


def _provenance(rule: resolved.Provenance) -> Plain:
    return _given(
        workflow=rule.workflow,
        ref=rule.ref,
        issuer=rule.issuer,
        trusted_root=rule.trusted_root,
    )


def _deploy(deploy: resolved.Deploy) -> Plain:
    pushed = any(target.engine == "push" for target in deploy.targets)
    return _given(
        targets=[_target(target) for target in deploy.targets],
        prune=_prune(deploy.prune),
        health=_health(deploy.health),
        workflow=deploy.workflow,
        **(_pushed(deploy) if pushed else {}),
    )


def _pushed(deploy: resolved.Deploy) -> Plain:
    """How we apply, which means nothing where Flux does."""
    return _given(
        conflicts=deploy.conflicts,
        drift=deploy.drift,
        ignore=[
            _given(kind=one.kind, name=one.name, fields=list(one.fields), reason=one.reason)
            for one in deploy.ignore
        ],
        preflight=deploy.preflight,
    )


def _target(target: resolved.Target) -> Plain:
    return _given(
        name=target.name,
        engine=target.engine,
        kustomizations=list(target.kustomizations),
        context=target.context,
        access=target.access,
        status_prefix=target.status_prefix,
    )


def _prune(budget: resolved.PruneBudget) -> Mapping[str, object]:
    share, count = budget.max_percent, budget.max_count
    limit = count if share is None else f"{Decimal(repr(share)).normalize():f}%"
    return {"max": limit, "confirm": list(budget.confirm)}


def _health(health: resolved.HealthSettings) -> Plain:
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


Folders = Mapping[str, Sequence[Folder]]
"""The folders of each environment, by its name."""

_WIDEST = 60


def as_data(
    config: resolved.Config, document: Document | None, folders: Folders
) -> dict[str, object]:
    """The configuration, the origin of each value by its path, and the environments' folders."""
    values = plain_config(config)
    return {
        "config": values,
        "origins": {written(path): origin(path, document) for path, _ in leaves(values)},
        "folders": {
            name: [{"path": item.path, "application": item.application} for item in found]
            for name, found in folders.items()
        },
    }


def as_yaml(config: resolved.Config, document: Document | None, folders: Folders) -> str:
    """The configuration as YAML that can be read again; comments give origins and folders."""
    lines = list(_lines(plain_config(config), (), document, folders))
    width = min(max(len(text) for text, _ in lines), _WIDEST)
    return "\n".join(f"{text:<{width}}  # {note}" if note else text for text, note in lines)


def _lines(
    values: Mapping[str, object], path: Path, document: Document | None, folders: Folders
) -> Iterator[tuple[str, str]]:
    indent = "  " * len(path)
    for key, value in values.items():
        here = (*path, key)
        if isinstance(value, Mapping) and value:
            yield f"{indent}{key}:", _folders(here, folders)
            yield from _lines(value, here, document, folders)
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            yield f"{indent}{key}:", ""
            yield from _items(value, here, document)
        else:
            yield f"{indent}{key}: {_value(value)}", origin(here, document)


def _items(
    items: Sequence[object], path: Path, document: Document | None
) -> Iterator[tuple[str, str]]:
    """A list of mappings, one value a line."""
    indent = "  " * len(path)
    for index, item in enumerate(items):
        for number, (key, value) in enumerate(dict(_pairs(item)).items()):
            start = f"{indent}{'  ' if number else '- '}"
            yield f"{start}{key}: {_value(value)}", origin((*path, index, key), document)


def _pairs(item: object) -> Iterator[tuple[str, object]]:
    if isinstance(item, Mapping):
        yield from item.items()


def _folders(path: Path, folders: Folders) -> str:
    if path[:1] != ("environments",) or len(path) != 2 or path[1] not in folders:  # noqa: PLR2004 - the key and the name
        return ""
    listed = [item.path or "." for item in folders[str(path[1])]]
    return f"folders: {', '.join(listed)}" if listed else "no folder"


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list):
        return f"[{', '.join(_scalar(item, flow=True) for item in value)}]"
    return _scalar(value, flow=False)


def _scalar(value: object, *, flow: bool) -> str:
    if isinstance(value, bool | int):
        return str(value).lower()
    return render(str(value), "plain", flow=flow)
