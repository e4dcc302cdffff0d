"""Which records count: by run, job, commit, times and conclusion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gitops_action.core.config import Deploy, Environment, Target
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.payload import RecordContent, write_payload
from gitops_action.core.deployments.proof import (
    EvaluatedRecord,
    Runs,
    WorkflowJob,
    WorkflowRun,
    evaluate_records,
)
from gitops_action.core.deployments.records import DeploymentFacts, DeploymentStatus

A, B = "a" * 40, "b" * 40
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
PAGE = "https://github.com/acme/environment/actions/runs/7/job/70"
IMAGES = {"web": (f"ghcr.io/acme/web:v1@sha256:{'1' * 64}",)}
PRODUCTION = Environment(name="production", formerly=("prod",), deploy=Deploy(targets=()))


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def payload(**more: object) -> dict[str, object]:
    content = RecordContent(environment="production", commit=A, applications=IMAGES)
    return dict(write_payload(replace(content, **more)))  # type: ignore[arg-type]


def status(state: str, minutes: float, **more: str) -> DeploymentStatus:
    return DeploymentStatus(state=state, log_url=PAGE, at=at(minutes), **more)  # type: ignore[arg-type]


RECORD = DeploymentFacts(
    number=5,
    environment="production",
    commit=A,
    payload=payload(),
    statuses=(status("success", 3), status("in_progress", 2), status("queued", 1)),
    created=at(1),
)
JOB = WorkflowJob(
    number=70,
    name="deploy / production",
    conclusion="success",
    started=at(0),
    completed=at(4),
    url=PAGE,
)
RUN = WorkflowRun(
    number=7,
    path=".github/workflows/deploy.yml",
    repository="acme/environment",
    branch="main",
    commit=A,
    event="push",
    actor="alice",
    jobs=(replace(JOB, number=69, name="deploy / Find what changed"), JOB),
)


def evaluated(
    *records: DeploymentFacts,
    run: WorkflowRun | None = RUN,
    environment: Environment = PRODUCTION,
    unread: str = "",
) -> tuple[EvaluatedRecord, ...]:
    runs = Runs(
        repository="acme/environment",
        branch="main",
        known={7: run} if run else {},
        unread={7: unread} if unread else {},
    )
    return evaluate_records(records or (RECORD,), environment, runs)


def test_a_record_of_the_deploying_job_is_proved() -> None:
    (found,) = evaluated()
    assert found == EvaluatedRecord(
        number=5,
        environment="production",
        commit=A,
        applications=IMAGES,
        targets={"default": Result.SUCCEEDED},
        result=Result.SUCCEEDED,
        started=at(1),
        ended=at(3),
        url=PAGE,
        actor="alice",
        run=7,
    )
    assert found.proved


def job(**more: object) -> WorkflowRun:
    return replace(RUN, jobs=(replace(JOB, **more),))  # type: ignore[arg-type]


FORGED: dict[str, tuple[DeploymentFacts, WorkflowRun | None, str]] = {
    "no run is named": (
        replace(RECORD, statuses=(DeploymentStatus(state="success", at=at(3)),)),
        RUN,
        "it names no workflow run",
    ),
    "a page elsewhere": (
        replace(RECORD, statuses=(replace(status("success", 3), log_url="https://ci.example/7"),)),
        RUN,
        "it names no workflow run",
    ),
    "the run is gone": (RECORD, None, "its run 7 does not exist any more"),
    "another workflow": (
        RECORD,
        replace(RUN, path=".github/workflows/evil.yml"),
        "its run is of .github/workflows/evil.yml, and .github/workflows/deploy.yml deploys",
    ),
    "another branch": (RECORD, replace(RUN, branch="evil"), "default branch main"),
    "a fork": (RECORD, replace(RUN, repository="mallory/environment"), "default branch main"),
    "a pull request": (RECORD, replace(RUN, event="pull_request"), "started by `pull_request`"),
    "another commit": (RECORD, replace(RUN, commit=B), "its run was not for aaaaaaaaaaaa"),
    "a push whose title names the commit": (
        RECORD,
        replace(RUN, commit=B, title=f"deploy {A}"),
        "its run was not for",
    ),
    "a dispatch of another commit": (
        RECORD,
        replace(RUN, event="workflow_dispatch", title=f"deploy {B}"),
        "its run was not for",
    ),
    "a dispatch of what comes before": (
        RECORD,
        replace(RUN, commit=B, event="workflow_dispatch", title=f"deploy {A}~1"),
        "its run was not for",
    ),
    "the payload names another commit": (
        replace(RECORD, payload=payload(commit=B)),
        RUN,
        "it names two commits",
    ),
    "no job of this environment": (RECORD, job(name="deploy / staging"), "no job for production"),
    "the job's name only ends alike": (RECORD, job(name="deploy / reproduction"), "no job"),
    "a matrix of another environment": (RECORD, job(name="deploy (staging)"), "no job"),
    "a job that did not start": (RECORD, job(started=None), "no job for production"),
    "a record without its time": (replace(RECORD, created=None), RUN, "no job for production"),
    "another job is named": (RECORD, job(number=71), "no job for production"),
    "made after the job": (replace(RECORD, created=at(30)), RUN, "at that time"),
    "made before the job": (replace(RECORD, created=at(-30)), RUN, "at that time"),
    "the job failed": (RECORD, job(conclusion="failure"), "its job concluded failure"),
    "the job was cancelled": (RECORD, job(conclusion="cancelled"), "its job concluded cancelled"),
    "the job succeeded": (
        replace(RECORD, statuses=(status("failure", 3), status("queued", 1))),
        RUN,
        "it says failed, and its job concluded success",
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_run_and_job_do_not_confirm_proves_nothing(name: str) -> None:
    record, run, reason = FORGED[name]
    (found,) = evaluated(record, run=run)
    assert not found.proved
    assert reason in found.unproved


def test_a_run_that_cannot_be_read_proves_nothing() -> None:
    (found,) = evaluated(run=None, unread="the token may not")
    assert found.unproved == "its run 7 is not readable: the token may not"


GENUINE: dict[str, Callable[[], tuple[EvaluatedRecord, ...]]] = {
    "a dispatch that repeats the commit": lambda: evaluated(
        run=replace(RUN, commit=B, event="workflow_dispatch", title=f"deploy {A}")
    ),
    "a dispatch of the head": lambda: evaluated(
        run=replace(RUN, event="workflow_dispatch", title="deploy")
    ),
    "a path with a ref": lambda: evaluated(run=replace(RUN, path=f"{RUN.path}@refs/heads/main")),
    "a matrix": lambda: evaluated(run=job(name="deploy (eu, production)")),
    "a name of its own": lambda: evaluated(run=job(name="production")),
    "an earlier name": lambda: evaluated(
        replace(RECORD, environment="prod", payload=payload(environment="prod")),
        run=job(name="deploy / prod"),
    ),
    "a workflow of one's own": lambda: evaluated(
        run=replace(RUN, path=".github/workflows/cd.yaml"),
        environment=replace(PRODUCTION, deploy=Deploy(workflow=".github/workflows/cd.yaml")),
    ),
    "a run's page without the job": lambda: evaluated(
        replace(
            RECORD,
            statuses=tuple(
                replace(one, log_url=PAGE.partition("/job/")[0]) for one in RECORD.statuses
            ),
        )
    ),
}


@pytest.mark.parametrize("name", GENUINE)
def test_what_run_and_job_confirm_is_proved(name: str) -> None:
    (found,) = GENUINE[name]()
    assert found.unproved == ""
    assert (found.environment, found.result) == ("production", Result.SUCCEEDED)


def test_statuses_that_are_added_later_change_nothing() -> None:
    added = (status("failure", 60), status("inactive", 59, description="superseded"))
    (found,) = evaluated(replace(RECORD, statuses=(*added, *RECORD.statuses)))
    assert found.proved
    assert (found.result, found.ended) == (Result.SUCCEEDED, at(3))


def test_the_page_of_an_added_status_does_not_count() -> None:
    added = replace(status("success", 60), log_url=PAGE.replace("/7/", "/8/"))
    (found,) = evaluated(replace(RECORD, statuses=(added, *RECORD.statuses)))
    assert found.run == 7


def test_of_several_records_of_one_job_none_counts_where_they_differ() -> None:
    other = payload(applications={"web": (f"ghcr.io/acme/web:v1@sha256:{'2' * 64}",)})
    found = evaluated(RECORD, replace(RECORD, number=6, payload=other))
    assert {one.unproved for one in found} == {
        "another record names the same job and differs from this one"
    }
    assert all(one.proved for one in evaluated(RECORD, replace(RECORD, number=6)))


@pytest.mark.parametrize("content", ["production", "staging"])
def test_a_record_under_another_name_is_not_this_environments(content: str) -> None:
    staging = replace(RECORD, environment="staging", payload=payload(environment=content))
    assert evaluated(staging) == ()


def test_a_running_job_has_not_ended() -> None:
    (found,) = evaluated(run=job(conclusion="", completed=None))
    assert (found.proved, found.result, found.ended) == (True, Result.UNKNOWN, None)


def test_a_job_that_was_cut_off_ended_as_unknown() -> None:
    begun = replace(RECORD, statuses=RECORD.statuses[1:])
    (found,) = evaluated(begun, run=job(conclusion="cancelled"))
    assert (found.proved, found.result, found.ended) == (True, Result.UNKNOWN, at(4))


def test_each_target_has_a_result_of_its_own() -> None:
    said = "to be tried again: eu succeeded, us failed: web crashed"
    statuses = (status("failure", 3, description=said), status("queued", 1))
    record = replace(RECORD, payload=payload(targets=("eu", "us", "ap")), statuses=statuses)
    targets = tuple(Target(name=name, engine="push") for name in ("eu", "us", "ap"))
    environment = replace(PRODUCTION, deploy=Deploy(targets=targets))
    (found,) = evaluated(record, run=job(conclusion="failure"), environment=environment)
    assert found.targets == {
        "eu": Result.SUCCEEDED,
        "us": Result.FAILED,
        "ap": Result.UNKNOWN,
    }


def test_the_only_target_has_the_result_of_all() -> None:
    failed = replace(RECORD, statuses=(status("failure", 3), status("queued", 1)))
    (found,) = evaluated(failed, run=job(conclusion="failure"))
    assert found.targets == {"default": Result.FAILED}


def test_a_success_is_one_on_every_target() -> None:
    targets = tuple(Target(name=name, engine="push") for name in ("eu", "us"))
    environment = replace(PRODUCTION, deploy=Deploy(targets=targets))
    record = replace(RECORD, payload=payload(targets=("eu", "us")))
    (found,) = evaluated(record, environment=environment)
    assert found.targets == {"eu": Result.SUCCEEDED, "us": Result.SUCCEEDED}


def test_records_of_others_and_of_other_environments_are_passed_over() -> None:
    foreign = replace(RECORD, number=8, payload={"hello": "world"})
    elsewhere = replace(RECORD, number=9, environment="staging")
    assert [one.number for one in evaluated(foreign, elsewhere, RECORD)] == [5]


def test_records_come_newest_first() -> None:
    older = replace(RECORD, number=4, created=at(0.5))
    assert [one.number for one in evaluated(older, RECORD)] == [5, 4]


def test_what_proves_nothing_by_itself_keeps_its_own_reason() -> None:
    images = {"web": (f"ghcr.io/acme/web:v1@sha256:{'2' * 64}",)}
    other = replace(RECORD, number=6, commit=B, payload=payload(applications=images))
    first, second = evaluated(replace(RECORD, number=7), other)
    assert first.unproved == "another record names the same job and differs from this one"
    assert second.unproved == "it names two commits"


def test_a_run_of_another_workflow_is_the_reason_whatever_its_job_concluded() -> None:
    failed = replace(RECORD, statuses=(status("failure", 3),))
    (found,) = evaluated(failed, run=replace(RUN, path=".github/workflows/ci.yml"))
    assert found.unproved.startswith("its run is of .github/workflows/ci.yml")


def test_a_record_without_a_time_is_older_than_every_other() -> None:
    (found,) = evaluated(replace(RECORD, created=None))
    assert not found.proved
    assert found.started < at(-(10**8))


def test_the_status_that_ends_it_describes_it() -> None:
    statuses = (
        status("inactive", 3.5, description="replaced"),
        status("failure", 3, description="web: the image cannot be pulled"),
        status("in_progress", 2, description="applying"),
    )
    (found,) = evaluated(replace(RECORD, statuses=statuses))
    assert found.description == "web: the image cannot be pulled"
