"""Histories that a rollback meets: how it was merged, what was edited since, how images are set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import pytest

from gitops_action.commands.bump.plan import HoldError
from gitops_action.commands.rollback.environment import NoCandidateError
from gitops_action.core.deployments.payload import RecordContent, write_payload
from testbed.process import run
from tests.support.bump_stage import (
    API,
    WEB,
    Stage,
    bump_stage,
    deployment,
    digest,
    pinned,
)
from tests.support.gate_forge import codes, gate_stage
from tests.support.rollback_stage import (
    CONFIG,
    PLAIN,
    at_terminal,
    decided,
    deploy,
    deployed,
    images,
    path_of,
    record,
    release,
    roll_back,
    rollback_stage,
)

BRANCH = "gitops/production/rollback/web"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with rollback_stage(tmp_path) as made:
        yield made


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
@pytest.mark.parametrize("trailers", [True, False])
def test_however_the_release_was_merged(
    stage: Stage, method: Literal["merge", "squash", "rebase"], *, trailers: bool
) -> None:
    release(stage, web="1.1.0")
    message = f"Bump\n\nGitOps-Image: {pinned(f'{WEB}:v1.2.0')}" if trailers else "by hand"
    text = deployment(pinned(f"{WEB}:v1.2.0"))
    stage.repository.commit(branch="topic", files={path_of("web"): text}, message=message)
    stage.repository.merge(stage.repository.open(head="topic").number, method=method)
    deployed(stage, "failure")
    assert decided(stage) == "go-back"
    assert images(stage, BRANCH)["web"] == "1.1.0"


def test_manual_edits_of_the_same_file_since_stay(stage: Stage) -> None:
    release(stage, web="1.1.0")
    release(stage, "failure", web="1.2.0")
    edited = stage.repository.read("main", path_of("web")).decode() + "# edited by hand\n"
    stage.repository.commit(files={path_of("web"): edited})
    assert decided(stage) == "go-back"
    after = stage.repository.read(BRANCH, path_of("web")).decode()
    assert after.endswith("# edited by hand\n")
    assert pinned(f"{WEB}:v1.1.0") in after


def test_a_shallow_clone_hides_no_earlier_state(stage: Stage, tmp_path: Path) -> None:
    """What was deployed is read from GitHub, wherever the command runs."""
    release(stage, web="1.1.0")
    release(stage, "failure", web="1.2.0")
    clone = tmp_path / "clone"
    source = stage.repository.repository.git.path.as_uri()
    run("git", "clone", "--quiet", "--depth=1", source, clone)
    listed = at_terminal(stage.forge, ("rollback", "--environment", "production", "--list"), clone)
    assert "web v1.2.0 → v1.1.0" in listed


def test_a_deployment_whose_commit_is_gone_is_passed_over(stage: Stage) -> None:
    release(stage, web="1.1.0")
    content = RecordContent(environment="production", commit="9" * 40)
    run = stage.repository.start_run(str(stage.repository.head("main")))
    job = stage.repository.start_job(run, "deploy / production")
    made = stage.repository.record_deployment(
        "production",
        oid=str(stage.repository.head("main")),
        state=None,
        payload=dict(write_payload(content)),
    )
    stage.repository.report(made, "success", log_url=stage.repository.run_url(run, job.name))
    stage.repository.finish_job(job, "success")
    stage.forge.advance_clock(120)
    release(stage, "failure", web="1.2.0")
    assert decided(stage) == "go-back"
    assert images(stage, BRANCH)["web"] == "1.1.0"


def test_an_application_that_was_renamed_since_goes_back(tmp_path: Path) -> None:
    named = CONFIG.replace("web: {images", "frontend: {images")
    with rollback_stage(tmp_path, named) as stage:
        release(stage, web="1.1.0")
        stage.repository.commit(files={".github/gitops.yaml": CONFIG})
        release(stage, "failure", web="1.2.0")
        assert decided(stage) == "go-back"
        assert images(stage, BRANCH)["web"] == "1.1.0"


def test_a_file_that_was_moved_since_is_edited_where_it_is_now(stage: Stage) -> None:
    release(stage, web="1.1.0")
    moved = deployment(pinned(f"{WEB}:v1.2.0"))
    stage.repository.commit(
        files={path_of("web"): None, "production/frontend/deployment.yaml": moved}
    )
    commit = str(stage.repository.head("main"))
    content = RecordContent(
        environment="production",
        commit=commit,
        applications={"web": (pinned(f"{WEB}:v1.2.0"),), "api": (pinned(f"{API}:v1.0.0"),)},
    )
    record(stage, content, "failure")
    branch = roll_back(stage, automatic=True).outputs["branch"]
    read = stage.repository.read(branch, "production/frontend/deployment.yaml").decode()
    assert pinned(f"{WEB}:v1.1.0") in read


# How an image is set.

BASE = {
    "base/deployment.yaml": deployment(f"{WEB}:v1.0.0"),
    "base/kustomization.yaml": "resources: [deployment.yaml]\n",
}
OVERLAY = "resources: [../base]\nimages:\n  - name: ghcr.io/acme/web\n    {value}\n"
VALUES = "image:\n  repository: ghcr.io/acme/web\n  {value}\n"
RELEASE = (
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: web}}\nspec:\n"
    "  chart: {{spec: {{chart: web, sourceRef: {{kind: HelmRepository, name: x}}}}}}\n"
    "  values:\n    image:\n      repository: ghcr.io/acme/web\n      {value}\n"
)
SET = {
    "kustomize tag": (OVERLAY, "production/kustomization.yaml", "newTag: {tag}"),
    "kustomize digest": (OVERLAY, "production/kustomization.yaml", "digest: {digest}"),
    "helm values": (VALUES, "production/values.yaml", "tag: {tag}"),
    "helm release": (RELEASE, "production/release.yaml", "tag: {tag}"),
}


def value(template: str, version: str) -> str:
    return template.format(tag=f"v{version}", digest=digest(f"{WEB}:v{version}"))


def image(template: str, version: str) -> str:
    exact = "digest:" in template
    return f"{WEB}@{digest(f'{WEB}:v{version}')}" if exact else f"{WEB}:v{version}"


@pytest.mark.parametrize("how", sorted(SET))
def test_images_go_back_wherever_they_are_set(tmp_path: Path, how: str) -> None:
    layout, path, template = SET[how]

    def described(version: str) -> Mapping[str, str]:
        return {path: layout.format(value=value(template, version))}

    files = {".github/gitops.yaml": PLAIN, **BASE, **described("1.1.0")}
    with bump_stage(tmp_path, files) as stage:
        for version, state in (("1.1.0", "success"), ("1.2.0", "failure")):
            deploy(
                stage, {**described(version), "note.txt": version}, image(template, version), state
            )
        stage.registry.tags.add(f"{WEB}:None")  # an image without a tag, as the double reads it
        assert decided(stage) == "go-back"
        assert stage.repository.read(BRANCH, path).decode() == described("1.1.0")[path]


def test_a_base_that_two_environments_share_stays_and_the_overlay_goes_back(tmp_path: Path) -> None:
    shared = PLAIN + "  staging: {path: staging}\n"
    build = "resources: [../base]\n"

    def described(version: str) -> Mapping[str, str]:
        return {"base/deployment.yaml": deployment(f"{WEB}:v{version}")}

    files = {
        ".github/gitops.yaml": shared,
        **BASE,
        "production/kustomization.yaml": build,
        "staging/kustomization.yaml": build,
    }
    with bump_stage(tmp_path, files) as stage:
        for version, state in (("1.1.0", "success"), ("1.2.0", "failure")):
            deploy(stage, described(version), f"{WEB}:v{version}", state)
        assert decided(stage) == "go-back"
        assert (
            stage.repository.files(BRANCH)["base/deployment.yaml"]
            == described("1.2.0")["base/deployment.yaml"].encode()
        )
        assert stage.repository.read(BRANCH, "staging/kustomization.yaml") == build.encode()
        overlay = stage.repository.read(BRANCH, "production/kustomization.yaml").decode()
        assert overlay == f"{build}images:\n- name: {WEB}\n  newTag: v1.1.0\n"


ARGO = (
    "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
    "metadata: {{name: {name}, namespace: argocd}}\nspec:\n"
    "  source: {{repoURL: 'https://github.com/{repository}', targetRevision: {revision},"
    " path: apps/{name}}}\n"
)
NAMED = {
    "web": ("acme/environment", "main"),
    "later": ("acme/environment", "later"),
    "later-old": ("acme/environment", "later"),
    "foreign": ("acme/other", "main"),
    "foreign-old": ("acme/other", "main"),
}
"""Applications; those of another branch or repository have folders of their names here as well."""


def test_only_what_argo_cd_reads_of_this_branch_goes_back(tmp_path: Path) -> None:
    def described(version: str) -> Mapping[str, str]:
        versions = {name: "0.9.0" if name.endswith("-old") else version for name in NAMED}
        return {
            f"apps/{name}/deployment.yaml": deployment(f"{WEB}:v{one}")
            for name, one in versions.items()
        }

    files = {
        f"production/{name}.yaml": ARGO.format(name=name, repository=where, revision=revision)
        for name, (where, revision) in NAMED.items()
    }
    with bump_stage(tmp_path, {".github/gitops.yaml": PLAIN, **files}) as stage:
        for version, state in (("1.1.0", "success"), ("1.2.0", "failure")):
            deploy(stage, described(version), f"{WEB}:v{version}", state)
        assert decided(stage) == "go-back"
        own = "apps/web/deployment.yaml"
        for path, text in {**described("1.2.0"), own: described("1.1.0")[own]}.items():
            assert stage.repository.read(BRANCH, path).decode() == text, path


def test_one_target_of_several_that_failed_is_a_failure(stage: Stage) -> None:
    release(stage, web="1.1.0")
    stage.repository.commit(files={path_of("web"): deployment(pinned(f"{WEB}:v1.2.0"))})
    content = RecordContent(
        environment="production",
        commit=str(stage.repository.head("main")),
        targets=("eu", "us"),
        applications={"web": (pinned(f"{WEB}:v1.2.0"),), "api": (pinned(f"{API}:v1.0.0"),)},
    )
    record(stage, content, "failure", description="eu succeeded, us failed: web crashes")
    assert decided(stage) == "go-back"
    assert images(stage, BRANCH)["web"] == "1.1.0"


def test_what_is_tried_again_for_a_cause_outside_its_content_stays(stage: Stage) -> None:
    release(stage, web="1.1.0")
    stage.repository.commit(files={path_of("web"): deployment(pinned(f"{WEB}:v1.2.0"))})
    content = RecordContent(
        environment="production",
        commit=str(stage.repository.head("main")),
        applications={"web": (pinned(f"{WEB}:v1.2.0"),), "api": (pinned(f"{API}:v1.0.0"),)},
    )
    record(stage, content, "failure", description="to be tried again: another manager owns it")
    assert decided(stage) == "tried-again"
    assert stage.repository.pull_requests() == []


def test_nothing_that_was_never_there_is_gone_back_to(stage: Stage) -> None:
    release(stage, "failure", web="1.1.0")
    with pytest.raises(NoCandidateError):
        roll_back(stage, application=("web",), to_version="v9.9.9")


# What an application is called: by the configuration, else by its folder.

CONFIG_PATH = ".github/gitops.yaml"
FOLDERS = {
    "declared": ("applications:\n  frontend: {images: [ghcr.io/acme/web]}\n", "frontend"),
    "found": ("", "shop"),
}


@pytest.mark.parametrize("how", FOLDERS)
def test_what_was_rolled_back_stays_out_whatever_its_folder_is_called(
    tmp_path: Path, how: str
) -> None:
    """`rollback` names the application by its files, the gate by what they render to."""
    applications, name = FOLDERS[how]
    configured = (
        f"version: 1\n{applications}environments:\n"
        "  staging: {path: staging}\n"
        "  production: {path: production, merge: auto}\n"
    )
    path = "production/shop/deployment.yaml"
    old, new = (deployment(pinned(f"{WEB}:v{one}")) for one in ("1.0.0", "1.1.0"))
    files = {CONFIG_PATH: configured, path: old, "production/web/README.md": "# web\n"}
    with bump_stage(tmp_path / "rollback", files) as stage:
        stage.repository.collaborator("bob", "write")
        record(stage, content_of(stage, name, "1.0.0"), "success")
        stage.repository.commit(files={path: new})
        record(stage, content_of(stage, name, "1.1.0"), "failure")
        branch = roll_back(stage, reason="it crashes").outputs["branch"]
        assert branch == f"gitops/production/rollback/{name}"
        stage.repository.merge(stage.repository.pull_requests()[0].number)
        found = stage.repository.files("main")
        ((held, hold),) = ((one, data) for one, data in found.items() if "/holds/" in one)
        with pytest.raises(HoldError, match="is on hold in production"):
            stage.bump(f"{WEB}:v1.1.0", environment=("production",))
    assert f"application: {name}\n" in hold.decode()
    with gate_stage(tmp_path / "gate", {**files, held: hold.decode()}) as gate:
        number = gate.propose({path: new})
        outcome = gate.gate()
        assert gate.ready(number)[1].startswith("held: ")
        assert "held-version" in codes(outcome)


def content_of(stage: Stage, application: str, version: str) -> RecordContent:
    return RecordContent(
        environment="production",
        commit=str(stage.repository.head("main")),
        applications={application: (pinned(f"{WEB}:v{version}"),)},
    )
