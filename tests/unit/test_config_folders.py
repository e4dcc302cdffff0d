"""Environments resolve to folders; what the repository lacks is told with its place."""

from __future__ import annotations

import pytest

from gitops_action.core.config import Folder, Hold, load_config, missing_folders, resolve_folders
from gitops_action.core.config.load import read_config
from gitops_action.core.config.tree_check import TreeCheck, check_tree
from gitops_action.core.images import parse_reference
from tests.support.configs import FILE

BY_APPLICATION = b"""\
version: 1
applications:
  web: {images: [ghcr.io/acme/web]}
  api: {images: [ghcr.io/acme/api]}
environments:
  staging: {path: 'apps/{application}/staging'}
  production: {path: 'apps/{application}/production', after: [staging]}
"""
PATHS = (
    "README.md",
    "apps/api/staging/a.yaml",
    "apps/zoo/staging/deep/a.yaml",
    "apps/web/staging/a.yaml",
    "apps/web/production/a.yaml",
    "apps/web/base/a.yaml",
)
FLAT = b"""\
version: 1
applications:
  web: {images: [ghcr.io/acme/web]}
environments:
  staging: {path: env/staging}
"""


def checked(data: bytes, paths: tuple[str, ...], *holds: Hold) -> TreeCheck:
    return check_tree(read_config(FILE, data), paths, holds)


def test_a_placeholder_gives_one_folder_an_application_declared_ones_first() -> None:
    config = load_config(FILE, BY_APPLICATION)
    staging, production = config.environments
    assert resolve_folders(staging, config, PATHS) == (
        Folder(path="apps/web/staging", application="web"),
        Folder(path="apps/api/staging", application="api"),
        Folder(path="apps/zoo/staging", application="zoo"),
    )
    assert resolve_folders(production, config, PATHS) == (
        Folder(path="apps/web/production", application="web"),
    )


def test_without_a_placeholder_there_is_one_folder_or_none() -> None:
    config = load_config(FILE, FLAT)
    (staging,) = config.environments
    assert resolve_folders(staging, config, ("env/staging/x/a.yaml",)) == (
        Folder(path="env/staging"),
    )
    assert resolve_folders(staging, config, ("env/stagin/a.yaml", "env/staging")) == ()


def test_without_configuration_the_whole_repository_is_the_folder() -> None:
    config = load_config(FILE, None)
    (only,) = config.environments
    assert resolve_folders(only, config, ("a.yaml",)) == (Folder(path=""),)
    assert missing_folders(config, ()) == ()


def test_a_missing_folder_is_told_with_the_line_it_is_named_on() -> None:
    config = load_config(FILE, FLAT)
    assert missing_folders(config, ("env/staging/a.yaml",)) == ()
    (error,) = missing_folders(config, ("env/stage/a.yaml",))
    assert str(error).startswith(f"{FILE}:5: environments.staging.path: there is no folder")


def test_a_check_knows_the_column_too() -> None:
    (error,) = checked(FLAT, ("README.md", "web/a.yaml")).errors
    assert str(error).startswith(f"{FILE}:5:19: environments.staging.path: there is no folder")


def test_missing_folders_are_told_although_something_else_is_wrong() -> None:
    data = FLAT.replace(b"}\n", b", merg: auto}\n") + b"  b: {path: '/x'}\n"
    errors = checked(data, ()).errors
    assert [error.title.split(":")[0] for error in errors] == ["environments.staging.path"]


def test_folders_of_schemas_are_looked_for() -> None:
    data = FLAT + b"validate: {schemas: [crds, more]}\n"
    (error,) = checked(data, ("env/staging/web/a.yaml", "crds/a.yaml")).errors
    assert str(error).startswith(f"{FILE}:6:28: validate.schemas[1]: there is no folder 'more'")


def test_an_application_without_a_folder_is_an_error_where_folders_tell_applications() -> None:
    paths = tuple(path for path in PATHS if "/api/" not in path)
    (error,) = checked(BY_APPLICATION, paths).errors
    assert str(error).startswith(f"{FILE}:4:3: applications.api: no environment has a folder")


def test_an_application_known_by_its_images_alone_is_worth_a_notice() -> None:
    found = checked(FLAT, ("env/staging/kustomization.yaml",))
    assert found.errors == ()
    (notice,) = found.notices
    assert (notice.level, notice.location and notice.location.line) == ("notice", 3)
    assert checked(FLAT, ("env/staging/web/a.yaml",)) == TreeCheck()


def test_an_application_with_neither_images_nor_a_folder_is_an_error() -> None:
    data = FLAT.replace(b"web: {images: [ghcr.io/acme/web]}", b"web: {}")
    (error,) = checked(data, ("env/staging/kustomization.yaml",)).errors
    assert "applications.web" in error.title


def test_an_image_of_two_applications_is_a_warning() -> None:
    data = BY_APPLICATION.replace(b"acme/api]", b"acme/web]")
    (notice,) = checked(data, PATHS).notices
    assert notice.level == "warning"
    assert notice.text.startswith("ghcr.io/acme/web belongs to web and api")
    assert notice.location is not None
    assert notice.location.line == 4


@pytest.mark.parametrize(("environment", "told"), [("staging", 0), ("stagin", 1)])
def test_a_hold_on_an_environment_that_is_not_there_is_a_warning(
    environment: str, told: int
) -> None:
    hold = Hold(environment=environment, application=None, image=parse_reference("a:1"), file="h")
    assert len(checked(BY_APPLICATION, PATHS, hold).notices) == told


def test_twenty_thousand_files_are_no_trouble() -> None:
    paths = tuple(f"apps/app-{n % 500}/staging/{n}.yaml" for n in range(20_000))
    config = load_config(FILE, BY_APPLICATION)
    assert len(resolve_folders(config.environments[0], config, paths)) == 500
    assert len(checked(BY_APPLICATION, paths).errors) == 3
