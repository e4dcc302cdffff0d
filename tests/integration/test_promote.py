"""Promotion on the double: pull requests, what is kept, what is closed, and what it costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gitops_action.app.promote import build_ports
from gitops_action.app.tools import Context
from gitops_action.commands.promote.command import run
from gitops_action.core.inputs import check_values
from gitops_action.core.inputs.promote import PROMOTE, promote_inputs
from gitops_action.core.inputs.values import with_defaults
from gitops_action.core.outcome import Outcome
from gitops_action.core.redaction.known import Redactor
from tests.support.deployed import deployed
from tests.support.github_forge import CONFIG, REPOSITORY, Stage
from tests.support.github_forge import stage as github_stage
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


def digest(version: str) -> str:
    return f"sha256:{int(version.strip('v')):064x}"


def image(application: str, version: str) -> str:
    return f"ghcr.io/acme/{application}:{version}@{digest(version)}"


def workload(application: str, version: str, replicas: int = 1) -> str:
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
          image: {image(application, version)}
"""


def file(environment: str, application: str) -> str:
    return f"environments/{environment}/{application}/web.yaml"


FILES = {
    CONFIG: GITOPS,
    file("staging", "web"): workload("web", "v1"),
    file("staging", "api"): workload("api", "v1"),
    file("production", "web"): workload("web", "v1", replicas=3),
    file("production", "api"): workload("api", "v1"),
}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with github_stage(tmp_path, FILES) as made:
        yield made


def promote(stage: Stage, **given: str) -> Outcome:
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
    context = Context(environ={}, redactor=Redactor(), reporter=QUIET)
    with ExitStack() as stack:
        ports = build_ports(inputs, context, stack)
        quiet = replace(ports.bump, registry=None)
        return run(inputs, replace(ports, bump=quiet, registry=None, render=None))


def verified(stage: Stage, application: str, version: str, environment: str = "staging") -> None:
    """A version that is merged, deployed and healthy."""
    path = file(environment, application)
    commit = stage.repository.commit(files={path: workload(application, version)})
    deployed(stage, environment, str(commit), {application: (image(application, version),)})


def pulls(outcome: Outcome) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(outcome.outputs["pull-requests"])
    return found


def test_one_pull_request_for_each_application_with_the_digest_that_ran(stage: Stage) -> None:
    verified(stage, "web", "v2")
    verified(stage, "api", "v3")
    outcome = promote(stage)
    found = pulls(outcome)
    assert [(one["branch"], one["operation"]) for one in found] == [
        ("gitops/production/api", "created"),
        ("gitops/production/web", "created"),
    ]
    web = stage.repository.pull(found[1]["number"])
    assert web.title == "Promote web to v2 in production"
    assert "Verified in `staging`" in web.body
    assert "/actions/runs/" in web.body
    assert "GitOps-Action: promote" in web.body
    changed = stage.repository.read("gitops/production/web", file("production", "web")).decode()
    assert changed == workload("web", "v2", replicas=3)
    for one in found:  # both stay mergeable
        stage.repository.merge(one["number"])
    assert pulls(promote(stage)) == []


def test_nothing_to_do_takes_few_requests(stage: Stage) -> None:
    deployed(stage, "staging", str(stage.repository.head("main")), {"web": (image("web", "v1"),)})
    before = len(stage.forge.requests)
    outcome = promote(stage)
    assert outcome.outputs["changed"] == "false"
    assert "production web: production describes it already" in outcome.lines
    assert len(stage.forge.requests) - before <= 15


def test_a_newer_version_replaces_an_open_promotion_until_people_approve_it(stage: Stage) -> None:
    verified(stage, "web", "v2")
    (first,) = pulls(promote(stage))
    verified(stage, "web", "v3")
    (second,) = pulls(promote(stage))
    assert (second["number"], second["operation"]) == (first["number"], "updated")
    stage.repository.collaborator("bob", "write")
    stage.repository.review(first["number"], by="bob", state="APPROVED")
    verified(stage, "web", "v4")
    kept = promote(stage)
    assert pulls(kept) == []
    assert any("people have approved" in notice.text for notice in kept.notices)
    stage.repository.merge(first["number"])
    (third,) = pulls(promote(stage))
    assert third["operation"] == "created"
    assert "v4" in stage.repository.pull(third["number"]).title


def test_a_version_that_a_person_declined_is_proposed_again_when_asked(stage: Stage) -> None:
    verified(stage, "web", "v2")
    (first,) = pulls(promote(stage))
    stage.repository.close(first["number"], by="alice")
    (declined,) = pulls(promote(stage))
    assert declined["operation"] == "unchanged"
    assert stage.repository.pull(first["number"]).state != "open"
    (asked,) = pulls(promote(stage, to_environment="production", application="web"))
    assert asked["operation"] in {"created", "updated"}


def test_promotions_that_have_become_moot_are_closed_with_the_reason(stage: Stage) -> None:
    verified(stage, "web", "v2")
    (first,) = pulls(promote(stage))
    hold = (
        'environment: production\napplication: web\nimage: "ghcr.io/acme/web:v2"\nreason: leaks\n'
    )
    path = ".github/gitops/holds/production.web.v2.yaml"
    stage.repository.commit(files={path: f"{hold}author: alice\nsince: 2020-01-01T00:00:00Z\n"})
    outcome = promote(stage)
    assert stage.repository.pull(first["number"]).state == "closed"
    assert any("leaks" in text for text in stage.repository.comments(first["number"]))
    assert any(f"#{first['number']} was closed" in notice.text for notice in outcome.notices)


def test_the_order_of_environments_changes_meanwhile(stage: Stage) -> None:
    verified(stage, "web", "v2")
    (first,) = pulls(promote(stage))
    stage.repository.commit(files={CONFIG: GITOPS.replace("    after: [staging]\n", "")})
    promote(stage)
    assert stage.repository.pull(first["number"]).state == "closed"


def test_during_a_freeze_the_pull_request_stands(stage: Stage) -> None:
    verified(stage, "web", "v2")
    path = ".github/gitops/holds/production._.freeze.yaml"
    text = "environment: production\nreason: incident\nauthor: alice\nsince: 2020-01-01T00:00:00Z\n"
    stage.repository.commit(files={path: text})
    (one,) = pulls(promote(stage))
    assert one["operation"] == "created"


def test_a_hold_that_cannot_be_read_blocks_with_its_place(stage: Stage) -> None:
    verified(stage, "web", "v2")
    stage.repository.commit(files={".github/gitops/holds/x.yaml": "hello: [\n"})
    with pytest.raises(Exception, match=r"holds") as caught:
        promote(stage)
    assert "holds/x.yaml" in str(caught.value) or caught.value.args


def test_what_fails_for_one_application_leaves_the_others_alone(stage: Stage) -> None:
    verified(stage, "web", "v2")
    verified(stage, "api", "v3")
    stage.forge.fail("POST .*/pulls ", status=422, times=1)
    outcome = promote(stage)
    assert outcome.exit_code == 1
    assert len(pulls(outcome)) == 1
    again = promote(stage)
    assert again.exit_code == 0
    assert len(stage.repository.pull_requests()) == 2


def test_a_dry_run_writes_nothing(stage: Stage) -> None:
    verified(stage, "web", "v2")
    outcome = promote(stage, dry_run="true")
    assert outcome.outputs["changed"] == "false"
    assert stage.repository.pull_requests() == []


def test_an_environment_that_does_not_come_after_is_refused(stage: Stage) -> None:
    with pytest.raises(Exception, match="staging does not come after production"):
        promote(stage, from_environment="production", to_environment="staging")
