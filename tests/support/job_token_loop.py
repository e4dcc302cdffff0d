"""An environment repository without an App: its workflows as `init` writes them, and their jobs.

Events start runs as on GitHub. A job is run as a process, with the job's token and exactly the
rights that the called workflow declares for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import requests
import yaml

from gitops_action.core.deploy.result import Result
from testbed.action import Step, StepResult, run_step
from testbed.cache import ROOT
from testbed.forge import Forge, RepositoryHandle
from testbed.forge.model import PullRequest
from testbed.forge.records import WorkflowRun
from testbed.forge.rulesets import RequiredStatus
from testbed.registry import Registry
from tests.support.deployed import deployed
from tests.support.gate_forge import NAMESPACE, WEB
from tests.support.github_forge import REPOSITORY, Stage
from tests.support.scaffold import EXAMPLE, files_of

BOT = "github-actions[bot]"
DEPLOY = ".github/workflows/deploy.yml"
CONFIG = """\
version: 1
applications:
  web: {images: [IMAGE]}
environments:
  staging:
    path: environments/staging
    merge: auto
    deploy: {engine: push}
  production:
    path: environments/production
    after: [staging]
    merge: auto
    rollback: {mode: auto}
    gates: {approvals: {users: [bob]}, override: {users: [carol]}}
    deploy: {engine: push}
"""


def workflows() -> dict[str, str]:
    """Those that `init environment --identity job-token` writes."""
    written = files_of(replace(EXAMPLE, identity="job-token", engine="push"))
    return {path: text for path, text in written.items() if path.startswith(".github/workflows/")}


def rights(workflow: str, job: str) -> dict[str, str]:
    """What a job may do, in the words of the API."""
    place = workflow if workflow in workflows() else f".github/workflows/{workflow}-job-token.yml"
    text = workflows().get(place) or (ROOT / place).read_text()
    granted: Mapping[str, str] = yaml.safe_load(text)["jobs"][job]["permissions"]
    return {"metadata": "read", **{name.replace("-", "_"): it for name, it in granted.items()}}


@dataclass
class JobTokenLoop:
    """The repository, and what its runs do."""

    forge: Forge
    repository: RepositoryHandle
    registry: Registry
    root: Path
    steps: int = 0
    images: dict[str, str] = field(default_factory=dict)

    def image(self, version: str) -> str:
        """An image that the registry has, by its digest."""
        if version not in self.images:
            digest = self.registry.push_image("acme/web", version)
            self.images[version] = f"{self.registry.address}/acme/web:{version}@{digest}"
        return self.images[version]

    def overlay(self, version: str) -> str:
        name, _, tag = self.image(version).rpartition(f":{version}@")
        return (
            f"resources: [../../base]\nimages:\n  - name: web\n    newName: {name}\n"
            f"    newTag: {version}@{tag}\n"
        )

    # Jobs.

    def bump(self, version: str) -> StepResult:
        """The job of new-application-version.yml."""
        path = ".github/workflows/new-application-version.yml"
        given = {"images": self.image(version), "environment": "staging"}
        return self.step("bump", rights(path, "propose"), path=path, **given)

    def gate(self, path: str = ".github/workflows/gate.yml") -> StepResult:
        """The gate, alone or as a run's last job."""
        return self.step("gate", rights("gate", "gate"), path=path)

    def promote(self) -> StepResult:
        """A last job of deploy.yml."""
        return self.step("promote", rights("promote", "promote"), path=DEPLOY)

    def roll_back(self) -> StepResult:
        """The other one."""
        return self.step("rollback", rights("rollback", "rollback"), path=DEPLOY)

    def step(self, command: str, may: Mapping[str, str], *, path: str, **given: str) -> StepResult:
        self.steps += 1
        forge = self.forge
        verify = {} if command in {"promote", "rollback"} else {"verify": "off"}
        token = forge.token(kind="job", home=REPOSITORY, permissions=dict(may))
        step = Step(
            inputs={"command": command, "token": token, **verify, **given},
            env={
                "GITHUB_ACTIONS": "true",
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_EVENT_NAME": "workflow_dispatch",
                "GITHUB_ACTOR": BOT,
                "GITHUB_API_URL": forge.api_url,
                "GITHUB_GRAPHQL_URL": forge.graphql_url,
                "GITHUB_SERVER_URL": forge.server_url,
                "GITHUB_WORKFLOW_REF": f"{REPOSITORY}/{path}@refs/heads/main",
                "GITHUB_RUN_ID": "1",
                "SOURCE_DATE_EPOCH": str(int(forge.world.now().timestamp()) + 1),
            },
        )
        result = run_step(step, self.root / f"{command}-{self.steps}", timeout=180)
        forge.advance_clock(2)
        return result

    # Runs.

    def waiting(self, path: str = DEPLOY) -> list[WorkflowRun]:
        """The runs of a workflow that wait for a runner."""
        runs = self.repository.runs()
        return [run for run in runs if run.path == path and run.status == "queued"]

    def deploy(self, environment: str, result: Result = Result.SUCCEEDED) -> None:
        """The job of the run that waits; its last jobs come after it, so that the run goes on."""
        (run,) = self.waiting()
        run.status = "in_progress"
        self.record(environment, result, run)

    def record(
        self,
        environment: str,
        result: Result = Result.SUCCEEDED,
        run: WorkflowRun | None = None,
    ) -> None:
        stage = Stage(forge=self.forge, repository=self.repository, token="")
        tip = self.repository.resolve("main")
        path = f"environments/{environment}/kustomization.yaml"
        text = self.repository.read("main", path).decode()
        image = next(one for one in self.images.values() if f"{one.rpartition('@')[2]}" in text)
        deployed(stage, environment, tip, {"web": (image,)}, result, run=run)
        self.forge.advance_clock(2)

    # People.

    def comment(self, number: int, text: str, *, by: str) -> int:
        """Let a person comment; gives the comment's number."""
        found: int = self.written(number, text, by=by)["id"]
        return found

    def written(self, number: int, text: str, *, by: str) -> Any:
        """The comment that a person writes, as GitHub's event has it."""
        may = {"issues": "write", "pull_requests": "write", "metadata": "read"}
        token = self.forge.token(kind="pat", login=by, repositories=[REPOSITORY], permissions=may)
        answer = self._send(token, "POST", f"issues/{number}/comments", {"body": text})
        self.forge.advance_clock(2)
        return answer

    def edit(self, comment: int, text: str, *, by: str) -> None:
        """Let a person change a comment."""
        may = {"issues": "write", "pull_requests": "write", "metadata": "read"}
        token = self.forge.token(kind="pat", login=by, repositories=[REPOSITORY], permissions=may)
        self._send(token, "PATCH", f"issues/comments/{comment}", {"body": text})

    def _send(self, token: str, method: str, path: str, body: Mapping[str, str]) -> Any:
        answer = requests.request(
            method,
            f"{self.forge.api_url}/repos/{REPOSITORY}/{path}",
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=20,
        )
        answer.raise_for_status()
        return answer.json()

    def newest(self) -> PullRequest:
        """The pull request that was opened last."""
        return self.repository.pull_requests()[-1]

    def described(self, environment: str) -> str:
        """What the base describes."""
        path = f"environments/{environment}/kustomization.yaml"
        return self.repository.read("main", path).decode()

    def ready(self, pull: PullRequest) -> str:
        """What `gitops/ready` says of a head."""
        found = self.repository.repository.statuses.get(pull.head_oid, [])
        texts = [one.description or "" for one in found if one.context == "gitops/ready"]
        return texts[-1]


