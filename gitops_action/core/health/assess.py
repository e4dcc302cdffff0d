"""The health of one object: the configuration's rules, then ours, then kstatus'."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.core.config.expressions import ExpressionError, expression_holds
from gitops_action.core.config.resolved import KindRule
from gitops_action.core.health.kstatus import deletion, generation, kstatus
from gitops_action.core.health.model import (
    Facts,
    Health,
    Status,
    current,
    failed,
    group_of,
    in_progress,
)
from gitops_action.core.health.overrides import override
from gitops_action.core.manifests.fields import number, text
from gitops_action.core.manifests.model import Body

# Health of custom kinds by CEL expressions of the configuration (`deploy.health.kinds`).

_FIELDS = ("apiVersion", "kind")
_PARTS = ("metadata", "spec", "status", "data")


def rule_for(body: Body, rules: tuple[KindRule, ...]) -> KindRule | None:
    """The first rule for the object's kind."""
    if not rules:
        return None
    key = (group_of(body), text(body, "kind"))
    return next((rule for rule in rules if (rule.group, rule.kind) == key), None)


def apply_rule(rule: KindRule, body: Body) -> Health:
    """The health that the rule gives; an expression that fails is in progress, and says why."""
    for expression, tell, word in (
        (rule.in_progress, in_progress, "in progress"),
        (rule.failed, failed, "failed"),
        (rule.current, lambda _reason, message: current(message), "current"),
    ):
        if not expression:
            continue
        try:
            holds = expression_holds(expression, _variables(body))
        except ExpressionError as error:
            return in_progress("ExpressionFailed", f"The {word} expression: {error}")
        if holds:
            return tell("HealthExpression", f"The {word} expression of the configuration holds")
    return in_progress("HealthExpression", "No expression of the configuration holds yet")


def _variables(body: Body) -> dict[str, object]:
    """The object's fields; the usual parts are there, if empty, so that `has()` can be asked."""
    found: dict[str, object] = {name: text(body, name) for name in _FIELDS}
    for name in _PARTS:
        part = body.get(name)
        found[name] = part if isinstance(part, Mapping) else {}
    return {**dict(body), **found, "object": {**dict(body), **found}}


WAIT_ANNOTATION = "gitops-action/wait"
IGNORED = "Ignored"
"""Reason of an object that is not waited for, whatever its status."""


def assess(body: Body, facts: Facts, rules: tuple[KindRule, ...] = ()) -> Health:
    """The health of an object as it was read from the cluster, status included.

    Args:
        body: the live object.
        facts: the time, and what storage classes do.
        rules: expressions of the configuration for custom kinds; they replace the others.
    """
    if text(body, "metadata", "annotations", WAIT_ANNOTATION) == "ignore":
        found = _assess(body, facts, rules)
        return current(f"Not waited for ({WAIT_ANNOTATION}: ignore): {found.message}", IGNORED)
    return _assess(body, facts, rules)


def _assess(body: Body, facts: Facts, rules: tuple[KindRule, ...]) -> Health:
    rule = rule_for(body, rules)
    if rule:
        return deletion(body) or generation(body) or apply_rule(rule, body)
    first = deletion(body) or generation(body)
    if first:
        return first
    return override(body, facts) or kstatus(body, facts)


def missing(desired: Body, last: Health | None) -> Health:
    """The health of an object that was applied and is not there.

    A Job with `ttlSecondsAfterFinished` is removed once it has ended (Kubernetes: TTL-after-
    finished controller): its end, as it was last seen, is its health. When the end was not seen,
    it cannot be determined.

    Args:
        desired: the object as it was applied.
        last: its health when it was last seen by this run.
    """
    name = text(desired, "metadata", "name")
    ttl = number(desired, "spec", "ttlSecondsAfterFinished")
    if text(desired, "kind") == "Job" and ttl is not None:
        if last and last.status in {Status.CURRENT, Status.FAILED}:
            return last
        return Health(
            status=Status.UNKNOWN,
            reason="RemovedUnseen",
            message=f"Job {name} was removed {ttl} s after its end, before that was seen",
        )
    return Health(status=Status.NOT_FOUND, reason="NotFound", message="It is not in the cluster")
