"""The gate on a real forge: an environment repository, its people, bumps, and runs of the gate."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gitops_action.adapters.github import connect
from gitops_action.app.gate import build
from gitops_action.app.tools import Context
from gitops_action.commands.gate import command as gate
from gitops_action.core.inputs.gate import GateInputs
from gitops_action.core.outcome import Job, Outcome
from gitops_action.core.redaction.known import Redactor
from testbed.forge import Forge, RepositoryHandle, merging
from tests.support.github_forge import QUICK, REPOSITORY
from tests.support.reporters import QUIET

APP = "gitops-gate[bot]"
BUMPER = "gitops-bot[bot]"
RIGHTS = {
    "contents": "write",
    "pull_requests": "write",
    "issues": "write",
    "statuses": "write",
    "deployments": "read",
    "checks": "read",
    "actions": "read",
    "metadata": "read",
    "members": "read",
}
OLD, NEW = f"v1@sha256:{'1' * 64}", f"v2@sha256:{'2' * 64}"
STAGING = "environments/staging/kustomization.yaml"
PRODUCTION = "environments/production/kustomization.yaml"
WEB = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: web}\nspec:\n"
    "  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n"
    "    spec:\n      containers:\n        - {name: web, image: ghcr.io/acme/web:v1}\n"
)
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n"


def overlay(version: str) -> str:
    return f"resources: [../../base]\nimages:\n  - name: ghcr.io/acme/web\n    newTag: {version}\n"


def config(production: str = "", staging: str = "", more: str = "") -> str:
    """A configuration of two environments; the texts are lines of their mappings."""

    def lines(text: str) -> str:
        return "".join(f"    {line}\n" for line in text.splitlines())

    return (
        "version: 1\napplications:\n  web: {images: [ghcr.io/acme/web]}\nenvironments:\n"
        f"  staging:\n    path: environments/staging\n{lines(staging)}"
        f"  production:\n    path: environments/production\n{lines(production)}{more}"
    )


FILES: Mapping[str, str] = {
    ".github/gitops.yaml": config(production="merge: auto"),
    "README.md": "# environment\n",
    "base/kustomization.yaml": "resources: [namespace.yaml, web.yaml]\n",
    "base/namespace.yaml": NAMESPACE,
    "base/web.yaml": WEB,
    STAGING: overlay(OLD),
    PRODUCTION: overlay(OLD),
}


@dataclass
class GateClock:
    """The forge's time, so that pushes, reviews and windows agree; pauses pass at once."""

    forge: Forge
    paused: int = 0

    def now(self) -> datetime:
        return self.forge.world.now()

    def pause(self, attempt: int) -> None:
        del attempt
        self.paused += 1


