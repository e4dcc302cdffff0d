"""Which environments a repository that exists already seems to have, and why that is assumed.

Flux and Argo CD objects count more than names of folders: they say what is deployed where.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from gitops_action.core.config.resolved import PLACEHOLDER, RESERVED_NAMES
from gitops_action.core.dataclass import dataclass
from gitops_action.core.flux.status import of_path
from gitops_action.core.manifests.model import Manifest
from gitops_action.core.rendering.deployers import FLUX_GROUP, FolderBuild, builds_of
from gitops_action.core.rendering.follow import holds
from gitops_action.core.rendering.layout import folder_of, name_of

_STAGES: tuple[frozenset[str], ...] = (
    frozenset({"dev", "devel", "develop", "development", "sandbox", "local"}),
    frozenset({"test", "testing", "integration", "int", "ci"}),
    frozenset({"qa", "uat", "acceptance"}),
    frozenset({"staging", "stage", "stg"}),
    frozenset({"preprod", "preproduction", "canary"}),
    frozenset({"prod", "production", "prd", "live"}),
)
"""Names of environments, in the order that versions pass them."""

_PRODUCTION = len(_STAGES) - 1
_BY_DEFAULT = frozenset({"production", "prod"})
"""Names that are taken for production without `production: true`."""

_CONTAINERS = frozenset({"clusters", "environments", "environment", "envs", "env", "stages"})
"""Folders whose folders are environments, whatever they are called."""

_PARTS = frozenset({"base", "bases", "common", "shared", "components", "templates", "lib"})
_ASIDE = frozenset(
    {
        *("test", "tests", "testdata", "docs", "doc", "examples", "hack"),
        *("vendor", "third-party", "third_party", "upstream", "node_modules"),
    }
)
_GENERIC = frozenset(
    {
        *("flux", "flux-system", "cluster", "clusters", "kubernetes", "k8s", "manifests", "config"),
        *("apps", "applications", "applicationsets", "application", "argocd", "argo", "bootstrap"),
        *("deploy", "deployment", "root", "core", "gitops", *_PARTS, *_CONTAINERS),
    }
)
"""Folders that are not named after an environment."""

_ARGO_KINDS = frozenset({"Application", "ApplicationSet"})
_YAML = (".yaml", ".yml", ".json")
_SHOWN = 3
ONLY = "production"
"""The name of the only environment where nothing names it."""


@dataclass(frozen=True, kw_only=True)
class AssumedEnvironment:
    """An environment, and what speaks for it.

    Attributes:
        name: unique.
        path: its folder, or a pattern with `{application}`; empty for the whole repository.
        reason: what its folder was assumed from.
        engine: `flux`, `argocd`, or empty where nothing says who applies.
        kustomizations: of Flux, where no Kustomization reads the folder itself.
        after: environments that versions pass before.
        production: its name says so, in a word that is not taken for production by itself.
    """

    name: str
    path: str
    reason: str
    engine: str = ""
    kustomizations: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    production: bool = False


def assumed_environments(
    paths: Iterable[str], deployers: Sequence[Manifest]
) -> tuple[AssumedEnvironment, ...]:
    """The environments, in the order that versions pass them; the whole repository where none is.

    Args:
        paths: every file of the repository.
        deployers: objects of Flux and Argo CD in them.
    """
    listed = [path for path in paths if path.isprintable() and "\\" not in path]
    flux = [item for item in deployers if item.id.group == FLUX_GROUP]
    argo = [item for item in deployers if item.id.kind in _ARGO_KINDS]
    found = (
        _of_deployers(flux, "flux") or _of_folders(listed, argo) or _of_deployers(argo, "argocd")
    )
    return _ordered(found) if found else (whole_repository(),)


def whole_repository() -> AssumedEnvironment:
    """The one environment of a repository in which nothing else was found."""
    reason = "no overlays, clusters, or objects of Flux and Argo CD were found"
    return AssumedEnvironment(name=ONLY, path="", reason=f"the whole repository: {reason}")


# By the objects of Flux and Argo CD.


def _builds(manifest: Manifest) -> tuple[FolderBuild, ...]:
    found = builds_of(manifest.id, manifest.body)
    return tuple(item for item in found if isinstance(item, FolderBuild))


def _of_deployers(deployers: Sequence[Manifest], engine: str) -> list[AssumedEnvironment]:
    """A folder each that holds objects which no other object leads to."""
    roots = _roots(deployers)
    names = _names(roots)
    return [
        AssumedEnvironment(
            name=names[folder],
            path=folder,
            reason=f"it holds {_shown(held)}, which nothing else here deploys",
            engine=engine,
            kustomizations=_unread(folder, held, deployers) if engine == "flux" else (),
        )
        for folder, held in roots.items()
    ]


def _roots(deployers: Sequence[Manifest]) -> dict[str, list[Manifest]]:
    found: dict[str, list[Manifest]] = defaultdict(list)
    built = [(item, build.path) for item in deployers for build in _builds(item)]
    others = [path for item, path in built if path and not holds(path, item)]
    own = [path for item, path in built if path and holds(path, item)]
    for item in deployers:
        file = item.origin.file if item.origin else ""
        if not folder_of(file) or _aside(file) or _is_part(file) or _inside(file, others):
            continue
        top = min((path for path in own if _inside(file, [path])), key=len, default=folder_of(file))
        found[top].append(item)
    return {
        folder: held
        for folder, held in sorted(found.items())
        if not any(_inside(folder, [other]) for other in found if other != folder)
    }


def _unread(folder: str, held: Iterable[Manifest], every: Sequence[Manifest]) -> tuple[str, ...]:
    """The Kustomizations to wait for, where none reads the folder, one in it, or one above."""
    if of_path((item.body for item in every), folder):
        return ()
    return tuple(sorted({f"{item.id.namespace or 'flux-system'}/{item.id.name}" for item in held}))


def _shown(held: Iterable[Manifest]) -> str:
    names = sorted({f"{item.id.kind} {item.id.name}" for item in held})
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


def _names(folders: Collection[str]) -> dict[str, str]:
    """A name for each folder: its last part that says something, longer where two are alike."""
    parts = {
        folder: [part for part in folder.split("/") if part.lower() not in _GENERIC]
        for folder in folders
    }
    if len(parts) == 1 and not any(parts.values()):
        return dict.fromkeys(folders, ONLY)
    short = {folder: _name(words[-1] if words else folder) for folder, words in parts.items()}
    twice = {name for name in short.values() if list(short.values()).count(name) > 1}
    return {folder: _name(folder) if name in twice else name for folder, name in short.items()}


# By the names of folders.


def _of_folders(paths: Sequence[str], argo: Sequence[Manifest]) -> list[AssumedEnvironment]:
    candidates = _candidates(paths)
    outer = {path for path in candidates if not _inside(folder_of(path), candidates)}
    beside: dict[str, set[str]] = defaultdict(set)
    for path in sorted(outer):
        beside[folder_of(path)].add(name_of(path))
    parents = {
        folder: names
        for folder, names in beside.items()
        if _speaks(names) or name_of(folder) in _CONTAINERS
    }
    pattern, names = _pattern(parents)
    applied = [build.path for item in argo for build in _builds(item)]
    names_of = {name: _name(name) for name in sorted(names)}
    return [
        AssumedEnvironment(
            name=named,
            path=f"{pattern}/{name}" if pattern else name,
            reason=_named(f"{pattern}/{name}" if pattern else name),
            engine="argocd" if any(name in path.split("/") for path in applied) else "",
        )
        for name, named in names_of.items()
        if list(names_of.values()).count(named) == 1
    ]


def _named(path: str) -> str:
    return "folders of that name" if PLACEHOLDER in path else "the folder's name"


def _candidates(paths: Iterable[str]) -> set[str]:
    """Folders that are called like an environment, or lie where environments do."""
    held = [path for path in paths if path.endswith(_YAML) and not _aside(path)]
    charts = {folder_of(path) for path in held if name_of(path) == "Chart.yaml"}
    folders = {
        "/".join(parts[:count])
        for parts in (path.split("/")[:-1] for path in held)
        for count in range(1, len(parts) + 1)
    }
    return {
        folder
        for folder in folders
        if name_of(folder) not in _PARTS
        and (_stage(name_of(folder)) is not None or name_of(folder_of(folder)) in _CONTAINERS)
        and not _inside(folder, charts)
    }


def _pattern(parents: Mapping[str, set[str]]) -> tuple[str, set[str]]:
    """Where environments lie, and their folders' names."""
    containers = [path for path in parents if name_of(path) in _CONTAINERS]
    if containers:
        first = min(containers, key=lambda path: (path.count("/"), path))
        return first, parents[first]
    alike: dict[tuple[str, str], set[str]] = defaultdict(set)
    for path in parents:
        parts = path.split("/") if path else []
        for index in range(len(parts)):
            alike["/".join(parts[:index]), "/".join(parts[index + 1 :])].add(path)
    many = {key: found for key, found in alike.items() if len(found) > 1}
    if many:
        (before, behind), found = max(many.items(), key=lambda item: (len(item[1]), item[0]))
        pattern = "/".join(part for part in (before, PLACEHOLDER, behind) if part)
        return pattern, {name for path in found for name in parents[path]}
    if not parents:
        return "", set()
    only = min(parents, key=lambda path: (-len(parents[path]), path.count("/"), path))
    return only, parents[only]


