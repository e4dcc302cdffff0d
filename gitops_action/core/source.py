"""Which commit of which application repository an image was built from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gitops_action.core.config import Application
from gitops_action.core.images import ImageSource, image_source
from gitops_action.core.job import Job
from gitops_action.core.registry import ImageFacts

_PULL_REQUEST_EVENTS = ("pull_request", "pull_request_target")


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
    """The commit the job is about: a pull request's head, not the merge commit it runs on."""
    pull_request = job.event.get("pull_request")
    if job.event_name in _PULL_REQUEST_EVENTS and isinstance(pull_request, Mapping):
        head = pull_request.get("head")
        if isinstance(head, Mapping):
            return str(head.get("sha") or job.sha)
    return job.sha
