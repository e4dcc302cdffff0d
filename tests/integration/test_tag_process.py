"""`tag` as a process of its own, and with GitHub for the facts that an event lacks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gitops_action.adapters.github import GitHubSourceFacts, connect
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.tags import RepositoryFacts
from testbed.forge import Forge
from tests.support.github_forge import QUICK, SystemClock
from tests.support.tag_events import REPOSITORY, SHA

ROOT = Path(__file__).resolve().parents[2]
TAGS = """\
# what a release gets
type=semver,pattern={{version}}
type=semver,pattern={{major}}.{{minor}}
type=match,"pattern=v(\\d{1,2})",group=1   # quotes, because of the comma
type=raw,value=built-{{date 'YYYYMMDD'}}
type=sha
"""


def start(
    tmp_path: Path, event: dict[str, Any], **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run the action as the container does, with the payload in its file."""
    payload = tmp_path / "event.json"
    payload.write_text(json.dumps(event))
    settings = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_PATH": str(payload),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_REPOSITORY": "acme/hello",
        "GITHUB_SHA": SHA,
        "INPUT_COMMAND": "tag",
        "SOURCE_DATE_EPOCH": "1578616200",
        **environ,
    }
    return subprocess.run(
        [sys.executable, "entrypoint.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=settings,
    )


def outputs(tmp_path: Path) -> dict[str, str]:
    """The outputs file, read as the runner reads it: `name<<MARK`, lines, `MARK`."""
    found: dict[str, str] = {}
    lines = iter((tmp_path / "output").read_text().splitlines())
    for line in lines:
        name, _, mark = line.partition("<<")
        value = []
        while (part := next(lines)) != mark:
            value.append(part)
        found[name] = "\n".join(value)
    return found


PUSHED_TAG = {"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/tags/v1.2.3"}


def test_a_pushed_tag(tmp_path: Path) -> None:
    done = start(
        tmp_path,
        {"repository": REPOSITORY},
        **PUSHED_TAG,
        INPUT_IMAGES="ghcr.io/Acme/Hello",
        INPUT_TAGS=TAGS,
        INPUT_LABELS="maintainer=Alice\nnot a label",
        DOCKER_METADATA_ANNOTATIONS_LEVELS="manifest,index",
        DOCKER_METADATA_SHORT_SHA_LENGTH="10",
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = outputs(tmp_path)
    assert found["version"] == "1.2.3"
    names = ["1.2.3", "1.2", "1", "built-20200110", f"sha-{SHA[:10]}", "latest"]
    assert found["tag-names"].splitlines() == names
    assert found["tags"].splitlines() == [f"ghcr.io/acme/hello:{name}" for name in names]
    document = json.loads(found["json"])
    assert document["labels"]["maintainer"] == "Alice"
    assert document["labels"]["org.opencontainers.image.created"] == "2020-01-10T00:30:00.000Z"
    assert found["labels"].splitlines() == [f"{k}={v}" for k, v in document["labels"].items()]
    assert {a.split(":")[0] for a in document["annotations"]} == {"manifest", "index"}
    assert found["annotations"].splitlines() == document["annotations"]
    assert "::warning" in done.stdout
    assert "not a label" in done.stdout
    assert "ghcr.io/acme/hello:latest" in (tmp_path / "summary").read_text()


def test_separators_are_taken_as_they_are(tmp_path: Path) -> None:
    separators = {"INPUT_SEP-TAGS": ", ", "INPUT_SEP-LABELS": "", "INPUT_SEP-ANNOTATIONS": " "}
    done = start(tmp_path, {"repository": REPOSITORY}, **PUSHED_TAG, **separators)
    assert done.returncode == 0
    found = outputs(tmp_path)
    assert found["tags"] == "v1.2.3, latest"
    assert len(found["labels"].splitlines()) == 8
    assert found["annotations"].count(" manifest:") == 7


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"INPUT_TAGS": "type=semverr,pattern=x"}, "did you mean"),
        ({"INPUT_FLAVOR": "latest=maybe"}, "latest=maybe"),
        ({"INPUT_IMAGES": "acme//hello"}, "acme//hello"),
        ({"DOCKER_METADATA_ANNOTATIONS_LEVELS": "everywhere"}, "everywhere"),
        ({"DOCKER_METADATA_SHORT_SHA_LENGTH": "long"}, "DOCKER_METADATA_SHORT_SHA_LENGTH"),
        ({"SOURCE_DATE_EPOCH": "now"}, "SOURCE_DATE_EPOCH"),
    ],
)
def test_mistakes_end_with_exit_code_2(tmp_path: Path, environ: dict[str, str], told: str) -> None:
    done = start(tmp_path, {"repository": REPOSITORY}, **PUSHED_TAG, **environ)
    assert done.returncode == 2
    assert "::error" in done.stdout
    assert told in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    with Forge.start(tmp_path / "forge") as running:
        running.create_repository("acme/hello", files={"README.md": "# hello\n"})
        yield running
        running.assert_clean()


