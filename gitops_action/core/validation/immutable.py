"""Changes that an API server refuses because the field was settled when the object was made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitops_action.core.manifests import Manifest, ObjectId, fields
from gitops_action.core.validation.immutable_rules import RULES, Rule
from gitops_action.core.validation.problem import ObjectProblem, written

RECREATE = "gitops-action/recreate"
_ALLOWED = (
    (RECREATE, "allowed"),
    ("kustomize.toolkit.fluxcd.io/force", "enabled"),
)
"""Annotations that let an object be deleted and made anew: ours, and Flux's
("Kustomization", `kustomize.toolkit.fluxcd.io/force: enabled`)."""


def immutable_changes(
    before: Sequence[Manifest], after: Sequence[Manifest]
) -> tuple[ObjectProblem, ...]:
    """One problem for each settled field that changes, in the order of `after`.

    Objects that an annotation allows to be made anew are left out (see `recreated`), unless what
    would be lost with them cannot be brought back.
    """
    return tuple(
        _problem(manifest, rule)
        for manifest, rule in _broken(before, after)
        if rule.loses or not may_recreate(manifest)
    )


def recreated(before: Sequence[Manifest], after: Sequence[Manifest]) -> tuple[ObjectId, ...]:
    """The objects that a deployment will delete and make anew, as their annotations allow."""
    found = {
        manifest.id: None
        for manifest, rule in _broken(before, after)
        if not rule.loses and may_recreate(manifest)
    }
    return tuple(found)


def may_recreate(manifest: Manifest) -> bool:
    """Whether an annotation allows to delete the object and to make it anew."""
    found = fields.annotations(manifest.body)
    return any(found.get(key, "").lower() == value for key, value in _ALLOWED)


def _broken(
    before: Sequence[Manifest], after: Sequence[Manifest]
) -> Iterator[tuple[Manifest, Rule]]:
    old = {manifest.id: manifest for manifest in before}
    for manifest in after:
        rules = RULES.get((manifest.id.group, manifest.id.kind), ())
        was = old.get(manifest.id) if rules else None
        if was is not None:
            yield from ((manifest, rule) for rule in rules if rule.differs(was.body, manifest.body))


def _problem(manifest: Manifest, rule: Rule) -> ObjectProblem:
    path = written(rule.steps)
    again = (
        f"give the new one another name: recreating it loses {rule.loses}"
        if rule.loses
        else f"put it back, give the object another name, or annotate it `{RECREATE}: allowed`"
    )
    return ObjectProblem(
        f"{manifest.id}: {path} cannot be changed",
        manifest=manifest,
        steps=rule.steps,
        cause="the API settles this field when the object is created",
        fix=again,
    )
