"""The loop after a merge, as its workflows run it: deploy, rollback, gate, each a process."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from testbed.action import Step, StepResult, run_step
from testbed.registry import Registry
from tests.support.deploy_forge import CONFIG, Deploying, settings, web
from tests.support.github_forge import REPOSITORY

APP = "gitops-gate[bot]"
FOLDER = "environments/staging"
_AWAY = {
    "current-context": "away",
    "contexts": [{"name": "away", "context": {"cluster": "away", "user": "me"}}],
    "clusters": [{"name": "away", "cluster": {"server": "https://127.0.0.1:1"}}],
    "users": [{"name": "me", "user": {"token": "planted-cluster-token"}}],
}
_RIGHTS = {
    **dict.fromkeys(("contents", "pull_requests", "issues", "statuses"), "write"),
    **dict.fromkeys(("deployments", "checks", "actions", "metadata"), "read"),
}


@dataclass
class RollbackLoop:
    """An environment with web, api and a ConfigMap, and the workflows that act on it."""

    stage: Deploying
    registry: Registry
    engine: str
    images: dict[str, str] = field(default_factory=dict)
    token: str = ""
    steps: int = 0

    def __post_init__(self) -> None:
        self.token = self.stage.forge.token(
            login=APP, repositories=[REPOSITORY], permissions=_RIGHTS
        )

    def configure(self) -> None:
        """Staging goes back by itself, merged by the gate alone."""
        host = self.registry.address
        self.stage.commit(
            {
                CONFIG: "version: 1\napplications:\n"
                f"  web: {{images: [{host}/acme/web]}}\n  api: {{images: [{host}/acme/api]}}\n"
                f"environments:\n  staging:\n    path: {FOLDER}\n    rollback: {{mode: auto}}\n"
                f"    deploy: {{{self.engine}, health: {{timeout: 60s}}}}\n"
            }
        )

    def image(self, name: str, version: str) -> str:
        """An image that the registry has, by its digest."""
        text = f"{self.registry.address}/acme/{name}:{version}"
        if text not in self.images:
            digest = self.registry.push_image(f"acme/{name}", version)
            self.images[text] = f"{text}@{digest}"
        return self.images[text]

    def describe(self, value: str, **versions: str) -> str:
        """Commit these versions with a value of the ConfigMap; gives the commit."""
        space = self.stage.namespace
        files: dict[str, str | None] = {
            f"{FOLDER}/{name}.yaml": web(
                space, self.image(name, version), strategy={"type": "Recreate"}
            ).replace('"web"', f'"{name}"')
            for name, version in versions.items()
        }
        files[f"{FOLDER}/settings.yaml"] = settings(space, "settings", value)
        return self.stage.commit(files)

    def break_image(self, name: str, version: str) -> None:
        """Let every pod of this image crash."""
        image = self.image(name, version).partition("@")[0]
        self.stage.plane.behave(image, "crash-loop", log="panic: no database")

    def earlier(self, name: str) -> None:
        """Put an environment of the same engine before staging, which describes web as well."""
        files = self.stage.repository.files("main")
        own = f"{FOLDER}/web.yaml"
        text = (
            files[CONFIG]
            .decode()
            .replace(f"path: {FOLDER}\n", f"path: {FOLDER}\n    after: [{name}]\n")
        )
        folder = f"environments/{name}"
        more = f"  {name}: {{path: {folder}, deploy: {{{self.engine}}}}}\n"
        self.stage.commit({CONFIG: text + more, f"{folder}/web.yaml": files[own].decode()})

    def deploy(
        self, environment: str = "staging", *, away: bool = False, pending: bool = False
    ) -> StepResult:
        """A run of deploy.yml at the base's tip, with the job that proves its record.

        Args:
            environment: which one.
            away: its cluster does not answer.
            pending: as after a push: it is deployed where nothing before it holds it up.
        """
        repository = self.stage.repository
        run = repository.start_run(repository.resolve("main"))
        job = repository.start_job(run, f"deploy / {environment}")
        kubeconfig = json.dumps(_AWAY) if away else self.stage.plane.kubeconfig
        when = "true" if pending else ""
        step = self.stage.step(environment=environment, kubeconfig=kubeconfig, pending=when)
        ids = {"GITHUB_RUN_ID": str(run.id), "GITOPS_JOB_ID": str(job.id)}
        result = self._run(replace(step, env={**step.env, **ids}), "deploy")
        conclusion = "failure" if result.exit_code else "success"
        repository.finish_job(job, conclusion)
        repository.finish_run(run.id, conclusion)
        return result

    def roll_back(self) -> StepResult:
        """A run of rollback.yml after that of deploy.yml."""
        return self.step("rollback", event_name="workflow_run")

    def gate(self) -> StepResult:
        """The last job of rollback.yml, or a run of gate.yml."""
        return self.step("gate", verify="off")

    def step(self, command: str, *, event_name: str = "schedule", **given: str) -> StepResult:
        """A step of a job with the gate App's token."""
        forge = self.stage.forge
        step = Step(
            inputs={"command": command, "token": self.token, **given},
            env={
                "GITHUB_ACTIONS": "true",
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_EVENT_NAME": event_name,
                "GITHUB_API_URL": forge.api_url,
                "GITHUB_GRAPHQL_URL": forge.graphql_url,
                "GITHUB_SERVER_URL": forge.server_url,
                "GITHUB_RUN_ID": "1",
            },
        )
        return self._run(step, command)

    def _run(self, step: Step, name: str) -> StepResult:
        self.steps += 1
        return run_step(step, self.stage.root / f"{name}-step-{self.steps}", timeout=180)

    def decisions(self, result: StepResult) -> str:
        """What rollback decided on staging."""
        found = {one["environment"]: one["code"] for one in json.loads(result.outputs["decisions"])}
        return str(found["staging"])

    def running(self, name: str) -> str:
        """The image of a Deployment in the cluster."""
        spec: Any = self.stage.live("deployment", name)["spec"]
        return str(spec["template"]["spec"]["containers"][0]["image"])
