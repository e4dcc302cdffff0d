"""Deployments as GitHub keeps them, and the forge as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.double import Talk, talking

OURS: dict[str, Any] = {"ref": "main", "auto_merge": False, "required_contexts": []}


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    with talking(tmp_path / "forge") as made:
        yield made.acting(permissions={"deployments": "write", "statuses": "write"})
        made.forge.assert_clean()


def deployed(talk: Talk, **given: Any) -> int:
    made = talk.rest("POST", "/deployments", json={**OURS, **given})
    assert made.status_code == 201, made.text
    return int(made.json()["id"])


def report(talk: Talk, number: int, state: str, **given: Any) -> None:
    body = {"state": state, **given}
    answer = talk.rest("POST", f"/deployments/{number}/statuses", json=body)
    assert answer.status_code == 201, answer.text


def states(talk: Talk, number: int) -> list[str]:
    found = talk.rest("GET", f"/deployments/{number}/statuses").json()
    return [status["state"] for status in found]


def test_by_default_all_contexts_must_pass(talk: Talk) -> None:
    talk.repository.status(str(talk.repository.head("main")), "ci", "pending")
    refused = talk.rest("POST", "/deployments", json={"ref": "main"})
    assert refused.status_code == 409
    assert deployed(talk)


def test_by_default_a_branch_that_is_behind_is_merged_first(talk: Talk) -> None:
    talk.repository.commit(branch="topic", files={"a": "1\n"})
    talk.repository.commit(files={"b": "2\n"})
    merged = talk.rest("POST", "/deployments", json={"ref": "topic"})
    assert merged.status_code == 202
    assert talk.repository.read("topic", "b") == b"2\n"


def test_a_success_makes_the_earlier_one_inactive(talk: Talk) -> None:
    first, second = (deployed(talk, environment="staging") for _ in range(2))
    report(talk, first, "success")
    report(talk, second, "success")
    assert states(talk, first) == ["inactive", "success"]
    assert states(talk, second) == ["success"]


def test_unless_told_otherwise(talk: Talk) -> None:
    first, second = (deployed(talk, environment="staging") for _ in range(2))
    report(talk, first, "success")
    report(talk, second, "success", auto_inactive=False)
    assert states(talk, first) == ["success"]


def test_deployments_are_found_by_environment_newest_first(talk: Talk) -> None:
    numbers = [deployed(talk, environment=name) for name in ("staging", "production", "staging")]
    found = talk.rest("GET", "/deployments", params={"environment": "staging"}).json()
    assert [item["id"] for item in found] == [numbers[2], numbers[0]]


def test_as_a_process_with_a_seed(tmp_path: Path) -> None:
    seed = {
        "repositories": {"acme/environment": {"files": {"a": "b\n"}}},
        "tokens": {"bump": {"kind": "app"}},
    }
    (tmp_path / "seed.json").write_text(json.dumps(seed))
    command = [sys.executable, "-m", "testbed.forge", "--root", str(tmp_path / "root")]
    with subprocess.Popen(
        [*command, "--seed", str(tmp_path / "seed.json")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        headers = {"Authorization": f"token {told['tokens']['bump']}"}
        url = f"{told['api_url']}/repos/acme/environment"
        assert requests.get(url, headers=headers, timeout=30).json()["private"] is True
        seen = requests.get(f"{told['server_url']}/_testbed/requests", timeout=30).json()
        assert [request["status"] for request in seen] == [200]
        process.terminate()
    assert process.returncode == 0
