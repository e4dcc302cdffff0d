"""Where values come from that kustomize copies: generators, their files, other objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gitops_action.core.discovery.cursor import Cursor, Tree, tree_of
from gitops_action.core.discovery.image import Spot, Untraced
from gitops_action.core.discovery.kinds.kustomize import PatchTarget
from gitops_action.core.discovery.kinds.workloads import is_manifest, manifests, resource_of
from gitops_action.core.discovery.replacements import Find, missing_source, segments
from gitops_action.core.discovery.source import YAML_ENDINGS, Source, items, resolved
from gitops_action.core.discovery.transforms import matches

_GENERATORS = (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret"))
_ENV_FIX = "change it there by hand, or write it as one of the generator's `literals`"


@dataclass(kw_only=True)
class _Generated:
    """A ConfigMap or Secret that a generator makes."""

    kind: str
    name: str
    literals: dict[str, Spot] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    envs: list[str] = field(default_factory=list)


class ValueSources:
    """What the generators of one kustomization make, and the objects in its files."""

    def __init__(
        self, source: Source, folder: str, top: Cursor | None, files: frozenset[str] = frozenset()
    ) -> None:
        """Read the generators; `files` are those in which objects are looked for."""
        self._source = source
        self._folder = folder
        self._objects = files
        self._taken: set[str] = set()
        self.files: set[str] = set()
        self._generated = [self._read(*pair) for pair in _generators(top)]

    def finder(self, item: Cursor) -> Find:
        """How a replacement finds the scalar at a field path of an object."""

        def find(selector: PatchTarget, path: str) -> Spot | Untraced:
            found = self._in_generators(selector, segments(path))
            found = found or self._in_objects(selector, segments(path))
            return found or missing_source(item, selector, path)

        return find

    def loose(self) -> Iterator[str]:
        """YAML files of generators that no release of this kustomization takes as values."""
        paths = (path for made in self._generated for path in made.files.values())
        for path in dict.fromkeys(paths):
            if path not in self._taken and path.endswith(YAML_ENDINGS) and self._source.reads(path):
                yield path

    def values(self, kind: str, name: str, key: str) -> tuple[Tree, ...]:
        """Values that a generated ConfigMap or Secret holds as a file."""
        for made in self._generated:
            path = made.files.get(key) if (made.kind, made.name) == (kind, name) else None
            if path is not None and self._source.reads(path):
                self._taken.add(path)
                held = self._source.documents(path, whole=True)
                return tuple(tree_of(document) for document in held)
        return ()

    def _read(self, generator: Cursor, kind: str) -> _Generated:
        made = _Generated(kind=kind, name=generator.say("name"))
        for item in items(generator.get("literals")):
            key, equals, value = (item.text or "").partition("=")
            if equals and item.spot:
                quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
                start = len(key) + 1 + quoted
                made.literals[key] = item.spot.part(start, len(item.spot.value) - quoted)
        for item in items(generator.get("files")):
            path = resolved(self._source, self._folder, item, keyed=True)
            if path is not None:
                key = (item.text or "").partition("=")[0]
                named = key if "=" in (item.text or "") else path.rpartition("/")[2]
                made.files[named] = path
        one = generator.get("env")
        for item in (*items(generator.get("envs")), *((one,) if one else ())):
            path = resolved(self._source, self._folder, item)
            made.envs += [path] if path is not None else []
        self.files |= {*made.files.values(), *made.envs}
        return made

    def _in_generators(
        self, selector: PatchTarget, path: tuple[str, ...]
    ) -> Spot | Untraced | None:
        if len(path) < 2 or path[0] not in {"data", "stringData"}:  # noqa: PLR2004 - data.KEY
            return None
        for made in self._generated:
            if selector.kind in {"", made.kind} and selector.name in {"", made.name}:
                key = ".".join(path[1:])
                found = made.literals.get(key) or self._in_files(made, key)
                if found:
                    return found
        return None

    def _in_files(self, made: _Generated, key: str) -> Untraced | None:
        if key in made.files:
            return Untraced(
                file=made.files[key], line=1, what=f"it is read from {key}", fix=_ENV_FIX
            )
        for path in made.envs:
            if not self._source.reads(path, always=True):
                continue
            lines = self._source.data(path).decode("utf-8", "replace").splitlines()
            for number, line in enumerate(lines, start=1):
                if line.partition("=")[0].strip() == key:
                    what = f"kustomize takes the value of {key} in this file"
                    return Untraced(file=path, line=number, what=what, fix=_ENV_FIX)
        return None

    def _in_objects(self, selector: PatchTarget, path: tuple[str, ...]) -> Spot | Untraced | None:
        for file in sorted(self._objects):
            if not self._source.reads(file, always=True) or self._source.is_link(file):
                continue
            for document in self._source.documents(file, whole=True):
                for manifest in manifests(document) if is_manifest(document) else ():
                    if matches(selector, resource_of(manifest)):
                        found = manifest.get(*path)
                        if found is not None and found.spot is not None:
                            return found.spot
        return None


def _generators(top: Cursor | None) -> Iterator[tuple[Cursor, str]]:
    for key, kind in _GENERATORS:
        for generator in items(top.get(key) if top else None):
            yield generator, kind
