"""Reads what the runner says of the job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gitops_action.core.answers import parse_json
from gitops_action.core.inputs.values import resolve_endpoints
from gitops_action.core.outcome import Job
from gitops_action.errors import GitOpsError, Location


def read_job(environ: Mapping[str, str]) -> Job:
    """The job by the runner's variables and the event's payload; empty outside of Actions.

    Raises:
        GitOpsError: the payload is there and is not a JSON object.
    """
    endpoints = resolve_endpoints({}, environ)
    return Job(
        in_actions=environ.get("GITHUB_ACTIONS") == "true",
        repository=environ.get("GITHUB_REPOSITORY", ""),
        sha=environ.get("GITHUB_SHA", ""),
        ref=environ.get("GITHUB_REF", ""),
        event_name=environ.get("GITHUB_EVENT_NAME", ""),
        actor=environ.get("GITHUB_ACTOR", ""),
        triggering_actor=environ.get("GITHUB_TRIGGERING_ACTOR", ""),
        workflow=environ.get("GITHUB_WORKFLOW", ""),
        run_id=environ.get("GITHUB_RUN_ID", ""),
        run_attempt=environ.get("GITHUB_RUN_ATTEMPT", ""),
        server_url=endpoints.server_url,
        api_url=endpoints.api_url,
        graphql_url=endpoints.graphql_url,
        workflow_file=_file(environ.get("GITHUB_WORKFLOW_REF", "")),
        job_id=_number(environ.get("GITOPS_JOB_ID", "")),
        event=_event(environ.get("GITHUB_EVENT_PATH", "")),
    )


def _file(reference: str) -> str:
    """The path in `OWNER/NAME/.github/workflows/deploy.yml@refs/heads/main`."""
    return "/".join(reference.partition("@")[0].split("/")[2:])


def _number(text: str) -> str:
    """The job's number as `job.check_run_id` gives it; older servers give none."""
    return text if text.isascii() and text.isdigit() else ""


def _event(path: str) -> Mapping[str, object]:
    if not path or not Path(path).is_file():
        return {}
    try:
        payload: object = parse_json(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        cause = f"it is not JSON: {error}"
        raise _unreadable(path, cause) from error
    if not isinstance(payload, dict):
        raise _unreadable(path, "it is not a JSON object")
    return payload


def _unreadable(path: str, cause: str) -> GitOpsError:
    return GitOpsError(
        "The event's payload cannot be read",
        cause=cause,
        fix="let GITHUB_EVENT_PATH name the payload of the event, or unset it",
        location=Location(file=path),
    )
