"""Pull requests validated on a forge: real Git, real kustomize, real schemas, real comments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.github_forge import REPOSITORY
from tests.support.validate_forge import (
    BUMP,
    FILES,
    STAGING,
    WEB,
    Validation,
    overlay,
    validation,
)
from tests.support.validate_stage import errors, touched, warnings

TRAILERS = "Bump\n\nGitOps-Environment: staging\nGitOps-Image: ghcr.io/acme/web:v2"
COMMENT_POST = r"POST .*/issues/\d+/comments"
COMMENT_PATCH = "PATCH .*/issues/comments/"


@pytest.fixture
def on_forge(tmp_path: Path) -> Iterator[Validation]:
    with validation(tmp_path) as stage:
        yield stage


def test_a_bump_is_validated_and_commented_once(on_forge: Validation) -> None:
    number = on_forge.propose(BUMP, body=TRAILERS)
    outcome = on_forge.validate(number)
    assert (errors(outcome), warnings(outcome)) == ([], [])
    assert (outcome.exit_code, touched(outcome)) == (0, ["staging"])
    (comment,) = on_forge.comments(number)
    assert "ghcr.io/acme/web:v2" in comment
    assert on_forge.repository.resolve("topic-1") in comment
    assert on_forge.repository.resolve("main") in comment
    again = on_forge.validate(number)
    assert on_forge.comments(number) == [comment]
    assert again.outputs == outcome.outputs


def test_the_comment_follows_the_pull_request(on_forge: Validation) -> None:
    number = on_forge.propose(BUMP)
    on_forge.validate(number)
    on_forge.repository.commit(branch="topic-1", files={STAGING: overlay("v3")})
    on_forge.validate(number)
    (comment,) = on_forge.comments(number)
    assert "ghcr.io/acme/web:v3" in comment
    assert "ghcr.io/acme/web:v2" not in comment


def test_what_is_evaluated_is_the_merge_into_the_newest_base(on_forge: Validation) -> None:
    number = on_forge.propose(BUMP)
    before = on_forge.validate(number).outputs
    tip = on_forge.repository.commit(
        files={"base/web.yaml": WEB.replace("{name: web}", "{name: web, labels: {a: b}}", 1)}
    )
    outcome = on_forge.validate(number)
    assert tip in on_forge.comments(number)[0]
    assert outcome.outputs["rendered-hash"] != before["rendered-hash"]
    assert outcome.outputs["unrendered-hash"] == before["unrendered-hash"]
    assert outcome.outputs["objects-changed"] == "1"


def test_a_head_that_does_not_merge_is_told(on_forge: Validation) -> None:
    number = on_forge.propose(BUMP)
    on_forge.repository.commit(files={STAGING: overlay("v9")})
    outcome = on_forge.validate(number)
    assert (outcome.exit_code, outcome.outputs["valid"]) == (1, "false")
    (comment,) = on_forge.comments(number)
    assert "1 error" in comment.splitlines()[1]
    assert STAGING in comment


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_first_comment_that_is_cut_off_is_there_once(on_forge: Validation, cut: str) -> None:
    number = on_forge.propose(BUMP)
    on_forge.forge.fail(COMMENT_POST, cut=True, when="after" if cut == "after" else "before")
    assert on_forge.validate(number).exit_code == 0
    assert len(on_forge.comments(number)) == 1


def test_an_update_that_fails_leaves_the_old_comment_whole(on_forge: Validation) -> None:
    number = on_forge.propose(BUMP)
    on_forge.validate(number)
    (old,) = on_forge.comments(number)
    on_forge.repository.commit(branch="topic-1", files={STAGING: overlay("v3")})
    on_forge.forge.fail(COMMENT_PATCH, status=502, times=99)
    outcome = on_forge.validate(number)
    assert (outcome.exit_code, outcome.outputs["valid"]) == (1, "true")
    assert outcome.outputs["rendered-hash"]
    assert on_forge.comments(number) == [old]
    assert len(errors(outcome)) == 1


def test_a_forks_pull_request_is_read_and_not_written_to(on_forge: Validation) -> None:
    fork = on_forge.forge.fork(REPOSITORY, owner="eve")
    fork.commit(branch="patch", files=BUMP, author="eve")
    number = on_forge.repository.open(head="eve:patch", by="eve").number
    token = on_forge.forge.token(
        kind="job",
        home=REPOSITORY,
        permissions={"contents": "read", "pull_requests": "read", "metadata": "read"},
    )
    outcome = on_forge.validate(number, token=token)
    assert (outcome.exit_code, touched(outcome)) == (0, ["staging"])
    assert on_forge.comments(number) == []
    (note,) = [item for item in outcome.notices if "no comment was written" in item.text]
    assert note.level == "notice"
    assert "pull-requests: write" in note.text


def test_the_head_moves_while_it_is_evaluated(on_forge: Validation) -> None:
    number = on_forge.propose(BUMP)
    on_forge.validate(number)
    (old,) = on_forge.comments(number)
    on_forge.repository.commit(branch="topic-1", files={STAGING: overlay("v3")})

    def move() -> None:
        on_forge.repository.commit(branch="topic-1", files={STAGING: overlay("v4")})

    # The second time that the pull request is read is when the verdict has been found.
    on_forge.forge.fail(rf"GET .*/pulls/{number} ", skip=1, action=move)
    outcome = on_forge.validate(number)
    assert (outcome.exit_code, outcome.outputs["valid"]) == (1, "false")
    assert outcome.headline.startswith("Only an older commit was judged")
    assert on_forge.comments(number) == [old]


BROKEN = "kind: Deployment\n  metadata: [\n"


def test_one_broken_file_hides_nothing_else(on_forge: Validation) -> None:
    files = {
        "environments/staging/broken.yaml": BROKEN,
        STAGING: overlay("v2") + "patches:\n  - path: broken.yaml\n",
        "environments/production/kustomization.yaml": overlay("v2").replace(
            "[../../base]", "[../../base, wrong.yaml]"
        ),
        "environments/production/wrong.yaml": WEB.replace("name: web", "name: api", 1).replace(
            "image:", "imagez:"
        ),
    }
    outcome = on_forge.validate(on_forge.propose(files))
    assert touched(outcome) == ["staging", "production"]
    assert outcome.outputs["rendered-hash"] == ""
    said = "\n".join(errors(outcome))
    assert "imagez" in said
    places = {notice.location.file for notice in outcome.notices if notice.location}
    assert "environments/production/wrong.yaml" in places
    assert any(place.startswith("environments/staging/") for place in places)
    assert "ghcr.io/acme/web:v2" in outcome.summary


CRD = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.acme.dev}
spec:
  group: acme.dev
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {size: {type: integer}}}
"""
WIDGET = (
    "apiVersion: acme.dev/v1\nkind: Widget\nmetadata: {name: one, namespace: web}\n"
    "spec: {size: SIZE}\n"
)


