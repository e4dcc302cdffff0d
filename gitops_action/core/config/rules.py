"""Rules between the keys of one part of the configuration, which no schema can say in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta

from gitops_action.core.config.convert import http_gate, whole_number, windows
from gitops_action.core.config.document import Path, written
from gitops_action.core.config.structure import Fault
from gitops_action.core.config.values import parse_duration
from gitops_action.core.json_values import items, mapping, text, texts, value

Body = Mapping[str, object]
Broken = tuple[str, str]
"""What is wrong, and its fix; both empty where the rule holds."""

_HOLDS: Broken = ("", "")
_PUSH_ALONE = frozenset({"conflicts", "drift", "ignore", "preflight"})
"""Keys that say how we apply, so that nobody expects Flux to follow them."""
_CLUSTER_KEYS = frozenset({"engine", "kustomizations", "context", "access", "status-prefix"})
_LONGEST_REQUEST = timedelta(minutes=1)
_MOST_RETRIES = 5


def broken_rules(data: object, faults: Sequence[Path]) -> list[Fault]:
    """The rules that do not hold, inner parts before those around them.

    A part with a fault inside, of the schema or of a rule, is not looked at: its values may not
    mean anything.
    """
    wrong, found = [*faults], []
    for path, body, rules in _parts(data):
        if any(one[: len(path)] == path for one in wrong):
            continue
        for rule in rules:
            reason, fix = rule(body)
            if reason:
                title = f"{written(path)}: {reason}"
                found.append(Fault(path=path, title=title, fix=fix))
                wrong.append(path)
                break
    return found


Rules = tuple[Callable[[Body], Broken], ...]


def _parts(data: object) -> Iterator[tuple[Path, Body, Rules]]:
    """The parts that have rules, inner ones first."""
    for name, environment in mapping(data, "environments").items():
        here: Path = ("environments", name)
        if gates := mapping(environment, "gates"):
            yield from _parts_of_gates((*here, "gates"), gates)
        if deploy := mapping(environment, "deploy"):
            yield from _parts_of_deploy((*here, "deploy"), deploy)


def _items(body: Body, key: str) -> Iterator[tuple[int, Body]]:
    """The mappings of a list, each with its place in it."""
    listed = value(body, key)
    for index, item in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(item, Mapping):
            yield index, item


def _parts_of_gates(here: Path, gates: Body) -> Iterator[tuple[Path, Body, Rules]]:
    for key, rule in (("windows", _one_effect), ("http", _bounded)):
        for index, body in _items(gates, key):
            yield (*here, key, index), body, (rule,)
    if value(gates, "approvals") is not None:
        yield (*here, "approvals"), mapping(gates, "approvals"), (_enough_people,)
    if value(gates, "override") is not None:
        yield (*here, "override"), mapping(gates, "override"), (_names_people,)
    yield here, gates, (_some_moment,)


def _parts_of_deploy(here: Path, deploy: Body) -> Iterator[tuple[Path, Body, Rules]]:
    for index, target in _items(deploy, "targets"):
        yield (*here, "targets", index), target, (_consistent,)
    yield (*here, "health"), mapping(deploy, "health"), (_one_rule_a_kind,)
    yield here, deploy, (_consistent, _one_form)


def _one_effect(window: Body) -> Broken:
    if (value(window, "deny") is None) == (value(window, "allow") is None):
        return "a window has either deny or allow", "keep one of them"
    if not parse_duration(text(window, "for")):
        return "a window of no length", "give `for` a length, e.g. 8h"
    return _HOLDS


def _some_moment(gates: Body) -> Broken:
    from gitops_action.core.config.windows import (  # noqa: PLC0415 - most configurations have no windows
        never_open,
    )

    if never_open(windows(gates)):
        return "the windows leave no moment to merge in", "shorten or remove one of them"
    return _HOLDS


def _enough_people(approvals: Body) -> Broken:
    named = {login.casefold() for login in texts(approvals, "users")}
    count = whole_number(approvals, "count", 1)
    if named and not texts(approvals, "teams") and count > len(named):
        return (
            f"{count} approvals are needed, and the list of users has {len(named)}",
            "name more users or a team, or lower count",
        )
    return _HOLDS


def _bounded(address: Body) -> Broken:
    asked = http_gate(address)
    if not timedelta(0) < asked.timeout <= _LONGEST_REQUEST:
        return "timeout is not between 1s and 1m", "write e.g. 10s"
    if asked.retries > _MOST_RETRIES:
        return f"more than {_MOST_RETRIES} retries", "write a lower number"
    return _HOLDS


def _names_people(override: Body) -> Broken:
    if not texts(override, "teams") and not texts(override, "users"):
        return "override names nobody", "name teams or users, or remove override"
    return _HOLDS


def _one_rule_a_kind(health: Body) -> Broken:
    kinds = [(text(rule, "group"), text(rule, "kind")) for rule in items(health, "kinds")]
    if len(kinds) != len(set(kinds)):
        return "two rules are about the same kind", "keep one rule a group and kind"
    return _HOLDS


def _consistent(cluster: Body) -> Broken:
    engine, reached = text(cluster, "engine"), text(cluster, "access") != "none"
    if engine != "flux" and texts(cluster, "kustomizations"):
        return "kustomizations need engine: flux", "set engine: flux or remove them"
    if engine == "push" and not reached:
        return "engine: push needs access to the cluster", "remove access: none"
    if reached == bool(text(cluster, "status-prefix")):
        return "access: none and status-prefix belong together", "set both, or remove both"
    return _HOLDS


def _one_form(deploy: Body) -> Broken:
    single, targets = _CLUSTER_KEYS.intersection(deploy), items(deploy, "targets")
    if targets and single:
        return (
            f"targets and {min(single)} exclude each other",
            "move everything about one cluster into its target",
        )
    if single and not text(deploy, "engine"):
        return "deploy names no engine", "set engine: push or engine: flux"
    engines = {text(deploy, "engine"), *(text(target, "engine") for target in targets)}
    pushed = sorted(_PUSH_ALONE.intersection(deploy))
    if pushed and "push" not in engines:
        return (
            f"{pushed[0]} needs engine: push",
            f"remove {pushed[0]}: Flux applies by its own settings",
        )
    names = [text(target, "name") for target in targets]
    if len(names) != len(set(names)):
        return "two targets have the same name", "give each target its own name"
    return _HOLDS
