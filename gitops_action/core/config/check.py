"""Checks across environments: order, and folders that must neither overlap nor leave.

They read the raw values, not the model, so that they also speak when some other key is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import combinations

from gitops_action.core.config.document import Document, Path
from gitops_action.core.config.resolved import (
    PLACEHOLDER,
    RESERVED_NAMES,
    Config,
    Environment,
)
from gitops_action.core.config.select import nearest
from gitops_action.core.dataclass import dataclass
from gitops_action.errors import GitOpsError, Location, UsageError


def check_layout(document: Document) -> list[GitOpsError]:
    """Everything that is wrong between environments, and with their folders."""
    environments = _mappings(document.data, "environments")
    return [
        *_reserved(document),
        *_order(document, environments),
        *_former_names(document, environments),
        *_folders(document, environments),
    ]


def _reserved(document: Document) -> Iterator[GitOpsError]:
    """Statuses, branches and commands would mean something else by such a name."""
    inside = document.data.get("environments") if isinstance(document.data, dict) else None
    for name in inside if isinstance(inside, dict) else ():
        if name in RESERVED_NAMES:
            yield UsageError(
                f"environments.{name}: {name!r} is a reserved name",
                cause="branches, statuses and comments use it for something else",
                fix="choose another name for the environment",
                location=document.key(("environments", name)),
            )


def _former_names(
    document: Document, environments: Mapping[str, Mapping[str, object]]
) -> Iterator[GitOpsError]:
    """A former name is of one environment, and no environment has it now."""
    known = dict.fromkeys(environments, "is an environment of its own")
    for name, environment in environments.items():
        listed = environment.get("formerly")
        for index, former in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(former, str) and former in known:
                yield UsageError(
                    f"environments.{name}.formerly: {former!r} {known[former]}",
                    fix="remove it, or correct the name",
                    location=document.value(("environments", name, "formerly", index)),
                )
            elif isinstance(former, str):
                known[former] = f"is a former name of {name} already"


def declared_paths(document: Document) -> dict[str, str]:
    """The folder of each environment whose path can be read, whatever else is wrong."""
    found: dict[str, str] = {}
    for name, environment in _mappings(document.data, "environments").items():
        path = environment.get("path")
        if isinstance(path, str) and path:
            with suppress(ValueError):
                found[name] = normalised(path)
    return found


def normalised(path: str) -> str:
    """A folder without `./` and trailing slashes; empty for the whole repository.

    Raises:
        ValueError: it is not a folder inside the repository; the message says why.
    """
    if "\\" in path or not path.isprintable():
        raise ValueError("has a backslash or a control character")
    if path.startswith(("/", "~")):
        raise ValueError("is absolute")
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if ".." in parts or ".git" in (part.lower() for part in parts):
        raise ValueError("leaves the repository's files")
    braced = [part for part in parts if "{" in part or "}" in part]
    if braced not in ([], [PLACEHOLDER]):
        raise ValueError(f"may hold {PLACEHOLDER} once, as a whole folder name")
    return "/".join(parts)


def _mappings(data: object, key: str) -> dict[str, Mapping[str, object]]:
    inside = data.get(key) if isinstance(data, dict) else None
    if not isinstance(inside, dict):
        return {}
    return {name: value for name, value in inside.items() if isinstance(value, dict)}


def _after(environment: Mapping[str, object]) -> list[tuple[int, str]]:
    after = environment.get("after")
    listed = after if isinstance(after, list) else []
    return [(index, name) for index, name in enumerate(listed) if isinstance(name, str)]


def _order(
    document: Document, environments: Mapping[str, Mapping[str, object]]
) -> Iterator[GitOpsError]:
    for name, environment in environments.items():
        for index, other in _after(environment):
            path: Path = ("environments", name, "after", index)
            if other not in environments:
                guess = nearest(other, list(environments))
                yield UsageError(
                    f"environments.{name}.after names {other!r}, which is not declared",
                    fix=f"did you mean {guess!r}?" if guess else "declare it, or remove it here",
                    location=document.value(path),
                )
        if not environment.get("after") and _has_soak(environment):
            yield UsageError(
                f"environments.{name}.gates.soak has nothing to wait for",
                cause="images soak in the environments of `after`, and there are none",
                fix="name them in `after`, or remove `soak`",
                location=document.key(("environments", name, "gates", "soak")),
            )
    yield from _cycles(document, environments)


def _has_soak(environment: Mapping[str, object]) -> bool:
    gates = environment.get("gates")
    return isinstance(gates, dict) and gates.get("soak") is not None


def _cycles(
    document: Document, environments: Mapping[str, Mapping[str, object]]
) -> Iterator[GitOpsError]:
    edges = {
        name: [other for _, other in _after(environment) if other in environments]
        for name, environment in environments.items()
    }
    while leaves := [name for name, after in edges.items() if not after]:
        edges = {
            name: [other for other in after if other not in leaves]
            for name, after in edges.items()
            if name not in leaves
        }
    told: set[str] = set()
    for name in edges:
        circle = _circle(name, edges)
        if not told.intersection(circle):
            told.update(circle)
            yield UsageError(
                f"environments wait for each other: {' after '.join([*circle, circle[0]])}",
                fix="remove one of them from `after`",
                location=document.key(("environments", circle[0], "after")),
            )


def _circle(start: str, edges: Mapping[str, list[str]]) -> list[str]:
    """Follow `after` from an environment that cannot be resolved until one comes again."""
    walked: list[str] = []
    while start not in walked:
        walked.append(start)
        start = edges[start][0]
    return walked[walked.index(start) :]


def _folders(
    document: Document, environments: Mapping[str, Mapping[str, object]]
) -> Iterator[GitOpsError]:
    folders: dict[str, str] = {}
    for name, environment in environments.items():
        path = environment.get("path")
        if not isinstance(path, str) or not path:
            continue
        try:
            folders[name] = normalised(path)
        except ValueError as error:
            yield UsageError(
                f"environments.{name}.path {path!r} {error}",
                fix="write a folder of this repository, e.g. environments/staging",
                location=document.value(("environments", name, "path")),
            )
    for (name, path), (other, second) in combinations(folders.items(), 2):
        if _overlap(path, second):
            yield UsageError(
                f"the folders of {name} ({path or '.'}) and {other} ({second or '.'}) overlap",
                fix="give each environment a folder of its own",
                location=document.value(("environments", other, "path")),
            )


def _overlap(first: str, second: str) -> bool:
    """Whether one folder lies in the other; the placeholder may stand for any name."""
    one, two = (path.split("/") if path else [] for path in (first, second))
    return all(a == b or PLACEHOLDER in (a, b) for a, b in zip(one, two, strict=False))


# Which folders of a repository the environments and applications are in.


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A folder that is rendered and deployed as one.

    `path` is without slashes around it, empty for the whole repository. `application` is the one
    it is of where the environment's path has `{application}`; else None, and
    `application_of` gives each file's.
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
