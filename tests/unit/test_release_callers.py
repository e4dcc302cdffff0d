"""Nothing that was ever published may fail at its start: callers against the called workflows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from release.callers import Caller, Library, callers_in, present_callers, publish, published_callers

WORKFLOW = """
on:
  workflow_call:
    inputs:
      version: {type: string, required: true}
      mode: {type: string}
    secrets:
      key: {required: true}
      token: {required: false}
    outputs:
      url: {value: x}
permissions: {}
jobs:
  plan:
    permissions: {contents: read}
  write:
    if: false
    permissions: {contents: write, id-token: write}
"""
CALL = """
permissions: {}
jobs:
  release:
    uses: acme/gitops-action/.github/workflows/release.yml@v1
    permissions: {contents: write, id-token: write}
    with: {version: "1"}
    secrets: {key: x}
  after:
    needs: release
    steps:
      - run: echo ${{ needs.release.outputs.url }}
"""


def library(**workflow: Any) -> Library:
    body = {**yaml.load(WORKFLOW, Loader=yaml.CSafeLoader), **workflow}
    action = {"inputs": {"command": {}, "images": {}}, "outputs": {"changed": {}}}
    return Library(workflows={"release.yml": body}, actions={"": action, "bump": action})


def problems(text: str) -> str:
    found = tuple(callers_in(text, "x.yml"))
    assert found
    return "\n".join(library().problems(found))


@pytest.fixture(scope="module")
def present() -> tuple[Caller, ...]:
    return present_callers()


def test_what_is_published_now_and_ever_was_is_taken(present: tuple[Caller, ...]) -> None:
    assert {one.target for one in present if one.kind == "workflow"} >= {
        "deploy.yml",
        "release.yml",
        "validate.yml",
        "validate-comment.yml",
    }
    assert any("(example)" in one.place for one in present)
    assert any(one.place.startswith("docs/") for one in present)
    assert any(one.kind == "action" for one in present)
    assert Library.of().problems((*present, *published_callers())) == ()


def test_every_answer_to_init_counts(present: tuple[Caller, ...]) -> None:
    """A template's workflows call others for other answers."""
    written = {
        (one.target, one.inputs, one.secrets)
        for one in present
        if one.place.startswith("templates/")
    }
    called = {target for target, _, _ in written}
    assert {"gate-job-token.yml", "promote-job-token.yml", "rollback-job-token.yml"} <= called
    by_push = [inputs for target, inputs, _ in written if target == "deploy.yml"]
    assert {"destroy" in inputs for inputs in by_push} == {True, False}
    releases = [(inputs, secrets) for target, inputs, secrets in written if target == "release.yml"]
    assert {"mode" in inputs for inputs, _ in releases} == {True, False}
    assert {"registry-password" in (secrets or ()) for _, secrets in releases} == {True, False}


def test_a_caller_that_gives_all_there_is_is_well() -> None:
    assert problems(CALL) == ""
    assert problems(CALL.replace("{contents: write, id-token: write}", "write-all")) == ""
    assert problems(CALL.replace("{key: x}", "inherit")) == ""
    assert problems(CALL.replace("key: x", "KEY: x")) == ""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (", id-token: write", "", "its job 'write' asks for id-token: write"),
        ("contents: write", "contents: read", "its job 'write' asks for contents: write"),
        ("permissions: {contents: write, id-token: write}", "name: x", "its job 'plan' asks for"),
        ("{contents: write, id-token: write}", "read-all", "asks for contents: write"),
        ('version: "1"', "mode: x", "the input 'version' is required"),
        ('version: "1"', 'version: "1", force: x', "there is no input 'force'"),
        ("{key: x}", "{}", "the secret 'key' is required"),
        ("key: x", "key: x, password: y", "there is no secret 'password'"),
        ("outputs.url", "outputs.link", "there is no output 'link'"),
        ("release.yml@", "absent.yml@", "there is no reusable workflow 'absent.yml'"),
    ],
)
def test_what_a_caller_would_fail_by_is_named(old: str, new: str, problem: str) -> None:
    assert old in CALL
    assert problem in problems(CALL.replace(old, new))


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ("{uses: acme/gitops-action@v1, with: {images: x}}", ""),
        ("{uses: acme/gitops-action/bump@v1, with: {images: x}}", ""),
        ("{uses: acme/gitops-action@v1, with: {image: x}}", "there is no input 'image'"),
        ("{uses: acme/gitops-action/dump@v1}", "there is no action 'dump'"),
    ],
)
def test_steps_that_use_an_action_are_compared_as_well(step: str, problem: str) -> None:
    found = problems(f"- {step}")
    assert problem in found
    assert bool(problem) == bool(found)


def test_a_release_writes_its_callers_down(tmp_path: Path) -> None:
    callers = tuple(callers_in(CALL, "templates/x.yml"))
    publish("1.2.3", callers, tmp_path)
    (found,) = published_callers(tmp_path)
    assert found.place == "1.2.3: templates/x.yml: release"
    assert (found.inputs, found.secrets, found.outputs) == (("version",), ("key",), ("url",))
    assert library().problems([found]) == ()
    stricter = {"plan": {"permissions": {"deployments": "write"}}}
    (problem,) = library(jobs=stricter).problems([found])
    assert problem.startswith("1.2.3: ")
    assert "deployments: write" in problem


def test_a_published_caller_that_inherits_secrets_stays_one(tmp_path: Path) -> None:
    text = CALL.replace("{key: x}", "inherit")
    publish("1.0.0", callers_in(text, "x"), tmp_path)
    (found,) = published_callers(tmp_path)
    assert isinstance(found, Caller)
    assert found.secrets is None
