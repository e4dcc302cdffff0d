"""The examples of the documents do what the documents say: files are edited, commands are run.

`<!-- run: PLACE -->` in front of a shell block means: run it in a fresh `checkout`, or in one with
GitHub's double behind it (`github`). The YAML blocks of `how-it-finds-images.md` are the files of
one checkout for each heading; `# ← RULE` marks the lines that a bump changes, and no other may.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from testbed.forge import Forge, rights

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
_MANY_LINES = re.DOTALL | re.MULTILINE
_RUN = re.compile(r"<!-- run: (?P<place>\w+) -->\n\n?```shell\n(?P<code>.*?)^```", _MANY_LINES)
_YAML = re.compile(r"^```yaml\n# (?P<path>\S+)\n(?P<code>.*?)^```", _MANY_LINES)
_FLAGS = re.compile(r"<!-- bump: (?P<flags>.+) -->")
_MARK = re.compile(r"← (?P<rule>[\w-]+)$")
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
        - name: web
          image: ghcr.io/acme/web:v1.2.2 # what runs
"""
FILES = {
    "applications/web/deployment.yaml": DEPLOYMENT,
    "charts/web/values.yaml": "image:\n  tag: v1\nreplicas: 2\n",
}


@dataclass(frozen=True, kw_only=True)
class Example:
    """A shell block that can be run."""

    document: str
    place: str
    code: str


def examples(place: str) -> list[Example]:
    return [
        Example(document=path.name, place=found["place"], code=found["code"])
        for path in DOCUMENTS
        for found in _RUN.finditer(path.read_text(encoding="utf-8"))
        if found["place"] == place
    ]


def sections() -> list[tuple[str, str]]:
    """The headings of the document about discovery that have files, each with its text."""
    text = (ROOT / "docs" / "how-it-finds-images.md").read_text(encoding="utf-8")
    parts = re.split(r"^#{2,3} (.+)$", text, flags=re.MULTILINE)
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    return [(title, body) for title, body in pairs if _YAML.search(body)]


def bash(code: str, cwd: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent
    path = f"{cwd.parent / 'bin'}:{program}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        cwd=cwd,
        env={"HOME": str(cwd.parent), "PATH": path, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder, programs = tmp_path / "environment", tmp_path / "bin"
    folder.mkdir()
    programs.mkdir()
    starter = programs / "gitops-action"
    starter.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gitops_action "$@"\n')
    starter.chmod(0o755)
    write(folder, FILES)
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for command in (("init", "-q"), ("add", "-A"), (*identity, "commit", "-q", "-m", "Begin")):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def github(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Variables that lead to GitHub's double and to no registry, and a `gh` with a token."""
    with Forge.start(tmp_path / "forge") as forge:
        forge.create_repository("acme/environment", files=FILES)
        token = forge.token(
            kind="user",
            login="alice",
            repositories=["acme/environment"],
            permissions=rights("contents", "pull_requests"),
        )
        programs = tmp_path / "bin"
        programs.mkdir(exist_ok=True)
        (programs / "gh").write_text(f"#!/bin/sh\necho {token}\n")
        (programs / "gh").chmod(0o755)
        yield {
            "GITHUB_API_URL": forge.api_url,
            "GITHUB_GRAPHQL_URL": forge.graphql_url,
            "GITHUB_SERVER_URL": forge.server_url,
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1,localhost",
        }
        assert len(forge.repository("acme/environment").pull_requests()) == 1
        forge.assert_clean()


def test_there_are_examples_to_run() -> None:
    assert len(examples("checkout")) >= 3
    assert len(examples("github")) >= 1
    assert len(sections()) >= 7


@pytest.mark.parametrize("example", examples("checkout"), ids=lambda e: str(e.document))
def test_examples_run_in_a_checkout(example: Example, checkout: Path) -> None:
    done = bash(example.code, checkout, {})
    assert done.returncode == 0, done.stderr
    assert re.search(r"Edited 1 file|would change|^Valid: ", done.stderr)


@pytest.mark.parametrize("example", examples("github"), ids=lambda e: str(e.document))
def test_examples_run_against_github(
    example: Example, checkout: Path, github: dict[str, str]
) -> None:
    done = bash(example.code, checkout, github)
    assert done.returncode == 0, done.stderr
    assert "would change" in done.stderr
    assert "pull request opened: " in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(("title", "body"), sections(), ids=lambda text: text.split("\n")[0])
def test_examples_of_discovery_change_the_marked_lines(
    title: str, body: str, tmp_path: Path
) -> None:
    files = {found["path"]: found["code"] for found in _YAML.finditer(body)}
    write(tmp_path, files)
    flags = found["flags"] if (found := _FLAGS.search(body)) else ""
    program = f'"{sys.executable}" -m gitops_action'
    done = bash(
        f"{program} bump --json --mode local --images ghcr.io/acme/web:v1.2.3 {flags}", tmp_path, {}
    )
    assert done.returncode == 0, (title, done.stderr)
    plan = json.loads(done.stdout)["data"]["plan"]
    told = {(line["file"], line["line"], line["rule"]) for line in plan}
    if flags:
        assert {(file, rule) for file, _, rule in told} == {
            ("environments/staging/kustomization.yaml", "kustomize-images-created")
        }
        added = "".join(
            f"{line[1:]}\n"
            for block in re.findall(r"```diff\n(.*?)```", body, re.DOTALL)
            for line in block.splitlines()
        )
        assert (tmp_path / "environments/staging/kustomization.yaml").read_text() == added
        return
    marked = {
        (path, number, mark["rule"])
        for path, code in files.items()
        for number, line in enumerate(code.splitlines(), start=1)
        if (mark := _MARK.search(line))
    }
    assert told == marked
    for path, code in files.items():
        lines = zip(code.splitlines(), (tmp_path / path).read_text().splitlines(), strict=True)
        for before, after in lines:
            expected = before.replace("v1.2.2", "v1.2.3") if _MARK.search(before) else before
            assert after == expected
