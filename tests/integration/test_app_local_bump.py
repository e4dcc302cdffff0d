"""`mode: local` through both ways in, as processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "ghs_planted0123456789"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: web
          image: ghcr.io/acme/web:v1.0.0   # keep me
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The classic layout with one application."""
    folder = tmp_path / "environment" / "applications" / "web"
    folder.mkdir(parents=True)
    (folder / "deployment.yaml").write_text(DEPLOYMENT)
    (folder / "api.yaml").write_text(DEPLOYMENT.replace("acme/web:", "acme/api:"))
    return tmp_path / "environment"


def deployment(checkout: Path) -> str:
    return (checkout / "applications" / "web" / "deployment.yaml").read_text()


def start(*command: str, cwd: Path = ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), **environ},
    )


def test_the_action_edits_and_tells(checkout: Path, tmp_path: Path) -> None:
    output, summary = tmp_path / "output", tmp_path / "summary"
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(summary),
        "INPUT_MODE": "local",
        "INPUT_IMAGES": "ghcr.io/acme/web:v1.1.0",
        "INPUT_TOKEN": TOKEN,
        "INPUT_WORKING-DIRECTORY": str(checkout),
    }
    done = start("entrypoint.py", **environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert deployment(checkout) == DEPLOYMENT.replace("v1.0.0", "v1.1.0")
    assert "\ntrue\n" in output.read_text()
    assert "v1.1.0" in summary.read_text()
    again = start("entrypoint.py", **environ)
    assert again.returncode == 0
    assert output.read_text().count("\nfalse\n") == 1
    everything = done.stdout + again.stdout + output.read_text() + summary.read_text()
    assert "planted" not in everything


def test_the_command_line_does_the_same(checkout: Path) -> None:
    arguments = ["--mode", "local", "--working-directory", str(checkout), "--json"]
    images = ["--images", "ghcr.io/acme/web:v1.1.0"]
    done = start("-m", "gitops_action", "bump", *arguments, *images, GITOPS_TOKEN=TOKEN)
    document = json.loads(done.stdout)
    assert done.returncode == document["exit_code"] == 0
    assert document["outputs"]["changed"] == "true"
    assert document["data"]["plan"][0]["file"] == "applications/web/deployment.yaml"
    assert deployment(checkout) == DEPLOYMENT.replace("v1.0.0", "v1.1.0")
    assert "planted" not in done.stdout + done.stderr


def test_dry_run_writes_nothing(checkout: Path) -> None:
    arguments = ["--mode", "local", "--working-directory", str(checkout), "--dry-run"]
    done = start("-m", "gitops_action", "bump", *arguments, "--images", "ghcr.io/acme/web:v1.1.0")
    assert done.returncode == 0
    assert "v1.1.0" in done.stderr
    assert deployment(checkout) == DEPLOYMENT


@pytest.mark.parametrize(
    ("images", "code", "told"),
    [
        ("ghcr.io/acme/Web:v1", 2, "lower case"),
        ("ghcr.io/acme/web", 2, "neither tag nor digest"),
        ("ghcr.io/acme/other:v1", 2, "nearest first: ghcr.io/acme/web (once), ghcr.io/acme/api"),
        ("ghcr.io/acme/apo:v1", 2, "nearest first: ghcr.io/acme/api (once), ghcr.io/acme/web"),
        ("ghcr.io/acme/web:v0.9.0", 1, "allow-downgrade"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_is_written(
    checkout: Path, images: str, code: int, told: str
) -> None:
    arguments = ["--mode", "local", "--working-directory", str(checkout), "--json"]
    done = start("-m", "gitops_action", "bump", *arguments, "--images", images)
    document = json.loads(done.stdout)
    assert (done.returncode, document["exit_code"]) == (code, code)
    assert told in done.stderr
    assert document["error"]["title"]
    assert "Traceback" not in done.stderr
    assert deployment(checkout) == DEPLOYMENT


def test_a_folder_without_anything_is_told(tmp_path: Path) -> None:
    arguments = ["--mode", "local", "--working-directory", str(tmp_path)]
    done = start("-m", "gitops_action", "bump", *arguments, "--images", "ghcr.io/acme/web:v1.1.0")
    assert done.returncode == 2
    assert "no image was found there" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_detached_checkout_and_one_without_commits_are_edited_all_the_same(
    checkout: Path,
) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *identity, *arguments], cwd=checkout, check=True)

    def bump(version: str, *flags: str) -> subprocess.CompletedProcess[str]:
        arguments = ["--mode", "local", "--working-directory", str(checkout), *flags]
        images = ["--images", f"ghcr.io/acme/web:{version}"]
        return start("-m", "gitops_action", "bump", *arguments, *images)

    git("init", "-q", "-b", "main")
    assert bump("v1.1.0").returncode == 0
    git("add", "-A")
    git("commit", "-q", "-m", "x")
    git("checkout", "-q", "--detach")
    assert bump("v1.2.0").returncode == 0
    assert deployment(checkout) == DEPLOYMENT.replace("v1.0.0", "v1.2.0")
    named = bump("v1.3.0", "--base", "main")
    assert named.returncode == 2
    assert "not on branch `main`" in named.stderr
    assert deployment(checkout) == DEPLOYMENT.replace("v1.0.0", "v1.2.0")


HOLD = """\
environment: production
image: ghcr.io/acme/web:v1.1.0
reason: "#12: the disk fills up"
author: alice
since: 2026-01-01T00:00:00Z
"""
CONFIG = "version: 1\nenvironments:\n  production: {path: applications}\n"


def test_a_hold_counts_in_a_subfolder_too(checkout: Path) -> None:
    subprocess.run(["git", "init", "-q", "-b", "main", checkout], check=True)
    holds = checkout / ".github/gitops/holds"
    holds.mkdir(parents=True)
    (checkout / ".github/gitops.yaml").write_text(CONFIG)
    (holds / "production-web-v1.yaml").write_text(HOLD)
    words = ["bump", "--mode", "local", "--images", "ghcr.io/acme/web:v1.1.0"]
    for folder in (checkout, checkout / "applications" / "web"):
        done = start("-m", "gitops_action", *words, cwd=folder)
        assert "the disk fills up" in done.stderr, done.stderr
        assert deployment(checkout) == DEPLOYMENT
    (holds / "production-web-v1.yaml").unlink()
    done = start("-m", "gitops_action", *words, cwd=checkout / "applications" / "web")
    assert done.returncode == 0, done.stderr
    assert deployment(checkout) == DEPLOYMENT.replace("v1.0.0", "v1.1.0")


def test_links_and_paths_out_of_the_checkout_are_refused(checkout: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("tag: v1\n")
    (checkout / "link.yaml").symlink_to(outside)
    (checkout / "folder").symlink_to(tmp_path)
    for path in ("../outside.yaml", str(outside), "link.yaml", "folder/outside.yaml"):
        arguments = ["--mode", "local", "--working-directory", str(checkout)]
        done = start("-m", "gitops_action", "bump", *arguments, "--set", f"{path}: tag = v2")
        assert done.returncode in {1, 2}, path
        assert "Traceback" not in done.stderr
    assert outside.read_text() == "tag: v1\n"


def test_twenty_thousand_files(checkout: Path) -> None:
    for number in range(200):
        folder = checkout / "applications" / f"app{number}"
        folder.mkdir()
        for file in range(100):
            (folder / f"{file}.yaml").write_text(f"kind: ConfigMap\ndata: {{at: '{file}'}}\n")
    arguments = ["--mode", "local", "--working-directory", str(checkout), "--json"]
    images = ["--images", "ghcr.io/acme/web:v1.1.0"]
    document = json.loads(start("-m", "gitops_action", "bump", *arguments, *images).stdout)
    assert document["outputs"]["files"] == "applications/web/deployment.yaml"
    assert deployment(checkout) == DEPLOYMENT.replace("v1.0.0", "v1.1.0")


def test_files_that_something_names_are_read_whatever_they_are_called(tmp_path: Path) -> None:
    """The prefilter passes over a file without ending; the plan asks for it."""
    chart = tmp_path / "chart"
    chart.mkdir()
    (chart / "Chart.yaml").write_text("name: web\nversion: 1.0.0\n")
    (chart / "values.yaml").write_text("image: {repository: ghcr.io/acme/web, tag: v0}\n")
    (chart / "production").write_text("image: {tag: v1.0.0}\n")
    (tmp_path / "app.yaml").write_text(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\n"
        "spec: {source: {path: chart, helm: {valueFiles: [production, missing]}}}\n"
    )
    arguments = ["--mode", "local", "--working-directory", str(tmp_path)]
    images = ["--images", "ghcr.io/acme/web:v1.1.0"]
    done = start("-m", "gitops_action", "bump", *arguments, *images)
    assert done.returncode == 0, done.stderr
    assert (chart / "production").read_text() == "image: {tag: v1.1.0}\n"
    assert "tag: v0" in (chart / "values.yaml").read_text()
