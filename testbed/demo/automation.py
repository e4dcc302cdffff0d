"""The environment repository's workflows: each step as its workflow runs it, by the gate's App.

The forge's clock is the time of every step, so that an hour of soak passes by `later`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests

from testbed.action import Step, StepResult, run_step
from testbed.demo.layouts import ENVIRONMENT
from testbed.demo.stage import Stage
from testbed.forge.records import WorkflowJob, WorkflowRun
from testbed.process import PartError

_WORKFLOW = ".github/workflows/deploy.yml"
RIGHTS = {
    "contents": "write",
    "pull_requests": "write",
    "issues": "write",
    "statuses": "write",
    "actions": "write",
    "deployments": "read",
    "checks": "read",
    "metadata": "read",
}


@dataclass(frozen=True, kw_only=True)
class Automation:
    """What decides in the environment repository."""

    stage: Stage
    token: str
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def install(cls, stage: Stage) -> Automation:
        """Install the gate's App."""
        token = stage.forge.token(
            login="gitops-gate[bot]", repositories=[ENVIRONMENT], permissions=RIGHTS
        )
        return cls(stage=stage, token=token)

    def gate(self) -> StepResult:
        """`gate.yml`: evaluate every open pull request, and merge what may merge."""
        return self._run("gate", {})

    def promote(self, environment: str) -> StepResult:
        """`promote.yml`: propose what was verified before."""
        return self._run("promote", {"to-environment": environment})

    def roll_back(self) -> StepResult:
        """`rollback.yml` after a failed run of `deploy.yml`."""
        repository = {"full_name": ENVIRONMENT, "default_branch": "main"}
        run = {"conclusion": "failure", "head_branch": "main", "path": _WORKFLOW}
        event = {"action": "completed", "workflow_run": run, "repository": repository}
        return self._run("rollback", {}, event_name="workflow_run", event=event)

    def comment(self, number: int, text: str, *, by: str) -> StepResult:
        """`commands.yml` for a comment that a person writes."""
        event = {
            "action": "created",
            "issue": {"number": number, "state": "open", "pull_request": {}},
            "comment": self.written(number, text, by),
        }
        return self._run("comment", {}, event_name="issue_comment", event=event, actor=by)

    def history(self, environment: str) -> StepResult:
        """The terminal's `history` of an environment."""
        return self._run("history", {"environment": environment})

    def status(self, page: Path) -> StepResult:
        """The page of what runs where, written to a file."""
        return self._run("status", {"format": "html", "output": str(page)})

    def later(self, time: timedelta) -> None:
        """Let time pass on the forge."""
        self.stage.forge.advance_clock(int(time.total_seconds()))

    def written(self, number: int, text: str, by: str) -> Mapping[str, Any]:
        """The comment as GitHub's event has it."""
        forge = self.stage.forge
        rights = {"issues": "write", "pull_requests": "write", "metadata": "read"}
        token = forge.token(kind="pat", login=by, repositories=[ENVIRONMENT], permissions=rights)
        answer = requests.post(
            f"{forge.api_url}/repos/{ENVIRONMENT}/issues/{number}/comments",
            json={"body": text},
            headers={"Authorization": f"Bearer {token}"},
            timeout=20,
        )
        answer.raise_for_status()
        written: Mapping[str, Any] = answer.json()
        return written

    def _run(
        self,
        command: str,
        inputs: Mapping[str, str],
        *,
        event_name: str = "schedule",
        event: Mapping[str, object] | None = None,
        actor: str = "",
    ) -> StepResult:
        step = Step(
            inputs={
                "command": command,
                "repository": ENVIRONMENT,
                "token": self.token,
                **inputs,
            },
            env={
                **self.stage.job_variables,
                **clock(self.stage),
                "GITHUB_EVENT_NAME": event_name,
                "GITHUB_ACTOR": actor,
            },
            event=event or {},
        )
        result = run_step(step, self.stage.root / f"{command}-{next(self._numbers)}")
        if result.exit_code:
            raise PartError(f"{command} failed:\n{result.log}")
        return result


@dataclass(frozen=True, kw_only=True)
class DeployJob:
    """A job of `deploy.yml` that runs."""

    stage: Stage
    run: WorkflowRun
    job: WorkflowJob

    @property
    def folder(self) -> str:
        """Where the runner keeps its files, under the stage's folder."""
        return f"deploy-{self.run.id}"

    @property
    def variables(self) -> Mapping[str, str]:
        """By which the step knows run and job: what proves the deployment."""
        return {
            **self.stage.job_variables,
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_RUN_ID": str(self.run.id),
            "GITHUB_RUN_ATTEMPT": "1",
            "GITOPS_JOB_ID": str(self.job.id),
        }

    def end(self, *, succeeded: bool) -> None:
        """Let the job end."""
        conclusion = "success" if succeeded else "failure"
        self.stage.environment.finish_job(self.job, conclusion)
        self.stage.environment.finish_run(self.run.id, conclusion)


@contextmanager
def deploying(stage: Stage, environment: str) -> Iterator[DeployJob]:
    """A run of `deploy.yml` for the base's tip, with the job of this environment."""
    run = stage.environment.start_run(stage.environment.resolve("main"), path=_WORKFLOW)
    job = stage.environment.start_job(run, f"deploy / {environment}")
    yield DeployJob(stage=stage, run=run, job=job)


def clock(stage: Stage) -> Mapping[str, str]:
    """The forge's time for a step; whole seconds, like all times of GitHub's."""
    return {"SOURCE_DATE_EPOCH": str(int(stage.forge.world.now().timestamp()) + 1)}
