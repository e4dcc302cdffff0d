"""Git events as GitHub's runner tells them, for tests of `tag`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gitops_action.core.outcome import Job
from gitops_action.core.tags import Metadata, RepositoryFacts, TagContext, compute
from gitops_action.core.tags.compute import MetadataInputs
from gitops_action.core.tags.context import ref_of

SHA = "90dd6032fac8bda1b6c4436a2e65de27961ed071"
HEAD = "3370e228f2209994d57af4427fe64e71bb79ac96"
NOW = datetime(2020, 1, 10, 0, 30, tzinfo=UTC)
COMMITTED = datetime(2019, 12, 31, 23, 5, 7, tzinfo=UTC)
REPOSITORY: Mapping[str, Any] = {
    "name": "hello",
    "description": "Says hello",
    "html_url": "https://github.com/acme/hello",
    "default_branch": "main",
    "license": {"spdx_id": "MIT"},
}
FACTS = RepositoryFacts(
    name="hello",
    description="Says hello",
    html_url="https://github.com/acme/hello",
    default_branch="main",
    license="MIT",
)
PULL_REQUEST: Mapping[str, Any] = {
    "number": 15,
    "pull_request": {"head": {"sha": HEAD}, "base": {"ref": "main"}},
}


def job(name: str, ref: str, **event: Any) -> Job:
    """A job in acme/hello; keywords are added to the event's payload."""
    return Job(
        in_actions=True,
        repository="acme/hello",
        sha=SHA,
        ref=ref,
        event_name=name,
        event={"repository": REPOSITORY, **event},
    )


JOBS: Mapping[str, Job] = {
    "main": job("push", "refs/heads/main"),
    "dev": job("push", "refs/heads/dev"),
    "slash": job("push", "refs/heads/my/feature#1&more"),
    "v1.2.3": job("push", "refs/tags/v1.2.3", base_ref="refs/heads/main"),
    "beta": job("push", "refs/tags/v2.0.8-beta.67"),
    "build": job("push", "refs/tags/v9.5.7-alpha.2+fork.3.1"),
    "1.2.3rc2": job("push", "refs/tags/1.2.3rc2"),
    "1.0dev4": job("push", "refs/tags/1.0dev4"),
    "1.2post1": job("push", "refs/tags/1.2post1"),
    "1.2": job("push", "refs/tags/1.2"),
    "sometag": job("push", "refs/tags/sometag"),
    "date": job("push", "refs/tags/20200110-RC2"),
    "mono": job("push", "refs/tags/p1/v1.0.0"),
    "pr": job("pull_request", "refs/pull/15/merge", **PULL_REQUEST),
    "target": job("pull_request_target", "refs/heads/main", **PULL_REQUEST),
    "review": job(
        "pull_request_review", "refs/pull/15/merge", pull_request={"head": {"sha": HEAD}}
    ),
    "schedule": job("schedule", "refs/heads/main", schedule="0 3 * * *"),
    "dispatch": job("workflow_dispatch", "refs/heads/main", inputs={}),
    "dispatch-dev": job("workflow_dispatch", "refs/heads/dev", inputs={}),
    "queue": job("merge_group", "refs/heads/gh-readonly-queue/main/pr-7-abc"),
    "release": job("release", "refs/tags/v1.2.3", action="published"),
    "nothing": replace(job("push", ""), sha=""),
}


def context(name: str, **changes: Any) -> TagContext:
    """What `tag` makes of one of the jobs."""
    found = JOBS[name]
    given = TagContext(
        ref=ref_of(found),
        sha=found.sha,
        event_name=found.event_name,
        event=found.event,
        now=NOW,
        commit_date=COMMITTED,
        repository=FACTS,
    )
    return replace(given, **changes)


def metadata(event: str, tags: str = "", **inputs: Any) -> Metadata:
    """The result for one of the jobs; several lines of `tags` may be written with `;`."""
    lines = tags.replace(";", "\n")
    return compute(MetadataInputs(tags=lines, **inputs), context(event))


def names(event: str, tags: str = "", flavor: str = "") -> list[str]:
    """The tags alone."""
    return list(metadata(event, tags, flavor=flavor.replace(";", "\n")).tag_names)
