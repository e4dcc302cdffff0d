"""Flux's kinds, as its controllers write their status (fluxcd.io, component APIs)."""

from __future__ import annotations

from gitops_action.core.health.conditions import condition, said
from gitops_action.core.health.model import Health, current, failed, in_progress
from gitops_action.core.manifests.fields import flag, number, text
from gitops_action.core.manifests.model import Body

_SUFFIX = ".toolkit.fluxcd.io"
_STATIC = frozenset({"Alert", "Provider"})
"""Kinds that no controller writes a status to."""

NOT_LOOKED_AT = -1
"""`observedGeneration` of an object that its controller has not come to."""


def owns(group: str) -> bool:
    """Whether a group of the API is one of Flux's."""
    return group.endswith(_SUFFIX)


def assess(body: Body) -> Health:
    """Suspended, stalled, reconciling, ready; the generic rules have compared generations."""
    if flag(body, "spec", "suspend"):
        return current("Suspended: Flux leaves it alone", "Suspended")
    if text(body, "kind") in _STATIC or _plain_oci(body):
        return current("Resource is always ready")
    seen = number(body, "status", "observedGeneration")
    if seen == NOT_LOOKED_AT or (seen is None and not condition(body, "Ready")):
        return in_progress("NotObserved", "Its controller has not looked yet")
    stalled = condition(body, "Stalled")
    if text(stalled, "status") == "True":
        return failed(text(stalled, "reason"), said(stalled, "Stalled"))
    return _ready(body)


def _plain_oci(body: Body) -> bool:
    """A HelmRepository of type `oci` is only an address."""
    return text(body, "kind") == "HelmRepository" and text(body, "spec", "type") == "oci"


def _ready(body: Body) -> Health:
    found = condition(body, "Ready")
    reconciling = text(condition(body, "Reconciling"), "status") == "True"
    if text(found, "status") == "True" and not reconciling:
        return current("Resource is Ready")
    reason = text(found, "reason") or "NotReady"
    return in_progress(reason, said(found, "Not ready yet"))
