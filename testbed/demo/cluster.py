"""The cluster that the demo deploys to: prepared by an administrator, reached by a deployer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gitops_action.core.status.drift import DRIFT_WORKFLOW
from testbed.action import Step, StepResult, run_step
from testbed.cluster import ControlPlane
from testbed.demo.automation import clock, deploying
from testbed.demo.layouts import ENVIRONMENT, Layout, Place
from testbed.demo.stage import Stage
from testbed.flux import NAMESPACE, Flux

OVERTAKE = "CancelHealthCheckOnNewRevision=true"
"""Lets a fixed version overtake the health check of a broken one."""
Body = dict[str, Any]
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
        with ControlPlane.start(root / "plane") as plane, ExitStack() as stack:
            if layout.engine == "flux":
                stack.enter_context(Flux.start(plane, root / "flux", gates=OVERTAKE))
            yield cls(plane=plane, layout=layout)

    def prepare(self, stage: Stage) -> None:
        """Apply the administrator's folders of the environment repository, once.

        Flux reads the double instead of github.com, and so by a token instead of a deploy key.
        """
        for place in self.layout.places:
            self._prepare(stage, stage.root / "environment" / place.administration)

    def _prepare(self, stage: Stage, folder: Path) -> None:
        rendered = self.plane.kubectl("kustomize", str(folder))
        objects = [item for item in yaml.safe_load_all(rendered) if item]
        for source in [one for one in objects if one["kind"] == "GitRepository"]:
            source["spec"]["url"] = stage.environment.clone_url
            objects.append(_secret(source["spec"]["secretRef"]["name"], stage))
        objects.sort(key=lambda one: one["kind"] != "Namespace")
        listing = {"apiVersion": "v1", "kind": "List", "items": objects}
        self.plane.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(listing))

    def break_image(self, image: str) -> None:
        """Let every container of this image crash as soon as it runs."""
        self.plane.behave(image, "crash-loop", log=LOG)

    def deploy(self, stage: Stage, place: Place) -> StepResult:
        """Deploy the base's tip as the job of the environment repository does; it may fail."""
        token = stage.forge.token(
            kind="job", home=ENVIRONMENT, permissions={"contents": "read", "deployments": "write"}
        )
        inputs = {
            "command": "deploy",
            "environment": place.environment,
            "token": token,
            "kubeconfig": self.kubeconfig(place),
            "kube-namespace": self._home(place),
            "timeout": "2m",
        }
        with deploying(stage, place.environment) as job:
            result = run_step(Step(inputs=inputs, env=job.variables), stage.root / job.folder)
            job.end(succeeded=not result.exit_code)
        return result

    def scale(self, place: Place, replicas: int) -> None:
        """Let a person scale the application by hand, and wait until it is."""
        named = ("deployment/web", f"--namespace={place.namespace}")
        self.plane.kubectl("scale", *named, f"--replicas={replicas}")
        self.plane.kubectl("rollout", "status", *named, "--timeout=60s")

    def drift(self, stage: Stage, place: Place) -> StepResult:
        """Compare it as the job of `drift.yml` does, which leaves a step with the state's name."""
        rights = {"contents": "read", "deployments": "read"}
        inputs = {
            "command": "drift",
            "environment": place.environment,
            "token": stage.forge.token(kind="job", home=ENVIRONMENT, permissions=rights),
            "kubeconfig": self.kubeconfig(place),
            "kube-namespace": self._home(place),
        }
        run = stage.environment.record_run(DRIFT_WORKFLOW, event="schedule", conclusion=None)
        job = stage.environment.start_job(run, f"drift / {place.environment}")
        env = {**stage.job_variables, **clock(stage)}
        result = run_step(Step(inputs=inputs, env=env), stage.root / f"drift-{run.id}")
        job.steps = (result.outputs.get("state", "").title(),)
        stage.environment.finish_job(job, "failure" if result.exit_code else "success")
        stage.environment.finish_run(run.id)
        return result

    def running(self) -> str:
        """What runs, as kubectl shows it."""
        shown = (
            self.plane.kubectl("get", "deployments,pods", f"--namespace={place.namespace}")
            for place in self.layout.places
        )
        return "\n".join(shown)

    def _home(self, place: Place) -> str:
        """The namespace of the account that the workflow has."""
        return NAMESPACE if self.layout.engine == "flux" else place.namespace

    def kubeconfig(self, place: Place) -> str:
        """Leads to the account that may deploy (or wait) here and nothing else, for an hour."""
        namespace = self._home(place)
        role = "waiter" if self.layout.engine == "flux" else "deployer"
        account = f"{place.namespace}-{role}"
        minted = self.plane.kubectl(
            "create", "token", account, f"--namespace={namespace}", "--duration=1h"
        )
        document = yaml.safe_load(self.plane.kubeconfig)
        context = place.environment
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


def _secret(name: str, stage: Stage) -> dict[str, object]:
    """What Flux reads the repository with."""
    token = stage.forge.token(repositories=[ENVIRONMENT], permissions={"contents": "read"})
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "stringData": {"username": "x", "password": token},
    }