# Names, and the order of environments.


def _stage(name: str) -> int | None:
    """Where in the order a name belongs, by its first or last word: `prod-eu` is production."""
    words = re.split(r"[^a-z0-9]+", name.lower())
    outer = {words[0], words[-1]}
    found = (index for index, names in enumerate(_STAGES) if names & outer)
    return max(found, default=None)


def _speaks(names: Collection[str]) -> bool:
    """Whether folders beside each other are environments: one word may stand in any name."""
    every = frozenset().union(*_STAGES)
    return len(names) > 1 or any(name.lower() in every for name in names)


def _name(folder: str) -> str:
    made = re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-")[:40].strip("-") or ONLY
    return f"{made}-environment" if made in RESERVED_NAMES else made


def _ordered(found: Sequence[AssumedEnvironment]) -> tuple[AssumedEnvironment, ...]:
    """In the order of their names' stages, each after those of the stage before."""
    by_stage: dict[int, list[str]] = defaultdict(list)
    for item in found:
        if (stage := _stage(item.name)) is not None:
            by_stage[stage].append(item.name)

    def key(item: AssumedEnvironment) -> tuple[int, str]:
        stage = _stage(item.name)
        return (len(_STAGES) if stage is None else stage, item.name)

    def placed(item: AssumedEnvironment) -> AssumedEnvironment:
        stage = _stage(item.name)
        before = max((one for one in by_stage if stage is not None and one < stage), default=None)
        return replace(
            item,
            after=() if before is None else tuple(sorted(by_stage[before])),
            production=stage == _PRODUCTION and item.name not in _BY_DEFAULT,
        )

    return tuple(placed(item) for item in sorted(found, key=key))


