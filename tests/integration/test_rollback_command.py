"""`rollback` against GitHub's double: the state, the pull request, the holds, and by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_action.commands.bump.plan import HoldError
from gitops_action.commands.rollback.environment import NoCandidateError
from gitops_action.core.config import load_holds
from gitops_action.core.images.oci import ImageMissingError
from gitops_action.errors import GitOpsErrors, UsageError
from tests.support.bump_stage import API, WEB, Stage, digest, pinned
from tests.support.rollback_stage import (
    CONFIG,
    RIGHTS,
    decisions,
    deployed,
    images,
    path_of,
    release,
    roll_back,
    rollback_stage,
)

FOLDER = ".github/gitops/holds/"
BRANCH = "gitops/production/rollback/web"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with rollback_stage(tmp_path) as made:
        yield made


def holds(stage: Stage, ref: str) -> list[str]:
    read = load_holds(
        {path: data for path, data in stage.repository.files(ref).items() if "holds/" in path}
    )
    return [str(hold.image) for hold in read]


# By command.


def test_images_go_back_and_what_they_replace_is_on_hold(stage: Stage) -> None:
    good = release(stage, web="1.1.0")
    release(stage, "failure", web="1.2.0")
    stage.repository.commit(files={"production/web/settings.yaml": "# edited since\n"})
    outcome = roll_back(stage, application=("web",), reason="errors after start")
    assert outcome.outputs["pull-request-operation"] == "created"
    assert outcome.outputs["branch"] == BRANCH
    assert images(stage, BRANCH) == {"web": "1.1.0", "api": "1.0.0"}
    assert holds(stage, BRANCH) == [pinned(f"{WEB}:v1.2.0")]
    assert stage.repository.read(BRANCH, "production/web/settings.yaml") == b"# edited since\n"
    pull = stage.repository.pull(int(outcome.outputs["pull-request-number"]))
    assert pull.title == "Roll web back to v1.1.0 in production"
    for part in ("errors after start", good[:12], "GitOps-Rollback-Of: ", "GitOps-Hold: "):
        assert part in pull.body
    message = stage.repository.log(BRANCH)[0].message
    assert f"GitOps-Image: {pinned(f'{WEB}:v1.1.0')}" in message
    assert f"GitOps-Previous: {pinned(f'{WEB}:v1.2.0')}" in message


def test_two_people_make_one_pull_request(stage: Stage) -> None:
    release(stage, web="1.1.0")
    release(stage, web="1.2.0")
    first = roll_back(stage, reason="slow", actor="alice")
    second = roll_back(stage, reason="slow", actor="bob")
    assert first.outputs["pull-request-number"] == second.outputs["pull-request-number"]
    assert len(stage.repository.pull_requests()) == 1


def test_a_version_on_hold_or_gone_is_passed_over(stage: Stage) -> None:
    release(stage, web="1.1.0")
    release(stage, web="1.2.0")
    release(stage, web="1.3.0")
    release(stage, "failure", web="1.4.0")
    stage.registry.tags.discard(f"{WEB}:v1.3.0")
    hold = f"environment: production\napplication: web\nimage: {WEB}:v1.2.0\n"
    stage.repository.commit(files={f"{FOLDER}production.web.v1.2.0.yaml": hold})
    outcome = roll_back(stage)
    assert images(stage, outcome.outputs["branch"])["web"] == "1.1.0"
    listed = json.loads(roll_back(stage, list=True).outputs["candidates"])
    assert [one["refused"].partition(" ")[2][:24] for one in listed] == [
        "is not in the registry a",
        "is on hold",
        "",
        "",
    ]


def test_to_list_takes_no_right_to_write(stage: Stage) -> None:
    release(stage, web="1.1.0")
    release(stage, web="1.2.0")
    reading = dict.fromkeys(RIGHTS, "read")
    listed = json.loads(roll_back(stage, list=True, rights=reading).outputs["candidates"])
    assert [one["refused"] for one in listed] == ["", ""]


def test_an_expired_hold_blocks_nothing(stage: Stage) -> None:
    release(stage, web="1.1.0")
    release(stage, "failure", web="1.2.0")
    hold = f"environment: production\nimage: {WEB}:v1.1.0\nuntil: 2026-01-01\n"
    stage.repository.commit(files={f"{FOLDER}x.yaml": hold})
    assert images(stage, roll_back(stage).outputs["branch"])["web"] == "1.1.0"


def test_a_list_without_a_state_says_why(stage: Stage) -> None:
    assert roll_back(stage, list=True, application=("web",)).lines == (
        "  no other version was verified there",
    )


def test_a_failure_of_configuration_names_the_other_way(stage: Stage) -> None:
    commit = stage.repository.commit(files={"production/web/settings.yaml": "# broken\n"})
    deployed(stage, "failure")
    with pytest.raises(NoCandidateError, match="nothing to go back to") as caught:
        roll_back(stage, application=("web",))
    assert f"git revert {commit[:12]}" in (caught.value.fix or "")
    assert "changed no image" in (caught.value.fix or "")


def test_a_registry_that_does_not_answer_passes_nothing_over(stage: Stage) -> None:
    from gitops_action.core.images.oci import RegistryUnreachableError  # noqa: PLC0415 - one use

    release(stage, web="1.1.0")
    release(stage, "failure", web="1.2.0")
    stage.registry.failure = RegistryUnreachableError("no answer")
    assert images(stage, roll_back(stage).outputs["branch"])["web"] == "1.1.0"
    stage.registry.failure = ImageMissingError("not found")
    with pytest.raises(NoCandidateError, match="nothing to go back to"):
        roll_back(stage, application=("web",))


def test_the_first_deployment_has_nothing_to_go_back_to(stage: Stage) -> None:
    with pytest.raises(NoCandidateError, match="nothing to go back to") as caught:
        roll_back(stage, application=("web",))
    assert caught.value.exit_code == 1


def test_a_named_version_or_commit_must_have_been_verified(stage: Stage) -> None:
    first = release(stage, web="1.1.0")
    release(stage, "failure", web="1.2.0")
    release(stage, web="1.3.0")
    release(stage, web="1.4.0")
    web = ("web",)
    made = roll_back(stage, application=web, to_version="v1.1.0")
    assert images(stage, made.outputs["branch"])["web"] == "1.1.0"
    by_digest = roll_back(stage, application=web, to_version=digest(f"{WEB}:v1.3.0"))
    assert images(stage, by_digest.outputs["branch"])["web"] == "1.3.0"
    by_commit = roll_back(stage, application=web, to_commit=first[:10])
    assert images(stage, by_commit.outputs["branch"])["web"] == "1.1.0"
    with pytest.raises(NoCandidateError):
        roll_back(stage, application=web, to_version="v1.2.0")


def test_several_applications_go_back_to_a_state_they_shared(stage: Stage) -> None:
    release(stage, web="1.1.0", api="1.1.0")
    undone = release(stage, "failure", web="1.2.0", api="1.2.0")
    outcome = roll_back(stage)
    assert outcome.outputs["branch"] == f"gitops/production/rollback/{undone[:12]}"
    assert images(stage, outcome.outputs["branch"]) == {"web": "1.1.0", "api": "1.1.0"}
    assert holds(stage, outcome.outputs["branch"]) == [
        pinned(f"{API}:v1.2.0"),
        pinned(f"{WEB}:v1.2.0"),
    ]


def test_rolling_back_a_rollback_is_refused_with_the_way_forward(stage: Stage) -> None:
    release(stage, web="1.1.0")
    release(stage, "failure", web="1.2.0")
    made = roll_back(stage)
    stage.repository.merge(int(made.outputs["pull-request-number"]))
    deployed(stage)
    with pytest.raises(NoCandidateError, match="is on hold in production") as caught:
        roll_back(stage, application=("web",))
    assert "hold --action remove --environment production --application web" in caught.value.fix
    with pytest.raises(NoCandidateError, match="is on hold"):
        roll_back(stage, application=("web",), to_version="v1.2.0")
    back = roll_back(stage, application=("web",), to_version="v1.0.0")
    assert images(stage, back.outputs["branch"])["web"] == "1.0.0"
    with pytest.raises(HoldError):
        stage.bump(f"{WEB}:v1.2.0", environment=("production",))


def test_during_a_freeze_it_is_allowed_and_marked(stage: Stage) -> None:
    release(stage, web="1.1.0")
    release(stage, "failure", web="1.2.0")
    stage.repository.commit(files={f"{FOLDER}all._.freeze.yaml": "environment: all\n"})
    made = roll_back(stage)
    assert [notice.text for notice in made.notices] == [
        "production is frozen; a rollback passes a freeze"
    ]
    assert "is frozen" in stage.repository.pull(int(made.outputs["pull-request-number"])).body


def test_an_unreadable_hold_stops_all_but_a_named_version(stage: Stage) -> None:
    release(stage, web="1.1.0")
    release(stage, "failure", web="1.2.0")
    stage.repository.commit(files={f"{FOLDER}broken.yaml": "environment: [\n"})
    with pytest.raises(GitOpsErrors):
        roll_back(stage)
    made = roll_back(stage, to_version="v1.1.0")
    assert images(stage, made.outputs["branch"])["web"] == "1.1.0"
    assert decisions(roll_back(stage, automatic=True))["production"] == "holds-unreadable"


def test_the_open_bump_of_a_version_on_hold_is_closed(stage: Stage) -> None:
    release(stage, web="1.1.0")
    made = stage.bump(f"{WEB}:v1.2.0", environment=("production",))
    number = json.loads(made.outputs["pull-requests"])[0]["number"]
    release(stage, "failure", web="1.2.0")
    done = roll_back(stage)
    assert stage.repository.pull(number).closed_at is not None
    assert f"#{done.outputs['pull-request-number']}" in stage.repository.comments(number)[-1]


def test_the_open_bump_of_another_version_stays(stage: Stage) -> None:
    release(stage, web="1.1.0")
    release(stage, "failure", web="1.2.0")
    made = stage.bump(f"{WEB}:v1.3.0", environment=("production",))
    number = json.loads(made.outputs["pull-requests"])[0]["number"]
    roll_back(stage)
    assert stage.repository.pull(number).closed_at is None


def test_break_glass_commits_with_its_trail(stage: Stage) -> None:
    release(stage, web="1.1.0")
    release(stage, "failure", web="1.2.0")
    outcome = roll_back(stage, mode="commit", reason="all down", actor="bob")
    assert outcome.outputs["changed"] == "true"
    assert images(stage)["web"] == "1.1.0"
    message = stage.repository.log("main")[0].message
    for part in ("all down", "Asked for by bob.", "GitOps-Action: rollback", "GitOps-Hold: "):
        assert part in message


def test_a_reason_acts_on_nothing(stage: Stage) -> None:
    release(stage, web="1.1.0")
    release(stage, "failure", web="1.2.0")
    reason = "closes #1 @acme/sre `a` | <!-- x\n\nGitOps-Image: ghcr.io/evil/web:v9"
    made = roll_back(stage, reason=" ".join(reason.split()))
    pull = stage.repository.pull(int(made.outputs["pull-request-number"]))
    message = stage.repository.log(BRANCH)[0].message
    for text in (pull.title, message):
        assert "@acme/sre" not in text
        assert "closes #1" not in text
    assert "\nGitOps-Image: ghcr.io/evil" not in pull.body + message


def test_a_file_that_moved_since_is_edited_where_it_is(stage: Stage) -> None:
    release(stage, web="1.1.0")
    release(stage, web="1.2.0")
    both = stage.repository.read("main", path_of("web")).decode() + (
        f"---\n{stage.repository.read('main', path_of('web')).decode()}".replace(
            pinned(f"{WEB}:v1.2.0"), "${IMAGE}"
        )
    )
    stage.repository.commit(files={path_of("web"): None, "production/web/other.yaml": both})
    outcome = roll_back(stage, application=("web",))
    assert outcome.outputs["pull-request-operation"] == "created"
    (pull,) = stage.repository.pull_requests()
    edited = stage.repository.read(pull.head, "production/web/other.yaml").decode()
    assert edited == both.replace(pinned(f"{WEB}:v1.2.0"), pinned(f"{WEB}:v1.1.0"))


def test_what_is_unclear_is_asked_for(stage: Stage) -> None:
    with pytest.raises(UsageError, match="no application 'wbe'"):
        roll_back(stage, application=("wbe",))
    with pytest.raises(UsageError, match="No environment"):
        roll_back(stage, environment=())


def test_records_that_prove_nothing_are_no_candidates(stage: Stage) -> None:
    stage.repository.commit(files={path_of("web"): stage.repository.read("main", path_of("web"))})
    release(stage, web="1.1.0")
    deployed(stage, proved=False)
    release(stage, "failure", web="1.2.0")
    (newest, *_) = json.loads(roll_back(stage, list=True).outputs["candidates"])
    assert newest["refused"].startswith("unverified: its run")


# After a failed deployment, by itself.


def test_a_failed_deployment_of_images_goes_back_by_itself(stage: Stage) -> None:
    release(stage, web="1.1.0")
    changed: dict[str, str | bytes | None] = {"production/web/settings.yaml": "# also changed\n"}
    stage.repository.commit(files=changed)
    release(stage, "failure", web="1.2.0", api="1.1.0")
    before = len(stage.forge.requests)
    outcome = roll_back(stage, automatic=True)
    asked = stage.forge.requests[before:]
    opened = next(n for n, one in enumerate(asked) if one.operation.endswith("/pulls"))
    assert decisions(outcome) == {"staging": "no-failure", "production": "go-back"}
    branch = outcome.outputs["branch"]
    assert images(stage, branch) == {"web": "1.1.0", "api": "1.0.0"}
    assert holds(stage, branch) == [pinned(f"{API}:v1.1.0"), pinned(f"{WEB}:v1.2.0")]
    assert stage.repository.read(branch, "production/web/settings.yaml") == b"# also changed\n"
    assert outcome.exit_code == 0
    assert opened < 10, "; ".join(one.operation for one in asked)


def test_configuration_alone_is_for_people(stage: Stage) -> None:
    commit = stage.repository.commit(files={"production/web/settings.yaml": "# broken\n"})
    deployed(stage, "failure")
    outcome = roll_back(stage, automatic=True)
    assert decisions(outcome)["production"] == "configuration-only"
    assert outcome.exit_code == 1
    told = f"git revert {commit[:12]}  # of a merge commit: git revert -m 1 {commit[:12]}"
    assert any(told in line for line in outcome.lines)
    assert any("a pull request reverts it" in notice.text for notice in outcome.notices)
    (made,) = stage.repository.pull_requests()
    assert made.title.startswith("Revert production to ")
    assert not any("holds/" in path for path in stage.repository.files(made.head))


def test_an_unknown_result_never_goes_back(stage: Stage) -> None:
    release(stage, "error", web="1.1.0")
    assert decisions(roll_back(stage, automatic=True))["production"] == "no-failure"


def test_a_base_that_moved_on_is_left_alone(stage: Stage) -> None:
    release(stage, "failure", web="1.1.0")
    release(stage, web="1.2.0", state=None)
    stage.repository.commit(files={"README.md": "x\n"})
    assert decisions(roll_back(stage, automatic=True))["production"] == "newer-running"


def test_a_newer_image_on_the_base_is_left_alone(stage: Stage) -> None:
    release(stage, "failure", web="1.1.0")
    newer = stage.bump(f"{WEB}:v1.2.0", environment=("production",), mode="commit")
    assert newer.outputs["changed"] == "true"
    assert decisions(roll_back(stage, automatic=True))["production"] == "base-moved"
    assert stage.repository.pull_requests() == []


def test_a_rollback_that_fails_stops_with_one_alarm(stage: Stage) -> None:
    release(stage, web="1.1.0")
    release(stage, "failure", web="1.2.0")
    made = roll_back(stage, automatic=True)
    stage.repository.merge(int(made.outputs["pull-request-number"]))
    deployed(stage, "failure")
    outcome = roll_back(stage, automatic=True)
    assert decisions(outcome)["production"] == "own-failure"
    assert outcome.exit_code == 1
    assert len(stage.repository.pull_requests()) == 1


def test_a_version_goes_back_once(stage: Stage) -> None:
    release(stage, web="1.1.0")
    release(stage, "failure", web="1.2.0")
    made = roll_back(stage, automatic=True)
    stage.repository.merge(int(made.outputs["pull-request-number"]))
    deployed(stage)
    release(stage, "failure", web="1.2.0")
    assert decisions(roll_back(stage, automatic=True))["production"] == "rolled-back-before"


@pytest.mark.parametrize("where", ["application", "environment"])
def test_off_wins_over_auto(tmp_path: Path, where: str) -> None:
    config = (
        CONFIG.replace("[ghcr.io/acme/web]}", "[ghcr.io/acme/web], rollback: off}")
        if where == "application"
        else CONFIG.replace("mode: auto", "mode: off")
    )
    with rollback_stage(tmp_path, config) as stage:
        release(stage, "failure", web="1.1.0", api="1.1.0")
        outcome = roll_back(stage, automatic=True)
        assert decisions(outcome)["production"] == "off"
        assert where in json.loads(outcome.outputs["decisions"])[1]["reason"]
        assert stage.repository.pull_requests() == []
        asked = roll_back(stage)
        assert asked.outputs["pull-request-operation"] == "created"


def test_a_forged_failure_is_no_cause(stage: Stage) -> None:
    """Anyone with push access can record a deployment; no run proves it."""
    release(stage, web="1.1.0")
    deployed(stage, "failure", proved=False)
    assert decisions(roll_back(stage, automatic=True))["production"] == "no-failure"


def test_an_interrupted_run_is_finished_by_the_next(stage: Stage) -> None:
    release(stage, web="1.1.0")
    release(stage, "failure", web="1.2.0")
    stage.forge.fail(r"POST .*/pulls$", status=422)
    stopped = roll_back(stage, automatic=True)
    assert stopped.exit_code == 1
    assert decisions(stopped)["production"] == "not-proposed"
    (issue,) = stage.repository.issues()
    assert "gitops-action rollback --environment production --application web" in issue.body
    assert BRANCH in stage.repository.branches()
    assert stage.repository.pull_requests() == []
    made = roll_back(stage, automatic=True)
    assert made.outputs["pull-request-operation"] == "created"
    again = roll_back(stage, automatic=True)
    assert again.outputs["pull-request-number"] == made.outputs["pull-request-number"]
    stage.repository.merge(int(made.outputs["pull-request-number"]))
    assert decisions(roll_back(stage, automatic=True))["production"] == "base-moved"


def test_what_a_person_closed_is_not_opened_again_for_the_same_version(stage: Stage) -> None:
    release(stage, web="1.1.0")
    release(stage, "failure", web="1.2.0")
    roll_back(stage, automatic=True)
    stage.repository.close(1, by="alice")
    again = roll_back(stage, automatic=True)
    assert (decisions(again)["production"], again.exit_code) == ("declined", 0)
    assert again.outputs["pull-request-number"] == ""
    assert any("@alice closed #1" in line for line in again.lines)
    assert [one.number for one in stage.repository.pull_requests()] == [1]
    release(stage, "failure", web="1.3.0")
    assert decisions(roll_back(stage, automatic=True))["production"] == "go-back"
    stage.repository.close(2, by="alice")
    asked = roll_back(stage, application=("web",), reason="after all")
    assert asked.outputs["pull-request-operation"] == "created"


def test_from_the_recorded_failure_to_the_open_pull_request_take_ten_requests(
    stage: Stage,
) -> None:
    release(stage, web="1.1.0")
    release(stage, "failure", web="1.2.0")
    stage.forge.requests.clear()
    assert decisions(roll_back(stage, automatic=True))["production"] == "go-back"
    asked = [f"{one.method} {one.operation}" for one in stage.forge.requests]
    opened = next(number for number, one in enumerate(asked, 1) if one.endswith("/pulls"))
    assert opened <= 10, asked
    creating = [one for one in stage.forge.requests if one.content_creating]
    assert len(creating) <= 4, asked


def test_another_environment_that_is_down_blocks_nothing(stage: Stage) -> None:
    release(stage, web="1.1.0")
    release(stage, "failure", web="1.2.0")
    run = stage.repository.start_run(str(stage.repository.head("main")))
    stage.repository.start_job(run, "deploy / staging")
    assert roll_back(stage).outputs["pull-request-operation"] == "created"


def test_a_former_name_of_the_environment_counts(stage: Stage) -> None:
    release(stage, web="1.1.0")
    deployed(stage, named="prod")
    release(stage, "failure", web="1.2.0")
    assert images(stage, roll_back(stage).outputs["branch"])["web"] == "1.1.0"


def test_nothing_is_written_in_a_dry_run(stage: Stage) -> None:
    release(stage, web="1.1.0")
    release(stage, "failure", web="1.2.0")
    for given in ({}, {"mode": "commit"}):
        outcome = roll_back(stage, dry_run=True, **given)
        assert outcome.outputs["changed"] == "false"
    assert stage.repository.branches() == {"main"}
    assert images(stage)["web"] == "1.2.0"
