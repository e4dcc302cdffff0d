"""Which file each rendered object came from, found by what the files hold.

kustomize can (`buildMetadata: [originAnnotations]`) but takes four times as long when it does,
and knows no lines. So names are traced back first, through prefixes, suffixes and the hashes of
generated objects; kustomize is asked only where that leaves a doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from gitops_action.core.manifests import Manifest, ObjectId
from gitops_action.core.pattern import pattern
from gitops_action.core.rendering.graph import Graph
from gitops_action.errors import Location

_HASH = pattern(r"-[bcdfghkmt2456789]{10}$")
"""The suffix of generated ConfigMaps and Secrets, in the letters of kustomize's encoder."""

_GENERATORS = {"configmapgenerator": "ConfigMap", "secretgenerator": "Secret"}
_MOST_NAMES = 200

Sources = Callable[[str], Iterable[Manifest]]
"""The objects of a resource file, each with its line."""

_Key = tuple[str, str, str]


class Origins:
    """Traces objects back to the files of one build."""

    def __init__(self, graph: Graph, sources: Sources) -> None:
        """Look at the resources, the generators and the affixes of a build."""
        self._places: dict[_Key, list[tuple[str, Location]]] = {}
        self._generated: dict[_Key, Location] = {}
        self._prefixes = set(_said(graph, "nameprefix"))
        self._suffixes = set(_said(graph, "namesuffix"))
        for path in dict.fromkeys(graph.resources):
            for manifest in sources(path):
                place = manifest.origin or Location(file=path)
                key = (manifest.id.group, manifest.id.kind, manifest.id.name)
                self._places.setdefault(key, []).append((manifest.id.namespace, place))
        self._others = _others(graph)
        self._generators(graph)

    def of(self, identity: ObjectId) -> Location | None:
        """Where an object is from; None where that is in doubt."""
        found: list[tuple[str, Location]] = []
        for name in self._names(identity.name):
            found += self._places.get((identity.group, identity.kind, name), [])
            generated = self._generated.get(("", identity.kind, _HASH.sub("", name)))
            found += [(identity.namespace, generated)] if generated else []
        places = {place for _, place in found}
        if len(places) > 1:
            places = {place for space, place in found if space == identity.namespace}
        if len(places) == 1:
            return places.pop()
        return self._others if not found else None

    def within(self, identity: ObjectId, file: str) -> Location:
        """The line of an object in the file that it is known to be from, where that is clear."""
        places = {
            place
            for name in self._names(identity.name)
            for _, place in self._places.get((identity.group, identity.kind, name), [])
            if place.file == file
        }
        return places.pop() if len(places) == 1 else Location(file=file)

    def _names(self, name: str) -> set[str]:
        """What an object may have been called before prefixes and suffixes were put around it."""
        names = {name}
        waiting = [name]
        while waiting and len(names) < _MOST_NAMES:
            here = waiting.pop()
            shorter = {here.removeprefix(item) for item in self._prefixes}
            shorter |= {here.removesuffix(item) for item in self._suffixes}
            if self._suffixes:
                shorter.add(_HASH.sub("", here))
            waiting += shorter - names
            names |= shorter
        return names

    def _generators(self, graph: Graph) -> None:
        for kustomization in graph.kustomizations:
            for text in kustomization.texts:
                kind = _GENERATORS.get(str(text.folded[0])) if text.folded else None
                if kind and text.folded[2:] == ("name",):
                    place = Location(file=kustomization.path, line=text.line)
                    self._generated.setdefault(("", kind, text.value), place)


def located(manifests: Iterable[Manifest], origins: Origins) -> tuple[tuple[Manifest, ...], bool]:
    """The objects with their origins, and whether every one was found."""
    found = [(manifest, origins.of(manifest.id)) for manifest in manifests]
    whole = all(place for _, place in found)
    return tuple(replace(manifest, origin=place) for manifest, place in found), whole


def told(manifests: Iterable[Manifest], origins: Origins) -> Iterator[Manifest]:
    """Objects whose files kustomize has reported, with their lines where those are clear."""
    for manifest in manifests:
        file = manifest.origin.file if manifest.origin else ""
        yield replace(manifest, origin=origins.within(manifest.id, file))


def _said(graph: Graph, key: str) -> Iterator[str]:
    for kustomization in graph.kustomizations:
        for text in kustomization.texts:
            if text.folded == (key,) and text.value:
                yield text.value


def _others(graph: Graph) -> Location | None:
    """Where objects of no file come from, when only one kustomization can have made them."""
    makers = {
        Location(file=kustomization.path, line=text.line)
        for kustomization in graph.kustomizations
        for text in kustomization.texts
        if text.folded[:1] in {("helmcharts",), ("generators",)}
    }
    files = {place.file for place in makers}
    return min(makers, key=lambda place: place.line or 0) if len(files) == 1 else None
