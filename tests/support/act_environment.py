"""The environment repository's own workflows under act, with the gate's App: what `init` writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gitops_action.core.deploy.result import Result
from testbed.act import WorkflowRun, run_workflow
from testbed.demo.automation import RIGHTS, Automation, clock, deploying
from testbed.demo.layouts import ENVIRONMENT, OVERLAYS, Layout
from testbed.demo.policy import FILE, with_rules
from testbed.demo.stage import Stage
from testbed.forge.model import PullRequest
from testbed.process import run
from tests.support.act_actions import repositories
from tests.support.deployed import deployed
from tests.support.github_forge import Stage as Recorded

DEPLOY_RIGHTS = {"contents": "read", "deployments": "write", "metadata": "read"}
REPOSITORY = {"full_name": ENVIRONMENT, "name": "environment", "default_branch": "main"}


@dataclass
class Workflows:
    """Runs of the workflows that the environment repository has.

    Attributes:
        images: the action's and the runner's.
        key: the gate App's.
        kubeconfig: the secret KUBECONFIG; empty where nothing is deployed.
        log: what all runs printed.
        library: what the workflows use, as act takes it; made from this checkout when empty.
    """

    stage: Stage
    images: tuple[str, str]
    key: str
    kubeconfig: str = ""
    log: str = ""
    library: Mapping[str, Path] = field(default_factory=dict)

    def run(
        self,
        name: str,
        event_name: str,
        event: Mapping[str, object],
        rights: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> int:
        """Run a workflow of the default branch; gives act's exit code.

        Args:
            name: of the workflow's file.
            event_name: what starts it.
            event: the webhook's payload, without what is the same in all.
            rights: those that the workflow grants its job's token.
            env: variables of every step, instead of the forge's time.
        """
        stage, forge = self.stage, self.stage.forge
        if not self.library:
            self.library = repositories(stage.root, self.images[0])
        result = run_workflow(
            WorkflowRun(
                checkout=self._checkout(name),
                workflow=f".github/workflows/{name}.yml",
                image=self.images[1],
                event_name=event_name,
                event={"ref": "refs/heads/main", "repository": REPOSITORY, **event},
                env={
                    **stage.job_variables,
                    **(clock(stage) if env is None else env),
                    "GITHUB_SHA": stage.environment.resolve("main"),
                    "GITHUB_ACTOR": "alice",
                },
                variables={"GITOPS_GATE_CLIENT_ID": "Iv1.example"},
                secrets={
                    "GITOPS_GATE_PRIVATE_KEY": self.key,
                    "GITHUB_TOKEN": forge.token(kind="job", home=ENVIRONMENT, permissions=rights),
                    **({"KUBECONFIG": self.kubeconfig} if self.kubeconfig else {}),
                },
                repositories=self.library,
            )
        )
        self.log += result.log
        forge.advance_clock(2)
        return result.exit_code

    def deploy(self, environment: str) -> int:
        """A push to main: a run of deploy.yml, with the job that proves its record."""
        with deploying(self.stage, environment) as job:
            code = self.run("deploy", "push", {}, DEPLOY_RIGHTS, job.variables)
            job.end(succeeded=not code)
        return code

    def roll_back(self) -> None:
        """The run of rollback.yml that a failed run of deploy.yml starts, its gate job included."""
        event = {"action": "completed", "workflow_run": {"conclusion": "failure", "name": "deploy"}}
        assert self.run("rollback", "workflow_run", event) == 0, self.log[-6000:]

    def comment(self, pull: PullRequest, text: str) -> None:
        """Let alice write a comment, and run its workflow."""
        written = Automation(stage=self.stage, token=self.key).written(pull.number, text, "alice")
        issue = {"number": pull.number, "state": "open", "pull_request": {}}
        event = {"action": "created", "issue": issue, "comment": written}
        assert self.run("commands", "issue_comment", event) == 0, self.log[-6000:]

    def record(self, environment: str, tag: str, result: Result = Result.SUCCEEDED) -> None:
        """A proved deployment of the base's tip with this version."""
        stage = self.stage
        path = OVERLAYS.deployed if environment == "staging" else OVERLAYS.later
        text = stage.environment.read("main", path).decode()
        (version,) = re.findall(rf'newTag: "({tag}@sha256:[0-9a-f]{{64}})"', text)
        here = Recorded(forge=stage.forge, repository=stage.environment, token="")
        commit = stage.environment.resolve("main")
        deployed(here, environment, commit, {"web": (f"{stage.image}:{version}",)}, result)
        stage.forge.advance_clock(2)

    def _checkout(self, name: str) -> Path:
        """The base's tip: act takes `github.sha` from the checkout."""
        folder = self.stage.root / "checkouts" / name
        git = ("git", "-C", folder)
        if not folder.exists():
            run("git", "init", "--quiet", "--initial-branch=main", folder)
            run(*git, "remote", "add", "origin", self.stage.environment.clone_url)
        run(*git, "fetch", "--quiet", self.stage.environment.path, "main")
        run(*git, "reset", "--quiet", "--hard", "FETCH_HEAD")
        return folder


def governed(stage: Stage, layout: Layout, images: tuple[str, str]) -> Workflows:
    """An environment repository with the rules of the demo, and the gate's App with its key."""
    repository = stage.environment
    repository.collaborator("bob", "write")
    rules = with_rules(stage.files[FILE], layout, stage.forge.world.now())
    repository.commit(files={FILE: rules}, message="Let the gate merge")
    key = stage.forge.token(
        login="gitops-gate[bot]",
        repositories=[ENVIRONMENT],
        permissions={**RIGHTS, "merge_queues": "write"},
    )
    return Workflows(stage=stage, images=images, key=key)


@pytest.fixture
def workflows(overlays: Stage, action: str, runner: str) -> Iterator[Workflows]:
    yield governed(overlays, OVERLAYS, (action, runner))
    overlays.forge.assert_clean()
