"""Without configuration: whether several overlays could be meant, so that nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gitops_action.core.discovery.live import Live
from gitops_action.core.plan.errors import AmbiguousEnvironmentError
from gitops_action.core.plan.targets import Wanted
from gitops_action.errors import Location

_PARENTS = frozenset({"overlays", "overlay", "environments", "envs", "env", "clusters", "stages"})
_APPLICATION_PARENTS = frozenset({"applications", "apps", "services"})
_STAGES = frozenset(
    {
        *("dev", "develop", "development", "test", "testing", "qa", "uat", "int", "integration"),
        *("stage", "staging", "preview", "preprod", "pre-prod", "pre-production", "sandbox"),
        *("prod", "production", "live", "canary"),
    }
)
_VALUES = re.compile(r"values[-_.](?P<name>[^/]+)\.ya?ml|(?P<other>[^/]+)[-_.]values\.ya?ml")

Sibling = tuple[str, str]
"""What the siblings have in common, and which of them it is."""


def refuse_ambiguity(wanted: Iterable[Wanted]) -> None:
    """Refuse when sibling overlays settle an image in different places.

    Raises:
        AmbiguousEnvironmentError: with file and line in each overlay.
    """
    groups: dict[tuple[str, str], dict[str, dict[tuple[str, str], Location]]] = {}
    for item in wanted:
        spot = item.live.version.main
        for parent, name in siblings(item.live):
            overlays = groups.setdefault((str(item.live.repository), parent), {})
            place = Location(file=spot.file, line=spot.line)
            overlays.setdefault(name, {})[spot.key] = place
    for (repository, parent), overlays in groups.items():
        settled = {frozenset(places) for places in overlays.values()}
        if len(overlays) > 1 and len(settled) > 1:
            named = {
                f"{parent}/{name}".lstrip("/"): tuple(places.values())
                for name, places in sorted(overlays.items())
            }
            raise AmbiguousEnvironmentError(repository, named)


def siblings(live: Live) -> Iterable[Sibling]:
    """The overlays an image is part of: by folder names, by building on a base, by file names."""
    *folders, file = live.root.split("/")
    for index, folder in enumerate(folders):
        parent = folders[index - 1] if index else ""
        if parent in _PARENTS or folder.lower() in _STAGES:
            yield "/".join(folders[:index]), folder
            return
    above = folders[-2] if len(folders) > 1 else ""
    if folders and _builds_on_others(live) and above not in _APPLICATION_PARENTS:
        yield "/".join(folders[:-1]), folders[-1]
    values = _VALUES.fullmatch(file)
    if values:
        yield "/".join([*folders, "values"]), values["name"] or values["other"]


def _builds_on_others(live: Live) -> bool:
    """Whether its root is a kustomization over something outside its own folder, or not seen."""
    folder = live.root.rpartition("/")[0]
    return (not live.seen and bool(live.layers)) or any(
        not layer.kustomization.startswith(f"{folder}/") for layer in live.layers[:-1]
    )
