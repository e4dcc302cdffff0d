"""An environment repository with releases, each deployed with a proved record, to go back from."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gitops_action.adapters.git.merge_lines import merge_lines
from gitops_action.adapters.github import GitHubClient, GitHubForge, connect
from gitops_action.adapters.github.deployments import GitHubDeployments
from gitops_action.adapters.github.issues import GitHubIssues
from gitops_action.adapters.github.origins import GitHubOrigins
from gitops_action.adapters.github.proved_records import GitHubRecords
from gitops_action.adapters.github.rollback_requests import GitHubRequests
from gitops_action.commands.rollback import command as rollback
from gitops_action.commands.rollback.ports import RollbackPorts
from gitops_action.core.deployments.payload import RecordContent, write_payload
from gitops_action.core.inputs.rollback import RollbackInputs
from gitops_action.core.outcome import Job, Outcome
from testbed.cache import ROOT
from testbed.forge import Forge
from testbed.forge.records import WorkflowRun
from testbed.preloaded import run_command_line
from tests.support.bump_stage import API, REPOSITORY, WEB, Stage, bump_stage, deployment, pinned
from tests.support.github_forge import QUICK

CONFIG = """version: 1
applications:
  web: {images: [ghcr.io/acme/web]}
  api: {images: [ghcr.io/acme/api]}
environments:
  staging: {path: staging}
  production:
    path: production
    after: [staging]
    formerly: [prod]
    rollback: {mode: auto}
