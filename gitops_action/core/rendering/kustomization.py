"""What a kustomization refers to, by the fields that kustomize's reference lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gitops_action.core.rendering.layout import folder_of, name_of
from gitops_action.core.rendering.texts import Keys, Text, texts_in
from gitops_action.errors import Location

KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The file names that kustomize recognises."""

Role = Literal["resource", "component", "plugin", "file", "charts"]
"""resource: file or folder; component: folder; plugin: file, folder or inline; file: a file;
charts: the folder that charts are in."""

PLUGIN_FIELDS = frozenset({"generators", "transformers", "validators"})

# Field names are in lower case, for kustomize's JSON reader matches them in any.
_LISTS: dict[str, Role] = {
    "resources": "resource",
    "bases": "resource",
    "components": "component",
    "generators": "plugin",
    "transformers": "plugin",
    "validators": "plugin",
    "patchesstrategicmerge": "file",
    "configurations": "file",
    "crds": "file",
}
_ITEM_FIELDS = {
    "patches": ("path",),
    "patchesjson6902": ("path",),
    "replacements": ("path",),
    "configmapgenerator": ("files", "envs", "env"),
    "secretgenerator": ("files", "envs", "env"),
    "helmcharts": ("valuesfile", "additionalvaluesfiles"),
    "helmchartinflationgenerator": ("values",),
}
_KEYED = frozenset({"files"})
# A scheme, git's short form of SSH, or a host with a dot followed by an owner.
_REMOTE = re.compile(
    r"(?i)^(?:[a-z][a-z0-9+.-]*::?//|git::|[\w.-]+@[\w.-]+:|[\w-]+(?:\.[\w-]+)+[:/])"
)
_REMOTE_QUERY = re.compile(r"\?(?:ref|version|timeout|submodules)=")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One thing a kustomization stands on."""

    path: str
    role: Role
    location: Location

    @property
    def remote(self) -> bool:
        """Whether it looks like something outside of the repository."""
        found = _REMOTE.match(self.path) or _REMOTE_QUERY.search(self.path)
        return bool(found) and not self.path.startswith(("./", "../"))


@dataclass(frozen=True, kw_only=True)
class Kustomization:
    """A kustomization file: what it names and which of its texts wear a tag."""

    path: str
    texts: tuple[Text, ...]

    @property
    def folder(self) -> str:
        """Where it lies."""
        return folder_of(self.path)

    @property
    def tagged(self) -> bool:
        """Whether a text has a tag of its own, which YAML readers may take differently."""
        return any(text.tagged for text in self.texts)

    @property
    def charts(self) -> tuple[Location, ...]:
        """Where it asks for Helm charts."""
        keys = ("helmcharts", "helmchartinflationgenerator")
        asking = [text for text in reversed(self.texts) if text.folded and text.folded[0] in keys]
        places = {text.folded[:2]: text.line for text in asking}
        return tuple(Location(file=self.path, line=line) for line in sorted(places.values()))

    @property
    def plugins(self) -> tuple[Location, ...]:
        """Where it uses generators, transformers or validators, by file or inline."""
        lines = [
            text.line for text in self.texts if text.folded and text.folded[0] in PLUGIN_FIELDS
        ]
        return tuple(Location(file=self.path, line=line) for line in lines)

    def references(self) -> Iterator[Reference]:
        """Everything it names by path, in the order of the file; inline texts are none."""
        for text in self.texts:
            role = _role(text.folded)
            if role is None or not text.value or _inline(text.value):
                continue
            path = text.value
            if len(text.folded) > 2 and text.folded[2] in _KEYED and "=" in path:  # noqa: PLR2004
                path = path.partition("=")[2]
            yield Reference(path=path, role=role, location=Location(file=self.path, line=text.line))


def read_kustomization(path: str, data: bytes) -> Kustomization:
    """Read a kustomization file.

    Raises:
        ManifestError: it is no YAML.
    """
    return Kustomization(path=path, texts=texts_in(path, data))


def is_kustomization(path: str) -> bool:
    """Whether kustomize would take a file of this name as a folder's kustomization."""
    return name_of(path) in KUSTOMIZATION_NAMES


def _role(keys: Keys) -> Role | None:
    first = keys[0] if keys else ""
    if keys == ("openapi", "path"):
        return "file"
    if keys == ("helmglobals", "charthome"):
        return "charts"
    if len(keys) == 2 and first in _LISTS:  # noqa: PLR2004 - a list and an index
        return _LISTS[str(first)]
    if len(keys) > 2 and keys[2] in _ITEM_FIELDS.get(str(first), ()):  # noqa: PLR2004 - a field
        return "file"
    return None


def _inline(value: str) -> bool:
    """Whether a text is a patch or a plugin itself rather than the name of its file."""
    return "\n" in value or value.lstrip().startswith(("{", "[")) or ": " in value
