"""What is read of the job."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gitops_action.adapters.workflow import read_job
from gitops_action.errors import GitOpsError


def test_outside_of_actions_everything_is_empty() -> None:
    job = read_job({})
    assert (job.in_actions, job.repository, job.event, job.run_url) == (False, "", {}, "")
    assert job.api_url == "https://api.github.com"


def test_the_runners_variables_and_the_payload(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text(json.dumps({"ref": "refs/tags/v1"}))
    job = read_job(
        {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": "acme/web",
            "GITHUB_SHA": "a" * 40,
            "GITHUB_REF": "refs/tags/v1",
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_ACTOR": "alice",
            "GITHUB_WORKFLOW": "release",
            "GITHUB_RUN_ID": "7",
            "GITHUB_RUN_ATTEMPT": "2",
            "GITHUB_SERVER_URL": "https://ghe.example",
            "GITHUB_API_URL": "https://ghe.example/api/v3",
            "GITHUB_EVENT_PATH": str(path),
        }
    )
    assert job.in_actions
    assert job.event == {"ref": "refs/tags/v1"}
    assert job.run_url == "https://ghe.example/acme/web/actions/runs/7"
    assert job.graphql_url == "https://ghe.example/api/graphql"
    assert (job.actor, job.run_attempt, job.event_name) == ("alice", "2", "push")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe"])
def test_a_broken_payload_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "event.json"
    path.write_bytes(content)
    with pytest.raises(GitOpsError, match="payload") as caught:
        read_job({"GITHUB_EVENT_PATH": str(path)})
    assert caught.value.location is not None
    assert caught.value.location.file == str(path)


def test_a_payload_that_is_not_there_is_no_event(tmp_path: Path) -> None:
    assert read_job({"GITHUB_EVENT_PATH": str(tmp_path / "gone")}).event == {}
