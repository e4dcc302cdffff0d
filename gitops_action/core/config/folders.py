"""Which folders of a repository the environments and applications are in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gitops_action.core.config.document import Document
from gitops_action.core.config.resolved import PLACEHOLDER, Config, Environment
from gitops_action.errors import GitOpsError, Location, UsageError


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A folder that is rendered and deployed as one.

    `path` is without slashes around it, empty for the whole repository. `application` is the one
    it is of where the environment's path has `{application}`; else None, and
    `application_of` tells each file's.
    """

    path: str
    application: str | None = None


def resolve_folders(
    environment: Environment, config: Config, paths: Iterable[str]
) -> tuple[Folder, ...]:
    """The folders of an environment that a tree has, by name.

    Args:
        environment: one of the configuration's.
        config: its declared applications come first, in their order.
        paths: every file of the tree.
    """
    inside = [path for path in paths if environment.contains(path)]
    if PLACEHOLDER not in environment.path:
        return (Folder(path=environment.path),) if inside else ()
    at = environment.path.split("/").index(PLACEHOLDER)
    found = {path.split("/")[at] for path in inside}
    declared = [item.name for item in config.applications if item.name in found]
    return tuple(
        Folder(path=environment.path.replace(PLACEHOLDER, name), application=name)
        for name in (*declared, *sorted(found.difference(declared)))
    )


def missing_folders(
    config: Config, paths: Iterable[str], document: Document | None = None
) -> tuple[GitOpsError, ...]:
    """An error for each environment, and each folder of schemas, that the tree does not have.

    Args:
        config: the configuration.
        paths: every file of the tree.
        document: the configuration's text, for the exact place.
    """
    listed = tuple(paths)
    errors: list[GitOpsError] = []
    for item in config.environments:
        if item.declared and not any(item.contains(path) for path in listed):
            place = Location(file=config.path, line=item.line)
            if document:
                place = document.value(("environments", item.name, "path"))
            errors.append(missing(f"environments.{item.name}.path", item.path, place))
    for index, folder in enumerate(config.validate.schemas):
        if folder and not any(path.startswith(f"{folder}/") for path in listed):
            place = Location(file=config.path)
            if document:
                place = document.value(("validate", "schemas", index))
            errors.append(missing(f"validate.schemas[{index}]", folder, place))
    return tuple(errors)


def missing(key: str, folder: str, place: Location) -> UsageError:
    """The error for a folder that the configuration names and the repository does not have."""
    return UsageError(
        f"{key}: there is no folder {folder or '.'!r} in the repository",
        cause="no file is below it",
        fix="correct the path, or commit the folder with the environment's files",
        location=place,
    )