@pytest.mark.parametrize(("size", "valid"), [("3", "true"), ("large", "false")])
def test_a_definition_and_its_object_come_together(
    on_forge: Validation, size: str, valid: str
) -> None:
    files = {
        STAGING: overlay("v1").replace("[../../base]", "[../../base, crd.yaml, widget.yaml]"),
        "environments/staging/crd.yaml": CRD,
        "environments/staging/widget.yaml": WIDGET.replace("SIZE", size),
    }
    outcome = on_forge.validate(on_forge.propose(files))
    assert outcome.outputs["valid"] == valid, errors(outcome)
    assert outcome.outputs["objects-added"] == "2"
    assert not [text for text in warnings(outcome) if "no schema is known" in text]


PLANTED = "planted-hunter2"
TOKEN = "ghp_" + "pLaN7ed0" * 5
SECRETS = {
    STAGING: overlay("v2").replace("[../../base]", "[../../base, secret.yaml, map.yaml]")
    + f"secretGenerator:\n  - name: made\n    literals: [password={PLANTED}]\n",
    "environments/staging/secret.yaml": (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: creds}\ntype: Opaque\n"
        f"stringData: {{password: {PLANTED}, wrong: [{PLANTED}]}}\n"
        f"data: {{other: {PLANTED}!}}\n"
    ),
    "environments/staging/map.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
        f"data: {{token: {TOKEN}, address: 'https://app:{PLANTED}@db.acme.dev'}}\n"
    ),
    "environments/production/broken.yaml": f"stringData: {{password: {PLANTED}\n",
    "environments/production/kustomization.yaml": overlay("v1").replace(
        "[../../base]", "[../../base, broken.yaml]"
    ),
}


def test_secrets_in_manifests_are_shown_nowhere(on_forge: Validation) -> None:
    number = on_forge.propose(SECRETS)
    result = on_forge.step(pull_request=str(number), comment="true", comment_file="out/comment.md")
    assert result.exit_code == 1
    text = (on_forge.root / "job/workspace/out/comment.md").read_text()
    (comment,) = on_forge.comments(number)
    assert text.strip() == comment.partition("\n")[2].strip()
    assert "Secret web/creds" in comment
    document = json.dumps(on_forge.validate(number).data)
    everywhere = "\n".join(
        [result.log, result.summary, comment, text, document, *result.outputs.values()]
    )
    for secret in (PLANTED, TOKEN, on_forge.token):
        assert secret not in everywhere
    assert "cGxhbnRlZC1odW50ZXIy" not in everywhere  # the same in base64


