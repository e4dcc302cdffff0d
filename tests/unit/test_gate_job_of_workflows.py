"""The job that evaluates and merges is the same in every workflow that ends with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOWS = Path(__file__).parents[2] / ".github" / "workflows"
NAMES = ("promote", "commands", "rollback")
OWN = {"needs", "if"}
URLS = ("server-url", "api-url", "graphql-url")


def workflow(name: str) -> Any:
    return yaml.load((WORKFLOWS / f"{name}.yml").read_text(), Loader=yaml.CSafeLoader)


def job(name: str) -> dict[str, Any]:
    return {key: each for key, each in workflow(name)["jobs"]["gate"].items() if key not in OWN}


@pytest.mark.parametrize("name", NAMES)
def test_the_gate_s_job_is_one(name: str) -> None:
    assert job(name) == job("promote")
    assert job(name)["concurrency"] == {"group": "gitops-gate", "cancel-in-progress": False}


@pytest.mark.parametrize("name", ["rollback", "rollback-job-token"])
def test_what_a_rollback_proposed_is_evaluated_although_it_failed_for_a_person(name: str) -> None:
    """An alarm of one environment fails the job; GitHub then skips what depends on it."""
    condition = workflow(name)["jobs"]["gate"]["if"]
    assert condition == ("${{ !cancelled() && needs.rollback.outputs.pull-request-number != '' }}")


@pytest.mark.parametrize("name", NAMES)
def test_every_step_reaches_the_server_that_is_given(name: str) -> None:
    for one in workflow(name)["jobs"].values():
        token, action = one["steps"]
        assert token["with"]["github-api-url"] == "${{ inputs.api-url || github.api_url }}"
        for url in URLS:
            assert action["with"][url] == f"${{{{ inputs.{url} }}}}"


@pytest.mark.parametrize("name", NAMES)
def test_the_secret_has_the_name_of_the_environment_s(name: str) -> None:
    called = workflow(name)[True]["workflow_call"]  # YAML 1.1 reads `on` as true
    assert "GITOPS_GATE_PRIVATE_KEY" in called["secrets"]
    for one in workflow(name)["jobs"].values():
        assert one["environment"] == {"name": "gitops-gate", "deployment": False}
