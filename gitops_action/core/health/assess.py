"""The health of one object: the configuration's rules, then ours, then kstatus'."""

from __future__ import annotations

from gitops_action.core.config.deploy import KindRule
from gitops_action.core.health.generic import deletion, generation, generic
from gitops_action.core.health.kstatus import kstatus
from gitops_action.core.health.model import Facts, Health, Status, current
from gitops_action.core.health.overrides import override
from gitops_action.core.health.rules import apply_rule, rule_for
from gitops_action.core.manifests.fields import number, text
from gitops_action.core.manifests.model import Body

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
    return override(body, facts) or generic(body) or kstatus(body, facts)


def missing(desired: Body, last: Health | None) -> Health:
    """The health of an object that was applied and is not there.

    A Job with `ttlSecondsAfterFinished` is removed once it has ended (Kubernetes: TTL-after-
    finished controller): its end, as it was last seen, is its health. When the end was not seen,
    it cannot be told.

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