def test_secrets_of_a_forks_manifests_are_shown_nowhere(on_forge: Validation) -> None:
    """The run that comments for a fork has a token that may write."""
    fork = on_forge.forge.fork(REPOSITORY, owner="eve")
    commit = fork.commit(branch="patch", files=SECRETS, author="eve")
    number = on_forge.repository.open(head="eve:patch", by="eve").number
    run = {
        "event": "pull_request",
        "head_branch": "patch",
        "head_sha": commit,
        "head_repository": {"owner": {"login": "eve"}},
        "pull_requests": [],
    }
    result = on_forge.step(event_name="workflow_run", event={"workflow_run": run}, comment="true")
    assert result.exit_code == 1, result.log
    (comment,) = on_forge.comments(number)
    assert "Secret web/creds" in comment
    assert "::error file=environments/production/broken.yaml" in result.log
    document = json.dumps(on_forge.validate(number).data)
    shown = [result.log, result.summary, comment, document, *result.outputs.values()]
    everywhere = "\n".join(shown)
    for secret in (PLANTED, TOKEN, on_forge.token, "cGxhbnRlZC1odW50ZXIy"):
        assert secret not in everywhere


INFLATION = """apiVersion: builtin
kind: HelmChartInflationGenerator
metadata: {name: nginx}
name: nginx
repo: https://charts.example.com
version: 1.2.3
releaseName: nginx
"""


def test_a_chart_by_kustomizes_own_generator_is_noted_like_helm_charts(
    on_forge: Validation,
) -> None:
    files = {
        STAGING: overlay("v1") + "generators: [chart.yaml]\n",
        "environments/staging/chart.yaml": INFLATION,
    }
    outcome = on_forge.validate(on_forge.propose(files))
    assert outcome.outputs["valid"] == "true", errors(outcome)
    (note,) = [notice.text for notice in outcome.notices if "Helm charts" in notice.text]
    assert note.startswith(f"{STAGING}:6: Helm charts of a kustomization are not rendered")


def test_a_step_sets_every_output_and_annotates(on_forge: Validation) -> None:
    files = {**BUMP, "base/web.yaml": WEB.replace("image:", "imagez: x, image:")}
    result = on_forge.step(pull_request=str(on_forge.propose(files)))
    assert result.exit_code == 1
    assert json.loads(result.outputs["environments"]) == ["staging", "production"]
    assert result.outputs["valid"] == "false"
    for name in ("rendered-hash", "unrendered-hash"):
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", result.outputs[name])
    assert "::error file=base/web.yaml,line=" in result.log
    assert result.summary.startswith("## Validation: 2 errors")


def test_a_run_that_follows_another_finds_the_forks_pull_request(on_forge: Validation) -> None:
    """`workflow_run` names no pull request of a fork, and what the run left behind is not read."""
    fork = on_forge.forge.fork(REPOSITORY, owner="eve")
    commit = fork.commit(branch="patch", files=BUMP, author="eve")
    number = on_forge.repository.open(head="eve:patch", by="eve").number
    run = {
        "event": "pull_request",
        "head_branch": "patch",
        "head_sha": commit,
        "head_repository": {"owner": {"login": "eve"}},
        "pull_requests": [],
    }
    event = {"workflow_run": run}
    result = on_forge.step(event_name="workflow_run", event=event, comment="true")
    assert result.exit_code == 0, result.log
    assert commit in on_forge.comments(number)[0]
    on_forge.repository.close(number)
    result = on_forge.step(event_name="workflow_run", event=event, comment="true")
    assert (result.exit_code, result.outputs) == (0, {})
    assert "Nothing to do" in result.log


def test_a_repository_without_configuration_is_one_environment(tmp_path: Path) -> None:
    files = {"applications/web/all.yaml": f"{FILES['base/namespace.yaml']}---\n{WEB}"}
    with validation(tmp_path, files) as stage:
        change = files["applications/web/all.yaml"].replace(":v1}", ":v2}")
        outcome = stage.validate(stage.propose({"applications/web/all.yaml": change}))
        assert (outcome.exit_code, touched(outcome)) == (0, ["default"])
        assert outcome.outputs["objects-changed"] == "1"
