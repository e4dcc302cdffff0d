"""Which commit an image was built from."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gitops_action.core.config import Application
from gitops_action.core.images import ImageSource
from gitops_action.core.images.oci import ImageFacts
from gitops_action.core.outcome import Job
from gitops_action.core.provenance import head_commit, pull_request_head, source_of

WEB = "ghcr.io/acme/web"
GIVEN = ImageSource(repository="acme/given", commit="a" * 40)
SHA, HEAD = "b" * 40, "c" * 40
JOB = Job(repository="acme/web", sha=SHA, event_name="push")
OF_JOB = ImageSource(repository="acme/web", commit=SHA)
OF_LABELS = ImageSource(repository="acme/labelled", commit="d" * 40)


def facts(source: str = "https://github.com/acme/labelled", revision: str = "d" * 40) -> ImageFacts:
    return ImageFacts(digest="sha256:x", media_type="", source=source, revision=revision)


def app(source: str | None = "acme/web", images: tuple[str, ...] = (WEB,)) -> Application:
    return Application(name="web", images=images, source=source)


@pytest.mark.parametrize(
    ("given", "told", "application", "expected"),
    [
        (GIVEN, facts(), app(), GIVEN),
        (GIVEN, None, None, GIVEN),
        (None, facts(), app(), OF_LABELS),
        (None, facts(), None, OF_LABELS),
        (None, facts(source=""), app(), OF_JOB),
        (None, facts(revision=""), app(), OF_JOB),
        (None, facts(revision="v1.2.3"), app(), OF_JOB),
        (None, facts(source="https://evil.example/acme/labelled"), app(), OF_JOB),
        (None, None, app(), OF_JOB),
        (None, None, app(source="ACME/Web"), OF_JOB),
        (None, None, app(images=()), OF_JOB),
        (None, None, app(images=("ghcr.io/acme/api",)), None),
        (None, None, app(source="acme/other"), None),
        (None, None, app(source=None), None),
        (None, None, None, None),
    ],
)
def test_the_order_of_what_counts(
    given: ImageSource | None,
    told: ImageFacts | None,
    application: Application | None,
    expected: ImageSource | None,
) -> None:
    applications = [application] if application else []
    found = source_of(WEB, given=given, facts=told, applications=applications, job=JOB)
    assert found == expected


@pytest.mark.parametrize("job", [Job(), Job(repository="acme/web"), Job(sha=SHA)])
def test_outside_of_a_job_nothing_is_known(job: Job) -> None:
    assert source_of(WEB, given=None, facts=None, applications=[app()], job=job) is None


@pytest.mark.parametrize(
    ("name", "event", "pull_request", "head"),
    [
        ("push", {}, "", SHA),
        ("push", {"pull_request": {"head": {"sha": HEAD}}}, "", SHA),
        ("pull_request", {"pull_request": {"head": {"sha": HEAD}}}, HEAD, HEAD),
        ("pull_request_target", {"pull_request": {"head": {"sha": HEAD}}}, HEAD, HEAD),
        ("pull_request_review", {"pull_request": {"head": {"sha": HEAD}}}, HEAD, HEAD),
        ("pull_request", {"pull_request": {"head": {}}}, "", SHA),
        ("pull_request", {"pull_request": "x"}, "", SHA),
        ("pull_request", {}, "", SHA),
        ("workflow_run", {"workflow_run": {"head_sha": HEAD}}, "", HEAD),
        ("workflow_run", {}, "", SHA),
        ("merge_group", {"merge_group": {"head_sha": HEAD}}, "", SHA),
    ],
)
def test_the_commit_a_job_is_about(
    name: str, event: Mapping[str, object], pull_request: str, head: str
) -> None:
    job = Job(repository="acme/web", sha=SHA, event_name=name, event=event)
    assert (pull_request_head(job), head_commit(job)) == (pull_request, head)
