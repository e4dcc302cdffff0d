"""An application's release workflow under act: build, push, pull request."""

from __future__ import annotations

import requests

from testbed.demo.layouts import APPLICATION, CLASSIC, NEW_TAG, OVERLAYS, Layout
from testbed.demo.stage import Stage
from testbed.forge.model import PullRequest

ACCEPT = (
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)


def pushed(stage: Stage) -> requests.Response:
    return requests.get(
        f"http://{stage.registry.address}/v2/{APPLICATION}/manifests/{NEW_TAG}",
        headers={"Accept": ACCEPT},
        timeout=10,
    )


def released(stage: Stage, layout: Layout, action: str, runner: str) -> PullRequest:
    """Run the release; return its pull request after the checks that hold for every layout."""
    release = stage.release(NEW_TAG)
    log = stage.run_release(
        release, action_image=action, runner_image=runner, on_line=lambda _line: None
    )
    (pull,) = stage.environment.pull_requests()
    manifest = pushed(stage)
    assert manifest.status_code == 200
    digest = manifest.headers["Docker-Content-Digest"]
    changed = stage.environment.read(pull.head, layout.deployed).decode()
    assert f"{NEW_TAG}@{digest}" in changed
    body = pull.body or ""
    assert f"GitOps-Source: {APPLICATION}@{release.commit}" in body
    assert "Greet from" in body
    assert stage.token not in log
    assert stage.token not in body
    config = manifest.json()["config"]["digest"]
    labels = requests.get(
        f"http://{stage.registry.address}/v2/{APPLICATION}/blobs/{config}", timeout=10
    ).json()["config"]["Labels"]
    assert labels["org.opencontainers.image.revision"] == release.commit
    return pull


def test_a_tag_becomes_a_pull_request_in_the_classic_layout(
    classic: Stage, action: str, runner: str
) -> None:
    pull = released(classic, CLASSIC, action, runner)
    assert pull.head == "gitops/default/web"
    assert pull.author.login == "gitops-bot[bot]"


def test_a_tag_becomes_a_pull_request_for_staging_alone(
    overlays: Stage, action: str, runner: str
) -> None:
    pull = released(overlays, OVERLAYS, action, runner)
    assert pull.head == "gitops/staging/web"
    production = OVERLAYS.later
    at_head, at_base = (overlays.environment.read(ref, production) for ref in (pull.head, "main"))
    assert at_head == at_base
