"""The environment repository's own workflows under act, with the job's token: what `init` writes.

The rights are those that each workflow grants its jobs; deployments are recorded, not made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from gitops_action.core.deploy.result import Result
from testbed.act import WorkflowRun, run_workflow
from testbed.process import run
from testbed.registry import Registry
from tests.support.act_actions import repositories
from tests.support.deploy_workflow import UNKNOWN_TO_ACT
from tests.support.github_forge import REPOSITORY
from tests.support.job_token_loop import BOT, JobTokenLoop, job_token_loop


@dataclass(frozen=True, kw_only=True)
class Workflows:
    """Runs of the workflows that the repository has."""

    loop: JobTokenLoop
    runner: str
    library: Mapping[str, Path]

    def run(self, name: str, event_name: str, event: Mapping[str, object], *, by: str = BOT) -> str:
        """Run a workflow of the default branch; gives its log."""
        loop, forge = self.loop, self.loop.forge
        path = f".github/workflows/{name}.yml"
        repository = {"full_name": REPOSITORY, "name": "environment", "default_branch": "main"}
        token = forge.token(kind="job", home=REPOSITORY, permissions=self._rights(path))
        result = run_workflow(
            WorkflowRun(
                checkout=self._checkout(),
                workflow=path,
                image=self.runner,
                event_name=event_name,
                event={"ref": "refs/heads/main", "repository": repository, **event},
                env={
                    "GITHUB_REPOSITORY": REPOSITORY,
                    "GITHUB_SERVER_URL": forge.server_url,
                    "GITHUB_API_URL": forge.api_url,
                    "GITHUB_GRAPHQL_URL": forge.graphql_url,
                    "GITHUB_SHA": loop.repository.resolve("main"),
                    "GITHUB_ACTOR": by,
                    "GITHUB_WORKFLOW_REF": f"{REPOSITORY}/{path}@refs/heads/main",
                    "GITHUB_RUN_ID": "1",
                    "SOURCE_DATE_EPOCH": str(int(forge.world.now().timestamp()) + 1),
                },
                secrets={"GITHUB_TOKEN": token},
                repositories=self.library,
            )
        )
        forge.advance_clock(2)
        assert result.exit_code == 0, result.log[-6000:]
        assert token not in result.log
        return result.log

    def _rights(self, path: str) -> dict[str, str]:
        """Those of the workflow's jobs together: act knows no rights of a job."""
        jobs = yaml.safe_load(self.loop.repository.read("main", path))["jobs"]
        found = {"metadata": "read"}
        for job in jobs.values():
            for name, may in job["permissions"].items():
                key = name.replace("-", "_")
                found[key] = max(may, found.get(key, ""))  # "write" after "read"
        return found

    def _checkout(self) -> Path:
        """What act reads the workflows from."""
        folder = self.loop.root / "checkout"
        if folder.exists():
            return folder
        run("git", "init", "--quiet", "--initial-branch=main", folder)
        run("git", "-C", folder, "remote", "add", "origin", self.loop.repository.clone_url)
        for path, data in self.loop.repository.files("main").items():
            if path.startswith(".github/workflows/"):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(data.decode().replace(UNKNOWN_TO_ACT, ""))
        git = ("git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@example.com")
        run(*git, "add", "--all")
        run(*git, "commit", "--quiet", "--message", "Begin")
        return folder


@pytest.fixture
def workflows(tmp_path: Path, action: str, runner: str) -> Iterator[Workflows]:
    with (
        Registry.start(tmp_path / "registry") as registry,
        job_token_loop(tmp_path, registry) as loop,
    ):
        library = repositories(tmp_path, action)
        yield Workflows(loop=loop, runner=runner, library=library)


def test_a_version_is_merged_promoted_approved_and_rolled_back_by_the_jobs_token(
    workflows: Workflows,
) -> None:
    """The base requires `gitops/ready`; no workflow is woken by what the job's token does."""
    loop, repository = workflows.loop, workflows.loop.repository
    inputs = {"images": loop.image("v2"), "environment": "staging"}
    workflows.run("new-application-version", "workflow_dispatch", {"inputs": inputs})
    bump = loop.newest()
    assert (bump.head, bump.author.login, bool(bump.merged_at)) == (
        "gitops/staging/web",
        BOT,
        True,
    )
    (deploy,) = loop.waiting()  # by dispatch: the merge itself starts nothing
    assert (deploy.event, deploy.oid) == ("workflow_dispatch", repository.resolve("main"))
    loop.deploy("staging")

    workflows.run("promote", "schedule", {})
    promotion = loop.newest()
    assert (promotion.head, bool(promotion.merged_at)) == ("gitops/production/web", False)
    assert loop.ready(promotion).startswith("waiting: 0 of 1 approval")
    repository.review(promotion.number, by="bob")
    loop.forge.advance_clock(2)
    woken = {"action": "completed", "workflow_run": {"conclusion": "success", "name": "review"}}
    workflows.run("gate", "workflow_run", woken)
    assert promotion.merged_at
    loop.deploy("production", Result.FAILED)

    asked = {"environment": "production", "reason": "it fails"}
    workflows.run("rollback", "workflow_dispatch", {"inputs": asked}, by="alice")
    rollback = loop.newest()
    assert rollback.head == "gitops/production/rollback/web"
    assert rollback.merged_at  # by the gate job of the same run
    assert loop.described("production") == loop.overlay("v1")
    assert len(loop.waiting()) == 1

    path = "environments/staging/kustomization.yaml"
    changed = loop.described("staging") + "namePrefix: blue-\n"
    repository.commit(branch="topic", files={path: changed}, author="alice")
    pull = repository.open(head="topic", by="alice")
    loop.forge.advance_clock(2)
    loop.gate()  # woken by the validation
    event = {
        "action": "created",
        "issue": {"number": pull.number, "state": "open", "pull_request": {}},
        "comment": loop.written(pull.number, "/gitops merge", by="alice"),
    }
    workflows.run("commands", "issue_comment", event, by="alice")
    assert pull.merged_at, repository.comments(pull.number)
    assert loop.described("staging") == changed
