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
    return tmp_path / "environment"


def deployment(checkout: Path) -> str:
    return (checkout / "applications" / "web" / "deployment.yaml").read_text()


def start(*command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=environ,
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
        ("ghcr.io/acme/other:v1", 2, "uses ghcr.io/acme/other"),
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
