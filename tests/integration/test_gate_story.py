"""The gate on a real forge: one pull request from waiting to merged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from gitops_action.core.gates.decisions import Decision, write_decision
from gitops_action.errors import UsageError
from tests.support.gate_forge import NEW, REPOSITORY, GateStage, codes, config, gate_stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[GateStage]:
    with gate_stage(tmp_path) as made:
        yield made


def test_a_bump_whose_gates_are_open_is_published_and_merged(stage: GateStage) -> None:
    number = stage.bump()
    outcome = stage.gate()
    assert outcome.exit_code == 0, outcome.notices
    assert stage.ready(number) == ("success", "ready: 2 of 2 gates")
    assert stage.merged(number)
    assert outcome.outputs["merged"] == f"[{number}]"
    assert (
        NEW in stage.repository.read("main", "environments/production/kustomization.yaml").decode()
    )
    assert "production ready" in stage.comment(number)


def test_a_base_that_is_not_there_is_named(stage: GateStage) -> None:
    with pytest.raises(UsageError, match="has no branch `gone`"):
        stage.gate(base="gone")


def test_an_approval_is_waited_for(stage: GateStage) -> None:
    stage.configure(config(production="merge: auto\ngates: {approvals: {count: 1}}"))
    number = stage.bump()
    outcome = stage.gate()
    assert (stage.merged(number), codes(outcome)) == (False, ["approvals-missing"])
    assert stage.ready(number) == ("pending", "waiting: 0 of 1 approval")
    stage.approve(number)
    outcome = stage.gate()
    assert (stage.merged(number), codes(outcome)) == (True, [])


@pytest.mark.parametrize(
    ("by", "merges"),
    [
        ("gate", False),
        ("alice", True),  # a person's text that looks like a record
        ("job", True),  # every workflow of the repository has this account
    ],
)
def test_only_the_gates_own_comment_records_a_decision(
    stage: GateStage,
    by: str,
    merges: bool,
) -> None:
    number = stage.bump()
    decision = Decision(kind="merge-off", login="dora", person=7, at=datetime.now(UTC))
    say(stage, number, by, write_decision(decision))
    stage.gate()
    assert stage.merged(number) is merges


def test_with_the_job_s_own_token_no_comment_records_a_decision(stage: GateStage) -> None:
    """A workflow of the pull request could have written it."""
    number = stage.bump()
    rights = ("contents", "pull_requests", "statuses", "issues")
    reads = ("deployments", "checks", "actions", "packages", "metadata")
    given = {**dict.fromkeys(rights, "write"), **dict.fromkeys(reads, "read")}
    token = stage.forge.token(kind="job", home=REPOSITORY, permissions=given)
    decision = Decision(kind="merge-off", login="dora", person=7, at=datetime.now(UTC))
    say(stage, number, "job", write_decision(decision))
    stage.gate(token=token)
    assert stage.merged(number)


def test_a_decision_behind_many_comments_is_read(stage: GateStage) -> None:
    number = stage.bump()
    for text in range(25):
        say(stage, number, "alice", f"comment {text}")
    decision = Decision(kind="merge-off", login="dora", person=7, at=datetime.now(UTC))
    say(stage, number, "gate", write_decision(decision))
    stage.gate()
    assert not stage.merged(number)


def say(stage: GateStage, number: int, by: str, body: str) -> None:
    """Comment as the gate's App, as a person, or with the job's own token."""
    rights = {"pull_requests": "write", "issues": "write", "metadata": "read"}
    token = {
        "gate": lambda: stage.token,
        "alice": lambda: stage.forge.token(
            kind="pat", login="alice", repositories=[REPOSITORY], permissions=rights
        ),
        "job": lambda: stage.forge.token(kind="job", home=REPOSITORY, permissions=rights),
    }[by]()
    answer = requests.post(
        f"{stage.forge.api_url}/repos/{REPOSITORY}/issues/{number}/comments",
        json={"body": body},
        headers={"Authorization": f"Bearer {token}"},
        timeout=20,
    )
    assert answer.status_code == 201, answer.text
