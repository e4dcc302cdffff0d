"""kstatus' rules that hold for every kind: deletion, generation, standard conditions, `Ready`."""

from __future__ import annotations

from gitops_action.core.health.conditions import condition, said
from gitops_action.core.health.model import Health, Status, current, failed, in_progress
from gitops_action.core.manifests.fields import items, number, text, value
from gitops_action.core.manifests.model import Body


def generic(body: Body) -> Health | None:
    """What can be told before looking at the kind; None when it is the kind's rules' turn."""
    return deletion(body) or generation(body) or _standard(body)


def deletion(body: Body) -> Health | None:
    """An object on its way out never becomes current; its finalizers say what it waits for."""
    if not text(body, "metadata", "deletionTimestamp"):
        return None
    found = value(body, "metadata", "finalizers")
    finalizers = [str(name) for name in found] if isinstance(found, list) else []
    waits = f"; waits for the finalizers {', '.join(finalizers)}" if finalizers else ""
    return Health(status=Status.TERMINATING, reason="Terminating", message=f"Being deleted{waits}")


def generation(body: Body) -> Health | None:
    """A status of an earlier generation says nothing about this one."""
    wanted = number(body, "metadata", "generation")
    seen = number(body, "status", "observedGeneration")
    if wanted is None or seen is None or wanted == seen:
        return None
    kind = text(body, "kind")
    return in_progress(
        "LatestGenerationNotObserved",
        f"{kind} generation is {wanted}, but its controller has seen {seen}",
    )


def _standard(body: Body) -> Health | None:
    for found in items(body, "status", "conditions"):
        if found.get("status") != "True":
            continue
        reason, message = text(found, "reason"), text(found, "message")
        if found.get("type") == "Reconciling":
            return in_progress(reason, message)
        if found.get("type") == "Stalled":
            return failed(reason, message)
    return None


def ready(body: Body) -> Health:
    """The rule for kinds without rules: the `Ready` condition, or current without one."""
    found = condition(body, "Ready")
    status = text(found, "status")
    if not status:
        return current("Resource is current")
    if status == "True":
        return current("Resource is Ready")
    return in_progress(text(found, "reason") or "NotReady", said(found, "Not ready yet"))
