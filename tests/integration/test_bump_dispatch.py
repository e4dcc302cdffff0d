"""`mode: dispatch` on the forge double: runs are started once, found for sure, and watched."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gitops_action.adapters.github import connect
from gitops_action.adapters.github.dispatch import GitHubDispatcher
from gitops_action.commands.bump.dispatch import dispatch
from gitops_action.commands.ports import DispatchPorts
from gitops_action.core.images import ImageSource
from gitops_action.core.images.oci import ImageMissingError, RegistryUnreachableError
from gitops_action.core.outcome import Job, Outcome
from gitops_action.errors import GitOpsError
from testbed.forge import rights
from tests.support.app_bump import app_bump
from tests.support.bump_stage import (
    API,
    BOT,
    CLASSIC,
    WEB,
    Stage,
    bump_stage,
    deployment,
    pinned,
)
from tests.support.github_forge import QUICK, REPOSITORY

BUMPS = rights("contents", "pull_requests", "issues")
ROOT = Path(__file__).resolve().parents[2]
FILE = ".github/workflows/new-application-version.yml"
WORKFLOW = (ROOT / "templates/environment" / FILE).read_text(encoding="utf-8")
V1 = f"{WEB}:v1.1.0"
RUN = "GET .*/actions/runs/"
ACTIONS = {"actions": "write", "metadata": "read", "pull_requests": "read"}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """An environment repository with the template's workflow, and an application's token."""
    with bump_stage(tmp_path, {**CLASSIC, FILE: WORKFLOW}) as made:
        yield made.as_token(login="sender[bot]", permissions=ACTIONS)


def start(stage: Stage, *images: str, **given: Any) -> Outcome:
    """Dispatch; keywords are inputs."""
    inputs = stage.inputs(images=images or (V1,), mode="dispatch", **given)
    forge, clock = stage.forge, stage.clock
    client = connect(inputs.token, forge.api_url, forge.graphql_url, clock, QUICK)
    ports = DispatchPorts(
        dispatcher=GitHubDispatcher(client, inputs.repository, clock.pause),
        registry=stage.registry,
        clock=clock,
        job=Job(in_actions=True, repository="acme/web", run_id="42", server_url=forge.server_url),
        correlation="42-abcdef",
    )
    return dispatch(inputs, ports)


def sent(stage: Stage) -> Mapping[str, Any]:
    """What the newest run was started with."""
    payload = stage.forge.events[-1].payload
    found: Mapping[str, Any] = payload.get("inputs") or payload["client_payload"]
    return found


def the_run_bumps(stage: Stage, *images: str) -> None:
    """Do as the started workflow would: bump inside the environment repository, and end well."""
    inside = stage.forge.token(
        kind="app",
        login=BOT,
        repositories=[REPOSITORY],
        permissions=rights("contents", "pull_requests", "issues"),
    )
    replace(stage, token=inside).bump(*(images or (V1,)))
    stage.repository.finish_run()


def all_text(outcome: Outcome) -> str:
    return "\n".join([outcome.headline, *(notice.text for notice in outcome.notices)])


# What is sent, and what comes back.


def test_the_run_gets_the_verified_image_and_is_named(stage: Stage) -> None:
    outcome = start(stage)
    (run,) = stage.repository.runs()
    assert sent(stage) == {"images": pinned(V1), "correlation": "42-abcdef"}
    assert outcome.exit_code == 0
    assert outcome.outputs["run-id"] == str(run.id)
    assert outcome.outputs["run-url"].endswith(f"/{REPOSITORY}/actions/runs/{run.id}")
    assert outcome.outputs["run-conclusion"] == ""
    assert outcome.outputs["image"] == pinned(V1)
    assert "was started" in outcome.headline
    assert stage.clock.pauses == []
    assert stage.repository.pull_requests() == []


def test_two_requests_are_enough(stage: Stage) -> None:
    stage.forge.requests.clear()
    start(stage)
    assert [request.method for request in stage.forge.requests] == ["GET", "POST"]
    stage.forge.requests.clear()
    start(stage, base="main")
    assert [request.method for request in stage.forge.requests] == ["POST"]


def test_everything_that_is_asked_for_is_handed_over(stage: Stage) -> None:
    source = ImageSource(repository="acme/web", commit="a" * 40)
    images = (V1, f"old/api={API}:v1.1.0")
    start(stage, *images, environment=("a", "b"), application=("web",), source=source)
    assert sent(stage) == {
        "images": f"{pinned(V1)}\ndocker.io/old/api={pinned(f'{API}:v1.1.0')}",
        "environment": "a\nb",
        "application": "web",
        "source": f"acme/web@{'a' * 40}",
        "correlation": "42-abcdef",
    }


def test_the_source_is_what_the_image_says(stage: Stage) -> None:
    stage.registry.revisions[V1] = "b" * 40
    start(stage)
    assert sent(stage)["source"] == f"acme/web@{'b' * 40}"
    start(stage, V1, f"{API}:v1.1.0")
    assert "source" not in sent(stage)


def test_an_event_starts_it_too(stage: Stage) -> None:
    rights = {"contents": "write", "actions": "read", "metadata": "read"}
    outcome = start(stage.as_token(permissions=rights), dispatch_event="repository_dispatch")
    (run,) = stage.repository.runs()
    assert (run.event, sent(stage)["images"]) == ("repository_dispatch", pinned(V1))
    assert outcome.outputs["run-id"] == str(run.id)


def test_a_dry_run_sends_nothing(stage: Stage) -> None:
    outcome = start(stage, dry_run=True, wait=True)
    assert not any("dispatch" in event.name for event in stage.forge.events)
    assert outcome.exit_code == 0
    assert "would be started" in outcome.headline
    assert outcome.data["sent"] == {"images": pinned(V1), "correlation": "42-abcdef"}


def test_a_missing_image_is_never_sent(stage: Stage) -> None:
    with pytest.raises(ImageMissingError):
        start(stage, f"{WEB}:v9.9.9")
    assert not any("dispatch" in event.name for event in stage.forge.events)


def test_a_registry_that_cannot_be_read_is_a_warning(stage: Stage) -> None:
    stage.registry.failure = RegistryUnreachableError("no route to ghcr.io")
    outcome = start(stage)
    assert sent(stage)["images"] == V1
    assert "could not be verified" in all_text(outcome)


def test_the_app_builds_it(stage: Stage) -> None:
    outcome = app_bump(stage, V1, mode="dispatch")
    (run,) = stage.repository.runs()
    assert outcome.outputs["run-id"] == str(run.id)
    assert sent(stage)["correlation"].startswith("terminal-")
    app_bump(stage, V1, mode="dispatch")
    first, second = (run.title for run in stage.repository.runs())
    assert first != second


# Waiting.


def test_waiting_tells_the_pull_request(stage: Stage) -> None:
    stage.forge.fail(RUN, action=lambda: the_run_bumps(stage), skip=2)
    outcome = start(stage, wait=True)
    (pull,) = stage.repository.pull_requests()
    assert outcome.exit_code == 0
    assert outcome.outputs["run-conclusion"] == "success"
    assert outcome.outputs["pull-request-number"] == str(pull.number)
    assert outcome.outputs["pull-request-operation"] == "created"
    assert outcome.outputs["branch"] == "gitops/default/web"
    assert outcome.outputs["commit"] == pull.head_oid
    assert outcome.outputs["changed"] == "true"
    assert json.loads(outcome.outputs["pull-requests"])[0]["environment"] == "default"
    assert stage.clock.pauses == [1, 2]


def test_a_pull_request_that_was_there_is_unchanged(stage: Stage) -> None:
    the_run_before = stage.forge.token(
        kind="app",
        login=BOT,
        repositories=[REPOSITORY],
        permissions=rights("contents", "pull_requests", "issues"),
    )
    replace(stage, token=the_run_before).bump(V1)
    stage.forge.world.now_shift = 60
    stage.forge.fail(RUN, action=lambda: the_run_bumps(stage))
    outcome = start(stage, wait=True)
    assert outcome.outputs["pull-request-operation"] == "unchanged"
    assert outcome.outputs["changed"] == "false"


def test_pull_requests_of_others_are_not_taken_for_ours(stage: Stage) -> None:
    def run() -> None:
        the_run_bumps(stage, f"{API}:v1.1.0", f"{WEB}:v1.2.0")
        stage.repository.commit(branch="mine", files={"x": "1\n"})
        stage.repository.open(head="mine", title=f"Bump to {V1}")

    stage.forge.fail(RUN, action=run)
    outcome = start(stage, wait=True)
    assert outcome.outputs["pull-requests"] == "[]"
    assert "proposed no pull request" in all_text(outcome)


def test_a_run_that_had_nothing_to_propose_is_a_success(stage: Stage) -> None:
    path = "applications/web/deployment.yaml"
    stage.repository.commit(files={path: deployment(pinned(V1))})
    stage.forge.fail(RUN, action=lambda: the_run_bumps(stage))
    outcome = start(stage, wait=True)
    assert outcome.exit_code == 0
    assert outcome.outputs["pull-requests"] == "[]"
    assert "proposed no pull request" in all_text(outcome)


@pytest.mark.parametrize("conclusion", ["failure", "cancelled", "timed_out"])
def test_a_run_that_fails_fails_the_bump_and_is_named(stage: Stage, conclusion: str) -> None:
    stage.forge.fail(RUN, action=lambda: stage.repository.finish_run(None, conclusion))
    outcome = start(stage, wait=True)
    assert outcome.exit_code == 1
    assert outcome.outputs["run-conclusion"] == conclusion
    assert outcome.outputs["run-url"] in all_text(outcome)
    assert f"ended as {conclusion}" in all_text(outcome)


def test_time_is_up_before_the_run_is_done(stage: Stage) -> None:
    outcome = start(stage, wait=True, timeout=timedelta(seconds=30))
    assert outcome.exit_code == 1
    assert outcome.outputs["run-conclusion"] == "unknown"
    assert outcome.outputs["run-url"]
    assert "not completed within 30s" in all_text(outcome)
    assert "run again" in all_text(outcome)
    assert len(stage.clock.pauses) < 20


def test_a_run_that_can_no_longer_be_read_is_unknown(stage: Stage) -> None:
    stage.forge.fail(RUN, status=502, times=50)
    outcome = start(stage, wait=True)
    assert (outcome.exit_code, outcome.outputs["run-conclusion"]) == (1, "unknown")
    assert "can no longer be read" in all_text(outcome)


def test_a_short_trouble_while_waiting_is_sat_out(stage: Stage) -> None:
    stage.forge.fail(RUN, status=502, times=2)
    stage.forge.fail(RUN, action=lambda: the_run_bumps(stage))
    assert start(stage, wait=True).outputs["run-conclusion"] == "success"


def test_without_the_right_to_read_pull_requests_the_run_is_told_all_the_same(
    stage: Stage,
) -> None:
    sender = stage.as_token(permissions={"actions": "write", "metadata": "read"})
    stage.forge.fail(RUN, action=lambda: the_run_bumps(stage))
    outcome = start(sender, wait=True)
    assert (outcome.exit_code, outcome.outputs["run-conclusion"]) == (0, "success")
    assert "could not be read" in all_text(outcome)


# Faults: cut connections, servers that say less, runs that never come.


def test_a_cut_after_the_write_starts_no_second_run(stage: Stage) -> None:
    stage.forge.fail("POST .*/dispatches", when="after", cut=True)
    outcome = start(stage)
    (run,) = stage.repository.runs()
    assert outcome.outputs["run-id"] == str(run.id)


def test_a_cut_before_the_write_is_tried_again(stage: Stage) -> None:
    stage.forge.fail("POST .*/dispatches", when="before", cut=True)
    outcome = start(stage)
    (run,) = stage.repository.runs()
    assert outcome.outputs["run-id"] == str(run.id)


@pytest.mark.parametrize("status", [500, 502])
def test_trouble_after_the_write_of_an_event_starts_no_second_run(
    stage: Stage, status: int
) -> None:
    sender = stage.as_token(permissions={"contents": "write", "actions": "read"})
    stage.forge.fail("POST .*/dispatches", when="after", status=status)
    start(sender, dispatch_event="repository_dispatch")
    assert len(stage.repository.runs()) == 1


def test_the_newest_run_is_not_taken_for_ours(stage: Stage) -> None:
    def another() -> None:
        start(replace(stage, clock=type(stage.clock)()), f"{API}:v1.1.0", base="main")

    stage.forge.fail("POST .*/dispatches", when="after", status=204)
    stage.forge.fail("GET .*/runs", action=another)
    other = WORKFLOW.replace("inputs.correlation ||", "inputs.nothing ||")
    stage.repository.commit(files={FILE: other})
    outcome = start(stage)
    assert outcome.outputs["run-id"] == ""
    assert "no run has appeared yet" in all_text(outcome)
    assert "run-name" in all_text(outcome)


def test_a_server_that_does_not_name_the_run(stage: Stage) -> None:
    stage.forge.fail("POST .*/dispatches", when="after", status=204)
    outcome = start(stage)
    (run,) = stage.repository.runs()
    assert outcome.outputs["run-id"] == str(run.id)


def test_a_server_that_does_not_know_run_details(stage: Stage) -> None:
    message = 'Invalid request.\n\n"return_run_details" is not a permitted key.'
    stage.forge.fail("POST .*/dispatches", status=422, message=message)
    outcome = start(stage)
    (run,) = stage.repository.runs()
    assert outcome.outputs["run-id"] == str(run.id)


@pytest.mark.parametrize("wait", [False, True])
def test_a_run_that_never_appears(stage: Stage, wait: bool) -> None:
    stage.forge.fail("POST .*/dispatches", when="before", status=204)
    outcome = start(stage, wait=wait, timeout=timedelta(seconds=20))
    assert stage.repository.runs() == []
    assert outcome.exit_code == (1 if wait else 0)
    assert outcome.outputs["run-conclusion"] == ("unknown" if wait else "")
    assert "no run has appeared yet" in all_text(outcome)


def test_an_event_that_nobody_listens_to(stage: Stage) -> None:
    stage.repository.commit(files={FILE: WORKFLOW.replace("types: [new-", "types: [old-")})
    sender = stage.as_token(permissions={"contents": "write", "actions": "read"})
    outcome = start(sender, dispatch_event="repository_dispatch")
    assert outcome.exit_code == 0
    assert "runs on `repository_dispatch` with the type" in all_text(outcome)


def test_an_event_whose_runs_may_not_be_read(stage: Stage) -> None:
    sender = stage.as_token(permissions={"contents": "write"})
    outcome = start(sender, dispatch_event="repository_dispatch")
    assert len(stage.repository.runs()) == 1
    assert (outcome.exit_code, outcome.outputs["run-id"]) == (0, "")
    assert "could not be looked for" in all_text(outcome)
    waited = start(sender, dispatch_event="repository_dispatch", wait=True)
    assert (waited.exit_code, waited.outputs["run-conclusion"]) == (1, "unknown")


# Refusals, each with its way out.


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "has no workflow new-application-version.yml"),
        ("on: push\n", "cannot be started by hand"),
        (
            "on: {workflow_dispatch: {inputs: {image: {}}}}\n",
            'Unexpected inputs provided: ["images',
        ),
        (
            WORKFLOW.replace("      source:\n", "      why: {required: true}\n      source:\n"),
            "Required input 'why' not provided",
        ),
    ],
)
def test_a_workflow_that_does_not_fit_is_told(stage: Stage, content: str | None, told: str) -> None:
    stage.repository.commit(files={FILE: content})
    with pytest.raises(GitOpsError) as caught:
        start(stage)
    assert told in str(caught.value)
    assert caught.value.fix
    assert stage.repository.runs() == []


@pytest.mark.parametrize(
    ("event", "right"),
    [("workflow_dispatch", "actions: write"), ("repository_dispatch", "contents: write")],
)
def test_a_token_without_the_right_is_told_which(stage: Stage, event: str, right: str) -> None:
    reader = stage.as_token(permissions={"actions": "read", "contents": "read"})
    with pytest.raises(GitOpsError) as caught:
        start(reader, dispatch_event=event)
    assert right in str(caught.value)
    assert not any("dispatch" in event.name for event in stage.forge.events)


def test_a_token_that_does_not_see_the_repository_is_told(stage: Stage) -> None:
    stage.forge.create_repository("acme/other", files={"a": "b"})
    stranger = stage.as_token(repositories=["acme/other"])
    for base in (None, "main"):
        with pytest.raises(GitOpsError, match="cannot see acme/environment"):
            start(stranger, base=base)


def test_a_branch_that_is_not_there_is_told(stage: Stage) -> None:
    with pytest.raises(GitOpsError, match="no branch 'mian'"):
        start(stage, base="mian")
