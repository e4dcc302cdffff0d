"""Records of deployments on the GitHub double: what is kept, found again, and told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gitops_action.adapters.github.deployments import GitHubArtifactMetadata, GitHubDeployments
from gitops_action.commands.deploy.record import Recorder, RecordPorts
from gitops_action.commands.render import EnvironmentRendering
from gitops_action.core.config import Application, Deploy, Environment, Target
from gitops_action.core.deploy.result import EnvironmentResult, Failure, Result, TargetResult
from gitops_action.core.deployments.records import last_verified
from gitops_action.core.images import ImageReference
from gitops_action.core.images.oci import ImageFacts
from gitops_action.core.manifests import parse_manifests
from gitops_action.core.outcome import Job
from gitops_action.errors import DeniedError, GitOpsError
from tests.support.github_forge import REPOSITORY, Stage
from tests.support.github_forge import stage as github_stage

HASH = f"sha256:{'b' * 64}"
IMAGE = f"ghcr.io/acme/web:v2@sha256:{'0' * 64}"
JOB = Job(in_actions=True, repository=REPOSITORY, run_id="7", run_attempt="1")
PRODUCTION = Environment(
    name="production", deploy=Deploy(targets=(Target(name="eu", engine="push"),))
)
WEB = Application(name="web", images=("ghcr.io/acme/web",), source="acme/web")
MANIFESTS = parse_manifests(
    "web.yaml",
    f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec: {{template: {{spec: {{containers: [{{name: web, image: "{IMAGE}"}}]}}}}}}
""".encode(),
)
RENDERING = EnvironmentRendering(environment=PRODUCTION, manifests=tuple(MANIFESTS), hash=HASH)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with github_stage(tmp_path) as made:
        yield made


def recorder(stage: Stage, job: Job = JOB, **more: object) -> Recorder:
    return Recorder(RecordPorts(deployments=deployments(stage), job=job, **more))  # type: ignore[arg-type]


def deployments(stage: Stage) -> GitHubDeployments:
    rights = {"deployments": "write", "contents": "read"}
    token = stage.forge.token(repositories=[REPOSITORY], permissions=rights)
    return GitHubDeployments(stage.client(token), REPOSITORY)


def ended(result: Result, sentence: str = "") -> EnvironmentResult:
    failures = (Failure(sentence=sentence),) if sentence else ()
    target = TargetResult(target="eu", result=result, failures=failures)
    return EnvironmentResult(environment="production", commit="", targets=(target,))


def states(stage: Stage, number: int) -> list[str]:
    return [one.state for one in deployments(stage).statuses(number)]


def test_a_deployment_is_recorded_from_queued_to_success(stage: Stage) -> None:
    commit = stage.repository.head("main")
    ours = recorder(stage, environment_url="https://acme.dev")
    assert ours.recorded("production") is None
    record = ours.begin(PRODUCTION, RENDERING, commit, applications=(WEB,))
    record.in_progress()
    unfinished = recorder(stage).recorded("production")
    assert unfinished is not None
    assert unfinished.result is Result.UNKNOWN
    assert record.finish(ended(Result.SUCCEEDED)) == ()
    (found,) = deployments(stage).newest("production")
    assert found.payload["applications"] == {"web": [IMAGE]}
    assert found.payload["targets"] == ["eu"]
    statuses = deployments(stage).statuses(found.number)
    assert [one.state for one in statuses] == ["success", "in_progress", "queued"]
    assert statuses[0].environment_url == "https://acme.dev"
    assert statuses[0].log_url.endswith("/acme/environment/actions/runs/7")
    recorded = recorder(stage).recorded("production")
    assert recorded is not None
    assert (recorded.commit, recorded.hash, recorded.result) == (commit, HASH, Result.SUCCEEDED)


