"""Repositories in a few lines, and plans made on them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from gitops_action.core.config import Application, Config, Environment
from gitops_action.core.discovery import ImageUse, images_in
from gitops_action.core.images import parse_image_lines
from gitops_action.core.plan import Plan, PlanRequest, make_plan, parse_set_lines
from gitops_action.core.repository import REGULAR, SYMLINK, RepositoryFile, Snapshot

DEFAULT = Environment(name="default", declared=False)
DIGEST = "sha256:" + "ab" * 32
OTHER_DIGEST = "sha256:" + "cd" * 32

Files = Mapping[str, str | bytes]


def text(value: str) -> str:
    return textwrap.dedent(value).lstrip("\n")


def snapshot(files: Files, *, links: Mapping[str, str] | None = None, **more: object) -> Snapshot:
    held = {path: RepositoryFile(path=path, data=_bytes(data)) for path, data in files.items()}
    for path, target in (links or {}).items():
        held[path] = RepositoryFile(path=path, data=target.encode(), mode=SYMLINK)
    folders = more.get("folders", ())
    assert isinstance(folders, tuple)
    return Snapshot(commit="", files=held, folders=folders)


def configured(applications: Sequence[Application] = (), **paths: str) -> Config:
    """A configuration with an environment for each keyword; without any, none is declared."""
    environments = tuple(Environment(name=name, path=path) for name, path in paths.items())
    return Config(
        environments=environments or (DEFAULT,),
        applications=tuple(applications),
        declared=bool(environments),
    )


def plan(
    files: Files | Snapshot,
    images: str = "",
    *,
    config: Config | None = None,
    environment: str = "",
    sets: str = "",
    **more: object,
) -> Plan:
    config = config or configured()
    request = PlanRequest(
        snapshot=files if isinstance(files, Snapshot) else snapshot(files),
        environment=config.environment(environment) or config.environments[0],
        config=config,
        changes=parse_image_lines(images),
        sets=parse_set_lines(sets),
        **more,  # type: ignore[arg-type]
    )
    return make_plan(request)


def after(files: Files, planned: Plan) -> dict[str, str]:
    """The repository's text once the plan is carried out."""
    merged = {path: _bytes(data) for path, data in files.items()} | dict(planned.edits)
    return {path: data.decode() for path, data in merged.items()}


def uses(files: Files, config: Config | None = None, environment: str = "") -> tuple[ImageUse, ...]:
    config = config or configured()
    chosen = config.environment(environment) or config.environments[0]
    return images_in(snapshot=snapshot(files), environment=chosen, config=config)


def workload(
    *images: str, kind: str = "Deployment", name: str = "web", api: str = "apps/v1", init: str = ""
) -> str:
    """A workload with a container for each image, named c0, c1…"""
    head = f"apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {name}\nspec:\n  template:\n"
    lines = ["    spec:"]
    if init:
        lines += ["      initContainers:", "      - name: init", f"        image: {init}"]
    lines += ["      containers:"]
    for index, image in enumerate(images):
        lines += [f"      - name: c{index}", f"        image: {image}"]
    return head + "\n".join(lines) + "\n"


def _bytes(data: str | bytes) -> bytes:
    return data if isinstance(data, bytes) else data.encode()


__all__ = ["DEFAULT", "DIGEST", "OTHER_DIGEST", "REGULAR", "after", "configured", "plan"]
