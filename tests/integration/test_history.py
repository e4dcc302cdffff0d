"""The history of environments: from a repository on the double, with real records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from gitops_action.app import history as app
from gitops_action.app.tools import Context
from gitops_action.commands.history import as_markdown
from gitops_action.core.deploy.result import Result
from gitops_action.core.gates.decisions import Decision, write_decision
from gitops_action.core.history.rows import HistoryRow
from gitops_action.core.inputs import Values, check_values
from gitops_action.core.inputs.history import HISTORY
from gitops_action.core.inputs.values import with_defaults
from gitops_action.core.redaction.known import Redactor
from testbed.long_history import Shape, fill
from tests.support.deployed import deployed
from tests.support.github_forge import CONFIG, REPOSITORY, Stage
from tests.support.github_forge import stage as github_stage
from tests.support.reporters import QUIET

RIGHTS = {
    "contents": "read",
    "deployments": "read",
    "checks": "read",
    "actions": "read",
    "pull_requests": "read",
}
GITOPS = """\
version: 1
environments:
  staging: {path: environments/staging, deploy: {engine: push}}
  production: {path: environments/production, after: [staging], deploy: {engine: push}}
"""
BASE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: web, image: ghcr.io/acme/web}]}}}
"""


def digest(version: str) -> str:
    return f"sha256:{version.strip('v') * 64}"


def overlay(version: str) -> str:
    return f"""\
resources: [../../applications/web]
images:
  - name: ghcr.io/acme/web
    newTag: {version}
    digest: {digest(version)}
"""


def image(version: str) -> str:
    return f"ghcr.io/acme/web:{version}@{digest(version)}"


FILES = {
    CONFIG: GITOPS,
    "applications/web/deployment.yaml": BASE,
    "applications/web/kustomization.yaml": "resources: [deployment.yaml]\n",
    "environments/staging/kustomization.yaml": overlay("v1"),
    "environments/production/kustomization.yaml": overlay("v1"),
}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with github_stage(tmp_path, FILES) as made:
        yield made


def bump(stage: Stage, environment: str, version: str, message: str = "") -> str:
    return str(
        stage.repository.commit(
            files={f"environments/{environment}/kustomization.yaml": overlay(version)},
            message=message or f"Bump web to {version} (#7)",
        )
    )


def values(stage: Stage, **given: str) -> Values:
    token = stage.forge.token(repositories=[REPOSITORY], permissions=RIGHTS)
    texts = {
        "repository": REPOSITORY,
        "token": token,
        "api-url": stage.forge.api_url,
        "graphql-url": stage.forge.graphql_url,
        "server-url": stage.forge.server_url,
        **given,
    }
    return check_values(HISTORY, with_defaults(HISTORY, texts, {}))


def rows(stage: Stage, **given: str) -> list[dict[str, object]]:
    context = Context(environ={}, redactor=Redactor(), reporter=QUIET)
    outcome = app.run(values(stage, **given), context)
    found: list[dict[str, object]] = json.loads(outcome.outputs["history"])
    return found


@pytest.mark.parametrize(("revision", "read"), [("main", True), ("later", False)])
def test_an_application_of_argo_cd_describes_what_it_reads_of_this_branch(
    stage: Stage, revision: str, read: bool
) -> None:
    application = f"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: api, namespace: argocd}}
spec:
  source:
    repoURL: https://github.com/{REPOSITORY}
    targetRevision: {revision}
    path: apps/api
