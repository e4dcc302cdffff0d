"""Folders rendered by the real programs, from files that are given as text."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from gitops_action.adapters.process import Runner
from gitops_action.adapters.renderer import (
    NOT_INSTALLED,
    KustomizeRenderer,
    Limits,
    find_kubectl,
    find_sandbox,
)
from gitops_action.core.manifests import Manifest
from gitops_action.core.rendering import Rendering
from gitops_action.core.repository import REGULAR, SYMLINK, RepositoryFile

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"


def runner(environ: Mapping[str, str] | None = None) -> Runner:
    return Runner(environ=os.environ if environ is None else environ, redact=str)


def repository(files: Mapping[str, str]) -> dict[str, RepositoryFile]:
    """Files by path; a text that starts with `->` is a symbolic link."""
    made = {path: RepositoryFile(path=path, data=text.encode()) for path, text in files.items()}
    for path, text in files.items():
        mode = SYMLINK if text.startswith("->") else REGULAR
        data = text.removeprefix("->").encode()
        made[path] = replace(made[path], mode=mode, data=data)
    return made


def render(
    files: Mapping[str, str],
    folder: str = "env",
    *,
    allow_remote: bool = False,
    helm: str | None = None,
    limits: Limits | None = None,
) -> Rendering:
    programs = tuple(program for program in (find_kubectl(), helm) if program)
    renderer = KustomizeRenderer(
        find_kubectl(),
        runner(),
        allow_remote=allow_remote,
        helm=helm or NOT_INSTALLED,
        limits=limits,
        sandbox=lambda: find_sandbox(programs, network=allow_remote),
    )
    return renderer.render(folder, repository(files))


def by_name(rendering: Rendering) -> dict[str, Manifest]:
    return {str(manifest.id): manifest for manifest in rendering.manifests}


def origins(rendering: Rendering) -> dict[str, str]:
    return {str(manifest.id): str(manifest.origin) for manifest in rendering.manifests}


def told(rendering: Rendering) -> list[str]:
    return [f"{problem.location}: {problem.title}" for problem in rendering.problems]


def kustomize(root: Path, files: Mapping[str, str], folder: str = "env") -> bytes:
    """What kubectl prints of the very same files."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    command = [str(find_kubectl()), "kustomize", str(root / folder)]
    return subprocess.run(command, check=True, capture_output=True).stdout
