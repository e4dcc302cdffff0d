"""Options of a bump that no story tells by itself: each changes what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_action.core.images import ImageSource
from gitops_action.core.images.oci import RegistryUnreachableError
from gitops_action.core.inputs import BUMP, bump_inputs, check_values
from gitops_action.core.inputs.values import with_defaults
from gitops_action.errors import GitOpsError, UsageError
from tests.support.app_bump import app_bump
from tests.support.bump_stage import (
    API,
    WEB,
    Stage,
    bump_stage,
    deployment,
    digest,
    pinned,
    pull_requests,
)

BRANCH = "gitops/default/web"
FILE = "applications/web/deployment.yaml"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with bump_stage(tmp_path) as made:
        yield made


def test_the_body_by_a_template_keeps_the_trailers(stage: Stage) -> None:
    made = stage.web("v1.1.0", pull_request_body="For {{ environment }}: {{ title }}")
    body = stage.repository.pull(made["number"]).body
    assert body.startswith("For default: Bump web to v1.1.0\n")
    assert f"GitOps-Image: {pinned(f'{WEB}:v1.1.0')}" in body


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ self.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.environ }}",
        "{{ lipsum.__globals__['os'].popen('id').read() }}",
        "{% include '/etc/passwd' %}",
        "{% include '../templates.py' %}",
        "{{ 'a' * 10 ** 18 }}",
        "{% for a in range(10 ** 9) %}x{% endfor %}",
        "{{ environment.format.__func__ }}",
        "{{ '{0.__class__.__mro__}'.format(1) }}",
    ],
)
@pytest.mark.parametrize("given", ["branch", "pull_request_body"])
def test_templates_cannot_leave_their_sandbox(stage: Stage, template: str, given: str) -> None:
    with pytest.raises(UsageError, match="template in"):
        stage.web("v1.1.0", **{given: template})
    assert stage.repository.branches() == {"main"} or given != "branch"
    assert stage.repository.pull_requests() == []


@pytest.mark.parametrize(
    ("mode", "given", "written"),
    [
        ("pin", f"{WEB}:v1.1.0", pinned(f"{WEB}:v1.1.0")),
        ("keep", f"{WEB}:v1.1.0", f"{WEB}:v1.1.0"),
        ("keep", pinned(f"{WEB}:v1.1.0"), pinned(f"{WEB}:v1.1.0")),
        ("drop", pinned(f"{WEB}:v1.1.0"), f"{WEB}:v1.1.0"),
    ],
)
def test_digests_are_pinned_kept_or_dropped(
    stage: Stage, mode: str, given: str, written: str
) -> None:
    outcome = stage.bump(given, digest=mode)
    assert stage.image_line(BRANCH).startswith(f"image: {written} ")
    expected = digest(f"{WEB}:v1.1.0") if "@" in written else ""
    assert (outcome.outputs["tag"], outcome.outputs["digest"]) == ("v1.1.0", expected)


def test_verify_off_asks_no_registry(stage: Stage) -> None:
    stage.registry.failure = RegistryUnreachableError("nobody is there")
    outcome = stage.bump(f"{WEB}:v9.9.9", verify="off", digest="keep")
    assert pull_requests(outcome)[0]["operation"] == "created"
    assert not [notice for notice in outcome.notices if "nobody" in notice.text]


def test_the_source_as_given_is_told(stage: Stage) -> None:
    source = ImageSource(repository="acme/elsewhere", commit="c" * 40)
    made = stage.web("v1.1.0", source=source)
    body = stage.repository.pull(made["number"]).body
    assert f"GitOps-Source: acme/elsewhere@{'c' * 40}" in body


def test_another_base_is_read_and_proposed_to(stage: Stage) -> None:
    stage.repository.commit(branch="next", files={FILE: deployment(f"{WEB}:v1.4.0")})
    made = stage.web("v1.5.0", base="next")
    assert stage.repository.pull(made["number"]).base == "next"
    assert stage.repository.log(BRANCH)[0].parents == (stage.repository.head("next"),)


def test_the_configuration_may_stand_elsewhere(stage: Stage) -> None:
    text = "version: 1\nenvironments:\n  live: {path: applications}\n"
    stage.repository.commit(files={"ops/gitops.yaml": text})
    assert stage.web("v1.1.0", config="ops/gitops.yaml")["environment"] == "live"


def test_only_the_applications_that_are_named(stage: Stage) -> None:
    other = "applications/other/deployment.yaml"
    stage.repository.commit(files={other: deployment(f"{WEB}:v1.0.0")})
    made = stage.web("v1.1.0", application=("other",))
    assert "v1.1.0" in stage.image_line(made["branch"], other)
    assert "v1.0.0" in stage.image_line(made["branch"])


def test_a_team_is_asked_or_told_to_be_out_of_reach(stage: Stage) -> None:
    outcome = stage.bump(f"{WEB}:v1.1.0", pull_request_team_reviewers=("acme/nobody",))
    made = pull_requests(outcome)[0]
    asked = [request.path for request in stage.forge.requests]
    assert made["operation"] == "created"
    assert any(path.endswith("/requested_reviewers") for path in asked)
    assert any("nobody" in notice.text for notice in outcome.notices)


@pytest.mark.parametrize("name", ["api_url", "graphql_url", "server_url"])
def test_addresses_decide_who_is_asked(stage: Stage, name: str) -> None:
    stage.forge.requests.clear()
    given = {name: f"{stage.forge.server_url}/elsewhere"}
    given["transport"] = "git" if name == "server_url" else "api"
    with pytest.raises(GitOpsError):
        app_bump(stage, f"{API}:v1.1.0", **given)
    assert any(request.path.startswith("/elsewhere") for request in stage.forge.requests)
    assert stage.repository.branches() == {"main"}


def test_a_repository_that_is_not_there(stage: Stage) -> None:
    with pytest.raises(GitOpsError, match="cannot see acme/nowhere") as caught:
        app_bump(stage, f"{WEB}:v1.1.0", repository="acme/nowhere")
    assert "contents: read" in caught.value.fix


@pytest.mark.parametrize("mode", ["pull-request", "commit"])
def test_a_missing_token_names_the_rights_it_needs(mode: str) -> None:
    texts = with_defaults(BUMP, {"images": "a:1", "repository": "a/b", "mode": mode}, {})
    with pytest.raises(UsageError, match="no token for a/b") as caught:
        bump_inputs(check_values(BUMP, texts), {})
    assert "contents: write" in caught.value.cause


def test_a_base_that_renames_the_image(tmp_path: Path) -> None:
    files = {
        ".github/gitops.yaml": "version: 1\nenvironments:\n  live: {path: live}\n",
        "base/kustomization.yaml": (
            f"resources: [deployment.yaml]\nimages:\n  - name: web\n    newName: {WEB}\n"
        ),
        "base/deployment.yaml": deployment("web"),
        "live/kustomization.yaml": (
            f"resources: [../base]\nimages:\n  - name: {WEB}\n    newTag: v1.0.0\n"
        ),
    }
    with bump_stage(tmp_path, files) as stage:
        made = stage.web("v1.1.0")
        text = stage.repository.read(made["branch"], "live/kustomization.yaml").decode()
        assert f"name: {WEB}\n    newTag: v1.1.0" in text
        assert (
            stage.repository.read(made["branch"], "base/deployment.yaml").decode()
            == (files["base/deployment.yaml"])
        )