def test_a_newer_success_replaces_the_one_before_which_stays_verified(stage: Stage) -> None:
    commit = stage.repository.head("main")
    first = recorder(stage).begin(PRODUCTION, RENDERING, commit)
    first.finish(ended(Result.SUCCEEDED))
    failed = recorder(stage, replace(JOB, run_id="8")).begin(PRODUCTION, RENDERING, commit)
    failed.finish(ended(Result.FAILED, "it crashed"))
    assert first.number is not None
    assert states(stage, first.number) == ["success", "queued"]
    second = recorder(stage, replace(JOB, run_id="9")).begin(PRODUCTION, RENDERING, commit)
    second.finish(ended(Result.SUCCEEDED))
    history = [
        replace(one, statuses=deployments(stage).statuses(one.number))
        for one in deployments(stage).newest("production")
    ]
    verified = last_verified(history)
    assert verified is not None
    assert verified.number == second.number
    older = last_verified(history[1:])
    assert older is not None
    assert older.number == first.number


def test_a_renamed_environment_goes_on_from_its_earlier_records(stage: Stage) -> None:
    commit = stage.repository.head("main")
    old = replace(PRODUCTION, name="prod")
    first = recorder(stage).begin(old, replace(RENDERING, environment=old), commit)
    first.finish(replace(ended(Result.SUCCEEDED), environment="prod"))
    renamed = replace(PRODUCTION, formerly=("prod",))
    rendering = replace(RENDERING, environment=renamed)
    later = recorder(stage, replace(JOB, run_id="8"))
    known = later.recorded("production", ("prod",))
    assert known is not None
    assert known.result is Result.SUCCEEDED
    assert later.recorded("production") is None  # so that the inventory is handed over at once
    record = later.begin(renamed, rendering, commit)
    assert record.verified is not None
    assert record.verified.commit == commit
    record.finish(ended(Result.SUCCEEDED))
    assert first.number is not None
    assert states(stage, first.number)[0] == "inactive"
    newest = recorder(stage).recorded("production", ("prod",))
    assert newest is not None
    assert newest.ended is not None


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_that_is_cut_makes_one_deployment_and_no_second(
    stage: Stage, when: str
) -> None:
    stage.forge.fail("POST .*/deployments ", cut=True, when=when)  # type: ignore[arg-type]
    record = recorder(stage).begin(PRODUCTION, RENDERING, stage.repository.head("main"))
    (found,) = deployments(stage).newest("production")
    assert found.number == record.number


def test_a_token_without_the_right_is_refused_before_anything_else(stage: Stage) -> None:
    token = stage.forge.token(repositories=[REPOSITORY], permissions={"deployments": "read"})
    reading = GitHubDeployments(stage.client(token), REPOSITORY)
    with pytest.raises(DeniedError, match="Deployment"):
        Recorder(RecordPorts(deployments=reading, job=JOB)).begin(
            PRODUCTION, RENDERING, stage.repository.head("main")
        )


def test_an_end_that_cannot_be_recorded_is_a_note_and_counts_as_unknown(stage: Stage) -> None:
    record = recorder(stage).begin(PRODUCTION, RENDERING, stage.repository.head("main"))
    stage.forge.fail("POST .*/statuses ", status=502, times=9)
    (note,) = record.finish(ended(Result.SUCCEEDED))
    assert "could not be recorded" in note
    found = recorder(stage).recorded("production")
    assert found is not None
    assert found.result is Result.UNKNOWN


def test_the_second_attempt_of_a_run_has_a_deployment_of_its_own(stage: Stage) -> None:
    commit = stage.repository.head("main")
    first = recorder(stage).begin(PRODUCTION, RENDERING, commit)
    second = recorder(stage, replace(JOB, run_attempt="2")).begin(PRODUCTION, RENDERING, commit)
    assert first.number != second.number


class Labels:
    """A registry in which every image says what it was built from."""

    def __init__(self, commit: str, source: str = "https://github.com/acme/web") -> None:
        self._facts = ImageFacts(
            digest="sha256:" + "0" * 64, media_type="", source=source, revision=commit
        )

    def describe(self, reference: ImageReference) -> ImageFacts:
        del reference
        return self._facts


