"""How many requests a bump takes: few, and as many in a large repository as in a small one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.bump_stage import Stage, bump_stage, deployment, pull_requests

MOST = 9
MOST_CREATING = 4
FOLDERS = """version: 1
environments:
  default: {path: "applications/{application}"}
"""
WIDE = """version: 1
environments:
  everything: {path: applications}
"""
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing given": ("", {}),
    "application given": ("", {"application": ("app-001",)}),
    "folders by configuration": (FOLDERS, {"application": ("app-001",)}),
    "one wide folder by configuration": (WIDE, {}),
    "straight to base": ("", {"mode": "commit"}),
}


def _files(count: int, config: str) -> dict[str, str | bytes]:
    """`count` files, ten to an application, one of them its Deployment."""
    files: dict[str, str | bytes] = {".github/gitops.yaml": config} if config else {}
    for number in range(count // 10):
        name = f"app-{number:03}"
        files[f"applications/{name}/deployment.yaml"] = deployment(
            f"ghcr.io/acme/{name}:v1.0.0", name
        )
        for other in range(9):
            files[f"applications/{name}/settings-{other}.yaml"] = f"{name}: {other}\n"
    return files


def _spent(root: Path, count: int, config: str, given: dict[str, Any]) -> list[tuple[str, bool]]:
    with bump_stage(root, _files(count, config)) as stage:
        _propose(stage, given)
        return [(request.operation, request.content_creating) for request in stage.forge.requests]


def _propose(stage: Stage, given: dict[str, Any]) -> None:
    stage.registry.tags.add("ghcr.io/acme/app-001:v2.0.0")
    stage.forge.requests.clear()
    outcome = stage.bump("ghcr.io/acme/app-001:v2.0.0", **given)
    operations = [pull["operation"] for pull in pull_requests(outcome)]
    assert operations == ([] if given.get("mode") == "commit" else ["created"])
    assert outcome.outputs["changed"] == "true"


@pytest.mark.parametrize("way", WAYS)
def test_requests_are_few_and_do_not_grow_with_the_repository(tmp_path: Path, way: str) -> None:
    config, given = WAYS[way]
    small = _spent(tmp_path / "small", 20, config, given)
    large = _spent(tmp_path / "large", 2000, config, given)
    assert small == large
    assert 0 < len(large) <= MOST
    assert 0 < sum(creating for _, creating in large) <= MOST_CREATING


def test_a_second_bump_of_an_open_pull_request_takes_no_more(tmp_path: Path) -> None:
    with bump_stage(tmp_path, _files(200, "")) as stage:
        _propose(stage, {})
        stage.registry.tags.add("ghcr.io/acme/app-001:v2.1.0")
        stage.forge.requests.clear()
        outcome = stage.bump("ghcr.io/acme/app-001:v2.1.0")
        assert [pull["operation"] for pull in pull_requests(outcome)] == ["updated"]
        assert len(stage.forge.requests) <= MOST
        creating = sum(request.content_creating for request in stage.forge.requests)
        assert creating <= MOST_CREATING


def test_repeating_a_bump_creates_nothing(tmp_path: Path) -> None:
    with bump_stage(tmp_path, _files(20, "")) as stage:
        _propose(stage, {})
        stage.forge.requests.clear()
        outcome = stage.bump("ghcr.io/acme/app-001:v2.0.0")
        assert [pull["operation"] for pull in pull_requests(outcome)] == ["unchanged"]
        assert not [request for request in stage.forge.requests if request.content_creating]
