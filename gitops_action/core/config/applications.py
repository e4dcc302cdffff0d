"""Which application an image or a file belongs to.

What the configuration declares decides: an application's folder, then its images. What it does
not declare is found from the environments' folders. Every command names applications by this rule,
so that a hold that one of them writes is matched by all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gitops_action.core.config.resolved import PLACEHOLDER, Application, Config, Environment

APPLICATIONS_FOLDER = "applications"
"""The folder of the well-known layout: `applications/<name>/…`."""

_NOT_APPLICATIONS = frozenset({"base", "bases", "overlays", "overlay", "components"})


def applications_of_image(
    repository: str, folders: Iterable[str | None], applications: Sequence[Application]
) -> tuple[str, ...]:
    """The names that an image goes by: one at least.

    Args:
        repository: the image's, normalised.
        folders: the applications whose folders the image is described in; None for no folder.
        applications: as the configuration declares them.
    """
    found: dict[str, None] = {}
    for folder in folders or (None,):
        owners = owners_of_image(repository, folder, applications)
        found.update(dict.fromkeys(owners or (by_image_name(repository),)))
    return tuple(found)


def owners_of_image(
    repository: str, folder: str | None, applications: Sequence[Application]
) -> tuple[str, ...]:
    """The applications that an image of a folder belongs to; empty where nothing names one.

    A declared application's own folder decides before images do: what runs in it is its own.
    Several that declare one image share it.
    """
    if folder is not None and any(one.name == folder for one in applications):
        return (folder,)
    declared = tuple(one.name for one in applications if repository in one.images)
    return declared or ((folder,) if folder is not None else ())


def by_image_name(repository: str) -> str:
    """What an image goes by that belongs to no application: the end of its repository."""
    return repository.rpartition("/")[2]


def application_of(path: str, environment: Environment, config: Config) -> str | None:
    """The application a file belongs to, read off its path.

    In this order: the placeholder of the environment's path, a declared application's name among
    the folders below the environment, `applications/<name>/`, the first folder below the
    environment. None for files that lie directly in the environment's folder.
    """
    if not environment.contains(path):
        return None
    folders = path.split("/")[:-1]
    pattern = environment.path.split("/") if environment.path else []
    if PLACEHOLDER in pattern:
        return folders[pattern.index(PLACEHOLDER)]
    below = folders[len(pattern) :]
    declared = {item.name for item in config.applications}
    named = next((folder for folder in below if folder in declared), None)
    return named or _by_layout(below, whole=not environment.path)


def single_folder(
    files: Iterable[str], environment: Environment, config: Config
) -> tuple[str | None] | None:
    """The application of whose folder everything is; None where files have to be looked into.

    Args:
        files: all that the environment depends on.
        environment: which.
        config: with the declared applications.
    """
    listed = tuple(files)
    names = {
        application_of(path, environment, config) for path in listed if environment.contains(path)
    }
    parts = {part for path in listed for part in path.split("/")[:-1]}
    if len(names) != 1 or (None in names and any(a.name in parts for a in config.applications)):
        return None
    return (names.pop(),)


def _by_layout(below: Sequence[str], *, whole: bool) -> str | None:
    if APPLICATIONS_FOLDER in below[:-1]:
        return below[below.index(APPLICATIONS_FOLDER) + 1]
    if whole or not below or below[0] in _NOT_APPLICATIONS or below[0] == APPLICATIONS_FOLDER:
        return None
    return below[0]