def test_the_application_s_commit_is_told_where_it_is_deployed(stage: Stage) -> None:
    web = stage.forge.create_repository("acme/web", files={"a": "b"})
    commit = web.head("main")
    assert commit is not None
    token = stage.forge.token(repositories=["acme/web"], permissions={"statuses": "write"})
    sources = GitHubDeployments(stage.client(token), "acme/web")
    record = recorder(stage, sources=sources, registry=Labels(commit)).begin(
        PRODUCTION, RENDERING, stage.repository.head("main"), applications=(WEB,)
    )
    assert record.finish(ended(Result.FAILED, "it crashed")) == ()
    (status,) = sources.commit_statuses("acme/web", commit)
    assert (status.context, status.state) == ("gitops/deploy/production", "failure")
    assert status.description == "it crashed"


def test_a_label_names_no_repository_that_is_not_declared(stage: Stage) -> None:
    victim = stage.forge.create_repository("acme/victim", files={"a": "b"})
    commit = victim.head("main")
    assert commit is not None
    token = stage.forge.token(repositories=["acme/victim"], permissions={"statuses": "write"})
    sources = GitHubDeployments(stage.client(token), "acme/victim")
    labels = Labels(commit, "https://github.com/acme/victim")
    record = recorder(stage, sources=sources, registry=labels).begin(
        PRODUCTION, RENDERING, stage.repository.head("main"), applications=(WEB,)
    )
    record.finish(ended(Result.SUCCEEDED))
    assert sources.commit_statuses("acme/victim", commit) == ()


def test_a_source_that_may_not_be_told_is_a_note(stage: Stage) -> None:
    web = stage.forge.create_repository("acme/web", files={"a": "b"})
    commit = web.head("main")
    assert commit is not None
    token = stage.forge.token(repositories=["acme/web"], permissions={"contents": "read"})
    sources = GitHubDeployments(stage.client(token), "acme/web")
    record = recorder(stage, sources=sources, registry=Labels(commit)).begin(
        PRODUCTION, RENDERING, stage.repository.head("main"), applications=(WEB,)
    )
    (note,) = record.finish(ended(Result.SUCCEEDED))
    assert "acme/web got no status" in note


def test_github_away_before_the_deployment_is_an_error(stage: Stage) -> None:
    stage.forge.fail("GET .*/deployments ", status=503, times=20)
    with pytest.raises(GitOpsError):
        recorder(stage).begin(PRODUCTION, RENDERING, stage.repository.head("main"))


# Artifact metadata: which image runs where, for the whole organization.


PROXY = f"""\
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: proxy}}
spec: {{template: {{spec: {{containers: [
  {{name: proxy, image: "ghcr.io/acme/proxy:v1@sha256:{"1" * 64}"}},
  {{name: without-digest, image: "ghcr.io/acme/other:v1"}}]}}}}}}
"""


def artifacts(stage: Stage, **rights: str) -> GitHubArtifactMetadata:
    token = stage.forge.token(repositories=[REPOSITORY], permissions=rights)
    return GitHubArtifactMetadata(stage.client(token), REPOSITORY)


def test_artifact_metadata_says_which_image_runs_where(stage: Stage) -> None:
    organization = stage.forge.organization("acme")
    metadata = artifacts(stage, artifact_metadata="write")
    for _ in range(2):  # the second deployment updates the record
        record = recorder(stage, artifacts=metadata).begin(
            PRODUCTION, RENDERING, stage.repository.head("main"), applications=(WEB,)
        )
        assert record.finish(ended(Result.SUCCEEDED)) == ()
    (found,) = organization.deployment_records.values()
    assert found == {
        "name": "ghcr.io/acme/web",
        "digest": f"sha256:{'0' * 64}",
        "version": "v2",
        "status": "deployed",
        "logical_environment": "production",
        "cluster": "eu",
        "deployment_name": "ghcr.io/acme/web",
        "github_repository": "web",
        "return_records": False,
    }


