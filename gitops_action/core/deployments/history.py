"""What the Deployments of an environment tell about what runs, and what was known to be good."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gitops_action.core.deploy.pending import Recorded
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.model import DeploymentFacts, DeploymentStatus
from gitops_action.core.deployments.payload import Content, read_payload

JOBS_ACCOUNT = "github-actions[bot]"
"""Who makes the Deployment of a job with `environment:`."""
_ADOPTED = re.compile(r"\bcontent (sha256:[0-9a-f]{64})\b")
_RESULTS = {"success": Result.SUCCEEDED, "failure": Result.FAILED}


def adoption(content_hash: str) -> str:
    """The description by which a job's own Deployment becomes ours: it cannot get a payload."""
    return f"gitops-action deploys content {content_hash}"


def content_of(facts: DeploymentFacts) -> Content | None:
    """What a Deployment of ours is about; None for anybody else's.

    One that GitHub made for a job has no payload: a status of ours says which content it is.
    """
    found = read_payload(facts.payload)
    if found is not None:
        return found if found.environment == facts.environment else None
    for status in facts.statuses:
        match = _ADOPTED.search(status.description)
        if match:
            return Content(environment=facts.environment, commit=facts.commit, hash=match.group(1))
    return None


def recorded_of(facts: DeploymentFacts) -> Recorded | None:
    """What it says for the next run; None where it is not ours.

    A success stays one when a later Deployment has made it inactive. What was never finished could
    not be told.
    """
    content = content_of(facts)
    if content is None:
        return None
    return Recorded(commit=content.commit, hash=content.hash, result=_result(facts.statuses))


def last_verified(history: Sequence[DeploymentFacts]) -> DeploymentFacts | None:
    """The newest of ours that was ever a success.

    Args:
        history: newest first, with all statuses: the newest status of a success that was
            superseded is `inactive`.
    """
    return next(
        (
            facts
            for facts in history
            if content_of(facts) and any(one.state == "success" for one in facts.statuses)
        ),
        None,
    )


def is_jobs_own(facts: DeploymentFacts, *, commit: str, run_url: str) -> bool:
    """Whether GitHub made it for this very job, so that it can be taken for ours.

    Such a Deployment is about the job's commit, and its first status links to the job's page.
    """
    if not run_url or facts.commit != commit or read_payload(facts.payload) is not None:
        return False
    pages = (one.log_url for one in facts.statuses)
    return facts.creator == JOBS_ACCOUNT and any(
        page == run_url or page.startswith(f"{run_url}/") for page in pages
    )


def _result(statuses: Sequence[DeploymentStatus]) -> Result:
    """The newest status that says how it ended."""
    ends = (_RESULTS[one.state] for one in statuses if one.state in _RESULTS)
    newest = statuses[0].state if statuses else ""
    if newest == "error":
        return Result.UNKNOWN
    return next(ends, Result.UNKNOWN)