@dataclass
class GateStage:
    """A forge with an environment repository and its people, and runs of the gate on it."""

    forge: Forge
    repository: RepositoryHandle
    token: str
    root: Path
    runs: int = field(default=0)

    def bump(  # noqa: PLR0913 - what a bump's pull request is
        self,
        version: str = NEW,
        *,
        environment: str = "production",
        files: Mapping[str, str | None] | None = None,
        body: str | None = None,
        by: str = BUMPER,
        branch: str = "",
    ) -> int:
        """Open a pull request as `bump` does; gives its number."""
        branch = branch or f"gitops/{environment}/web"
        path = PRODUCTION if environment == "production" else STAGING
        image = f"ghcr.io/acme/web:{version}"
        trailers = (
            f"GitOps-Environment: {environment}\nGitOps-Application: web\nGitOps-Image: {image}"
        )
        changed = {path: overlay(version)} if files is None else files
        self.repository.commit(
            branch=branch, files=changed, author=by, message=f"Bump web\n\n{trailers}"
        )
        pull = self.repository.open(head=branch, title="Bump web", by=by)
        pull.body = f"A bump.\n\n{trailers}" if body is None else body
        return pull.number

    def propose(
        self, files: Mapping[str, str | None], *, by: str = "alice", branch: str = "topic"
    ) -> int:
        """Open a pull request of a person."""
        self.repository.commit(branch=branch, files=files, author=by)
        return self.repository.open(head=branch, by=by).number

    def configure(self, text: str) -> None:
        """Change the configuration on the base branch."""
        self.repository.commit(files={".github/gitops.yaml": text}, message="Configure")
        self.forge.advance_clock(2)

    def gate(
        self,
        *,
        event: Mapping[str, object] | None = None,
        token: str = "",
        **given: Any,
    ) -> Outcome:
        """Run the gate; keywords are inputs."""
        self.runs += 1
        token = token or self.token
        inputs = GateInputs(
            repository=REPOSITORY,
            token=token,
            api_url=self.forge.api_url,
            graphql_url=self.forge.graphql_url,
            server_url=self.forge.server_url,
            **{"verify": "off", **given},
        )
        clock = GateClock(self.forge)
        client = connect(token, self.forge.api_url, self.forge.graphql_url, clock, QUICK)
        environ = {"PATH": os.environ["PATH"]}
        context = Context(environ=environ, redactor=Redactor([token]), reporter=QUIET)
        job = Job(
            repository=REPOSITORY,
            run_id=str(self.runs),
            server_url=self.forge.server_url,
            event=event or {},
        )
        with ExitStack() as stack:
            inputs, ports = build(inputs, context, client, stack)
            return gate.run(inputs, self.ports(ports, clock, job))

    def ports(self, ports: Any, clock: GateClock, job: Job) -> Any:
        """The ports with the forge's time; a test may put its own in their place."""
        return replace(ports, clock=clock, job=job)

    def statuses(self, number: int) -> dict[str, tuple[str, str]]:
        """The newest status of each context on the head: state and description."""
        head = self.repository.pull(number).head_oid
        found = self.repository.repository.statuses.get(head, [])
        return {one.context: (one.state, one.description or "") for one in found}

    def ready(self, number: int) -> tuple[str, str]:
        """State and description of `gitops/ready`."""
        return self.statuses(number)["gitops/ready"]

    def comment(self, number: int) -> str:
        """The gate's only comment."""
        (found,) = [
            text
            for text in self.repository.comments(number)
            if text.startswith("<!-- gitops-action: gate -->")
        ]
        return found

    def merged(self, number: int) -> bool:
        """Whether it is merged."""
        return self.repository.pull(number).merged_at is not None

    def update(self, number: int, *, by: str = "alice") -> None:
        """Let a person press "Update branch": the base is merged into the head."""
        pull, world = self.repository.pull(number), self.forge.world
        tip = self.repository.resolve("main")
        actor = self.repository.actor(by)
        merging.merge_branch(world, self.repository.repository, actor, pull.head, tip)

    def approve(self, number: int, *, by: str = "bob") -> Any:
        """Let a person approve."""
        self.forge.advance_clock(2)  # GitHub's times are whole seconds
        review = self.repository.review(number, by=by)
        self.forge.advance_clock(2)
        return review


def waiting(outcome: Outcome) -> list[dict[str, Any]]:
    """The output `waiting`."""
    found: list[dict[str, Any]] = json.loads(outcome.outputs["waiting"])
    return found


def codes(outcome: Outcome) -> list[str]:
    """The reason codes of the output `waiting`."""
    return [str(one["reason-code"]) for one in waiting(outcome)]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


HOUR = timedelta(hours=1)


@contextlib.contextmanager
def gate_stage(root: Path, files: Mapping[str, str] = FILES) -> Iterator[GateStage]:
    """A forge with an environment repository; nobody may break GitHub's descriptions."""
    with Forge.start(root / "forge") as forge:
        repository = forge.create_repository(REPOSITORY, files=files)
        for person in ("alice", "bob", "carol"):
            repository.collaborator(person, "write")
        token = forge.token(login=APP, repositories=[REPOSITORY], permissions=RIGHTS)
        yield GateStage(forge=forge, repository=repository, token=token, root=root)
        forge.assert_clean()