def test_what_runs_no_more_is_decommissioned(stage: Stage) -> None:
    organization = stage.forge.organization("acme")
    metadata = artifacts(stage, artifact_metadata="write")
    head = stage.repository.head("main")
    proxy = replace(RENDERING, manifests=tuple(parse_manifests("proxy.yaml", PROXY.encode())))
    both = replace(RENDERING, manifests=(*RENDERING.manifests, *proxy.manifests))
    for rendering in (both, RENDERING):
        record = recorder(stage, artifacts=metadata).begin(
            PRODUCTION, rendering, head, applications=(WEB,)
        )
        assert record.finish(ended(Result.SUCCEEDED)) == ()
    statuses = {one["name"]: one["status"] for one in organization.deployment_records.values()}
    assert statuses == {"ghcr.io/acme/web": "deployed", "ghcr.io/acme/proxy": "decommissioned"}


@pytest.mark.parametrize(
    ("result", "status"), [(Result.SUCCEEDED, "decommissioned"), (Result.FAILED, "deployed")]
)
def test_what_was_destroyed_is_decommissioned(stage: Stage, result: Result, status: str) -> None:
    organization = stage.forge.organization("acme")
    metadata = artifacts(stage, artifact_metadata="write")
    head = stage.repository.head("main")
    first = recorder(stage, artifacts=metadata).begin(
        PRODUCTION, RENDERING, head, applications=(WEB,)
    )
    first.finish(ended(Result.SUCCEEDED))
    gone = recorder(stage, artifacts=metadata).begin(
        PRODUCTION, RENDERING, head, applications=(WEB,), destroys=True
    )
    gone.finish(ended(result))
    (found,) = organization.deployment_records.values()
    assert (found["name"], found["status"], found["cluster"]) == ("ghcr.io/acme/web", status, "eu")
    assert found["digest"] == f"sha256:{'0' * 64}"


def test_records_under_an_earlier_name_are_decommissioned(stage: Stage) -> None:
    """The rename's first deployment fails, and the next one still knows of the earlier name."""
    organization = stage.forge.organization("acme")
    metadata = artifacts(stage, artifact_metadata="write")
    head = stage.repository.head("main")
    old = replace(PRODUCTION, name="prod")
    first = recorder(stage, artifacts=metadata).begin(
        old, replace(RENDERING, environment=old), head, applications=(WEB,)
    )
    first.finish(replace(ended(Result.SUCCEEDED), environment="prod"))
    renamed = replace(PRODUCTION, formerly=("prod",))
    rendering = replace(RENDERING, environment=renamed)
    for run, result, expected in (
        ("8", Result.FAILED, {"prod": "deployed"}),
        ("9", Result.SUCCEEDED, {"prod": "decommissioned", "production": "deployed"}),
    ):
        record = recorder(stage, replace(JOB, run_id=run), artifacts=metadata).begin(
            renamed, rendering, head, applications=(WEB,)
        )
        record.finish(ended(result))
        found = organization.deployment_records.values()
        assert {one["logical_environment"]: one["status"] for one in found} == expected
    assert {one["digest"] for one in organization.deployment_records.values()} == {
        f"sha256:{'0' * 64}"
    }


def test_what_failed_is_no_artifact_that_runs(stage: Stage) -> None:
    organization = stage.forge.organization("acme")
    metadata = artifacts(stage, artifact_metadata="write")
    record = recorder(stage, artifacts=metadata).begin(
        PRODUCTION, RENDERING, stage.repository.head("main"), applications=(WEB,)
    )
    record.finish(ended(Result.FAILED, "web crashes"))
    assert not organization.deployment_records


def test_without_the_right_the_deployment_succeeds_with_a_note(stage: Stage) -> None:
    organization = stage.forge.organization("acme")
    record = recorder(stage, artifacts=artifacts(stage, contents="write")).begin(
        PRODUCTION, RENDERING, stage.repository.head("main"), applications=(WEB,)
    )
    (note,) = record.finish(ended(Result.SUCCEEDED))
    assert note.startswith("artifact metadata could not be recorded: ")
    assert "artifact-metadata: write" in note
    assert not organization.deployment_records
    assert record.number is not None
    assert states(stage, record.number)[0] == "success"
