"""What is read from an event's payload."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gitops_action.core.tags.context import commit_date_of, ref_of, repository_facts_of
from tests.support.tag_events import FACTS, JOBS, SHA, job

LATER = "2020-01-10T02:30:00+02:00"


@pytest.mark.parametrize(
    ("event", "ref"),
    [
        ("main", "refs/heads/main"),
        ("v1.2.3", "refs/tags/v1.2.3"),
        ("pr", "refs/pull/15/merge"),
        ("target", "refs/pull/15/merge"),
        ("queue", "refs/heads/gh-readonly-queue/main/pr-7-abc"),
    ],
)
def test_the_ref(event: str, ref: str) -> None:
    assert ref_of(JOBS[event]) == ref


def test_pull_request_target_without_a_number_keeps_its_ref() -> None:
    assert ref_of(job("pull_request_target", "refs/heads/main")) == "refs/heads/main"


def test_repository_facts() -> None:
    assert repository_facts_of(JOBS["main"]) == FACTS


@pytest.mark.parametrize("repository", [None, "acme/hello", {}, {"full_name": "acme/hello"}])
def test_a_payload_without_the_repository_s_facts(repository: object) -> None:
    found = replace(JOBS["schedule"], event={"repository": repository})
    assert repository_facts_of(found) is None


@pytest.mark.parametrize("license_", [None, {}, {"spdx_id": None}, "MIT"])
def test_a_repository_without_a_known_license(license_: object) -> None:
    payload = {"html_url": "https://github.com/acme/hello", "license": license_}
    found = repository_facts_of(job("push", "refs/heads/main", repository=payload))
    assert found is not None
    assert (found.license, found.description) == ("", "")


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"head_commit": {"id": SHA, "timestamp": LATER}}, True),
        ({"commits": [{"id": "x"}, {"id": SHA, "timestamp": LATER}]}, True),
        ({"commits": [{"id": SHA, "timestamp": LATER}], "head_commit": {"id": "x"}}, True),
        ({"head_commit": {"id": "other", "timestamp": LATER}}, False),
        ({"head_commit": {"id": SHA, "timestamp": "yesterday"}}, False),
        ({"head_commit": {"id": SHA}}, False),
        ({"head_commit": None, "commits": None}, False),
        ({"commits": ["x"]}, False),
        ({}, False),
    ],
)
def test_the_commit_s_date(event: dict[str, object], expected: bool) -> None:
    found = commit_date_of(job("push", "refs/heads/main", **event), SHA)
    assert found == (datetime(2020, 1, 10, 0, 30, tzinfo=UTC) if expected else None)


def test_a_date_without_a_zone_is_utc() -> None:
    event = {"id": SHA, "timestamp": "2020-01-10T00:30:00"}
    found = commit_date_of(job("push", "refs/heads/main", head_commit=event), SHA)
    assert found == datetime(2020, 1, 10, 0, 30, tzinfo=UTC)


def test_no_commit_has_no_date() -> None:
    event = {"id": "", "timestamp": LATER}
    assert commit_date_of(job("push", "refs/heads/main", head_commit=event), "") is None