"""
PLAIN = (
    "version: 1\napplications:\n  web: {images: [ghcr.io/acme/web]}\n"
    "environments:\n  production: {path: production, rollback: {mode: auto}}\n"
)
"""Production alone."""
RIGHTS = {
    "contents": "write",
    "pull_requests": "write",
    "issues": "write",
    "metadata": "read",
    "deployments": "read",
    "checks": "read",
    "actions": "read",
}


def path_of(application: str, environment: str = "production") -> str:
    return f"{environment}/{application}/deployment.yaml"


def files(config: str = CONFIG) -> dict[str, str | bytes]:
    return {
        ".github/gitops.yaml": config,
        path_of("web"): deployment(pinned(f"{WEB}:v1.0.0")),
        path_of("api"): deployment(pinned(f"{API}:v1.0.0"), "api"),
        path_of("web", "staging"): deployment(pinned(f"{WEB}:v1.0.0")),
        "production/web/settings.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\n",
    }


def images(stage: Stage, ref: str = "main") -> dict[str, str]:
    """The versions that production describes."""
    found = {}
    for name in ("web", "api"):
        line = stage.image_line(ref, path_of(name))
        found[name] = line.partition(":v")[2].partition("@")[0]
    return found


@contextlib.contextmanager
def rollback_stage(root: Path, config: str = CONFIG) -> Iterator[Stage]:
    """The repository with its first deployment, and two people who may write."""
    with bump_stage(root, files(config)) as made:
        for person in ("alice", "bob"):
            made.repository.collaborator(person)
        deployed(made)
        yield made


def release(stage: Stage, state: str | None = "success", **versions: str) -> str:
    """Commit these versions to production and deploy them; gives the commit."""
    changed: dict[str, str | bytes | None] = {
        path_of(name): deployment(pinned(f"ghcr.io/acme/{name}:v{version}"), name)
        for name, version in versions.items()
    }
    if changed:
        stage.repository.commit(files=changed)
    return deployed(stage, state)


def deployed(
    stage: Stage, state: str | None = "success", *, proved: bool = True, named: str = "production"
) -> str:
    """Record a deployment of the tip; None: it goes on."""
    commit = str(stage.repository.head("main"))
    applications: Mapping[str, tuple[str, ...]] = {
        name: (pinned(f"ghcr.io/acme/{name}:v{version}"),)
        for name, version in images(stage).items()
    }
    content = RecordContent(environment=named, commit=commit, applications=applications)
    run = record(stage, content, state)
    if not proved:
        stage.repository.delete_run(run)
    return commit


def deploy(stage: Stage, files: Mapping[str, str], web: str, state: str) -> None:
    """Commit files to the base, and record a run that deployed them with this image of web."""
    stage.repository.commit(files=files)
    content = RecordContent(
        environment="production",
        commit=str(stage.repository.head("main")),
        applications={"web": (web,)},
    )
    record(stage, content, state)


def record(stage: Stage, content: RecordContent, state: str | None, **more: str) -> WorkflowRun:
    """A run that deployed this content; state None: it goes on."""
    run = stage.repository.start_run(content.commit)
    job = stage.repository.start_job(run, f"deploy / {content.environment}")
    made = stage.repository.record_deployment(
        content.environment, oid=content.commit, state=None, payload=dict(write_payload(content))
    )
    page = stage.repository.run_url(run, job.name)
    stage.repository.report(made, state or "in_progress", log_url=page, **more)
    if state is not None:
        ended = "success" if state == "success" else "failure"
        stage.repository.finish_job(job, ended)
        stage.repository.finish_run(run.id, ended)
        stage.forge.advance_clock(120)
    return run


def roll_back(
    stage: Stage,
    *,
    automatic: bool = False,
    actor: str = "bob",
    started_by: str = "",
    rights: Mapping[str, str] = RIGHTS,
    **given: Any,
) -> Outcome:
    """One run of `rollback` with the rights that its workflow has."""
    token = stage.as_token(permissions=rights)
    made = token.ports(token.inputs())
    client = _client(token)
    person = stage.forge.world.account(actor)
    job = Job(
        in_actions=True,
        repository=REPOSITORY,
        actor="" if automatic else actor,
        triggering_actor="" if automatic else started_by or actor,
        run_id="7",
        event_name="workflow_run" if automatic else "workflow_dispatch",
        event={} if automatic else {"sender": {"login": person.login, "id": person.id}},
        server_url=stage.forge.server_url,
    )
    environment = () if automatic else ("production",)
    inputs = RollbackInputs(
        **{
            "token": token.token,
            "repository": REPOSITORY,
            "environment": environment,
            **given,
        }
    )
    assert made.forge is not None
    return rollback.run(
        inputs,
        RollbackPorts(
            store=made.store,
            forge=made.forge,
            records=GitHubRecords(client, REPOSITORY),
            registry=stage.registry,
            texts=made.texts,
            clock=stage.clock,
            job=job,
            issues=GitHubIssues(client, REPOSITORY),
            origins=GitHubOrigins(client, REPOSITORY),
            merge_lines=merge_lines,
            requests=GitHubRequests(client, REPOSITORY, GitHubForge(client, REPOSITORY)),
            sources=GitHubDeployments(_client(stage, stage.source_token), REPOSITORY)
            if stage.source_token
            else None,
        ),
    )


def decisions(outcome: Outcome) -> dict[str, str]:
    """What an automatic run decided on each environment."""
    found = json.loads(outcome.outputs["decisions"])
    return {one["environment"]: one["code"] for one in found}


def decided(stage: Stage) -> str:
    """What an automatic run decides on production."""
    return decisions(roll_back(stage, automatic=True))["production"]


def at_terminal(forge: Forge, words: Sequence[str], folder: Path) -> str:
    """Let alice run a command in a folder, with a token of her own; gives what it printed."""
    token = forge.token(kind="pat", login="alice", repositories=[REPOSITORY], permissions=RIGHTS)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GITOPS_TOKEN": token,
        "GITHUB_SERVER_URL": forge.server_url,
        "GITHUB_API_URL": forge.api_url,
        "GITHUB_GRAPHQL_URL": forge.graphql_url,
        "PYTHONPATH": str(ROOT),
    }
    done = run_command_line([*words, "--repository", REPOSITORY], env, folder)
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def _client(stage: Stage, token: str = "") -> GitHubClient:
    return connect(
        token or stage.token, stage.forge.api_url, stage.forge.graphql_url, stage.clock, QUICK
    )
