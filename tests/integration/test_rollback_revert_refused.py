"""The revert of a whole change: where it is not proposed, or not again, and what it says then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_action.commands.rollback.edit import NotEditableError
from gitops_action.core.deployments.payload import RecordContent
from tests.support.bump_stage import API, WEB, Stage, deployment
from tests.support.rollback_stage import decided, decisions, deploy, record, roll_back
from tests.support.shared_folder import (
    BRANCH,
    FILES,
    GOOD,
    OWN,
    SETTINGS,
    described,
    fail,
    pull,
    settings,
    shared_folder_stage,
)

HOLD = "environment: production\nreason: quiet\nauthor: alice\nsince: 2026-11-01T00:00:00Z\n"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with shared_folder_stage(tmp_path) as made:
        yield made


def test_one_that_a_person_closed_is_not_opened_again_by_itself(stage: Stage) -> None:
    fail(stage)
    assert decided(stage) == "not-editable"
    first = pull(stage).number
    stage.repository.close(first, by="alice")
    again = roll_back(stage, automatic=True)
    assert (decisions(again)["production"], again.exit_code) == ("declined", 0)
    assert any(f"@alice closed #{first}" in line for line in again.lines)
    assert [one.number for one in stage.repository.pull_requests()] == [first]
    roll_back(stage, application=("web",), reason="after all")
    assert pull(stage).number != first


def test_a_branch_with_a_person_s_commits_stops_neither_the_alarm_nor_other_environments(
    stage: Stage,
) -> None:
    good = str(stage.repository.resolve("main"))
    fail(stage)
    failed = str(stage.repository.resolve("main"))
    assert decided(stage) == "not-editable"
    stage.repository.commit(branch=BRANCH, files={"apps/more.yaml": settings("more")})
    text = FILES[".github/gitops.yaml"].replace("staging}", "staging, rollback: {mode: auto}}")
    stage.repository.commit(files={".github/gitops.yaml": text})
    for commit, state, version in ((good, "success", "1.1.0"), (failed, "failure", "1.2.0")):
        images = {"web": (f"{WEB}:v{version}",)}
        content = RecordContent(environment="staging", commit=commit, applications=images)
        record(stage, content, state)
    outcome = roll_back(stage, automatic=True)
    assert decisions(outcome) == {"production": "not-proposed", "staging": "not-editable"}
    assert outcome.exit_code == 1
    assert outcome.outputs["branch"] == "gitops/staging/rollback/web"
    titles = {issue.title for issue in stage.repository.issues() if issue.state == "open"}
    assert any("production: a deployment failed, and the rollback" in one for one in titles)
    assert any(one.startswith("staging: ") for one in titles)


def test_a_change_of_configuration_that_is_not_proposed_names_no_older_image(stage: Stage) -> None:
    deploy(stage, described("1.2.0"), f"{WEB}:v1.2.0", "success")
    deploy(stage, {SETTINGS: settings("bad")}, f"{WEB}:v1.2.0", "failure")
    stage.forge.fail(r"POST .*/pulls$", status=422)
    assert decided(stage) == "not-proposed"
    (issue,) = stage.repository.issues()
    assert "git revert" in issue.body
    assert "v1.1.0" not in issue.body


def test_files_that_do_not_bring_the_images_back_are_not_proposed_as_if_they_did(
    stage: Stage,
) -> None:
    deploy(stage, {SETTINGS: settings("bad")}, GOOD, "failure")
    stage.repository.commit(files=described("1.2.0"))
    with pytest.raises(NotEditableError, match="would stay") as caught:
        roll_back(stage, application=("web",))
    assert f"{WEB}:v1.2.0" in (caught.value.cause or "")
    assert stage.repository.pull_requests() == []


def test_images_that_change_with_the_files_are_named(stage: Stage) -> None:
    other = "---\n" + deployment(f"{API}:v2.0.0", "api")
    deploy(stage, {OWN: deployment(GOOD) + other}, GOOD, "success")
    newer = deployment(f"{WEB}:v1.2.0") + other.replace("v2.0.0", "v3.0.0")
    deploy(stage, {OWN: newer}, f"{WEB}:v1.2.0", "failure")
    outcome = roll_back(stage, application=("web",), reason="errors")
    assert any(f"changes too: {API}:v3.0.0" in line for line in outcome.lines)
    assert f"`{API}:v2.0.0`" in (pull(stage).body or "")


def test_the_files_that_were_verified_are_no_change_to_revert(stage: Stage) -> None:
    """As after a revert that failed too: to undo it would bring the bad change again."""
    deploy(stage, {SETTINGS: settings("bad")}, GOOD, "failure")
    deploy(stage, {SETTINGS: settings("good")}, GOOD, "failure")
    outcome = roll_back(stage, automatic=True)
    assert decisions(outcome)["production"] == "nothing-changed"
    assert outcome.exit_code == 1
    assert stage.repository.pull_requests() == []
    (issue,) = stage.repository.issues()
    assert "git revert" not in issue.body
    assert "look at the cluster" in issue.body
    assert not any("git revert" in line for line in outcome.lines)


def test_the_configuration_stays_wherever_it_is(tmp_path: Path) -> None:
    config = "deployment/gitops.yaml"
    text = FILES[".github/gitops.yaml"].replace("path: production", "path: .")
    text = text.partition("  staging")[0]
    files = {OWN: FILES[OWN], SETTINGS: settings("good"), config: text}
    with shared_folder_stage(tmp_path, files) as stage:
        later = text.replace("version: 1\n", "version: 1\n# reviewed\n")
        deploy(stage, {SETTINGS: settings("bad"), config: later}, GOOD, "failure")
        outcome = roll_back(stage, automatic=True, config=config)
        assert decisions(outcome)["production"] == "configuration-only"
        head = pull(stage).head
        assert stage.repository.read(head, SETTINGS).decode() == settings("good")
        assert stage.repository.read(head, config).decode() == later


def test_it_does_not_promise_to_pass_a_freeze(stage: Stage) -> None:
    fail(stage)
    stage.repository.commit(files={".github/gitops/holds/production.yaml": HOLD})
    outcome = roll_back(stage, application=("web",), reason="errors")
    said = "the revert waits until it is lifted"
    assert f"`production` is frozen; {said}." in (pull(stage).body or "")
    assert [one.text for one in outcome.notices] == [f"production is frozen; {said}"]


def test_a_dry_run_says_that_nothing_was_opened(stage: Stage) -> None:
    fail(stage, **{SETTINGS: settings("bad")})
    outcome = roll_back(stage, automatic=True, dry_run=True)
    assert any("would revert the whole change" in line for line in outcome.lines)
    assert stage.repository.pull_requests() == []
    assert stage.repository.issues() == []


def test_a_change_of_configuration_is_named_as_what_it_is(stage: Stage) -> None:
    deploy(stage, {SETTINGS: settings("bad")}, GOOD, "failure")
    stage.repository.commit(files={"other/more.md": "# more\n"})
    outcome = roll_back(stage, automatic=True)
    assert "The whole change is reverted (`no image changed`)." in (pull(stage).body or "")
    assert "  no image changed" in outcome.lines


def test_a_later_change_in_the_way_is_said_once_with_one_command(stage: Stage) -> None:
    deploy(stage, {SETTINGS: settings("bad")}, GOOD, "failure")
    stage.repository.commit(files={SETTINGS: settings("corrected")})
    assert decided(stage) == "configuration-only"
    (issue,) = stage.repository.issues()
    assert f"`{SETTINGS}` was changed since" in issue.body
    assert issue.body.count("git revert -m 1") == 1
    assert "Fix:" not in issue.body, "the command is in a block of its own"


def test_an_interrupted_revert_is_finished_by_the_next_run(stage: Stage) -> None:
    fail(stage)
    stage.forge.fail(r"POST .*/pulls$", status=422)
    assert decided(stage) == "not-proposed"
    assert BRANCH in stage.repository.branches()
    head = stage.repository.resolve(BRANCH)
    assert decided(stage) == "not-editable"
    assert pull(stage).head_oid == head


def test_line_ends_empty_and_binary_files_come_back_byte_for_byte(stage: Stage) -> None:
    odd: dict[str, str | bytes | None] = {
        "production/crlf.txt": "a\r\nb\r\n",
        "production/empty.txt": "",
        "production/data.bin": b"\0\xff\r\n",
    }
    stage.repository.commit(files=odd)
    deploy(stage, {}, GOOD, "success")
    deploy(stage, dict.fromkeys(odd, "changed\n"), GOOD, "failure")
    assert decided(stage) == "configuration-only"
    for path, data in odd.items():
        found = stage.repository.read(pull(stage).head, path)
        assert found == (data.encode() if isinstance(data, str) else data)
