"""What applications are called: one rule for files that are discovered and for what they render to.

A hold that `rollback` writes by discovery has to be matched by the gate, which reads rendered
objects.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.config import (
    Config,
    applications_of_image,
    by_image_name,
    load_config,
    single_folder,
)
from gitops_action.core.config.resolved import Application
from gitops_action.core.deployments.payload import applications_of
from gitops_action.core.discovery import (
    ImageDiscovery,
    Source,
    application_folders,
    uses_of,
)
from gitops_action.core.manifests import parse_manifests
from gitops_action.core.repository import RepositoryFile, Snapshot

FRONTEND = Application(name="frontend", images=("ghcr.io/acme/web",))
WORKER = Application(name="worker", images=("ghcr.io/acme/web",))
UNNAMED = Application(name="shop")


@pytest.mark.parametrize(
    ("repository", "folders", "applications", "names"),
    [
        ("ghcr.io/acme/web", ("web",), (), ("web",)),
        ("ghcr.io/acme/web", ("shop",), (), ("shop",)),
        ("ghcr.io/acme/web", (None,), (), ("web",)),
        ("ghcr.io/acme/web", (None, "shop"), (), ("web", "shop")),
        ("ghcr.io/acme/web", ("shop",), (FRONTEND,), ("frontend",)),
        ("ghcr.io/acme/web", ("shop", "frontend"), (FRONTEND,), ("frontend",)),
        ("ghcr.io/acme/web", ("shop",), (FRONTEND, UNNAMED), ("shop",)),
        ("ghcr.io/acme/proxy", ("frontend",), (FRONTEND,), ("frontend",)),
        ("ghcr.io/acme/web", ("worker",), (FRONTEND, WORKER), ("worker",)),
        ("ghcr.io/acme/web", ("shop",), (FRONTEND, WORKER), ("frontend", "worker")),
        ("ghcr.io/acme/web", ("shop",), (UNNAMED,), ("shop",)),
    ],
)
def test_declared_images_decide_and_then_folders(
    repository: str,
    folders: tuple[str | None, ...],
    applications: tuple[Application, ...],
    names: tuple[str, ...],
) -> None:
    assert applications_of_image(repository, folders, applications) == names


FOLDERS = st.sampled_from(["", "web", "shop", "applications/web", "applications/shop", "base"])
IMAGES = st.sampled_from(["ghcr.io/acme/web", "ghcr.io/acme/shop", "ghcr.io/acme/proxy"])
DECLARED = st.dictionaries(
    st.sampled_from(["web", "shop", "frontend"]),
    st.lists(IMAGES, max_size=2, unique=True),
    max_size=2,
)


@given(
    placed=st.lists(st.tuples(FOLDERS, IMAGES), min_size=1, max_size=4, unique=True),
    declared=DECLARED,
)
def test_files_and_what_they_render_to_give_the_same_names(
    placed: list[tuple[str, str]], declared: Mapping[str, list[str]]
) -> None:
    config = configuration(declared)
    environment = config.environments[0]
    files = {
        "/".join(filter(None, ("production", folder, f"{number}.yaml"))): deployment(image, number)
        for number, (folder, image) in enumerate(placed)
    }
    found = ImageDiscovery(Source(snapshot=snapshot(files))).discovered(environment)
    manifests = [one for path, data in files.items() for one in parse_manifests(path, data)]
    folders = application_folders(found, environment, config)
    single = single_folder(files, environment, config)
    assert single is None or set(folders.values()) <= {single}
    rendered = applications_of(
        manifests, config.applications, lambda repository: folders.get(repository, ())
    )
    for use in uses_of(found, environment, config):
        name = use.application or by_image_name(use.repository)
        assert str(use.reference) in rendered[name]


def configuration(declared: Mapping[str, list[str]]) -> Config:
    applications = "".join(
        f"  {name}: {{images: [{', '.join(images)}]}}\n" for name, images in declared.items()
    )
    head = f"applications:\n{applications}" if declared else ""
    text = f"version: 1\n{head}environments:\n  production: {{path: production}}\n"
    return load_config(".github/gitops.yaml", text.encode())


def deployment(image: str, number: int) -> bytes:
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app-{number}}}\nspec:\n"
        f"  template:\n    spec:\n      containers:\n        - {{name: app, image: {image}:v1}}\n"
    ).encode()


def snapshot(files: Mapping[str, bytes]) -> Snapshot:
    made = {path: RepositoryFile(path=path, data=data) for path, data in files.items()}
    return Snapshot(commit="1" * 40, files=made)
