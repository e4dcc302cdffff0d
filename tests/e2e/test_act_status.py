"""The status page under act: the workflow that `init` writes, and the one that publishes on Pages.

What keeps and publishes the page is GitHub's own; stand-ins print it, and give it an address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from testbed.act import RunResult, WorkflowRun, run_workflow
from testbed.cache import ROOT
from testbed.demo.layouts import ENVIRONMENT, OVERLAYS
from testbed.demo.stage import Stage
from testbed.forge.records import WorkflowRun as RecordedRun
from tests.support.act_actions import repositories
from tests.support.deployed import deployed
from tests.support.github_forge import Stage as Recorded

STATUS = ".github/workflows/status.yml"
DRIFT = ".github/workflows/drift.yml"
READS = ("contents", "deployments", "actions", "checks", "pull_requests", "statuses", "issues")
RIGHTS = {**dict.fromkeys(READS, "read"), "metadata": "read"}


def run_status(stage: Stage, workflow: str, action: str, runner: str) -> RunResult:
    """A scheduled run of the environment repository's own workflow."""
    checkout = stage.root / "checkout"
    (checkout / STATUS).parent.mkdir(parents=True)
    (checkout / STATUS).write_text(workflow, encoding="utf-8")
    return run_workflow(
        WorkflowRun(
            checkout=checkout,
            workflow=STATUS,
            image=runner,
            event_name="schedule",
            event={"ref": "refs/heads/main", "repository": {"full_name": ENVIRONMENT}},
            env={**stage.job_variables, "GITHUB_SHA": stage.environment.resolve("main")},
            secrets={
                "GITHUB_TOKEN": stage.forge.token(kind="job", home=ENVIRONMENT, permissions=RIGHTS)
            },
            repositories=repositories(stage.root, action),
        )
    )


def record(stage: Stage) -> RecordedRun:
    """A deployment of staging, and a comparison that found no drift there."""
    here = Recorded(forge=stage.forge, repository=stage.environment, token="")
    text = stage.environment.read("main", OVERLAYS.deployed).decode()
    (version,) = re.findall(r'newTag: "?([^"\n]+)"?', text)
    commit = stage.environment.resolve("main")
    deployed(here, "staging", commit, {"web": (f"{stage.image}:{version}",)})
    run = stage.environment.record_run(DRIFT, event="schedule", conclusion=None)
    job = stage.environment.start_job(run, "drift / staging")
    job.steps = ("Compare", "Clean")
    stage.environment.finish_job(job)
    stage.environment.finish_run(run.id)
    return run


def documented_caller() -> Mapping[str, str]:
    """The workflow of docs/status.md, and the one that `init` writes."""
    (pages,) = re.findall(
        r"```yaml\n(name: status\n.*?)```", (ROOT / "docs/status.md").read_text(), re.DOTALL
    )
    return {"pages": pages}


@pytest.mark.parametrize("kind", ["artifact", "pages"])
def test_the_page_says_what_runs_and_what_drift_found(
    overlays: Stage, kind: str, action: str, runner: str
) -> None:
    workflow = documented_caller().get(kind) or overlays.files[STATUS]
    run = record(overlays)
    result = run_status(overlays, workflow, action, runner)
    assert result.exit_code == 0, result.log[-6000:]
    page = "\n".join(re.findall(r"\| page: (.*)", result.log))
    assert page.startswith("<!doctype html>")
    assert page.endswith("</html>")
    assert re.search(r"staging runs web \S+ since \w{3} [-0-9]+ [:0-9]+Z, healthy", page)
    address = f"{overlays.forge.server_url}/{ENVIRONMENT}/actions/runs/{run.id}/job/"
    assert re.search(rf'Drift: <a href="{re.escape(address)}[0-9]+">clean, compared', page)
    assert "not looked at: no run of" in page
    if kind == "pages":
        assert "published at https://acme.github.io/environment/" in result.log
