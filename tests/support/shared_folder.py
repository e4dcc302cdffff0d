"""Two environments that build one folder, so that no edit is for one of them alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from testbed.forge.model import PullRequest
from tests.support.bump_stage import WEB, Stage, bump_stage, deployment
from tests.support.rollback_stage import PLAIN, deploy

FLUX = (
    "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
    "metadata: {{name: {name}, namespace: flux-system}}\n"
    "spec: {{path: ./apps, sourceRef: {{kind: GitRepository, name: flux-system}}}}\n"
)
OWN, SETTINGS = "apps/deployment.yaml", "apps/settings.yaml"
BRANCH = "gitops/production/rollback/web"
GOOD = f"{WEB}:v1.1.0"


def settings(value: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{a: {value}}}\n"


def described(version: str) -> dict[str, str]:
    return {OWN: deployment(f"{WEB}:v{version}")}


FILES: Mapping[str, str] = {
    ".github/gitops.yaml": PLAIN + "  staging: {path: staging}\n",
    "production/apps.yaml": FLUX.format(name="production"),
    "staging/apps.yaml": FLUX.format(name="staging"),
    "other/readme.md": "# other\n",
    SETTINGS: settings("good"),
    "apps/old.yaml": settings("old").replace("name: settings", "name: old"),
    **described("1.0.0"),
}


@contextlib.contextmanager
def shared_folder_stage(root: Path, files: Mapping[str, str] = FILES) -> Iterator[Stage]:
    """The repository with its first deployment, and two people who may write."""
    with bump_stage(root, files) as made:
        for person in ("alice", "bob"):
            made.repository.collaborator(person)
        deploy(made, described("1.1.0"), GOOD, "success")
        yield made


def fail(stage: Stage, **more: str | None) -> None:
    """A release that fails, with more files of the same change."""
    files = {**described("1.2.0"), **more, "other/readme.md": "# changed\n"}
    deploy(stage, files, f"{WEB}:v1.2.0", "failure")


def pull(stage: Stage) -> PullRequest:
    """The one that is open."""
    found: PullRequest
    (found,) = [one for one in stage.repository.pull_requests() if one.state == "open"]
    return found
