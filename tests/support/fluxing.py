"""Whole runs of `deploy` with real Flux: it pulls from GitHub's double and applies."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed.action import StepResult
from testbed.cluster import ControlPlane
from testbed.flux import NAMESPACE, Flux
from tests.support.deploy_forge import CONFIG, Deploying, deploying
from tests.support.flux import apply, get, git_repository, kustomization, until

FOLDER = "environments/staging"
WEB = f"{FOLDER}/web.yaml"
Json = dict[str, Any]


def config(names: str, *, timeout: str = "60s", more: str = "") -> str:
    """A configuration whose `staging` is deployed by these Kustomizations."""
    listed = f", kustomizations: [{names}]" if names else ""
    return (
        "version: 1\nenvironments:\n"
        f"  staging:\n    path: {FOLDER}\n"
        f"    deploy: {{engine: flux{listed}{more}, health: {{timeout: {timeout}}}}}\n"
    )


@dataclass
class Fluxing:
    """An environment repository that Flux reconciles, and runs of `deploy` that wait for it."""

    stage: Deploying
    flux: Flux
    name: str

    @property
    def plane(self) -> ControlPlane:
        """The cluster."""
        return self.stage.plane

    def source(self, **changed: object) -> Json:
        """The GitRepository."""
        body = git_repository(self.name, self.stage.repository.clone_url, interval="1h")
        body["spec"]["secretRef"] = {"name": self.name}
        body["spec"].update(changed)
        return body

    def kustomization(self, name: str = "", path: str = FOLDER, **spec: object) -> Json:
        """One of its Kustomizations; it waits for health unless told otherwise."""
        told = {"wait": True, "interval": "1h", "timeout": "40s", "retryInterval": "5s", **spec}
        return kustomization(name or self.name, self.name, f"./{path}", **told)

    def reconcile(self, *bodies: Json) -> None:
        """Let Flux have the source and these Kustomizations."""
        password = {"username": "x", "password": self.stage.token}
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": self.name, "namespace": NAMESPACE},
            "stringData": password,
        }
        apply(self.plane, secret, *(bodies or (self.source(), self.kustomization())))

    def deploy(self, **given: str) -> StepResult:
        """Run `deploy` for staging to its end."""
        return self.stage.deploy(**{"environment": "staging", **given})

    def commit(self, files: Mapping[str, str | None]) -> str:
        """Change the base branch; gives the new tip."""
        return self.stage.commit(files)

    def patch(self, kind: str, name: str = "", **spec: object) -> None:
        """Change the spec of one of Flux's objects."""
        text = json.dumps({"spec": spec})
        place = ("-n", NAMESPACE, "--type=merge", "-p", text)
        self.plane.kubectl("patch", kind, name or self.name, *place)

    def status(self, kind: str = "kustomization", name: str = "") -> Json:
        """The status of one of Flux's objects."""
        found: Json = get(self.plane, kind, name or self.name).get("status", {})
        return found

    def applies(self, commit: str, name: str = "") -> None:
        """Wait until Flux tries that commit."""
        until(
            lambda: str(self.status(name=name).get("lastAttemptedRevision", "")).endswith(commit),
            what=f"Flux tries {commit}",
        )


def beside(deploy: Callable[[], StepResult], act: Callable[[], None]) -> StepResult:
    """Act while it waits."""
    found: list[StepResult] = []
    thread = threading.Thread(target=lambda: found.append(deploy()))
    thread.start()
    act()
    thread.join(100)
    assert found, "the deployment did not end"
    return found[0]


@contextlib.contextmanager
def fluxing(
    root: Path, plane: ControlPlane, namespace: str, flux: Flux, files: Mapping[str, str]
) -> Iterator[Fluxing]:
    """Start the forge with these files; at the end Flux forgets what it reconciled."""
    named = {CONFIG: config(f"flux-system/{namespace}"), **files}
    with deploying(root, plane, namespace, named) as stage:
        try:
            yield Fluxing(stage=stage, flux=flux, name=namespace)
        finally:
            _forget(plane, namespace)


def _forget(plane: ControlPlane, name: str) -> None:
    """Nobody waits for it: a health check that goes on holds it up."""
    for kind in ("kustomization", "gitrepository", "ocirepository"):
        path = plane.resources.collection(kind, NAMESPACE)
        names = [one["metadata"]["name"] for one in plane.api.get(path)["items"]]
        for one in names:
            if one.startswith(name):
                plane.api.delete(f"{path}/{one}")
