"""Whom `rollback` tells: the alarm's issue, the pull requests, the source's commit, the gate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops_action.commands.rollback.environment import NoCandidateError
from gitops_action.core.gates.decisions import RecordedComment, read_decisions
from gitops_action.errors import GitOpsError
from tests.support.bump_stage import BOT, WEB, Stage, deployment, pinned
from tests.support.rollback_stage import (
    CONFIG,
    RIGHTS,
    deployed,
    path_of,
    release,
    roll_back,
    rollback_stage,
)

SOURCE = "acme/web"
WITH_SOURCE = CONFIG.replace(
    "web: {images: [ghcr.io/acme/web]}", "web: {images: [ghcr.io/acme/web], source: acme/web}"
)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with rollback_stage(tmp_path) as made:
        yield made


def proposed(stage: Stage, version: str, by: str = "carol", state: str = "failure") -> int:
    """A person's pull request that brings a version, merged by another and deployed, in vain."""
    text = deployment(pinned(f"{WEB}:v{version}"))
    stage.repository.commit(branch="topic", files={path_of("web"): text}, author=by)
    number = stage.repository.open(head="topic", by=by).number
    stage.repository.merge(number, by="dave")
    deployed(stage, state)
    return number


def rolled_back_in_vain(stage: Stage) -> None:
    """A failure, its rollback, and the failure of that."""
    release(stage, web="1.1.0")
    release(stage, "failure", web="1.2.0")
    made = roll_back(stage, automatic=True)
    stage.repository.merge(int(made.outputs["pull-request-number"]))
    deployed(stage, "failure")


# The alarm.


def test_a_rollback_that_fails_raises_one_alarm_that_closes_itself(stage: Stage) -> None:
    release(stage, web="1.0.0")
    rolled_back_in_vain(stage)
    first = roll_back(stage, automatic=True)
    assert first.exit_code == 1
    (issue,) = stage.repository.issues()
    assert issue.title == "production: the rollback failed too"
    assert issue.author.login == BOT
    for part in ("itself a return", "GITHUB", "Last good version: `web v1.0.0`", "--to-commit "):
        assert part.replace("GITHUB", stage.forge.server_url) in issue.body
    again = roll_back(stage, automatic=True)
    assert again.exit_code == 1
    assert len(stage.repository.issues()) == 1
    assert stage.repository.comments(issue.number) == []
    release(stage, web="1.3.0")
    over = roll_back(stage, automatic=True)
    assert over.exit_code == 0
    assert issue.state == "closed"
    assert "succeeded" in stage.repository.comments(issue.number)[0]


def test_an_alarm_that_a_person_closed_stays_closed_until_something_else_fails(
    stage: Stage,
) -> None:
    rolled_back_in_vain(stage)
    roll_back(stage, automatic=True)
    (issue,) = stage.repository.issues()
    stage.repository.close_issue(issue.number, by="alice")
    roll_back(stage, automatic=True)
    assert [one.state for one in stage.repository.issues()] == ["closed"]
    stage.repository.commit(files={"production/web/settings.yaml": "# other\n"})
    deployed(stage, "failure")
    roll_back(stage, automatic=True)
    assert [one.state for one in stage.repository.issues()] == ["closed", "open"]


def test_configuration_alone_opens_an_issue_with_the_revert_and_who_changed_it(
    stage: Stage,
) -> None:
    stage.repository.commit(
        branch="topic", files={"production/web/settings.yaml": "# broken\n"}, author="carol"
    )
    number = stage.repository.open(head="topic", by="carol").number
    commit = stage.repository.merge(number, by="dave")
    deployed(stage, "failure")
    roll_back(stage, automatic=True)
    (issue,) = stage.repository.issues()
    assert f"git revert {commit[:12]}" in issue.body
    assert f"git revert -m 1 {commit[:12]}" in issue.body
    assert f"Brought by #{number}." in issue.body
    assert "@carol, @dave" in issue.body


