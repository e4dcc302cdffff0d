"""kstatus' rules for the other built-in kinds: claim, service, definition of a kind."""

from __future__ import annotations

from gitops_action.core.health.conditions import condition
from gitops_action.core.health.model import Health, current, failed, in_progress
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import Body


def always(_body: Body) -> Health:
    """There is nothing to wait for."""
    return current("Resource is always ready")


def claim(body: Body) -> Health:
    """A PersistentVolumeClaim is current once it is bound."""
    phase = text(body, "status", "phase") or "unknown"
    if phase != "Bound":
        return in_progress("NotBound", f"PVC is not bound. Phase: {phase}")
    return current("PVC is bound")


def service(body: Body) -> Health:
    """A Service of type LoadBalancer needs a cluster address; the others need nothing."""
    balanced = text(body, "spec", "type") == "LoadBalancer"
    if balanced and not text(body, "spec", "clusterIP"):
        return in_progress("NoIPAssigned", "ClusterIP not set. Service type: LoadBalancer")
    return current("Service is ready")


def disruption_budget(_body: Body) -> Health:
    """Its controller has seen this generation, which the generic rules have checked."""
    return current("Allowed disruptions have been computed")


def definition(body: Body) -> Health:
    """A CustomResourceDefinition is established, or its names are refused."""
    names = condition(body, "NamesAccepted")
    if text(names, "status") == "False":
        return failed(text(names, "reason"), text(names, "message"))
    established = condition(body, "Established")
    status, reason = text(established, "status"), text(established, "reason")
    if status == "True":
        return current("CRD is established")
    if status == "False" and reason != "Installing":
        return failed(reason, text(established, "message"))
    return in_progress("Installing", "Install in progress")
