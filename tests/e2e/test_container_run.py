"""The container under the runner's contract: its mounts, its files, another user's workspace."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from testbed.action import RUNNER_USER, Step, StepResult, run_step
from testbed.demo.layouts import APPLICATION, CLASSIC, ENVIRONMENT, NEW_TAG, OLD_TAG, OVERLAYS
from testbed.demo.stage import Stage

PLANTED = "ghs_PlantedInTheInput0123456789abcdefABCD"


def bump(stage: Stage, image: str, **inputs: str) -> StepResult:
    step = Step(
        inputs={
            "repository": ENVIRONMENT,
            "token": stage.token,
            "images": f"{stage.image}:{NEW_TAG}",
            **{name.replace("_", "-"): value for name, value in inputs.items()},
        },
        env={
            "GITHUB_API_URL": stage.forge.api_url,
            "GITHUB_GRAPHQL_URL": stage.forge.graphql_url,
            "GITHUB_SERVER_URL": stage.forge.server_url,
            "GITHUB_REPOSITORY": APPLICATION,
        },
    )
    return run_step(step, stage.root / "job", image=image)


def written(root: Path) -> Iterator[tuple[Path, bytes]]:
    for path in root.rglob("*"):
        if path.is_file():
            yield path, path.read_bytes()


@pytest.fixture
def digest(classic: Stage) -> str:
    return classic.registry.push_image(APPLICATION, NEW_TAG, index=True)


def test_a_bump_opens_the_pull_request(classic: Stage, action: str, digest: str) -> None:
    result = bump(classic, action)
    assert result.exit_code == 0, result.log
    (pull,) = classic.environment.pull_requests()
    before = dict(classic.files)
    expected = before[CLASSIC.deployed].replace(OLD_TAG, f"{NEW_TAG}@{digest}")
    after = classic.environment.files(pull.head)
    assert after.pop(CLASSIC.deployed).decode() == expected
    assert after == {
        path: text.encode() for path, text in before.items() if path != CLASSIC.deployed
    }


def test_outputs_and_summary_say_what_was_done(classic: Stage, action: str, digest: str) -> None:
    result = bump(classic, action)
    (pull,) = classic.environment.pull_requests()
    url = f"{classic.forge.server_url}/{ENVIRONMENT}/pull/{pull.number}"
    outputs = result.outputs
    assert outputs["changed"] == "true"
    assert outputs["pull-request-number"] == str(pull.number)
    assert outputs["pull-request-url"] == url
    assert outputs["pull-request-operation"] == "created"
    assert outputs["branch"] == pull.head == "gitops/default/web"
    assert outputs["commit"] == pull.head_oid
    assert (outputs["tag"], outputs["digest"]) == (NEW_TAG, digest)
    assert outputs["files"] == CLASSIC.deployed
    (line,) = json.loads(outputs["plan"])
    assert (line["environment"], line["file"]) == ("default", CLASSIC.deployed)
    assert url in result.summary
    assert CLASSIC.deployed in result.summary


@pytest.mark.usefixtures("digest")
def test_every_declared_output_is_set(classic: Stage, action: str) -> None:
    assert {
        "changed",
        "plan",
        "files",
        "image",
        "tag",
        "digest",
        "pull-requests",
        "pull-request-number",
        "pull-request-url",
        "pull-request-operation",
        "branch",
        "commit",
    } <= bump(classic, action).outputs.keys()


@pytest.mark.usefixtures("digest")
def test_a_second_run_changes_nothing(classic: Stage, action: str) -> None:
    first = bump(classic, action)
    second = bump(classic, action)
    assert second.exit_code == 0, second.log
    assert second.outputs["pull-request-operation"] == "unchanged"
    assert second.outputs["commit"] == first.outputs["commit"]
    assert len(classic.environment.pull_requests()) == 1


@pytest.mark.usefixtures("digest")
def test_container_and_process_write_the_same_tree(classic: Stage, action: str) -> None:
    contained = bump(classic, action)
    in_container = classic.environment.tree(contained.outputs["commit"])
    classic.environment.delete_branch("gitops/default/web")
    plain = bump(classic, "", reopen="true")
    assert plain.exit_code == 0, plain.log
    assert classic.environment.tree(plain.outputs["commit"]) == in_container


def test_overlays_bump_staging_alone(overlays: Stage, action: str) -> None:
    overlays.registry.push_image(APPLICATION, NEW_TAG)
    result = bump(overlays, action)
    assert result.exit_code == 0, result.log
    (pull,) = overlays.environment.pull_requests()
    base, head = (overlays.environment.files(ref) for ref in ("main", pull.head))
    assert [path for path in base if base[path] != head[path]] == [OVERLAYS.deployed]


@pytest.mark.parametrize("transport", ["api", "git"])
@pytest.mark.usefixtures("digest")
def test_the_token_is_nowhere(classic: Stage, action: str, transport: str) -> None:
    result = bump(classic, action, transport=transport)
    assert result.exit_code == 0, result.log
    places: Mapping[str, str] = {
        "log": result.log,
        "summary": result.summary,
        "outputs": json.dumps(dict(result.outputs)),
    }
    assert [place for place, text in places.items() if classic.token in text] == []
    # The forge's own records know its tokens; the job's files may not.
    found = [path for path, data in written(classic.root / "job") if classic.token.encode() in data]
    assert found == []
    (pull,) = classic.environment.pull_requests()
    assert classic.token not in f"{pull.title}{pull.body}"


@pytest.mark.usefixtures("digest")
def test_a_refused_token_is_nowhere_either(classic: Stage, action: str) -> None:
    result = bump(classic, action, token=PLANTED)
    assert result.exit_code == 1
    said = result.log.replace(f"::add-mask::{PLANTED}\n", "")
    assert PLANTED not in said + result.summary + json.dumps(dict(result.outputs))
    assert [path for path, data in written(classic.root) if PLANTED.encode() in data] == []
    assert classic.environment.pull_requests() == []


@pytest.mark.usefixtures("digest")
def test_the_token_is_on_no_command_line(classic: Stage, action: str) -> None:
    """The delay holds the container at its first request while its command lines are read."""
    seen: list[str] = []

    def look() -> None:
        listing = subprocess.run(
            ["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True
        )
        seen.append(listing.stdout)

    classic.forge.fail("graphql", status=502, action=look)
    result = bump(classic, action)
    assert result.exit_code == 0, result.log
    assert seen
    assert "entrypoint.py" in seen[0]
    assert classic.token not in seen[0]


def test_local_mode_edits_files_of_another_user(classic: Stage, action: str) -> None:
    workspace = classic.root / "job" / "workspace"
    for path, text in classic.files.items():
        target = workspace / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    result = bump(classic, action, mode="local", token="", repository="")
    assert result.exit_code == 0, result.log
    # Without network there is no digest to pin.
    assert f'"{classic.image}:{NEW_TAG}"' in (workspace / CLASSIC.deployed).read_text()
    assert (workspace / CLASSIC.deployed).stat().st_uid == RUNNER_USER


def test_an_image_that_is_not_there_writes_nothing(classic: Stage, action: str) -> None:
    result = bump(classic, action)
    assert result.exit_code == 1
    assert "::error" in result.log
    assert NEW_TAG in result.summary
    assert classic.environment.branches() == {"main"}


def test_tag_reads_the_event_and_sets_outputs(classic: Stage, action: str) -> None:
    step = Step(
        inputs={"command": "tag", "images": "ghcr.io/acme/web", "tags": "type=ref,event=tag"},
        env={
            "GITHUB_REF": f"refs/tags/{NEW_TAG}",
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_SHA": "0123456789abcdef0123456789abcdef01234567",
            "GITHUB_REPOSITORY": APPLICATION,
        },
        event={"repository": {"html_url": "https://github.com/acme/web", "full_name": APPLICATION}},
    )
    result = run_step(step, classic.root / "job", image=action)
    assert result.exit_code == 0, result.log
    assert result.outputs["version"] == NEW_TAG
    assert f"ghcr.io/acme/web:{NEW_TAG}" in result.outputs["tags"].splitlines()
