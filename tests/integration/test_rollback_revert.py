"""A change that is reverted as a whole, where no edit puts the images back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_action.commands.rollback.edit import NotEditableError
from tests.support import gate_forge
from tests.support.bump_stage import REPOSITORY, WEB, Stage, deployment
from tests.support.rollback_stage import decided, decisions, deploy, roll_back
from tests.support.shared_folder import (
    BRANCH,
    FILES,
    GOOD,
    OWN,
    SETTINGS,
    fail,
    pull,
    settings,
    shared_folder_stage,
)

LATER = "# reviewed\n"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with shared_folder_stage(tmp_path) as made:
        yield made


def test_the_whole_change_goes_back_in_one_pull_request_for_people(stage: Stage) -> None:
    fail(
        stage,
        **{SETTINGS: settings("bad"), "apps/new.yaml": settings("new"), "apps/old.yaml": None},
    )
    stage.repository.commit(files={OWN: LATER + deployment(f"{WEB}:v1.2.0")})
    assert decided(stage) == "not-editable"
    made = pull(stage)
    before, after = (stage.repository.files(ref) for ref in ("main", BRANCH))
    assert after[OWN].decode() == LATER + deployment(GOOD), "what was changed since stays"
    assert after[SETTINGS].decode() == settings("good")
    assert after["apps/old.yaml"].decode() == FILES["apps/old.yaml"]
    assert "apps/new.yaml" not in after
    assert after["other/readme.md"] == before["other/readme.md"], "no environment depends on it"
    (hold,) = after.keys() - before.keys() - {"apps/old.yaml"}
    assert f"image: {WEB}:v1.2.0\n" in after[hold].decode()
    commit = str(stage.repository.resolve("main"))
    assert made.title.startswith("Revert production to ")
    for text in ("`staging`", f"`{SETTINGS}`", "A person merges it", "GitOps-Rollback-Of: "):
        assert text in (made.body or ""), text
    assert "GitOps-Image" not in (made.body or ""), "more may change by it than these images"
    (issue,) = stage.repository.issues()
    assert f"pull/{made.number}" in issue.body
    assert "@alice" in issue.body or "Brought by" in issue.body
    assert stage.repository.resolve("main") == commit


def test_a_second_run_changes_nothing_and_after_the_merge_nothing_is_left_to_do(
    stage: Stage,
) -> None:
    fail(stage)
    assert decided(stage) == "not-editable"
    first = pull(stage)
    head = first.head_oid
    assert decided(stage) == "not-editable"
    assert pull(stage).head_oid == head
    assert len(stage.repository.issues()) == 1
    stage.repository.merge(first.number, by="alice")
    assert decided(stage) == "base-moved"
    assert [one.number for one in stage.repository.pull_requests()] == [first.number]


@pytest.mark.parametrize("asked", [False, True], ids=["after a failure", "by the form"])
def test_the_gate_never_merges_it_by_itself(stage: Stage, tmp_path: Path, *, asked: bool) -> None:
    stage.repository.commit(
        files={
            ".github/gitops.yaml": FILES[".github/gitops.yaml"]
            .replace("path: production,", "path: production, merge: auto,")
            .replace("{path: staging}", "{path: staging, merge: auto}")
        }
    )
    fail(stage)
    if asked:
        roll_back(stage, application=("web",), reason="errors")
    else:
        assert decided(stage) == "not-editable"
    number = pull(stage).number
    gate = gate_forge.GateStage(
        forge=stage.forge,
        repository=stage.repository,
        token=stage.forge.token(
            login=gate_forge.APP, repositories=[REPOSITORY], permissions=gate_forge.RIGHTS
        ),
        root=tmp_path,
    )
    gate.gate()
    assert gate.ready(number)[0] == "success"
    assert not gate.merged(number)
    assert "A person merges" in gate.comment(number)
    stage.repository.merge(number, by="alice")
    assert stage.repository.read("main", OWN).decode() == deployment(GOOD)


def test_a_person_who_asks_gets_the_same_pull_request(stage: Stage) -> None:
    fail(stage)
    dry = roll_back(stage, application=("web",), dry_run=True)
    assert any("would open a pull request" in line for line in dry.lines)
    assert stage.repository.pull_requests() == []
    outcome = roll_back(stage, application=("web",), reason="errors")
    assert outcome.exit_code == 0
    assert outcome.outputs["changed"] == "true"
    assert outcome.outputs["pull-request-number"] == str(pull(stage).number)
    assert any(f"reverts {OWN}" in line for line in outcome.lines)
    assert any("the gate does not merge it by itself" in line for line in outcome.lines)
    assert stage.repository.read(BRANCH, OWN).decode() == deployment(GOOD)


def test_past_the_pull_requests_whole_files_are_never_reverted(stage: Stage) -> None:
    fail(stage)
    before = stage.repository.resolve("main")
    with pytest.raises(NotEditableError, match="cannot be put back by an edit"):
        roll_back(stage, application=("web",), mode="commit")
    assert stage.repository.resolve("main") == before


def test_later_changes_of_the_same_lines_are_left_to_people(stage: Stage) -> None:
    fail(stage, **{SETTINGS: settings("bad")})
    stage.repository.commit(files={SETTINGS: settings("corrected")})
    with pytest.raises(NotEditableError, match="cannot be put back by an edit") as caught:
        roll_back(stage, application=("web",))
    assert f"{SETTINGS} was changed since" in (caught.value.cause or "")
    assert "git revert" in (caught.value.fix or "")
    assert decided(stage) == "not-editable"
    assert stage.repository.pull_requests() == []
    (issue,) = stage.repository.issues()
    assert "cannot be put back" in issue.title
    assert "git revert" in issue.body


@pytest.mark.parametrize("mode", ["auto", "propose", "off"])
def test_a_failure_of_configuration_alone_is_proposed_to_people(stage: Stage, mode: str) -> None:
    text = FILES[".github/gitops.yaml"].replace("{mode: auto}", f"{{mode: {mode}}}")
    stage.repository.commit(files={".github/gitops.yaml": text})
    deploy(stage, {SETTINGS: settings("bad")}, GOOD, "failure")
    outcome = roll_back(stage, automatic=True)
    assert decisions(outcome)["production"] == "configuration-only"
    assert outcome.exit_code == 1
    (issue,) = stage.repository.issues()
    assert "git revert" in issue.body
    if mode == "off":
        assert stage.repository.pull_requests() == []
        return
    made = pull(stage)
    assert stage.repository.read(made.head, SETTINGS).decode() == settings("good")
    assert stage.repository.read(made.head, OWN).decode() == deployment(GOOD)
    assert f"pull/{made.number}" in issue.body
    stage.repository.merge(made.number, by="alice")
    assert decided(stage) == "base-moved"
