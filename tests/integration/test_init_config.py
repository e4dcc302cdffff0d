"""`init config` on repositories that exist, and what `config check` says about them."""

import io
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from gitops_action import cli
from gitops_action.app.surroundings import ProcessEnvironment

_DEPLOYMENT = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: web}\n"
    "spec:\n  template:\n    spec:\n      containers: [{name: web, image: 'ghcr.io/acme/%s:v1'}]\n"
)
FILES: Mapping[str, str] = {
    "overlays/staging/kustomization.yaml": "resources: [../../base]\n",
    "overlays/production/kustomization.yaml": "resources: [../../base]\n",
    "base/kustomization.yaml": "resources: [web.yaml]\n",
    "base/web.yaml": _DEPLOYMENT % "web",
}
CONFIG = ".github/gitops.yaml"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    write(tmp_path, FILES)
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    return tmp_path


def write(root: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str, str]:
    monkeypatch.chdir(folder)
    out, err = io.StringIO(), io.StringIO()
    around = ProcessEnvironment(environ={}, stdin=io.StringIO(), stdout=out, stderr=err)
    return cli.main(list(words), around), out.getvalue(), err.getvalue()


def test_it_is_written_at_the_checkouts_top_and_has_no_mistakes(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = repository / "overlays/staging"
    code, _, err = run(inner, monkeypatch, "init", "config")
    assert code == 0, err
    assert "wrote .github/gitops.yaml with 2 environments" in err
    text = (repository / CONFIG).read_text()
    assert "  production:\n    # assumed: the folder's name\n    path: overlays/production" in text
    code, _, err = run(inner, monkeypatch, "config", "check")
    assert code == 0, err
    assert "no mistakes (2 environments" in err
    assert "warning" not in err


def test_nothing_is_replaced_unless_that_is_asked_for(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(repository, {CONFIG: "version: 1\n"})
    code, _, err = run(repository, monkeypatch, "init", "config")
    assert code == 1
    assert "is there already, and nothing was written" in err
    assert (repository / CONFIG).read_text() == "version: 1\n"
    code, out, _ = run(repository, monkeypatch, "init", "config", "--dry-run")
    assert code == 0
    assert out.startswith("# Written by `gitops-action init config`")
    assert run(repository, monkeypatch, "init", "config", "--force")[0] == 0
    assert (repository / CONFIG).read_text() == out


def test_flags_of_new_repositories_are_refused(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, err = run(repository, monkeypatch, "init", "config", "--owner", "acme")
    assert code == 2
    assert "`init config` has no --owner" in err


def test_what_would_not_be_valid_becomes_one_environment(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder with braces in its name cannot be the path of an environment."""
    write(repository, {"clusters/{x}/a.yaml": "a: 1\n", "clusters/b/a.yaml": "a: 1\n"})
    code, out, _ = run(repository, monkeypatch, "init", "config", "--json")
    assert code == 0
    assert [item["path"] for item in json.loads(out)["data"]["environments"]] == [""]
    assert run(repository, monkeypatch, "config", "check")[0] == 0


def test_a_configuration_that_is_named_has_to_be_there(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, err = run(repository, monkeypatch, "config", "check", "--config", "gitops.yaml")
    assert code == 2
    assert "gitops.yaml is not there" in err
    assert "Fix: correct --config, or leave it out" in err


def test_the_other_ending_is_a_mistake_for_no_command_reads_it(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(repository, {".github/gitops.yml": "version: 1\n"})
    code, _, err = run(repository / "base", monkeypatch, "config", "check")
    assert code == 2
    assert ".github/gitops.yml:1: .github/gitops.yml is not read" in err
    assert "git mv .github/gitops.yml .github/gitops.yaml" in err
    environment = "version: 1\nenvironments: {both: {path: overlays}}\n"
    write(repository, {CONFIG: environment})
    code, _, err = run(repository, monkeypatch, "config", "check")
    assert code == 0
    assert ".github/gitops.yml is not read, .github/gitops.yaml is: delete it" in err


def test_an_image_that_no_environment_covers_is_a_warning(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        repository,
        {
            CONFIG: "version: 1\nenvironments: {staging: {path: overlays/staging}}\n",
            "legacy/old.yaml": _DEPLOYMENT % "old",
            "legacy/copy.yaml": _DEPLOYMENT % "web",
            "legacy/kustomization.yaml": "images: [{name: x, newName: ghcr.io/acme/new}]\n",
            ".github/workflows/ci.yaml": _DEPLOYMENT % "hidden",
        },
    )
    code, _, err = run(repository, monkeypatch, "config", "check")
    assert code == 0
    warned = [line for line in err.splitlines() if "no environment covers" in line]
    assert [line.split(": no environment covers ")[1].split(",")[0] for line in warned] == [
        "ghcr.io/acme/new",
        "ghcr.io/acme/old",
    ]
    assert "legacy/old.yaml:1" in warned[1]


def test_overlays_without_a_configuration_are_a_warning(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, err = run(repository, monkeypatch, "config", "check")
    assert code == 0
    assert "overlays/staging, overlays/production look like environments" in err
    assert "`gitops-action init config` writes the file" in err


@pytest.mark.parametrize("path", ["Dockerfile", ".github/workflows/ci.yml"])
def test_what_is_no_environment_repository_gets_no_configuration(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {path: "a: 1\n"})
    code, _, err = run(tmp_path, monkeypatch, "init", "config")
    assert code == 1
    assert "There are no manifests here, and nothing was written" in err
    assert not (tmp_path / CONFIG).exists()
    code, _, err = run(tmp_path, monkeypatch, "config", "check")
    assert code == 0
    assert "there are no manifests here" in err


@pytest.mark.parametrize("name", ["web", "shop"])
def test_an_application_that_no_folder_names_goes_by_its_image(
    name: str, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in branches, holds and records: the release workflow names it, no file does."""
    assert run(repository, monkeypatch, "init", "config")[0] == 0
    bump = ("bump", "--mode", "local", "--images", "ghcr.io/acme/web:v2", "--digest", "keep")
    code, _, err = run(repository, monkeypatch, *bump, "--application", name)
    assert code == (0 if name == "web" else 2), err
    if name == "shop":
        assert "there is no application `shop`: there are web" in err
        assert "declare `shop` in `applications` of .github/gitops.yaml" in err
