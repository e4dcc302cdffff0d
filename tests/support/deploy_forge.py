"""Whole runs of `deploy`: GitHub's double holds the environments, a real API server runs them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gitops_action.adapters.github import connect
from gitops_action.adapters.github.deployments import GitHubDeployments
from testbed.action import Step, StepResult, run_step
from testbed.cluster import ControlPlane
from testbed.forge import Forge, RepositoryHandle
from tests.support.github_forge import QUICK, REPOSITORY, SystemClock

RIGHTS = {"contents": "read", "deployments": "write", "metadata": "read"}
CONFIG = ".github/gitops.yaml"


def web(namespace: str, image: str, **spec: object) -> str:
    """A Deployment that runs this image; JSON is YAML too."""
    labels = {"app": "web"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "web", "image": image}]},
    }
    return json.dumps(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": namespace},
            "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
        },
        indent=1,
    )


def settings(namespace: str, name: str, value: str) -> str:
    """A ConfigMap."""
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": {"value": value},
    }
    return json.dumps(body)


@dataclass
class Deploying:
    """An environment repository, a cluster, and runs of `deploy`."""

    forge: Forge
    repository: RepositoryHandle
    plane: ControlPlane
    namespace: str
    root: Path
    token: str
    runs: int = field(default=0)

    def step(self, *, at: str = "", **given: str) -> Step:
        """The step of a job; keywords are inputs, those that are empty are left out.

        `at` is the time of the run, in seconds since 1970.
        """
        self.runs += 1
        inputs = {
            "command": "deploy",
            "token": self.token,
            "kubeconfig": self.plane.kubeconfig,
            "kube-namespace": self.namespace,
        }
        inputs |= {name.replace("_", "-"): text for name, text in given.items()}
        env = {
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_API_URL": self.forge.api_url,
            "GITHUB_GRAPHQL_URL": self.forge.graphql_url,
            "GITHUB_SERVER_URL": self.forge.server_url,
            "GITHUB_RUN_ID": str(self.runs),
            "GITHUB_RUN_ATTEMPT": "1",
        }
        if at:
            env["SOURCE_DATE_EPOCH"] = at
        return Step(inputs={name: text for name, text in inputs.items() if text}, env=env)

    def deploy(self, **given: str) -> StepResult:
        """Run it to its end."""
        return run_step(self.step(**given), self.root / f"job-{self.runs}", timeout=120)

    def commit(self, files: Mapping[str, str | None]) -> str:
        """Change the base branch; gives the new tip."""
        self.repository.commit(files=files)
        return self.repository.resolve("main")

    def states(self, environment: str) -> list[list[str]]:
        """The states of the environment's Deployments, newest first."""
        client = connect(
            self.token, self.forge.api_url, self.forge.graphql_url, SystemClock(), QUICK
        )
        known = GitHubDeployments(client, REPOSITORY)
        newest = known.newest(environment)
        return [[status.state for status in known.statuses(one.number)] for one in newest]

    def deployments(self, environment: str) -> list[dict[str, Any]]:
        """The environment's Deployments as GitHub has them, newest first, with their statuses."""
        client = connect(
            self.token, self.forge.api_url, self.forge.graphql_url, SystemClock(), QUICK
        )
        path = client.path(REPOSITORY, "deployments")
        listed: Any = client.rest("GET", path, query={"environment": environment})
        for one in listed:
            number = str(one["id"])
            one["statuses"] = client.rest(
                "GET", client.path(REPOSITORY, "deployments", number, "statuses")
            )
        return list(listed)

    def live(self, kind: str, name: str) -> dict[str, Any]:
        """An object as the cluster has it; empty where it does not."""
        return self.plane.resources.get(kind, name, self.namespace)


@contextlib.contextmanager
def deploying(
    root: Path, plane: ControlPlane, namespace: str, files: Mapping[str, str]
) -> Iterator[Deploying]:
    """Start the forge with these files; nobody may break GitHub's descriptions."""
    with Forge.start(root / "forge") as forge:
        repository = forge.create_repository(REPOSITORY, files=files, private=True)
        token = forge.token(
            login="github-actions[bot]", repositories=[REPOSITORY], permissions=RIGHTS
        )
        yield Deploying(
            forge=forge,
            repository=repository,
            plane=plane,
            namespace=namespace,
            root=root,
            token=token,
        )
        forge.assert_clean()
