"""Conventions by which controllers of custom kinds write their status.

A convention is no certainty: what it finds is in progress, and the time decides. Only the rules of
known kinds (`known_kinds.py`) and of the configuration call a custom kind failed before that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

from gitops_action.core.health.model import (
    Facts,
    Health,
    current,
    group_of,
    in_progress,
    moment,
    said,
)
from gitops_action.core.manifests.fields import annotations as annotations_of
from gitops_action.core.manifests.fields import flag, items, mapping, number, text, value
from gitops_action.core.manifests.model import Body
from gitops_action.core.pattern import pattern

GRACE = timedelta(seconds=30)
"""How long a new object may have no status where its kind has a status subresource."""

NO_STATUS = "NoStatusYet"
"""Reason of an object within that time: time alone changes its health."""

BUILT_IN = frozenset(
    {
        "",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "extensions",
        "flowcontrol.apiserver.k8s.io",
        "internal.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
        "storagemigration.k8s.io",
    }
)
"""Groups that the API server itself serves: their kinds have rules of their own."""

POSITIVE = frozenset(
    {
        "Accepted",
        "Admitted",
        "Advertised",
        "Applied",
        "Available",
        "Complete",
        "Compliant",
        "Configured",
        "Deployed",
        "Discoverable",
        "Established",
        "FullyApplied",
        "Healthy",
        "Initialized",
        "Installed",
        "Programmed",
        "Promoted",
        "Provisioned",
        "Reconciled",
        "ResolvedRefs",
        "Scheduled",
        "Succeeded",
        "Successful",
        "Synced",
        "Synchronized",
        "Valid",
    }
)
"""Conditions that are `True` when all is well (Kubernetes API conventions, "normal-true")."""

_POSITIVE_ENDS = (
    "Available",
    "Healthy",
    "Ready",
    "ReconcileSuccess",
    "Succeeded",
    "Synced",
    "Synchronized",
    "UpToDate",
)

_NEGATIVE = frozenset(
    {"Conflict", "Degraded", "HasErrors", "In-progress", "InProgress", "Invalid", "Orphan"}
)
"""Conditions that are `True` when something is wrong or not finished ("abnormal-true")."""

_NEGATIVE_ENDS = ("Error", "ErrorOccurred", "Failed", "Failing", "Failure", "NotReady")

_SUSPENDED = ("suspend", "suspended", "paused")
_STATE_KEY = pattern(
    r"(?!last(?!operation)|previous)(\w*[a-z])?(phase|state|status|health)", re.IGNORECASE
)
"""Fields that name a state; what happened last, such as `lastBackupStatus`, is none."""

_INNER_STATES = frozenset({"health", "phase", "state", "status"})
_HOLDERS = ("parents", "ancestors", "listeners", "ingress")
"""Lists in a status whose items have conditions of their own (Gateway API, OpenShift Route)."""

_WORD = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_WRONG = pattern(
    r"fail(ed|ure|ing)?|err(or|ored|ors)?|degraded|unhealthy|invalid|rejected|aborted|lost|red"
    r"|broken|crash(ed|ing|loop)?|denied|conflict|expired|warn(ing)?|cancel(l?ed)|inconclusive"
)
_UNDER_WAY = pattern(r"pending|waiting|progress|queued|new|scheduled|yellow|unknown|unready|\w+ing")
_NOT = frozenset({"available", "deployed", "found", "healthy", "ready", "reconciled", "running"})
"""Words that mean work under way after a `not`."""
_NO_PROGRESS = frozenset(
    {
        "existing",
        "listening",
        "missing",
        "monitoring",
        "nothing",
        "operating",
        "running",
        "serving",
        "streaming",
        "working",
    }
)
"""Words in -ing that name no progress."""


def convention(body: Body, *, conditions_only: bool = False) -> Health | None:
    """What a custom object's status says by convention; None when it says nothing unusual.

    Args:
        body: the live object.
        conditions_only: the rule of its kind reads the words and numbers of its status.
    """
    if group_of(body) in BUILT_IN:
        return None
    rules = _CONDITIONS if conditions_only else (*_CONDITIONS, *_WORDS_AND_NUMBERS)
    return next((health for rule in rules if (health := rule(body))), None)


def suspended(body: Body) -> Health | None:
    """An object that its description switches off is as far as it gets."""
    for name in _SUSPENDED:
        if flag(body, "spec", name):
            return current(f"Suspended by spec.{name}", "Suspended")
    for key, found in annotations_of(body).items():
        if key.rpartition("/")[2] in _SUSPENDED and found.lower() == "true":
            return current(f"Suspended by the annotation {key}", "Suspended")
    return None


def no_status(body: Body, facts: Facts) -> Health | None:
    """A new object whose controller has had no time to write a status.

    Only kinds with a status subresource wait, and only for `GRACE` after the object was created:
    not every such kind has a controller.
    """
    group = group_of(body)
    if group in BUILT_IN or any(mapping(body, "status").values()):
        return None
    kind = (group, text(body, "kind"))
    if facts.reporting is not None and kind not in facts.reporting:
        return None
    created = moment(text(body, "metadata", "creationTimestamp"))
    if created is not None and facts.now - created >= GRACE:
        return None
    return in_progress(NO_STATUS, "Its controller has not written a status yet")


def condition_lists(body: Body) -> Iterator[Body]:
    """Everything in a status that may hold `conditions`: itself and the items of known lists."""
    status = mapping(body, "status")
    yield status
    yield mapping(status, "conditionedStatus")
    for name in _HOLDERS:
        yield from _fresh(items(status, name), number(body, "metadata", "generation"))


def _fresh(holders: tuple[Body, ...], generation: int | None) -> tuple[Body, ...]:
    """Those that are about this generation; all of them while none is."""
    fresh = tuple(
        holder
        for holder in holders
        if not any(stale(found, generation) for found in items(holder, "conditions"))
    )
    return fresh or holders


def stale(found: Body, generation: int | None) -> bool:
    """Whether a condition is about an earlier generation of its object."""
    seen = number(found, "observedGeneration")
    return seen is not None and generation is not None and seen < generation


def _stated_generation(body: Body) -> Health | None:
    """Some controllers write `observedGeneration` as text."""
    seen = value(body, "status", "observedGeneration")
    requested = number(body, "metadata", "generation")
    if not isinstance(seen, str) or not seen.isdecimal() or requested is None:
        return None
    if int(seen) >= requested:
        return None
    return in_progress(
        "LatestGenerationNotObserved", f"Its controller has seen generation {seen}, not {requested}"
    )


def _stated_error(body: Body) -> Health | None:
    """An error that the status names outside of conditions."""
    for name in ("error", "errorMessage", "failureMessage", "failureReason"):
        found = value(body, "status", name)
        message = text(found, "message") if isinstance(found, dict) else found
        if isinstance(message, str) and message:
            return in_progress("Error", message)
    return None


def _state_words(body: Body) -> Health | None:
    """The words in `status.phase`, `status.state` and the like."""
    wrong = under_way = None
    for key, word in _states(mapping(body, "status")):
        parts = {part.lower() for part in _WORD.findall(word)}
        if any(_WRONG.fullmatch(part) for part in parts):
            wrong = wrong or in_progress(_reason(word), _state_sentence(body, key, word))
        elif _is_under_way(parts):
            under_way = under_way or in_progress(_reason(word), _state_sentence(body, key, word))
    return wrong or under_way


def _is_under_way(parts: set[str]) -> bool:
    if "not" in parts and parts & _NOT:
        return True
    return any(_UNDER_WAY.fullmatch(part) for part in parts - _NO_PROGRESS)


def _states(status: Body) -> Iterator[tuple[str, str]]:
    """Texts of a status that name a state, with their keys; one level down as well."""
    for key, found in status.items():
        if isinstance(found, str) and found and _STATE_KEY.fullmatch(key):
            yield key, found
        elif isinstance(found, dict):
            for inner, word in found.items():
                if isinstance(word, str) and word and inner in _INNER_STATES:
                    yield f"{key}.{inner}", word


def _reason(word: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.findall(r"[A-Za-z0-9]+", word))[:60]


def _state_sentence(body: Body, key: str, word: str) -> str:
    more = text(body, "status", "message") or text(body, "status", "reason")
    return f"status.{key} is {word}" + (f": {more}" if more else "")


def _conditions(body: Body) -> Health | None:
    generation = number(body, "metadata", "generation")
    scaled_down = number(body, "spec", "replicas") == 0
    for holder in condition_lists(body):
        conditions = items(holder, "conditions")
        summed_up = any(found.get("type") == "Ready" for found in conditions)
        for found in conditions:
            if scaled_down and found.get("type") == "Available":
                continue
            health = _one_condition(found, generation, summed_up=summed_up)
            if health:
                return health
    return None


def _one_condition(found: Body, generation: int | None, *, summed_up: bool) -> Health | None:
    """What one condition says.

    Args:
        found: the condition.
        generation: of its object.
        summed_up: a `Ready` stands beside it: conditions whose names merely end like well-known
            ones are its details then.
    """
    kind, status = text(found, "type"), text(found, "status")
    if text(found, "severity") == "Info":
        return None
    reason = text(found, "reason") or kind
    if kind in _NEGATIVE or kind.endswith(_NEGATIVE_ENDS):
        return in_progress(reason, said(found, f"{kind} is true")) if status == "True" else None
    known = kind == "Ready" or kind in POSITIVE
    if not known and (summed_up or not kind.endswith(_POSITIVE_ENDS)):
        return None
    if status == "False" or (known and status == "Unknown"):
        reason = text(found, "reason") or f"Not{kind}"
        return in_progress(reason, said(found, f"{kind} is {status.lower()}"))
    if stale(found, generation):
        return in_progress("LatestGenerationNotObserved", f"{kind} is about an earlier generation")
    return None


def _flags(body: Body) -> Health | None:
    """Booleans by which a status says that it is not ready."""
    for name in ("ready", "readyToUse", "healthy"):
        if flag(body, "status", name) is False:
            return in_progress("NotReady", f"status.{name} is false")
    return None


def _replicas(body: Body) -> Health | None:
    """Fewer ready replicas than described."""
    described = number(body, "spec", "replicas")
    requested = number(body, "status", "replicas") if described is None else described
    ready = number(body, "status", "readyReplicas")
    if requested is None or ready is None or ready >= requested:
        return None
    return in_progress("LessReady", f"Ready: {ready}/{requested}")


_CONDITIONS: tuple[Callable[[Body], Health | None], ...] = (
    suspended,
    _stated_generation,
    _stated_error,
    _conditions,
)
_WORDS_AND_NUMBERS: tuple[Callable[[Body], Health | None], ...] = (
    _state_words,
    _flags,
    _replicas,
)
