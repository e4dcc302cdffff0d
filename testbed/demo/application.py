"""The application that the demo releases: its files, its workflow and the tag that starts it."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from testbed.demo.layouts import APPLICATION, ENVIRONMENT
from testbed.forge import Forge, rights
from testbed.forge.handle import RepositoryHandle
from testbed.process import run

WORKFLOW = ".github/workflows/release.yml"
ACTION = "acme/gitops-action@v1"

_DOCKERFILE = """\
FROM scratch
COPY . /
CMD ["/busybox", "httpd", "-f", "-p", "8080", "-h", "/www"]
"""

# The step names are what the demo shows while the workflow runs.
_WORKFLOW = """\
name: release
on:
  push:
    tags: ["v*"]
permissions: {}
jobs:
  release:
    runs-on: ubuntu-latest
    permissions:
      contents: read
      packages: write
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd  # v6.0.2
        with:
          persist-credentials: false
      - name: Compute tags and labels
        id: meta
        uses: {action}
        with:
          command: tag
          images: {image}
          tags: type=ref,event=tag
      - name: Build and push the image
        env:
          TAGS: ${{ steps.meta.outputs.tags }}
          LABELS: ${{ steps.meta.outputs.labels }}
        run: |
          arguments=()
          while IFS= read -r tag; do arguments+=(--tag "$tag"); done <<<"$TAGS"
          while IFS= read -r label; do arguments+=(--label "$label"); done <<<"$LABELS"
          docker buildx build --quiet --push --provenance=false "${arguments[@]}" .
      - name: Propose it to the environment
        uses: {action}
        with:
          repository: {environment}
          token: ${{ secrets.ENVIRONMENT_TOKEN }}
          images: {image}:${{ steps.meta.outputs.version }}
"""


@dataclass(frozen=True, kw_only=True)
class Release:
    """A tag that was pushed, checked out at `checkout`."""

    tag: str
    commit: str
    checkout: Path


def create(forge: Forge, image: str) -> RepositoryHandle:
    """Make the application's repository."""
    repository = forge.create_repository(APPLICATION)
    workflow = _WORKFLOW
    values = {"action": ACTION, "image": image, "environment": ENVIRONMENT}
    for name, value in values.items():
        workflow = workflow.replace(f" {{{name}}}", f" {value}")
    files: dict[str, str | bytes] = {
        "Dockerfile": _DOCKERFILE,
        ".dockerignore": "*\n!busybox\n!www\n",
        "www/index.html": "<h1>Hello</h1>\n",
        WORKFLOW: workflow,
    }
    modes = {}
    program = shutil.which("busybox")
    if program:
        files["busybox"], modes["busybox"] = Path(program).read_bytes(), "100755"
    repository.commit(files=files, modes=modes, message="Say hello")
    return repository


def release(forge: Forge, root: Path, tag: str) -> Release:
    """Clone the application as a developer does, change it, tag it and push both."""
    token = forge.token(
        kind="user",
        login="alice",
        repositories=[APPLICATION],
        permissions=rights("contents", "workflows"),
    )
    checkout = root / tag / "web"
    checkout.parent.mkdir(parents=True)
    login = _credentials(token)
    run("git", "clone", "--quiet", f"{forge.server_url}/{APPLICATION}.git", checkout, env=login)
    (checkout / "www/index.html").write_text(f"<h1>Hello from {tag}</h1>\n")
    git = ("git", "-C", checkout, "-c", "user.name=Alice", "-c", "user.email=alice@example.com")
    run(*git, "commit", "--quiet", "--all", "--message", f"Greet from {tag}")
    run(*git, "tag", tag)
    run(*git, "push", "--quiet", "--atomic", "origin", "main", tag, env=login)
    commit = run(*git, "rev-parse", "HEAD").strip()
    return Release(tag=tag, commit=commit, checkout=checkout)


def push_event(forge: Forge, release: Release) -> dict[str, object]:
    """The payload with which GitHub starts the workflow for the tag."""
    owner, _, name = APPLICATION.partition("/")
    page = f"{forge.server_url}/{APPLICATION}"
    return {
        "ref": f"refs/tags/{release.tag}",
        "before": "0" * 40,
        "after": release.commit,
        "created": True,
        "repository": {
            "name": name,
            "full_name": APPLICATION,
            "owner": {"login": owner},
            "html_url": page,
            "clone_url": f"{page}.git",
            "default_branch": "main",
            "private": True,
        },
        "pusher": {"name": "alice"},
        "sender": {"login": "alice"},
    }


def job_variables(forge: Forge, release: Release) -> dict[str, str]:
    """The variables by which a job on GitHub (Enterprise Server) knows where it is."""
    return {
        "GITHUB_SERVER_URL": forge.server_url,
        "GITHUB_API_URL": forge.api_url,
        "GITHUB_GRAPHQL_URL": forge.graphql_url,
        "GITHUB_REPOSITORY": APPLICATION,
        "GITHUB_REPOSITORY_OWNER": APPLICATION.partition("/")[0],
        "GITHUB_ACTOR": "alice",
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_REF": f"refs/tags/{release.tag}",
        "GITHUB_REF_NAME": release.tag,
        "GITHUB_REF_TYPE": "tag",
        "GITHUB_SHA": release.commit,
        "GITHUB_WORKFLOW": "release",
        "GITHUB_RUN_ID": "1",
        "GITHUB_RUN_ATTEMPT": "1",
    }


def _credentials(token: str) -> Mapping[str, str]:
    """Git's variables that carry the token: in no address, file or command line."""
    pair = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    return {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {pair}",
    }