def test_an_issue_of_another_account_with_the_same_text_is_not_taken_for_ours(
    stage: Stage,
) -> None:
    rolled_back_in_vain(stage)
    roll_back(stage, automatic=True)
    (ours,) = stage.repository.issues()
    ours.author = stage.forge.world.account("mallory")
    roll_back(stage, automatic=True)
    assert len(stage.repository.issues()) == 2


def test_without_the_right_the_run_fails_all_the_same_and_says_so(stage: Stage) -> None:
    rolled_back_in_vain(stage)
    rights = {**RIGHTS, "issues": "none"}
    outcome = roll_back(stage, automatic=True, rights=rights)
    assert outcome.exit_code == 1
    assert stage.repository.issues() == []
    assert any("no alarm was written" in notice.text for notice in outcome.notices)
    assert any("to go back: gitops-action rollback" in str(line) for line in outcome.lines)


# The pull request, its people, the source's commit.


def test_the_pull_request_that_brought_the_version_and_its_people_are_told_once(
    stage: Stage,
) -> None:
    number = proposed(stage, "1.2.0")
    made = roll_back(stage, automatic=True)
    again = roll_back(stage, automatic=True)
    assert again.outputs["pull-request-operation"] == "unchanged"
    (comment,) = stage.repository.comments(number)
    for part in (
        f"goes back by #{made.outputs['pull-request-number']}",
        "`web` `v1.2.0` → `v1.0.0`",
        "@carol, @dave",
        "hold --action remove --environment production --application web",
    ):
        assert part in comment


@pytest.mark.parametrize("afterwards", [None, "success"])
def test_an_interruption_before_people_are_notified_is_made_up_for_after_the_merge(
    stage: Stage, afterwards: str | None
) -> None:
    number = proposed(stage, "1.2.0")
    fault = stage.forge.fail("/comments", status=422, times=99)
    made = roll_back(stage, automatic=True)
    assert stage.repository.comments(number) == []
    fault.match = r"(?!)"
    stage.repository.merge(int(made.outputs["pull-request-number"]))
    if afterwards:
        deployed(stage, afterwards)
    for _ in range(2):
        roll_back(stage, automatic=True)
        (comment,) = stage.repository.comments(number)
        assert f"goes back by #{made.outputs['pull-request-number']}" in comment
        assert "`web` `v1.2.0` → `v1.0.0`" in comment


def test_other_pull_requests_are_left_alone(stage: Stage) -> None:
    stage.repository.commit(branch="docs", files={"README.md": "# other\n"}, author="erin")
    other = stage.repository.open(head="docs", by="erin").number
    stage.repository.merge(other)
    number = proposed(stage, "1.2.0")
    roll_back(stage, automatic=True)
    assert stage.repository.comments(other) == []
    assert len(stage.repository.comments(number)) == 1


def test_a_reason_in_a_comment_pings_nobody(stage: Stage) -> None:
    number = proposed(stage, "1.2.0")
    roll_back(stage, reason="@acme/sre closes #1 `x` <!-- y", actor="alice")
    (comment,) = stage.repository.comments(number)
    assert "``@acme/sre closes #1 `x` <!-- y``" in comment


def test_the_commit_of_the_source_gets_a_status_where_access_is_given(tmp_path: Path) -> None:
    with rollback_stage(tmp_path, WITH_SOURCE) as stage:
        source = stage.forge.create_repository(SOURCE, files={"main.py": "pass\n"})
        built = source.resolve("main")
        stage.registry.revisions[f"{WEB}:v1.2.0"] = built
        token = stage.forge.token(repositories=[SOURCE], permissions={"statuses": "write"})
        stage.source_token = token
        release(stage, "failure", web="1.2.0")
        made = roll_back(stage, automatic=True)
        (status,) = source.repository.statuses[built]
        assert (status.context, status.state) == ("gitops/deploy/production", "failure")
        assert status.description == "production went back to v1.0.0"
        assert status.target_url == made.outputs["pull-request-url"]
        stage.source_token = stage.forge.token(repositories=[SOURCE], permissions={})
        outcome = roll_back(stage, automatic=True)
        assert any("acme/web got no status" in notice.text for notice in outcome.notices)


