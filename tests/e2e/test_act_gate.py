"""The environment repository's own workflows under act, with the gate's App: what `init` writes.

Gate, promotion, comments and rollback of one version; the deployments are recorded, not made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from gitops_action.core.deploy.result import Result
from testbed.act import WorkflowRun, run_workflow
from testbed.demo.automation import RIGHTS, Automation, clock
from testbed.demo.layouts import BAD_TAG, ENVIRONMENT, NEW_TAG, OVERLAYS
from testbed.demo.policy import CLOSED, FILE, SOAK, with_rules
from testbed.demo.stage import Stage
from testbed.forge.model import PullRequest
from testbed.process import run
from tests.support.act_actions import repositories
from tests.support.deployed import deployed
from tests.support.github_forge import Stage as Recorded

REPOSITORY = {"full_name": ENVIRONMENT, "name": "environment", "default_branch": "main"}


@dataclass
class Workflows:
    """Runs of the workflows that the environment repository has."""

    stage: Stage
    images: tuple[str, str]
    key: str
    log: str = ""
    _library: dict[str, Path] = field(default_factory=dict)

    def run(self, name: str, event_name: str, event: Mapping[str, object]) -> int:
        """Run a workflow of the default branch; gives act's exit code."""
        stage, forge = self.stage, self.stage.forge
        if not self._library:
            self._library = repositories(stage.root, self.images[0])
        result = run_workflow(
            WorkflowRun(
                checkout=self._checkout(name),
                workflow=f".github/workflows/{name}.yml",
                image=self.images[1],
                event_name=event_name,
                event={"ref": "refs/heads/main", "repository": REPOSITORY, **event},
                env={
                    **stage.job_variables,
                    **clock(stage),
                    "GITHUB_SHA": stage.environment.resolve("main"),
                    "GITHUB_ACTOR": "alice",
                },
                variables={"GITOPS_GATE_CLIENT_ID": "Iv1.example"},
                secrets={
                    "GITOPS_GATE_PRIVATE_KEY": self.key,
                    "GITHUB_TOKEN": forge.token(kind="job", home=ENVIRONMENT),
                },
                repositories=self._library,
            )
        )
        self.log += result.log
        forge.advance_clock(2)
        return result.exit_code

    def comment(self, pull: PullRequest, text: str) -> None:
        """Let alice write a comment, and run its workflow."""
        written = Automation(stage=self.stage, token=self.key).written(pull.number, text, "alice")
        issue = {"number": pull.number, "state": "open", "pull_request": {}}
        event = {"action": "created", "issue": issue, "comment": written}
        assert self.run("commands", "issue_comment", event) == 0, self.log[-6000:]

    def _checkout(self, name: str) -> Path:
        folder = self.stage.root / "checkouts" / name
        if not folder.exists():
            run("git", "init", "--quiet", "--initial-branch=main", folder)
            run("git", "-C", folder, "remote", "add", "origin", self.stage.environment.clone_url)
        for path, data in self.stage.environment.files("main").items():
            if path.startswith(".github/workflows/"):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
        git = ("git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@example.com")
        run(*git, "add", "--all")
        run(*git, "commit", "--quiet", "--allow-empty", "--message", "Begin")
        return folder


@pytest.fixture
def workflows(overlays: Stage, action: str, runner: str) -> Iterator[Workflows]:
    repository = overlays.environment
    repository.collaborator("bob", "write")
    rules = with_rules(overlays.files[FILE], OVERLAYS, overlays.forge.world.now())
    repository.commit(files={FILE: rules}, message="Let the gate merge")
    key = overlays.forge.token(
        login="gitops-gate[bot]", repositories=[ENVIRONMENT], permissions=RIGHTS
    )
    yield Workflows(stage=overlays, images=(action, runner), key=key)
    overlays.forge.assert_clean()


def newest(stage: Stage) -> PullRequest:
    return stage.environment.pull_requests()[-1]


def recorded(stage: Stage, environment: str, tag: str, result: Result = Result.SUCCEEDED) -> None:
    """A proved deployment of the base's tip with this version."""
    path = OVERLAYS.deployed if environment == "staging" else OVERLAYS.later
    text = stage.environment.read("main", path).decode()
    (version,) = re.findall(rf'newTag: "({tag}@sha256:[0-9a-f]{{64}})"', text)
    here = Recorded(forge=stage.forge, repository=stage.environment, token="")
    commit = stage.environment.resolve("main")
    deployed(here, environment, commit, {"web": (f"{stage.image}:{version}",)}, result)
    stage.forge.advance_clock(2)


def test_a_version_is_merged_promoted_held_approved_and_rolled_back(workflows: Workflows) -> None:
    stage, repository = workflows.stage, workflows.stage.environment
    stage.run_processes(stage.release(NEW_TAG))
    bump = newest(stage)
    assert workflows.run("gate", "workflow_dispatch", {"inputs": {}}) == 0, workflows.log[-6000:]
    assert bump.merged_at
    recorded(stage, "staging", NEW_TAG)

    workflows.comment(bump, "/gitops promote web to production")
    promotion = newest(stage)
    assert promotion.head == "gitops/production/web"
    assert not promotion.merged_at
    (comment,) = repository.comments(promotion.number)
    for gate in ("soak", "windows", "approvals"):
        assert f"| ⏳ waits | {gate} |" in comment.replace("`", "")
    repository.review(promotion.number, by="bob")
    stage.forge.advance_clock(int((SOAK + CLOSED + timedelta(minutes=1)).total_seconds()))
    assert workflows.run("promote", "schedule", {}) == 0, workflows.log[-6000:]
    assert workflows.run("gate", "schedule", {}) == 0, workflows.log[-6000:]
    assert promotion.merged_at
    recorded(stage, "production", NEW_TAG)

    stage.run_processes(stage.release(BAD_TAG))
    broken = newest(stage)
    assert workflows.run("gate", "schedule", {}) == 0, workflows.log[-6000:]
    assert broken.merged_at
    recorded(stage, "staging", BAD_TAG, Result.FAILED)
    event = {"action": "completed", "workflow_run": {"conclusion": "failure", "name": "deploy"}}
    assert workflows.run("rollback", "workflow_run", event) == 0, workflows.log[-6000:]
    rollback = newest(stage)
    assert rollback.head == "gitops/staging/rollback/web"
    assert rollback.merged_at  # by the gate job of the same run
    described = repository.read("main", OVERLAYS.deployed).decode()
    assert NEW_TAG in described
    assert BAD_TAG not in described
    assert [path for path in repository.files("main") if "/holds/staging.web." in path]
    assert workflows.key not in workflows.log
