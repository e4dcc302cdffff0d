"""What a kustomization refers to, by the fields that kustomize's reference lists."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests.model import ManifestError
from gitops_action.core.manifests.reader import (
    MAPPING_TAG,
    PLAIN_TAG,
    SEQUENCE_TAG,
    TEXT_TAG,
    compose_nodes,
    read_documents,
)
from gitops_action.core.rendering.layout import folder_of
from gitops_action.errors import Location

if TYPE_CHECKING:
    from yaml.nodes import Node

# Every text in a YAML file with its place: what a kustomization may refer to by.

Keys = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Text:
    """A scalar: its text, the keys that lead to it, and its line.

    `folded` are the keys as kustomize matches them: Go's JSON reader ignores case.

    `plain` means that it is written without quotes, `tagged` that it, or something around it,
    wears a tag of its own.
    """

    value: str
    keys: Keys
    folded: Keys
    line: int
    plain: bool = False
    tagged: bool = False


_OWN_TAGS = frozenset({PLAIN_TAG, TEXT_TAG, MAPPING_TAG, SEQUENCE_TAG})
_MERGE = "<<"

MAX_TEXTS = 100_000
"""How many values a file may come to, its aliases written out."""


@lru_cache(maxsize=16384)
def texts_in(path: str, data: bytes) -> tuple[Text, ...]:
    """Every scalar value of every document, those of repeated keys and of merges as well.

    Several questions are asked of a file, on both sides of a change: it is read once.

    Raises:
        ManifestError: the file is not YAML, or its aliases blow it up.
    """
    nodes = tuple(compose_nodes(path, data))
    found = (text for node in nodes for text in _walk(node, _ReferencePlace()))
    least = _least_values(nodes, {}) if b"*" in data else 0
    texts = tuple(islice(found, MAX_TEXTS + 1)) if least <= MAX_TEXTS else ()
    if max(least, len(texts)) > MAX_TEXTS:
        raise ManifestError(
            f"file comes to over {MAX_TEXTS} values",
            fix="write it shorter, or with fewer aliases",
            location=Location(file=path),
        )
    return texts


def _least_values(nodes: Iterable[Node], counts: dict[int, int]) -> int:
    """How many values nodes come to, without writing their aliases out; empty lists are values too.

    What an alias repeats is counted once and added up; a circle ends where it begins.
    """
    total = 0
    for node in nodes:
        if id(node) not in counts:
            counts[id(node)] = 0
            inner = node.value if isinstance(node.value, list) else ()
            values = [item[1] if isinstance(item, tuple) else item for item in inner]
            counts[id(node)] = _least_values(values, counts) if values else 1
        total += counts[id(node)]
    return total


@dataclass(frozen=True, kw_only=True)
class _ReferencePlace:
    """Where a node stands: the keys to it, the nodes around it, and whether one wears a tag."""

    keys: Keys = ()
    folded: Keys = ()
    around: tuple[int, ...] = ()
    tagged: bool = False

    def inside(self, node: Node, key: str | int, *, tagged: bool = False) -> _ReferencePlace:
        """The place of what `node` holds below `key`; what is merged in stands one higher."""
        more: Keys = () if key == _MERGE else (key,)
        folded: Keys = tuple(name.casefold() if isinstance(name, str) else name for name in more)
        return _ReferencePlace(
            keys=(*self.keys, *more),
            folded=(*self.folded, *folded),
            around=(*self.around, id(node)),
            tagged=self.tagged or tagged or node.tag not in _OWN_TAGS,
        )


def _walk(node: Node, place: _ReferencePlace) -> Iterator[Text]:
    from yaml.nodes import MappingNode, ScalarNode, SequenceNode  # noqa: PLC0415 - only when used

    if id(node) in place.around:
        return
    if isinstance(node, ScalarNode):
        yield Text(
            value=node.value,
            keys=place.keys,
            folded=place.folded,
            line=node.start_mark.line + 1,
            plain=node.tag == PLAIN_TAG,
            tagged=place.tagged or node.tag not in _OWN_TAGS,
        )
    elif isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(item, place.inside(node, index))
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else ""
            tagged = key.tag not in _OWN_TAGS
            yield from _walk(value, place.inside(node, name, tagged=tagged))


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


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One thing a kustomization stands on."""

    path: str
    role: Role
    location: Location


@dataclass(frozen=True, kw_only=True)
class KustomizationFile:
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


def read_kustomization(path: str, data: bytes) -> KustomizationFile:
    """Read a kustomization file.

    Raises:
        ManifestError: it is not YAML.
    """
    return KustomizationFile(path=path, texts=texts_in(path, data))


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


# A kustomization that reports where each object comes from.

_KEY = "buildMetadata"
_OPTION = "originAnnotations"


def with_origins(data: bytes) -> bytes | None:
    """The kustomization with `buildMetadata: [originAnnotations]`; None where it has that already.

    A line is added where that is possible, so that kustomize reads the file's own words; only a
    file in flow style, or with other build metadata, is written again, as JSON.

    Raises:
        ManifestError: it is not YAML.
    """
    from yaml.nodes import MappingNode  # noqa: PLC0415 - only what renders pays for it

    nodes = list(compose_nodes("", data))
    root = nodes[0] if len(nodes) == 1 else None
    plain = isinstance(root, MappingNode) and not root.flow_style and b"\n..." not in data
    if plain and isinstance(root, MappingNode):
        keys = {str(key.value).casefold() for key, _ in root.value}
        if _KEY.casefold() not in keys:
            indent = b" " * root.start_mark.column
            return data.rstrip(b"\n") + b"\n" + indent + f"{_KEY}: [{_OPTION}]\n".encode()
    documents = read_documents("", data)
    body = documents[0].value if documents else {}
    if not isinstance(body, dict):
        return None  # kustomize says what is wrong with it
    found = [item for key, item in body.items() if key.casefold() == _KEY.casefold()]
    listed = [option for item in found if isinstance(item, list) for option in item]
    if _OPTION in listed:
        return None
    others = {key: item for key, item in body.items() if key.casefold() != _KEY.casefold()}
    return json.dumps({**others, _KEY: [*listed, _OPTION]}, ensure_ascii=False).encode()