# The form, and break-glass.


def decisions(stage: Stage, number: int) -> list[tuple[str, str, tuple[str, ...]]]:
    comments = [
        RecordedComment(author=BOT, body=body, created=stage.forge.world.now())
        for body in stage.repository.comments(number)
    ]
    return [(one.kind, one.login, one.images) for one in read_decisions(comments, BOT)]


def test_the_form_records_for_the_gate_who_asked(stage: Stage) -> None:
    release(stage, web="1.1.0")
    for _ in range(2):
        made = roll_back(stage, actor="alice", reason="slow")
    number = int(made.outputs["pull-request-number"])
    assert decisions(stage, number) == [("rollback", "alice", (pinned(f"{WEB}:v1.1.0"),))]


def test_automatic_rollbacks_and_apps_record_nobody(stage: Stage) -> None:
    release(stage, "failure", web="1.1.0")
    made = roll_back(stage, automatic=True)
    roll_back(stage, actor="other-app[bot]")
    assert decisions(stage, int(made.outputs["pull-request-number"])) == []


@pytest.mark.parametrize("who", [{"actor": "mallory"}, {"started_by": "mallory"}])
def test_the_form_takes_the_right_of_whoever_starts_it(stage: Stage, who: dict[str, str]) -> None:
    stage.repository.collaborator("mallory", "read")
    release(stage, web="1.1.0")
    with pytest.raises(GitOpsError, match="mallory may not ask"):
        roll_back(stage, **who)  # type: ignore[arg-type]  # a person's name
    assert stage.repository.pull_requests() == []


def test_break_glass_leaves_an_issue_that_a_person_closes(stage: Stage) -> None:
    release(stage, web="1.1.0")
    outcome = roll_back(stage, mode="commit", reason="all down @here", actor="bob")
    (issue,) = stage.repository.issues()
    assert issue.title == "Break-glass: web was rolled back in production"
    for part in ("`bob` committed", outcome.outputs["commit"][:12], "`all down @here`"):
        assert part in issue.body
    deployed(stage)
    roll_back(stage, automatic=True)
    assert issue.state == "open"


@pytest.mark.parametrize("state", ["failure", "success"])
@pytest.mark.parametrize("by", ["the same command", "deploy", "deploy that succeeds"])
def test_an_interruption_after_the_commit_of_break_glass_is_finished(
    stage: Stage, state: str, by: str
) -> None:
    number = proposed(stage, "1.2.0", state=state)
    fault = stage.forge.fail("(/comments|/issues)", status=422, times=99)
    given: dict[str, Any] = {
        "mode": "commit",
        "reason": "all down",
        "application": ("web",),
        "actor": "bob",
    }
    made = roll_back(stage, **given)
    commit = made.outputs["commit"]
    assert stage.repository.head("main") == commit
    assert stage.repository.issues() == []
    fault.match = r"(?!)"
    if by == "deploy that succeeds":
        deployed(stage)
    for _ in range(2):
        if by == "the same command":
            with pytest.raises(NoCandidateError, match="is on hold in production"):
                roll_back(stage, **given)
        else:
            roll_back(stage, automatic=True)
        (issue,) = stage.repository.issues()
        assert issue.title == "Break-glass: web was rolled back in production"
        for part in (f"`bob` committed {commit[:12]}", "`web` `v1.2.0` → `v1.0.0`", "`all down`"):
            assert part in issue.body
        (comment,) = stage.repository.comments(number)
        assert f"goes back by commit {commit[:12]}" in comment
    assert stage.repository.head("main") == commit
