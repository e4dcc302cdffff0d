"""Promotion on the double: an environment repository whose versions are merged and deployed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from gitops_action.app.bump import build_ports as bump_ports
from gitops_action.app.promote import build_ports
from gitops_action.app.tools import Context
from gitops_action.commands.bump import command as bump_command
from gitops_action.commands.promote.command import run
from gitops_action.core.deploy.result import Result
from gitops_action.core.inputs import check_values
from gitops_action.core.inputs.bump import BumpInputs
from gitops_action.core.inputs.promote import PROMOTE, promote_inputs
from gitops_action.core.inputs.values import with_defaults
from gitops_action.core.outcome import Outcome
from gitops_action.core.redaction.known import Redactor
from tests.support.deployed import deployed
from tests.support.github_forge import CONFIG, REPOSITORY, Stage
from tests.support.reporters import QUIET

RIGHTS = {
    "contents": "write",
    "pull_requests": "write",
    "deployments": "read",
    "checks": "read",
    "actions": "read",
    "metadata": "read",
}
GITOPS = """\
version: 1
environments:
  staging: {path: "environments/staging/{application}", deploy: {engine: push}}
  production:
    path: "environments/production/{application}"
    after: [staging]
    deploy: {engine: push}
"""
SOAKS = f"{GITOPS}    gates: {{soak: 1h}}\n"


def digest(version: str) -> str:
    return f"sha256:{int(version.strip('v')):064x}"


def image(application: str, version: str, at: str = "") -> str:
    return f"ghcr.io/acme/{application}:{version}@{at or digest(version)}"


def workload(application: str, version: str, replicas: int = 1, *, at: str = "") -> str:
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {application}}}
spec:
  replicas: {replicas}
  template:
    spec:
      containers:
        - name: main
          image: {image(application, version, at)}
"""


def file(environment: str, application: str) -> str:
    return f"environments/{environment}/{application}/web.yaml"


FILES: Mapping[str, str] = {
    CONFIG: GITOPS,
    file("staging", "web"): workload("web", "v1"),
    file("staging", "api"): workload("api", "v1"),
    file("production", "web"): workload("web", "v1", replicas=3),
    file("production", "api"): workload("api", "v1"),
}


def context(stage: Stage, **environ: str) -> Context:
    """A run at the forge's time."""
    now = str(int(stage.forge.world.now().timestamp()))
    return Context(
        environ={"SOURCE_DATE_EPOCH": now, **environ}, redactor=Redactor(), reporter=QUIET
    )


def promote(stage: Stage, *, rendered: bool = False, **given: str) -> Outcome:
    """One run of `promote` as the gate App; keywords are inputs.

    Only with `rendered` the environments are rendered to be compared.
    """
    token = stage.forge.token(
        kind="app", login="gate[bot]", repositories=[REPOSITORY], permissions=RIGHTS
    )
    texts = {
        "repository": REPOSITORY,
        "token": token,
        "api-url": stage.forge.api_url,
        "graphql-url": stage.forge.graphql_url,
        "server-url": stage.forge.server_url,
        **{name.replace("_", "-"): text for name, text in given.items()},
    }
    inputs = promote_inputs(check_values(PROMOTE, with_defaults(PROMOTE, texts, {})), {})
    with ExitStack() as stack:
        ports = build_ports(inputs, context(stage, PATH=os.environ["PATH"]), stack)
        quiet = replace(ports.bump, registry=None)
        render = ports.render if rendered else None
        return run(inputs, replace(ports, bump=quiet, registry=None, render=render))


def bump(stage: Stage, version: str, environment: str = "production", **given: Any) -> Outcome:
    """A release job's bump of web, as the bump App."""
    inputs = BumpInputs(
        images=image("web", version),
        digest="keep",
        verify="off",
        environment=(environment,),
        application=("web",),
        repository=REPOSITORY,
        token=stage.token,
        api_url=stage.forge.api_url,
        graphql_url=stage.forge.graphql_url,
        server_url=stage.forge.server_url,
        **given,
    )
    with ExitStack() as stack:
        ports = bump_ports(inputs, context(stage), stack, tell=lambda _note: None)
        return bump_command.run(inputs, replace(ports, registry=None))


def merged(
    stage: Stage, application: str, version: str, environment: str = "staging", *, at: str = ""
) -> str:
    """A version that is described, and not deployed yet; gives the commit."""
    path = file(environment, application)
    return str(stage.repository.commit(files={path: workload(application, version, at=at)}))


def verified(  # noqa: PLR0913 - what a deployment is
    stage: Stage,
    application: str,
    version: str,
    environment: str = "staging",
    *,
    at: str = "",
    result: Result = Result.SUCCEEDED,
) -> None:
    """A version that is merged and deployed, healthy unless the result says otherwise."""
    commit = merged(stage, application, version, environment, at=at)
    deploy(stage, application, version, commit, environment, at=at, result=result)


def deploy(  # noqa: PLR0913 - same
    stage: Stage,
    application: str,
    version: str,
    commit: str,
    environment: str = "staging",
    *,
    at: str = "",
    result: Result = Result.SUCCEEDED,
) -> None:
    """A deployment of a commit that describes the version."""
    images = (image(application, version, at),)
    deployed(stage, environment, commit, {application: images}, result)
    stage.forge.advance_clock(2)


def pulls(outcome: Outcome) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(outcome.outputs["pull-requests"])
    return found


def proposes(stage: Stage, number: int) -> str:
    """The version that a pull request's head describes for production's web."""
    head = stage.repository.pull(number).head
    text = stage.repository.read(head, file("production", "web")).decode()
    return text.partition("/web:")[2].partition("@")[0]
