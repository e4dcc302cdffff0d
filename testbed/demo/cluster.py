"""The cluster that the demo deploys to: prepared by an administrator, reached by a deployer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from testbed.action import Step, StepResult, run_step
from testbed.cluster import ControlPlane
from testbed.demo.layouts import ENVIRONMENT, Layout
from testbed.demo.stage import Stage

LOG = "panic: dial tcp 10.0.0.7:5432: connect: connection refused"
"""What the failing release writes before it ends."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A control plane with what `cluster-config/` asks for."""

    plane: ControlPlane
    layout: Layout

    @classmethod
    @contextmanager
    def start(cls, root: Path, layout: Layout) -> Iterator[Cluster]:
        """Run it while the block runs; the first time ever its programs are built."""
        with ControlPlane.start(root / "plane") as plane:
            yield cls(plane=plane, layout=layout)

    def prepare(self, environment: Path) -> None:
        """Apply the administrator's folder of the environment repository, once."""
        rendered = self.plane.kubectl("kustomize", str(environment / self.layout.administration))
        objects = [item for item in yaml.safe_load_all(rendered) if item]
        listing = {"apiVersion": "v1", "kind": "List", "items": objects}
        self.plane.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(listing))

    def break_image(self, image: str) -> None:
        """Let every container of this image crash as soon as it runs."""
        self.plane.behave(image, "crash-loop", log=LOG)

    def deploy(self, stage: Stage, run: int) -> StepResult:
        """Deploy the base's tip as the job of the environment repository does; it may fail."""
        namespace = self.layout.namespace
        token = stage.forge.token(
            kind="job", home=ENVIRONMENT, permissions={"contents": "read", "deployments": "write"}
        )
        step = Step(
            inputs={
                "command": "deploy",
                "environment": self.layout.environment,
                "token": token,
                "kubeconfig": self._kubeconfig(),
                "kube-namespace": namespace,
                "timeout": "2m",
            },
            env={
                "GITHUB_SERVER_URL": stage.forge.server_url,
                "GITHUB_API_URL": stage.forge.api_url,
                "GITHUB_GRAPHQL_URL": stage.forge.graphql_url,
                "GITHUB_REPOSITORY": ENVIRONMENT,
                "GITHUB_RUN_ID": str(run),
                "GITHUB_RUN_ATTEMPT": "1",
            },
        )
        return run_step(step, stage.root / f"deploy-{run}")

    def running(self) -> str:
        """What runs, as kubectl shows it."""
        return self.plane.kubectl("get", "deployments,pods", f"--namespace={self.layout.namespace}")

    def _kubeconfig(self) -> str:
        """Leads to the account that may deploy here and nothing else, for an hour."""
        namespace = self.layout.namespace
        account = f"{namespace}-deployer"
        minted = self.plane.kubectl(
            "create", "token", account, f"--namespace={namespace}", "--duration=1h"
        )
        document = yaml.safe_load(self.plane.kubeconfig)
        context = self.layout.environment
        document["users"] = [{"name": account, "user": {"token": minted.strip()}}]
        cluster = document["clusters"][0]["name"]
        document["contexts"] = [
            {
                "name": context,
                "context": {"cluster": cluster, "user": account, "namespace": namespace},
            }
        ]
        document["current-context"] = context
        return json.dumps(document)
