"""What a rollback reads of a large environment: the folders that the failed deployment changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from gitops_action.core.deployments.payload import RecordContent
from gitops_action.errors import UsageError
from tests.support.bump_stage import API, WEB, Stage, bump_stage, deployment, pinned
from tests.support.rollback_stage import decided, record, roll_back

CONFIG = """version: 1
environments:
  staging: {path: 'staging/{application}'}
  production: {path: 'production/{application}', rollback: {mode: auto}}
"""
BASE = "base/settings.yaml"
BRANCH = "gitops/production/rollback/web"
RENAMED = "production/frontend/deployment.yaml"


def path_of(name: str) -> str:
    return f"production/{name}/deployment.yaml"


def described(**versions: str) -> dict[str, str]:
    return {
        path_of(name): deployment(pinned(f"ghcr.io/acme/{name}:v{version}"), name)
        for name, version in versions.items()
    }


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    files = {".github/gitops.yaml": CONFIG, **described(web="1.0.0", api="1.0.0")}
    with bump_stage(tmp_path, files) as made:
        for person in ("alice", "bob"):
            made.repository.collaborator(person)
        deploy(made, {}, web="1.0.0", api="1.0.0")
        yield made


def deploy(
    stage: Stage,
    files: Mapping[str, str | None],
    state: str = "success",
    *,
    named: bool = True,
    **versions: str,
) -> None:
    """Commit and deploy; `named`: the record names the images, which a large one does not."""
    if files:
        stage.repository.commit(files=files)
    images = {name: (pinned(f"ghcr.io/acme/{name}:v{one}"),) for name, one in versions.items()}
    content = RecordContent(
        environment="production",
        commit=str(stage.repository.head("main")),
        applications=images if named else {},
    )
    record(stage, content, state)
    stage.forge.requests.clear()


def asked(stage: Stage, word: str) -> list[str]:
    return [one.operation for one in stage.forge.requests if word in one.operation]


@pytest.mark.parametrize("named", [True, False])
def test_the_images_that_failed_go_back_without_the_whole_repository(
    stage: Stage, *, named: bool
) -> None:
    deploy(stage, described(web="1.1.0"), "failure", named=named, web="1.1.0", api="1.0.0")
    assert decided(stage) == "go-back"
    assert (
        stage.repository.read(BRANCH, path_of("web")).decode()
        == described(web="1.0.0")[path_of("web")]
    )
    assert asked(stage, "tarball") == []
    assert len(asked(stage, "/compare/")) == (0 if named else 1)
    operations = [one.operation for one in stage.forge.requests]
    opened = next(n for n, one in enumerate(operations, 1) if one.endswith("/pulls"))
    assert opened <= (10 if named else 11), operations


def test_a_person_who_names_no_application_reads_no_more(stage: Stage) -> None:
    deploy(stage, described(web="1.1.0"), "failure", web="1.1.0", api="1.0.0")
    outcome = roll_back(stage, reason="errors")
    (made,) = outcome.data["rollbacks"] if outcome.data else []
    assert [move["application"] for move in made["moves"]] == ["web"]
    assert asked(stage, "tarball") == []


def test_a_version_that_succeeded_goes_back_without_the_whole_repository(stage: Stage) -> None:
    deploy(stage, described(web="1.1.0"), web="1.1.0", api="1.0.0")
    outcome = roll_back(stage, reason="errors")
    (made,) = outcome.data["rollbacks"] if outcome.data else []
    assert [move["application"] for move in made["moves"]] == ["web"]
    assert asked(stage, "tarball") == []


def test_what_was_merged_and_is_not_deployed_yet_counts(stage: Stage) -> None:
    """A record says nothing of it, so that the records alone would go back from too little."""
    deploy(stage, described(web="1.1.0"), "failure", web="1.1.0", api="1.0.0")
    stage.repository.commit(files=described(api="1.1.0"))
    outcome = roll_back(stage, reason="errors", dry_run=True)
    (made,) = outcome.data["rollbacks"] if outcome.data else []
    assert [move["application"] for move in made["moves"]] == ["api", "web"]


def test_after_a_failure_of_configuration_a_person_may_mean_any_application(stage: Stage) -> None:
    more = {
        "production/web/settings.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\n"
    }
    deploy(stage, more, "failure", web="1.0.0", api="1.0.0")
    with pytest.raises(UsageError, match="No application was specified") as caught:
        roll_back(stage)
    assert caught.value.cause == "production has api, web"


@pytest.mark.parametrize("named", [True, False])
def test_an_application_that_got_another_folder_goes_back_by_the_whole_repository(
    stage: Stage, *, named: bool
) -> None:
    """The folder alone would not show that it is the same image as before."""
    text = deployment(pinned(f"{WEB}:v1.1.0"))
    deploy(stage, {path_of("web"): None, RENAMED: text}, "failure", named=named, frontend="1.1.0")
    assert decided(stage) == "go-back"
    branch = "gitops/production/rollback/frontend"
    assert f"{WEB}:v1.0.0" in stage.repository.read(branch, RENAMED).decode()


def test_a_shared_base_that_changed_is_read_with_all_that_builds_on_it(stage: Stage) -> None:
    kustomize = "resources: [deployment.yaml, ../../base]\n"
    base = {"base/kustomization.yaml": "resources: [worker.yaml]\n"}
    worker = {"base/worker.yaml": deployment(pinned(f"{API}:v1.0.0"), "worker")}
    deploy(
        stage,
        {"production/web/kustomization.yaml": kustomize, **base, **worker},
        web="1.0.0",
        api="1.0.0",
    )
    newer = {"base/worker.yaml": deployment(pinned(f"{API}:v1.1.0"), "worker")}
    deploy(stage, newer, "failure", named=False)
    assert asked(stage, "tarball") == []
    assert decided(stage) in {"go-back", "not-editable"}, "and not a failure of configuration"