def _inside(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _aside(path: str) -> bool:
    """Whether a file is of something that is not deployed: tests, documents, hidden folders."""
    return any(part in _ASIDE or part.startswith(".") for part in path.split("/")[:-1])


def _is_part(path: str) -> bool:
    """Whether a file is of something that others build on."""
    return any(part in _PARTS for part in path.split("/")[:-1])


# The file.

_PLAIN = re.compile(r"[A-Za-z_][\w./-]*")
_WORDS = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n"})


def written(environments: Sequence[AssumedEnvironment]) -> str:
    """The configuration as a file, with a comment at each assumption."""
    return "".join(f"{line}\n" for line in _lines(environments))


def _lines(environments: Sequence[AssumedEnvironment]) -> Iterator[str]:
    yield "# Written by `gitops-action init config` from what the repository holds. Comments say"
    yield "# what values were assumed from: correct what is wrong, then run `gitops-action config"
    yield "# check`. Every key: docs/configuration.md."
    yield "version: 1"
    yield "environments:"
    for item in environments:
        yield f"  {_scalar(item.name)}:"
        yield f"    # assumed: {item.reason}"
        yield f"    path: {_scalar(item.path or '.')}"
        if item.after:
            yield "    # assumed from the names: versions run there first"
            yield f"    after: [{', '.join(map(_scalar, item.after))}]"
        if item.production:
            yield "    # assumed from the name: counted in the DORA metrics"
            yield "    production: true"
        yield from _deploy(item)


def _deploy(item: AssumedEnvironment) -> Iterator[str]:
    if item.engine == "flux":
        yield "    # Flux applies; `gitops-action deploy` waits until it runs the commit"
        yield "    deploy:"
        yield "      engine: flux"
        if item.kustomizations:
            yield "      # no Kustomization in this repository reads the folder itself"
            yield f"      kustomizations: [{', '.join(map(_quoted, item.kustomizations))}]"
    elif item.engine == "argocd":
        yield "    # Argo CD applies: nothing is deployed by a job of this repository"
    else:
        yield "    # not known: who applies it. `deploy: {engine: push}` applies it from a job,"
        yield "    # `deploy: {engine: flux}` waits for Flux"


def _scalar(value: str) -> str:
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return _quoted(value)


def _quoted(value: str) -> str:
    escaped = value.replace("'", "''")
    return f"'{escaped}'"