@contextlib.contextmanager
def job_token_loop(root: Path, registry: Registry, config: str = CONFIG) -> Iterator[JobTokenLoop]:
    """A repository where version v1 runs everywhere, and whose base requires `gitops/ready`."""
    with Forge.start(root / "forge") as forge:
        repository = forge.create_repository(REPOSITORY, files={"README.md": "# environment\n"})
        for person in ("alice", "bob", "carol"):
            repository.collaborator(person, "write")
        loop = JobTokenLoop(forge=forge, repository=repository, registry=registry, root=root)
        v1 = loop.overlay("v1")
        name = f"{registry.address}/acme/web"
        repository.commit(
            files={
                ".github/gitops.yaml": config.replace("IMAGE", name),
                "base/kustomization.yaml": "resources: [namespace.yaml, web.yaml]\n",
                "base/namespace.yaml": NAMESPACE,
                "base/web.yaml": WEB.replace("ghcr.io/acme/web:v1", "web"),
                "environments/staging/kustomization.yaml": v1,
                "environments/production/kustomization.yaml": v1,
                **workflows(),
            },
            message="Begin",
        )
        forge.advance_clock(2)
        for environment in ("staging", "production"):
            loop.record(environment)
        pinned = RequiredStatus("gitops/ready", forge.app_id(BOT))
        repository.ruleset("main", required_statuses=(pinned,))
        forge.run_workflows()
        yield loop
        forge.assert_clean()
