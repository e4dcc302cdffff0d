"""The reusable workflow that looks for drift, under act: a real API server, GitHub's double.

GitHub's cache is stood in for: what a run keeps is printed, and given to the next one.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from testbed.act import RunResult, WorkflowRun, run_workflow
from testbed.cache import ROOT
from testbed.cluster import ControlPlane
from tests.support.act_actions import repositories
from tests.support.deploy_forge import CONFIG, Deploying, deploying, web
from tests.support.github_forge import REPOSITORY

WORKFLOW = ".github/workflows/drift.yml"
CALLER = (ROOT / "templates/environment" / WORKFLOW).read_text(encoding="utf-8")
"""The workflow that `init` writes."""
GITOPS = """\
version: 1
environments:
  staging: {path: environments/staging, deploy: {engine: push}}
"""
READS = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}
Images = tuple[str, str]


@pytest.fixture
def stage(tmp_path: Path, control_plane: ControlPlane, namespace: str) -> Iterator[Deploying]:
    files = {
        CONFIG: GITOPS,
        WORKFLOW: CALLER,
        "environments/staging/web.yaml": web(namespace, "ghcr.io/acme/web:v1", replicas=1),
    }
    with deploying(tmp_path, control_plane, namespace, files) as found:
        yield found


@dataclass
class Schedule:
    """Scheduled runs, one after the other, ten minutes apart.

    Attributes:
        stage: the repository and the cluster.
        images: the action's and the runner's.
        kubeconfig: the secret, of an account that only reads.
        kept: what the last run kept in the cache, and its key.
    """

    stage: Deploying
    images: Images
    kubeconfig: str
    runs: int = 0
    kept: dict[str, str] = field(default_factory=dict)

    def run(self) -> RunResult:
        """One of them."""
        self.runs += 1
        stage = self.stage
        checkout = stage.root / f"checkout-{self.runs}"
        (checkout / WORKFLOW).parent.mkdir(parents=True)
        (checkout / WORKFLOW).write_text(CALLER)
        token = stage.forge.token(kind="job", home=REPOSITORY, permissions=granted())
        result = run_workflow(
            WorkflowRun(
                checkout=checkout,
                workflow=WORKFLOW,
                image=self.images[1],
                event={"ref": "refs/heads/main", "repository": {"full_name": REPOSITORY}},
                event_name="schedule",
                env=self._variables(),
                secrets={"GITHUB_TOKEN": token, "KUBECONFIG": self.kubeconfig},
                repositories=repositories(stage.root / f"library-{self.runs}", self.images[0]),
            )
        )
        assert result.exit_code == 0, result.log[-6000:]
        (key,) = re.findall(r"\| kept as: (\S+)", result.log)
        (text,) = re.findall(r"\| kept: (\S+)", result.log)
        self.kept = {"KEPT_KEY": key, "KEPT": text}
        return result

    def _variables(self) -> dict[str, str]:
        return {
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": str(1000 + self.runs),
            "GITHUB_SHA": self.stage.repository.resolve("main"),
            "GITHUB_API_URL": self.stage.forge.api_url,
            "GITHUB_GRAPHQL_URL": self.stage.forge.graphql_url,
            "GITHUB_SERVER_URL": self.stage.forge.server_url,
            "SOURCE_DATE_EPOCH": str(int(time.time()) + 600 * self.runs),
            **self.kept,
        }


def granted() -> dict[str, str]:
    """The rights that the caller gives the job's token."""
    (job,) = yaml.safe_load(CALLER)["jobs"].values()
    return {**job["permissions"], "metadata": "read"}


def ran(result: RunResult) -> set[str]:
    """Which of the steps ran that `status` reads the state from."""
    return set(re.findall(r"Run Main (Clean|Drifted|Unknown)\b", result.log))


def test_an_issue_opens_on_the_second_sight_and_closes_when_the_cluster_is_as_described(
    stage: Deploying, action: str, runner: str
) -> None:
    plane, space = stage.plane, stage.namespace
    reader = plane.account(space, "onlooker", rules=[READS])
    schedule = Schedule(stage=stage, images=(action, runner), kubeconfig=reader.kubeconfig)
    assert stage.deploy(environment="staging").exit_code == 0
    plane.kubectl("scale", "deployment/web", "-n", space, "--replicas=2")
    first = schedule.run()
    assert ran(first) == {"Drifted"}
    assert "spec.replicas: 1 → 2 (kubectl" in first.log
    assert stage.repository.issues() == []
    second = schedule.run()
    assert "issue #1 opened" in second.log
    (issue,) = stage.repository.issues()
    assert issue.state == "open"
    assert "spec.replicas" in issue.body
    plane.kubectl("scale", "deployment/web", "-n", space, "--replicas=1")
    third = schedule.run()
    assert ran(third) == {"Clean"}
    assert "issue #1 closed" in third.log
    (issue,) = stage.repository.issues()
    assert issue.state == "closed"
    assert reader.token not in json.dumps([first.log, second.log, third.log])
