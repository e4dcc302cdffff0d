"""Which commit of which application repository an image was built from."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_action.core.config import Application
from gitops_action.core.images import ImageSource, image_source
from gitops_action.core.images.oci import ImageFacts
from gitops_action.core.json_values import text
from gitops_action.core.outcome import Job


def source_of(
    repository: str,
    *,
    given: ImageSource | None,
    facts: ImageFacts | None,
    applications: Sequence[Application],
    job: Job,
) -> ImageSource | None:
    """The source of the image `repository`, in the order the `source` input documents.

    What was given; what the image's labels say; the job's own head commit when the job runs in
    the repository that the configuration names as the application's source; else unknown.
    """
    labelled = image_source(facts, server_url=job.server_url) if facts else None
    if given or labelled:
        return given or labelled
    owners = {app.source.lower() for app in applications if app.source and _has(app, repository)}
    head = head_commit(job)
    if job.repository.lower() in owners and head:
        return ImageSource(repository=job.repository, commit=head)
    return None


def _has(application: Application, repository: str) -> bool:
    return not application.images or repository in application.images


def head_commit(job: Job) -> str:
    """The commit the job is about, which is not always the one it runs on.

    A pull request's job runs on a merge commit, and one that follows another workflow's run
    (`workflow_run`) on the tip of the default branch.
    """
    triggering = job.event_name == "workflow_run" and text(job.event, "workflow_run", "head_sha")
    return pull_request_head(job) or triggering or job.sha


def pull_request_head(job: Job) -> str:
    """The head of the pull request whose event started the job; empty for other events."""
    if not job.event_name.startswith("pull_request"):
        return ""
    return text(job.event, "pull_request", "head", "sha")
