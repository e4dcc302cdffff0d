"""Modes, several environments, transports and options of a bump, on a real forge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gitops_action.adapters.worktree import WorktreeStore
from gitops_action.commands.bump import command as bump
from gitops_action.commands.bump.plan import DowngradeError
from gitops_action.core.plan import AmbiguousEnvironmentError, NoMatchError, SharedFileError
from gitops_action.errors import GitOpsError, UsageError
from tests.support.bump_stage import (
    API,
    BOT,
    WEB,
    Stage,
    bump_stage,
    deployment,
    pinned,
    pull_requests,
)
from tests.support.github_forge import REPOSITORY

FILE = "applications/web/deployment.yaml"
CONFIG = """version: 1
applications:
  web: {images: [ghcr.io/acme/web], source: acme/web}
environments:
  staging: {path: environments/staging}
  preview: {path: environments/preview}
  production:
    path: environments/production
    after: [staging]
    gates: {approvals: {count: 1}}
"""


def overlay(base: str = "../../base") -> str:
    return f"resources:\n  - {base}\nimages:\n  - name: {WEB}\n    newTag: v1.0.0\n"


OVERLAYS = {
    ".github/gitops.yaml": CONFIG,
    "base/kustomization.yaml": "resources: [deployment.yaml]\n",
    "base/deployment.yaml": deployment(WEB),
    "environments/staging/kustomization.yaml": overlay(),
    "environments/preview/kustomization.yaml": overlay(),
    "environments/production/kustomization.yaml": overlay(),
}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with bump_stage(tmp_path) as made:
        yield made


@pytest.fixture
def overlays(tmp_path: Path) -> Iterator[Stage]:
    with bump_stage(tmp_path, OVERLAYS) as made:
        yield made


def test_one_pull_request_for_each_environment_without_after(overlays: Stage) -> None:
    outcome = overlays.bump(f"{WEB}:v1.1.0")
    made = pull_requests(outcome)
    assert [pr["environment"] for pr in made] == ["staging", "preview"]
    assert [pr["branch"] for pr in made] == ["gitops/staging/web", "gitops/preview/web"]
    staging = overlays.repository.read(
        "gitops/staging/web", "environments/staging/kustomization.yaml"
    )
    tag = pinned(f"{WEB}:v1.1.0").removeprefix(f"{WEB}:")
    assert staging == overlay().replace("v1.0.0", tag).encode()
    assert {line["environment"] for line in json.loads(outcome.outputs["plan"])} == {
        "staging",
        "preview",
    }


def test_an_environment_by_name(overlays: Stage) -> None:
    made = pull_requests(overlays.bump(f"{WEB}:v1.1.0", environment=("production",)))
    assert [pr["branch"] for pr in made] == ["gitops/production/web"]


def test_second_environment_failing_keeps_what_the_first_one_did(overlays: Stage) -> None:
    overlays.forge.fail("POST .*/pulls", status=403, skip=1, message="no")
    outcome = overlays.bump(f"{WEB}:v1.1.0")
    assert outcome.exit_code == 1
    assert [pr["environment"] for pr in pull_requests(outcome)] == ["staging"]
    assert [n.level for n in outcome.notices if n.level == "error"] == ["error"]


def test_an_error_in_any_plan_stops_before_anything_is_written(overlays: Stage) -> None:
    broken = {"environments/preview/kustomization.yaml": f"images: [\n# {WEB}\n"}
    overlays.repository.commit(files=broken)
    with pytest.raises(GitOpsError) as caught:
        overlays.bump(f"{WEB}:v1.1.0")
    assert "environments/preview/kustomization.yaml:" in _all_text(caught.value)
    assert overlays.repository.branches() == {"main"}


def _all_text(error: GitOpsError) -> str:
    inner = getattr(error, "errors", ())
    return "\n".join([str(error), *(str(item) for item in inner)])


def test_overlays_without_config_are_ambiguous(tmp_path: Path) -> None:
    files = {path: text for path, text in OVERLAYS.items() if path != ".github/gitops.yaml"}
    with bump_stage(tmp_path, files) as stage:
        with pytest.raises(AmbiguousEnvironmentError) as caught:
            stage.bump(f"{WEB}:v1.1.0")
        assert caught.value.exit_code == 2
        assert "staging" in _all_text(caught.value)
        assert stage.repository.branches() == {"main"}


def test_a_file_that_two_environments_share_is_refused(tmp_path: Path) -> None:
    shared = {
        ".github/gitops.yaml": (
            "version: 1\nenvironments:\n  one: {path: one}\n  two: {path: two}\n"
        ),
        "shared/release.yaml": (
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
            f"metadata: {{name: web}}\nspec:\n  values:\n    image:\n"
            f"      repository: {WEB}\n      tag: v1.0.0\n"
        ),
        "shared/kustomization.yaml": "resources: [release.yaml]\n",
        "one/kustomization.yaml": "resources: [../shared]\n",
        "two/kustomization.yaml": "resources: [../shared]\n",
    }
    with bump_stage(tmp_path, shared) as stage:
        with pytest.raises(SharedFileError, match=r"release\.yaml") as caught:
            stage.bump(f"{WEB}:v1.1.0", environment=("one",))
        assert "set" in caught.value.fix
        assert stage.repository.branches() == {"main"}


def test_nothing_uses_the_image_lists_what_is_there(stage: Stage) -> None:
    stage.registry.tags.add("ghcr.io/acme/wep:v1.1.0")
    with pytest.raises(NoMatchError) as caught:
        stage.bump("ghcr.io/acme/wep:v1.1.0")
    text = _all_text(caught.value)
    assert text.index(WEB) < text.index(API)


@pytest.mark.parametrize("mode", ["pull-request", "commit"])
def test_dry_run_writes_nothing(stage: Stage, mode: str) -> None:
    stage.forge.requests.clear()
    outcome = stage.bump(f"{WEB}:v1.1.0", dry_run=True, mode=mode)
    assert len(json.loads(outcome.outputs["plan"])) == 1
    assert outcome.outputs["changed"] == "false"
    assert not [r for r in stage.forge.requests if r.content_creating]


def test_commit_mode_writes_to_the_base_branch(stage: Stage) -> None:
    before = stage.repository.head("main")
    outcome = stage.bump(f"{WEB}:v1.1.0", mode="commit")
    newest = stage.repository.log("main")[0]
    assert newest.parents == (before,)
    assert outcome.outputs["commit"] == newest.oid
    assert outcome.outputs["changed"] == "true"
    assert "GitOps-Image: ghcr.io/acme/web:v1.1.0@sha256:" in newest.message
    again = stage.bump(f"{WEB}:v1.1.0", mode="commit")
    assert again.outputs["changed"] == "false"
    assert stage.repository.head("main") == newest.oid


def test_commit_mode_for_two_environments(overlays: Stage) -> None:
    outcome = overlays.bump(f"{WEB}:v1.1.0", mode="commit")
    assert outcome.exit_code == 0
    assert len(overlays.repository.log("main")) == 3


def test_local_mode_edits_files_and_asks_nobody(tmp_path: Path) -> None:
    with bump_stage(tmp_path / "forge") as stage:
        folder = tmp_path / "checkout"
        (folder / "applications/web").mkdir(parents=True)
        (folder / FILE).write_bytes(deployment(f"{WEB}:v1.0.0").encode())
        inputs = stage.inputs(images=f"{WEB}:v1.1.0", mode="local")
        ports = replace(
            stage.ports(inputs, WorktreeStore(folder)), forge=None, registry=None, history=None
        )
        stage.forge.requests.clear()
        outcome = bump.run(inputs, ports)
        expected = deployment(f"{WEB}:v1.1.0").encode()
        assert (folder / FILE).read_bytes() == expected
        assert outcome.outputs["changed"] == "true"
        assert stage.forge.requests == []


def test_going_backwards_is_refused_unless_allowed(stage: Stage) -> None:
    stage.repository.commit(files={FILE: deployment(f"{WEB}:v1.5.0")})
    with pytest.raises(DowngradeError, match=r"v1\.1\.0") as caught:
        stage.bump(f"{WEB}:v1.1.0")
    assert "allow-downgrade" in caught.value.fix
    assert stage.repository.branches() == {"main"}
    assert stage.web("v1.1.0", allow_downgrade=True)["operation"] == "created"


def source_history(stage: Stage) -> tuple[str, str, str]:
    source = stage.forge.create_repository("acme/web", files={"main.py": "1\n"})
    old = source.head("main")
    new = source.commit(files={"main.py": "2\n"}, message="Fix #12, thanks @everybody")
    aside = source.commit(branch="aside", files={"main.py": "3\n"})
    stage.source_token = stage.forge.token(kind="job", home="acme/web")
    return old, new, aside


def test_the_source_commits_are_listed_and_linked(stage: Stage) -> None:
    old, new, _ = source_history(stage)
    stage.registry.revisions = {f"{WEB}:v1.0.0": old, f"{WEB}:v1.1.0": new}
    made = stage.web("v1.1.0")
    body = stage.repository.pull(made["number"]).body
    assert "compare" in body
    assert "Fix" in body
    assert "@everybody" not in body.replace("`", " @everybody ") or "`" in body
    assert f"GitOps-Source: acme/web@{new}" in body


def test_an_older_source_commit_is_refused(stage: Stage) -> None:
    old, new, _ = source_history(stage)
    stage.registry.revisions = {f"{WEB}:v1.0.0": new, f"{WEB}:v1.1.0": old}
    with pytest.raises(DowngradeError, match="backwards"):
        stage.web("v1.1.0")


def test_a_diverged_source_commit_is_noted(stage: Stage) -> None:
    _, new, aside = source_history(stage)
    stage.registry.revisions = {f"{WEB}:v1.0.0": new, f"{WEB}:v1.1.0": aside}
    outcome = stage.bump(f"{WEB}:v1.1.0")
    relation = [n.text for n in outcome.notices]
    assert any("diverged" in text for text in relation) or pull_requests(outcome)


def test_source_without_rights_degrades(stage: Stage) -> None:
    old, new, _ = source_history(stage)
    stage.source_token = stage.forge.token(kind="job", home=REPOSITORY)
    stage.registry.revisions = {f"{WEB}:v1.0.0": new, f"{WEB}:v1.1.0": old}
    assert stage.web("v1.1.0")["operation"] == "created"


def test_a_reviewer_who_cannot_be_asked_is_a_note_not_a_failure(stage: Stage) -> None:
    outcome = stage.bump(f"{WEB}:v1.1.0", pull_request_reviewers=("mallory",))
    assert pull_requests(outcome)[0]["operation"] == "created"
    assert any("mallory" in notice.text for notice in outcome.notices)


def test_labels_reviewers_assignees_and_draft(stage: Stage) -> None:
    stage.repository.repository.collaborators.update(alice="write", bob="write")
    made = stage.web(
        "v1.1.0",
        pull_request_labels=("gitops", "web"),
        pull_request_reviewers=("alice",),
        pull_request_assignees=("bob",),
        pull_request_draft=True,
    )
    pull = stage.repository.pull(made["number"])
    assert pull.draft
    assert {getattr(x, "name", x) for x in pull.labels} == {"gitops", "web"}
    assert {x.login for x in pull.reviewers} == {"alice"}
    assert {x.login for x in pull.assignees} == {"bob"}


def test_auto_merge_is_refused_while_gates_are_not_enforced(overlays: Stage) -> None:
    with pytest.raises(UsageError, match="gates of production"):
        overlays.bump(f"{WEB}:v1.1.0", environment=("production",), auto_merge="squash")
    assert overlays.repository.branches() == {"main"}
    overlays.repository.protect("main", required_statuses=("gitops/ready",))
    made = pull_requests(
        overlays.bump(f"{WEB}:v1.1.0", environment=("production",), auto_merge="squash")
    )
    assert overlays.repository.pull(made[0]["number"]).auto_merge is not None


def test_templates_of_the_user(stage: Stage) -> None:
    made = stage.web(
        "v1.1.0",
        branch="bump/{{ environment }}",
        pull_request_title="chore: {{ title }}",
        commit_message="chore: {{ subject }}",
        signoff=True,
    )
    assert made["branch"] == "bump/default"
    assert stage.repository.pull(made["number"]).title == "chore: Bump web to v1.1.0"
    message = stage.repository.log("bump/default")[0].message
    assert message.startswith("chore: Bump web to v1.1.0\n")
    assert "Signed-off-by: " in message


def test_paths_limit_what_may_be_edited(stage: Stage) -> None:
    with pytest.raises(GitOpsError):
        stage.bump(f"{WEB}:v1.1.0", paths=("applications/api/**",))
    assert stage.web("v1.1.0", paths=("applications/web/**",))["operation"] == "created"


def test_explicit_edit_never_creates_a_key(stage: Stage) -> None:
    stage.repository.commit(files={"values.yaml": "image:\n  tag: v1\n"})
    with pytest.raises(UsageError, match=r"image\.tga|tga") as caught:
        stage.bump(set="values.yaml: image.tga = v2")
    assert "image.tag" in _all_text(caught.value)


def test_our_identity_is_the_apps(stage: Stage) -> None:
    made = stage.web("v1.1.0")
    assert stage.repository.pull(made["number"]).author.login == BOT
