"""What `init` writes runs under act: an application's release, by both ways of handing over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from testbed.act import WorkflowRun, run_workflow
from testbed.demo import application
from testbed.demo.layouts import APPLICATION, ENVIRONMENT, NEW_TAG, OVERLAYS
from testbed.demo.stage import Stage
from testbed.process import run
from tests.support.act_actions import released, repositories
from tests.support.deploy_workflow import UNKNOWN_TO_ACT
from tests.support.scaffold import EXAMPLE, WEB, files_of

NEW_VERSION = ".github/workflows/new-application-version.yml"


@pytest.fixture
def files(overlays: Stage) -> dict[str, str]:
    web = replace(WEB, image=overlays.image)
    return files_of(replace(EXAMPLE, subject="application", applications=(web,)))


def test_the_applications_release_opens_a_pull_request(
    overlays: Stage, files: Mapping[str, str], action: str, runner: str
) -> None:
    release = released(overlays, files)
    forge = overlays.forge
    result = run_workflow(
        WorkflowRun(
            checkout=release.checkout,
            workflow=application.WORKFLOW,
            image=runner,
            event=application.push_event(forge, release),
            env=application.job_variables(forge, release),
            variables={"GITOPS_CLIENT_ID": "Iv1.example"},
            secrets={
                "GITOPS_PRIVATE_KEY": overlays.token,
                "GITHUB_TOKEN": forge.token(kind="job", home=APPLICATION),
                "REGISTRY_USERNAME": "nobody",
                "REGISTRY_PASSWORD": "nothing",
            },
            repositories=repositories(overlays.root, action),
        )
    )
    assert result.exit_code == 0, result.log[-5000:]
    (pull,) = overlays.environment.pull_requests()
    assert pull.head == "gitops/staging/web"
    changed = overlays.environment.read(pull.head, OVERLAYS.deployed).decode()
    assert re.search(rf'newTag: "{NEW_TAG}@sha256:[0-9a-f]{{64}}"', changed)
    assert f"GitOps-Source: {APPLICATION}@{release.commit}" in (pull.body or "")
    assert overlays.token not in result.log


def test_the_environments_workflow_proposes_a_version(
    overlays: Stage, action: str, runner: str
) -> None:
    overlays.registry.push_image(APPLICATION, NEW_TAG)
    checkout = overlays.root / "checkout"
    run("git", "init", "--quiet", "--initial-branch=main", checkout)
    run("git", "-C", checkout, "remote", "add", "origin", overlays.environment.clone_url)
    for path, text in overlays.files.items():
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).write_text(text.replace(UNKNOWN_TO_ACT, ""), encoding="utf-8")
    git = ("git", "-C", checkout, "-c", "user.name=a", "-c", "user.email=a@example.com")
    run(*git, "add", "--all")
    run(*git, "commit", "--quiet", "--message", "Begin")
    forge = overlays.forge
    inputs = {"images": f"{overlays.image}:{NEW_TAG}", "environment": "production"}
    result = run_workflow(
        WorkflowRun(
            checkout=checkout,
            workflow=NEW_VERSION,
            image=runner,
            event_name="workflow_dispatch",
            event={"inputs": inputs, "ref": "refs/heads/main"},
            env={
                "GITHUB_REPOSITORY": ENVIRONMENT,
                "GITHUB_SERVER_URL": forge.server_url,
                "GITHUB_API_URL": forge.api_url,
                "GITHUB_GRAPHQL_URL": forge.graphql_url,
            },
            # Without an App: the job's token does the work.
            secrets={
                "GITHUB_TOKEN": forge.token(
                    kind="job",
                    home=ENVIRONMENT,
                    permissions={"contents": "write", "pull_requests": "write"},
                )
            },
            repositories=repositories(overlays.root, action, overlays.files[NEW_VERSION]),
        )
    )
    assert result.exit_code == 0, result.log[-5000:]
    (pull,) = overlays.environment.pull_requests()
    assert pull.head == "gitops/production/web"
    changed = overlays.environment.read(pull.head, OVERLAYS.later).decode()
    assert NEW_TAG in changed
