"""Trouble that is older than the wait: what was just applied may be about to mend it.

A crash loop or a missing ConfigMap of an earlier deployment looks certain at the first glance,
while the kubelet has not yet tried again with what was applied a moment ago.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from gitops_action.core.health.conditions import moment
from gitops_action.core.health.diagnose.model import Surroundings, Verdict
from gitops_action.core.manifests.fields import items, text
from gitops_action.core.manifests.model import Body

MENDING = timedelta(seconds=60)
"""How long old trouble may go on before it counts."""

_JUST_NOW = timedelta(seconds=30)
"""Applying takes a while before the wait begins, and clocks differ."""

_FINAL = frozenset({"JobFailed"})


def counts(
    verdict: Verdict, live: Body, around: Surroundings, *, begun: datetime, now: datetime
) -> bool:
    """Whether a certain verdict is to be acted on now.

    Args:
        verdict: what `diagnose` says.
        live: the object.
        around: what surrounds it.
        begun: when the wait began.
        now: the time.
    """
    ended = text(live, "status", "phase") == "Failed" or verdict.reason in _FINAL
    if ended or now - begun >= MENDING:
        return verdict.certain
    since = _since(verdict, live, around)
    return verdict.certain and (since is None or since > begun - _JUST_NOW)


def _since(verdict: Verdict, live: Body, around: Surroundings) -> datetime | None:
    """When it began: with the pod that shows it, else with the last change of a condition."""
    if text(live, "kind") == "Job":
        return None
    for pod in around.pods:
        if verdict.pod and text(pod, "metadata", "name") == verdict.pod:
            return moment(text(pod, "metadata", "creationTimestamp"))
    if verdict.pod == text(live, "metadata", "name"):
        return moment(text(live, "metadata", "creationTimestamp"))
    times = [moment(text(one, "lastTransitionTime")) for one in items(live, "status", "conditions")]
    return max((time for time in times if time), default=None)