def facts(forge: Forge, token: str = "", policy: RetryPolicy = QUICK) -> GitHubSourceFacts:
    token = token or job_token(forge)
    client = connect(token, forge.api_url, forge.graphql_url, SystemClock(), policy)
    return GitHubSourceFacts(client)


def job_token(forge: Forge) -> str:
    rights = {"contents": "read", "metadata": "read"}
    return forge.token(kind="job", home="acme/hello", permissions=rights)


def tip(forge: Forge) -> str:
    head = forge.repository("acme/hello").head("main")
    assert head is not None
    return head


def test_what_github_tells(forge: Forge) -> None:
    head = tip(forge)
    known = facts(forge)
    assert known.repository("acme/hello") == RepositoryFacts(
        name="hello", html_url=f"{forge.server_url}/acme/hello", default_branch="main"
    )
    date = known.commit_date("acme/hello", head)
    assert date is not None
    assert abs((datetime.now(UTC) - date).total_seconds()) < 600


def test_what_github_does_not_tell_is_unknown(forge: Forge) -> None:
    known = facts(forge)
    assert known.repository("acme/other") is None
    assert known.commit_date("acme/hello", "0" * 40) is None
    forge.fail(match="/repos/acme/hello", status=500, times=20)
    once = replace(QUICK, attempts=1)
    assert facts(forge, policy=once).repository("acme/hello") is None


def test_a_schedule_asks_github_for_what_its_event_lacks(forge: Forge, tmp_path: Path) -> None:
    head = tip(forge)
    token = job_token(forge)
    done = start(
        tmp_path,
        {"schedule": "0 3 * * *"},
        GITHUB_EVENT_NAME="schedule",
        GITHUB_REF="refs/heads/main",
        GITHUB_SHA=head,
        GITHUB_API_URL=forge.api_url,
        GITHUB_GRAPHQL_URL=forge.graphql_url,
        GITHUB_SERVER_URL=forge.server_url,
        INPUT_TAGS="type=schedule\ntype=edge\ntype=raw,value={{commit_date 'X'}}",
        **{"INPUT_SOURCE-TOKEN": token},
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = outputs(tmp_path)
    nightly, edge, seconds = found["tag-names"].splitlines()
    assert (nightly, edge) == ("nightly", "edge")
    assert int(seconds) > 1578616200
    assert f"org.opencontainers.image.url={forge.server_url}/acme/hello" in found["labels"]
    assert [request.method for request in forge.requests] == ["GET", "GET"]
    assert token not in done.stdout.replace(f"::add-mask::{token}", "") + str(found)


def test_an_event_that_tells_everything_needs_no_request(forge: Forge, tmp_path: Path) -> None:
    done = start(
        tmp_path,
        {"repository": REPOSITORY},
        **PUSHED_TAG,
        GITHUB_API_URL=forge.api_url,
        **{"INPUT_SOURCE-TOKEN": job_token(forge)},
    )
    assert done.returncode == 0
    assert list(forge.requests) == []
