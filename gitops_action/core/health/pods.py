"""kstatus' rules for what runs once or by itself: Pod and Job."""

from __future__ import annotations

from datetime import datetime, timedelta

from gitops_action.core.health.conditions import condition, condition_status, count, moment
from gitops_action.core.health.model import Facts, Health, current, failed, in_progress
from gitops_action.core.manifests.fields import flag, items, text
from gitops_action.core.manifests.model import Body

SCHEDULE_WINDOW = timedelta(seconds=15)
"""How long kstatus lets a pod be unschedulable before it calls that failed."""


def pod(body: Body, facts: Facts) -> Health:
    """A pod that ran to its end is current for kstatus, whichever end that was."""
    phase = text(body, "status", "phase")
    if phase == "Succeeded":
        return current("Pod has completed successfully")
    if phase == "Failed":
        return current("Pod has completed, but not successfully")
    if phase == "Running":
        return _running(body)
    if phase == "Pending":
        return _pending(body, facts.now)
    return in_progress("PodNotObserved", "Pod phase not available")


def _running(body: Body) -> Health:
    if condition_status(body, "Ready") == "True":
        return current("Pod is Ready")
    looping = [
        text(container, "name")
        for container in items(body, "status", "containerStatuses")
        if text(container, "state", "waiting", "reason") == "CrashLoopBackOff"
    ]
    if looping:
        return failed("ContainerCrashLooping", f"Containers that crash: {', '.join(looping)}")
    return in_progress("PodRunningNotReady", "Pod is running but is not Ready")


def _pending(body: Body, now: datetime) -> Health:
    scheduled = condition(body, "PodScheduled")
    if text(scheduled, "status") != "False" or text(scheduled, "reason") != "Unschedulable":
        return in_progress("PodPending", "Pod is in the Pending phase")
    created = moment(text(body, "metadata", "creationTimestamp"))
    if created is not None and now - created < SCHEDULE_WINDOW:
        return in_progress("PodNotScheduled", "Pod has not been scheduled")
    return failed("PodUnschedulable", text(scheduled, "message") or "Pod could not be scheduled")


def job(body: Body) -> Health:
    """Complete, failed, suspended; started is current for kstatus."""
    ended = job_end(body)
    if ended:
        return ended
    if flag(body, "spec", "suspend") and condition_status(body, "Suspended") == "True":
        return current("Job is suspended")
    if not text(body, "status", "startTime"):
        return in_progress("JobNotStarted", "Job not started")
    return current(f"Job in progress. {_tally(body)}")


def job_end(body: Body) -> Health | None:
    """How a Job ended, or None while it has not."""
    if condition_status(body, "Complete") == "True":
        return current(f"Job completed. {_tally(body)}")
    ended = condition(body, "Failed")
    if text(ended, "status") == "True":
        why = text(ended, "message") or text(ended, "reason")
        return failed("JobFailed", f"Job failed{f': {why}' if why else ''}. {_tally(body)}")
    return None


def _tally(body: Body) -> str:
    parts = ("succeeded", "active", "failed")
    return ", ".join(f"{part}: {count(body, 'status', part)}" for part in parts)