"""
    stage.repository.commit(
        files={
            "environments/staging/api.yaml": application,
            "environments/staging/kustomization.yaml": overlay("v1").replace(
                "resources: [", "resources: [api.yaml, "
            ),
            "apps/api/api.yaml": BASE.replace("acme/web", f"acme/api:v4@{digest('v4')}"),
        }
    )
    assert [one["image"] for one in rows(stage, environment="staging", application="api")] == (
        [f"ghcr.io/acme/api:v4@{digest('v4')}"] if read else []
    )


def test_a_row_for_each_version_with_what_became_of_it(stage: Stage) -> None:
    web = {"web": (image("v1"),)}
    deployed(stage, "staging", stage.repository.head("main"), web)
    bump(stage, "staging", "v2")
    third = bump(stage, "staging", "v3")
    deployed(stage, "staging", third, {"web": (image("v3"),)}, Result.FAILED)
    deployed(stage, "staging", third, {"web": (image("v3"),)})
    bump(stage, "production", "v2")
    found = rows(stage, environment="staging")
    assert [(row["version"], row.get("result"), row.get("attempts")) for row in found] == [
        ("v3", "succeeded", 2),
        ("v2", None, None),
        ("v1", "succeeded", 1),
    ]
    newest = found[0]
    assert newest["commit"] == third
    assert newest["digest"] == digest("v3")
    assert newest["number"] == 7
    assert newest["people"] == ["alice"]
    assert newest["running"] is True
    assert "running" not in found[2]
    assert "ran" in found[2]
    (production, _) = rows(stage, environment="production")
    assert (production["version"], production["previous"]) == ("v2", image("v1"))


@pytest.mark.parametrize(("recorded", "word"), [(True, "not deployed"), (False, "not known")])
def test_without_records_no_row_claims_that_it_was_not_deployed(recorded: bool, word: str) -> None:
    row = HistoryRow(
        environment="production",
        application="web",
        image=image("v1"),
        commit="a" * 40,
        at=datetime(2026, 11, 27, tzinfo=UTC),
    )
    assert f"| `v1` | `{word}` |" in as_markdown((row,), recorded=recorded)


def comment(stage: Stage, number: int, by: str, body: str) -> None:
    rights = {"pull_requests": "write", "issues": "write"}
    token = stage.forge.token(login=by, repositories=[REPOSITORY], permissions=rights)
    answer = requests.post(
        f"{stage.forge.api_url}/repos/{REPOSITORY}/issues/{number}/comments",
        json={"body": body},
        headers={"Authorization": f"Bearer {token}"},
        timeout=20,
    )
    assert answer.status_code == 201, answer.text


def proposed(stage: Stage, version: str, *, by: str) -> int:
    """A pull request that bumps staging."""
    branch = f"gitops/staging/{version}"
    files = {"environments/staging/kustomization.yaml": overlay(version)}
    stage.repository.commit(branch=branch, files=files, author=by)
    return int(stage.repository.open(head=branch, by=by).number)


def test_approvers_and_who_asked_stand_behind_what_a_bot_proposes(stage: Stage) -> None:
    stage.repository.collaborator("bob", "write")
    number = proposed(stage, "v2", by="gitops-bot[bot]")
    stage.repository.review(number, by="bob")
    asked = Decision(kind="merge", login="carol", person=7, at=datetime.now(UTC))
    comment(stage, number, "gate[bot]", write_decision(asked))
    forged = Decision(kind="merge", login="mallory", person=8, at=datetime.now(UTC))
    comment(stage, number, "other[bot]", write_decision(forged))
    stage.repository.merge(number, method="squash", by="gate[bot]")
    stage.repository.merge(proposed(stage, "v3", by="alice"), by="gate[bot]")
    newest, before, *_ = rows(stage, environment="staging")
    assert (newest["version"], newest["people"]) == ("v3", ["alice"])
    assert (before["version"], before["people"]) == ("v2", ["bob", "carol"])


def test_without_the_right_to_pull_requests_a_note_says_what_is_missing(stage: Stage) -> None:
    rights = {name: right for name, right in RIGHTS.items() if name != "pull_requests"}
    token = stage.forge.token(repositories=[REPOSITORY], permissions=rights)
    context = Context(environ={}, redactor=Redactor(), reporter=QUIET)
    outcome = app.run(values(stage, environment="staging", token=token), context)
    assert json.loads(outcome.outputs["history"])[0]["people"] == ["alice"]
    (notice,) = outcome.notices
    assert "who approved is not known" in notice.text


def test_what_people_rewrote_is_discovered_again(stage: Stage) -> None:
    bump(stage, "staging", "v2")
    stage.repository.commit(
        files={
            "environments/staging/kustomization.yaml": "resources: [web.yaml]\n",
            "environments/staging/web.yaml": BASE.replace(
                "acme/web}", f"acme/web:v3@{digest('v3')}}}"
            ),
        }
    )
    stage.repository.commit(files={"environments/staging/notes.yaml": "hello: world\n"})
    found = rows(stage, environment="staging")
    assert [row["version"] for row in found] == ["v3", "v2", "v1"]


def test_a_record_without_proof_is_shown_as_unverified(stage: Stage) -> None:
    head = stage.repository.head("main")
    deployed(stage, "staging", head, {"web": (image("v1"),)}, path=".github/workflows/x.yml")
    (found,) = rows(stage, environment="staging")
    assert "its run is of .github/workflows/x.yml" in str(found["unverified"])
    assert "result" not in found


def test_what_ran_and_left_the_branch_is_marked(stage: Stage) -> None:
    before = stage.repository.head("main")
    lost = bump(stage, "staging", "v9")
    deployed(stage, "staging", lost, {"web": (image("v9"),)})
    stage.repository.move("main", before)
    found = rows(stage, environment="staging")
    marked = next(row for row in found if row["version"] == "v9")
    assert (marked["off-branch"], marked["result"]) == (True, "succeeded")


def test_a_version_that_comes_back_is_marked(stage: Stage) -> None:
    bump(stage, "staging", "v2")
    bump(stage, "staging", "v1")
    found = rows(stage, environment="staging")
    assert [row.get("rolled-back") for row in found] == [True, None, None]


def test_an_environment_that_is_not_there_is_refused(stage: Stage) -> None:
    with pytest.raises(Exception, match="There is no environment `live`"):
        rows(stage, environment="live")


def test_few_requests_are_enough(stage: Stage) -> None:
    deployed(stage, "staging", stage.repository.head("main"), {"web": (image("v1"),)})
    before = len(stage.forge.requests)
    rows(stage)
    assert len(stage.forge.requests) - before <= 8


def test_a_long_history_takes_a_request_for_many_commits(tmp_path: Path) -> None:
    """2,000 Deployments by the same counts are 74 requests, and the people 10 more."""
    shape = Shape(commits=400, environments=3, applications=4, deployments=200)
    with github_stage(tmp_path, {}) as empty:
        repository = empty.forge.create_repository("acme/long", private=True)
        world = empty.forge.world
        fill(world, repository, shape, end=world.now())
        token = empty.forge.token(repositories=["acme/long"], permissions=RIGHTS)
        before = len(empty.forge.requests)
        found = rows(empty, repository="acme/long", token=token)
        assert len(empty.forge.requests) - before <= 4 + 200 // 40 + 3 * (200 // 100 + 1) + 10
    bumped = [row for row in found if row.get("previous")]
    assert len(bumped) == 400 - 400 // 11
    assert all(row.get("result") in {None, "succeeded"} for row in bumped)
    assert sum(row["attempts"] for row in found if isinstance(row.get("attempts"), int)) > 200
