"""A validation of a pull request on a real forge, by the adapters that the app builds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gitops_action.adapters.git import GitTarget, PullRequestTrees
from gitops_action.adapters.github import GitHubForge, connect
from gitops_action.adapters.github.proposals import GitHubProposals
from gitops_action.adapters.views import ValidationViews
from gitops_action.app.tools import Context
from gitops_action.app.validate import ToolWorkshop
from gitops_action.commands.validate import command as validate
from gitops_action.core.inputs import ValidateInputs
from gitops_action.core.outcome import Job, Outcome
from gitops_action.core.pull_requests import Identity
from gitops_action.core.redaction.known import Redactor
from testbed.action import Step, StepResult, run_step
from testbed.forge import Forge, RepositoryHandle
from tests.support.github_forge import QUICK, REPOSITORY, SystemClock
from tests.support.reporters import QUIET

RIGHTS = {"contents": "read", "pull_requests": "write", "issues": "write", "metadata": "read"}
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n"
WEB = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector:\n"
    "    matchLabels: {app: web}\n  template:\n    metadata:\n      labels: {app: web}\n"
    "    spec:\n      containers:\n        - {name: web, image: ghcr.io/acme/web:v1}\n"
)
CONFIG = (
    "version: 1\nenvironments:\n  staging: {path: environments/staging}\n"
    "  production: {path: environments/production, after: [staging]}\n"
)


def overlay(version: str) -> str:
    return (
        "namespace: web\nresources: [../../base]\nimages:\n"
        f"  - name: ghcr.io/acme/web\n    newTag: {version}\n"
    )


FILES: Mapping[str, str] = {
    ".github/gitops.yaml": CONFIG,
    "base/kustomization.yaml": "resources: [namespace.yaml, web.yaml]\n",
    "base/namespace.yaml": NAMESPACE,
    "base/web.yaml": WEB,
    "environments/staging/kustomization.yaml": overlay("v1"),
    "environments/production/kustomization.yaml": overlay("v1"),
}
STAGING = "environments/staging/kustomization.yaml"
BUMP = {STAGING: overlay("v2")}


@dataclass
class Validation:
    """A forge with an environment repository, and validations of its pull requests."""

    forge: Forge
    repository: RepositoryHandle
    token: str
    root: Path
    opened: int = field(default=0)

    def propose(self, files: Mapping[str, str | None], *, body: str = "") -> int:
        """Open a pull request of a person; gives its number."""
        self.opened += 1
        branch = f"topic-{self.opened}"
        self.repository.commit(branch=branch, files=files)
        pull = self.repository.open(head=branch)
        pull.body = body
        return pull.number

    def validate(self, number: int, *, token: str = "", **given: Any) -> Outcome:
        """Validate it here, with short pauses between tries; keywords are inputs."""
        token = token or self.token
        inputs = ValidateInputs(
            repository=REPOSITORY,
            token=token,
            pull_request=number,
            **{"verify": "off", "comment": True, **given},
        )
        client = connect(token, self.forge.api_url, self.forge.graphql_url, SystemClock(), QUICK)
        context = Context(environ={}, redactor=Redactor([token]), reporter=QUIET)
        target = GitTarget(
            server_url=self.forge.server_url,
            repository=REPOSITORY,
            token=token,
            identity=Identity(login="a", name="a", email="a@localhost"),
        )
        with PullRequestTrees(target, number, base="main") as trees:
            ports = validate.ValidatePorts(
                trees=trees,
                proposals=GitHubProposals(client, REPOSITORY, number),
                workshop=ToolWorkshop(inputs, context),
                texts=ValidationViews(),
                job=Job(repository=REPOSITORY, run_id="5", server_url=self.forge.server_url),
                comments=GitHubForge(client, REPOSITORY),
            )
            return validate.run(inputs, ports)

    def step(
        self,
        *,
        event_name: str = "schedule",
        event: Mapping[str, object] | None = None,
        **given: str,
    ) -> StepResult:
        """Validate as a step of a job does; keywords are inputs."""
        inputs = {"command": "validate", "verify": "off", "token": self.token}
        inputs |= {name.replace("_", "-"): text for name, text in given.items()}
        env = {
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_EVENT_NAME": event_name,
            "GITHUB_API_URL": self.forge.api_url,
            "GITHUB_GRAPHQL_URL": self.forge.graphql_url,
            "GITHUB_SERVER_URL": self.forge.server_url,
            "GITHUB_RUN_ID": "5",
        }
        return run_step(Step(inputs=inputs, env=env, event=event or {}), self.root / "job")

    def comments(self, number: int) -> list[str]:
        return self.repository.comments(number)


@contextlib.contextmanager
def validation(root: Path, files: Mapping[str, str] = FILES) -> Iterator[Validation]:
    """A forge with an environment repository; nobody may break GitHub's descriptions."""
    with Forge.start(root / "forge") as forge:
        repository = forge.create_repository(REPOSITORY, files=files)
        token = forge.token(login="gitops-bot[bot]", repositories=[REPOSITORY], permissions=RIGHTS)
        yield Validation(forge=forge, repository=repository, token=token, root=root)
        forge.assert_clean()
