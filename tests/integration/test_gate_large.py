"""An environment of many folders takes the gate no more requests than one of few."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.gate_forge import gate_stage

_CONFIG = "version: 1\nenvironments:\n  production: {path: 'production/{application}'}\n"


def _deployment(name: str, version: str) -> str:
    image = f"ghcr.io/acme/{name}:{version}"
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: shop}}\n"
        f"spec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n"
        f"    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers:\n"
        f"        - {{name: main, image: '{image}'}}\n"
    )


def _requests(root: Path, folders: int) -> int:
    """What a run of the gate asks for, over one bump in an environment of so many folders."""
    files = {
        f"production/app-{n}/deployment.yaml": _deployment(f"app-{n}", "v1") for n in range(folders)
    }
    with gate_stage(root, {".github/gitops.yaml": _CONFIG, **files}) as stage:
        path = "production/app-0/deployment.yaml"
        stage.bump(files={path: _deployment("app-0", "v2")}, branch="gitops/production/app-0")
        stage.forge.requests.clear()
        stage.gate()
        return len(stage.forge.requests)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> int:
    return _requests(tmp_path_factory.mktemp("few"), 2)


def test_requests_do_not_grow_with_the_folders_of_an_environment(few: int, tmp_path: Path) -> None:
    assert _requests(tmp_path, 60) == few
