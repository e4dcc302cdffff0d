"""Walking a parsed file while remembering the way: what recognisers read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from gitops_action.core.dataclass import dataclass
from gitops_action.core.discovery.image import Spot
from gitops_action.core.yaml.nodes import MappingNode, Node, Scalar, SequenceNode, YamlFile
from gitops_action.core.yaml.parse import parse
from gitops_action.core.yaml.path import Step, YamlPath, YamlSyntaxError
from gitops_action.errors import GitOpsError, Location

# What can be wrong with an environment's files, seen from discovery.


class KustomizeCycleError(GitOpsError):
    """Kustomizations that build on each other in a circle."""

    def __init__(self, folders: Sequence[str], location: Location) -> None:
        """Show the circle, first folder again at its end."""
        self.folders = tuple(folders)
        super().__init__(
            "Kustomizations build on each other in a circle",
            cause=" → ".join(folder or "." for folder in folders),
            fix="take one of the references out; kustomize cannot build this either",
            location=location,
        )


class OutsideRepositoryError(GitOpsError):
    """A reference or a symbolic link that leads out of the repository."""

    def __init__(self, path: str, location: Location) -> None:
        """Name what leads out, and where it is written."""
        self.path = path
        super().__init__(
            f"{path} leads out of the repository",
            cause="nothing outside the repository is read or written",
            fix="keep the file in the repository, or refer to it by URL",
            location=location,
        )


class FoldersNotReadError(GitOpsError):
    """The environment builds on folders that were not read; reading them too fixes it.

    Attributes:
        folders: what is missing, relative to the repository.
    """

    def __init__(self, folders: Sequence[str]) -> None:
        """Name the folders."""
        self.folders = tuple(sorted(folders))
        super().__init__(
            "The environment builds on folders that were not read",
            cause=", ".join(folder or "." for folder in self.folders),
            fix="read these folders too",
        )


class FilesNotReadError(GitOpsError):
    """Files of the environment name others that the prefilter passed over.

    Attributes:
        paths: what is missing; they may not exist.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        """Name the files."""
        self.paths = tuple(sorted(paths))
        super().__init__(
            "The environment names files that were not read",
            cause="\n".join(self.paths),
            fix="read these files too",
        )


class OvergrownDocumentError(GitOpsError):
    """A document whose aliases expand beyond any real manifest."""

    def __init__(self, location: Location) -> None:
        """Name the file."""
        super().__init__(
            "The aliases of this document expand to too many values",
            cause="real manifests are smaller by far",
            fix="write the document with fewer nested aliases",
            location=location,
        )


_MOST_NODES = 200_000


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """A value and the way to it, which stays the way that was gone where it leads over an alias.

    Attributes:
        file: path in the repository.
        document: index of the document, from 0.
        steps: keys and indexes from the document's top.
        node: the value; None where it was not read from a file.
        outer: the scalar whose text this document was read from.
    """

    file: str
    document: int
    steps: tuple[Step, ...]
    node: Node | None
    outer: Spot | None = None

    @property
    def line(self) -> int:
        """The line in the repository's file; inside a block of text it is counted on."""
        return (self.node.line if self.node else 0) + (self.outer.line if self.outer else 0)

    @property
    def location(self) -> Location:
        """File and line."""
        return Location(file=self.file, line=self.line)

    @property
    def last(self) -> Step:
        """The key or index that led here."""
        return self.steps[-1] if self.steps else ""

    @property
    def is_mapping(self) -> bool:
        """Whether it has keys."""
        return isinstance(self.node, MappingNode)

    @property
    def text(self) -> str | None:
        """The text of a scalar that is not null, else None."""
        if isinstance(self.node, Scalar) and self.node.kind != "null":
            return self.node.value
        return None

    @property
    def spot(self) -> Spot | None:
        """The scalar as a spot; None for mappings and sequences."""
        if not isinstance(self.node, Scalar):
            return None
        path = YamlPath(document=self.document, steps=self.steps)
        own = replace(self.node.path, document=self.document)
        places = (replace(place, document=self.document) for place in self.node.aliases)
        return Spot(
            file=self.file,
            path=path,
            value=self.node.value,
            line=self.line,
            kind=self.node.kind,
            comment=self.node.comment,
            outer=self.outer,
            anchored=None if own == path else own,
            readers=tuple(place for place in (own, *places) if place != path),
            has_anchor=self.node.anchor is not None,
        )

    def get(self, *keys: str) -> Cursor | None:
        """The value below these keys, or None."""
        here: Cursor | None = self
        for key in keys:
            node = here.node if here else None
            found = node.get(key) if isinstance(node, MappingNode) else None
            here = _down(here, key, found) if here and found is not None else None
        return here

    def say(self, *keys: str) -> str:
        """The text below these keys; empty when it is not there."""
        found = self.get(*keys)
        return (found.text or "") if found else ""

    def items(self) -> Iterator[Cursor]:
        """The items of a sequence; nothing for anything else."""
        if isinstance(self.node, SequenceNode):
            for index, node in enumerate(self.node.items):
                yield _down(self, index, node)

    def entries(self) -> Iterator[tuple[str, Cursor]]:
        """Keys and values of a mapping, merged ones included; nothing for anything else."""
        if isinstance(self.node, MappingNode):
            seen: set[str] = set()
            for mapping in (self.node, *self.node.merged()):
                for entry in mapping.entries:
                    if not entry.merge and entry.name not in seen:
                        seen.add(entry.name)
                        yield entry.name, _down(self, entry.name, entry.value)

    def children(self) -> Iterator[Cursor]:
        """What is directly below."""
        yield from (child for _, child in self.entries())
        yield from self.items()

    def walk(self) -> Iterator[Cursor]:
        """This and everything below, parents first.

        Raises:
            OvergrownDocumentError: aliases expand beyond any real manifest.
        """
        waiting, seen = [self], 0
        while waiting:
            here = waiting.pop()
            seen += 1
            if seen > _MOST_NODES:
                raise OvergrownDocumentError(self.location)
            yield here
            waiting.extend(reversed(list(here.children())))

    def lists(self, names: Collection[str]) -> Iterator[Cursor]:
        """This and everything below that stands under one of these keys, parents first."""
        return (here for here in self.walk() if here.last in names)

    def inside(self) -> tuple[Cursor, ...]:
        """The documents of the YAML that this scalar's text holds; none when it holds none."""
        spot = self.spot
        if spot is None or self.outer is not None:
            return ()
        try:
            file = parse(self.file, spot.value.encode())
        except YamlSyntaxError:
            return ()
        # Content of a block starts on the line after its indicator, that of a quote on its own.
        first = 0 if isinstance(self.node, Scalar) and self.node.style in _BLOCKS else 1
        outer = replace(spot, line=spot.line - first)
        return documents(file, outer=outer)


def _down(here: Cursor, step: Step, node: Node) -> Cursor:
    """Built in full: `dataclasses.replace` takes most of the time of a walk."""
    return Cursor(
        file=here.file,
        document=here.document,
        steps=(*here.steps, step),
        node=node,
        outer=here.outer,
    )


@dataclass(frozen=True, kw_only=True)
class ObjectCursor(Cursor):
    """The same over a rendered object: values as JSON has them, which stand in no file."""

    value: object

    @property
    def is_mapping(self) -> bool:
        """Whether it has keys."""
        return isinstance(self.value, dict)

    @property
    def text(self) -> str | None:
        """The text of a scalar that is not null, as YAML writes it."""
        return _scalar_text(self.value)

    @property
    def spot(self) -> Spot | None:
        """The scalar as a spot without a file."""
        text = self.text
        if text is None and self.value is not None:
            return None
        kind = "null" if text is None else "string" if isinstance(self.value, str) else "int"
        path = YamlPath(document=0, steps=self.steps)
        return Spot(file=self.file, path=path, value=text or "", line=0, kind=kind)

    def get(self, *keys: str) -> Cursor | None:
        """The value below these keys, or None."""
        value, steps = self.value, self.steps
        for key in keys:
            if not isinstance(value, dict) or key not in value:
                return None
            value, steps = value[key], (*steps, key)
        return _at(self, steps, value)

    def say(self, *keys: str) -> str:
        """The same without a cursor, which most objects are not worth."""
        value = self.value
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return _scalar_text(value) or ""

    def items(self) -> Iterator[Cursor]:
        """The items of a sequence; nothing for anything else."""
        for index, item in enumerate(_listed(self.value)):
            yield _at(self, (*self.steps, index), item)

    def entries(self) -> Iterator[tuple[str, Cursor]]:
        """Keys and values of a mapping; nothing for anything else."""
        if isinstance(self.value, dict):
            for key, item in self.value.items():
                yield str(key), _at(self, (*self.steps, str(key)), item)

    def lists(self, names: Collection[str]) -> Iterator[Cursor]:
        """The same without a cursor for each value on the way, which is most of the time."""
        waiting: list[tuple[tuple[Step, ...], object]] = [(self.steps, self.value)]
        while waiting:
            steps, value = waiting.pop()
            if steps and steps[-1] in names:
                yield _at(self, steps, value)
            pairs = value.items() if isinstance(value, dict) else enumerate(_listed(value))
            below = [
                ((*steps, step), inner) for step, inner in pairs if isinstance(inner, _HOLDERS)
            ]
            waiting.extend(reversed(below))


_HOLDERS = (dict, list)


def _scalar_text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else None


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _at(here: Cursor, steps: tuple[Step, ...], value: object) -> ObjectCursor:
    return ObjectCursor(file=here.file, document=0, steps=steps, node=None, value=value)


def object_cursor(body: Mapping[str, object]) -> Cursor:
    """A cursor at the top of a rendered object."""
    return ObjectCursor(file="", document=0, steps=(), node=None, value=body)


_BLOCKS = ("literal", "folded")


def documents(file: YamlFile, outer: Spot | None = None) -> tuple[Cursor, ...]:
    """A cursor at the top of each document that is not empty."""
    return tuple(
        Cursor(file=file.path, document=index, steps=(), node=node, outer=outer)
        for index, node in enumerate(file.documents)
        if node is not None
    )


# Values as Helm sees them: several layers merged into one tree, each leaf knowing its place.

Tree: TypeAlias = "dict[str, Tree] | list[Tree] | Cursor"


def tree_of(cursor: Cursor) -> Tree:
    """A value with everything below it."""
    sum(1 for _ in cursor.walk())  # refuses what its aliases blow up
    return _tree(cursor)


def _tree(cursor: Cursor) -> Tree:
    if cursor.is_mapping:
        return {key: _tree(value) for key, value in cursor.entries()}
    items = [_tree(item) for item in cursor.items()]
    return cursor if cursor.spot else items


def merge(layers: Iterable[Tree]) -> Tree:
    """Later layers win, mappings are merged key by key, as Helm does with several values."""
    merged: Tree = {}
    for layer in layers:
        merged = _over(merged, layer)
    return merged


def _over(below: Tree, above: Tree) -> Tree:
    if isinstance(below, dict) and isinstance(above, dict):
        both = dict(below)
        for key, value in above.items():
            both[key] = _over(both[key], value) if key in both else value
        return both
    return above


def put(tree: dict[str, Tree], dotted: str, leaf: Cursor) -> None:
    """Set one leaf by the dotted name that `helm --set` and Argo CD parameters use."""
    *parents, last = [part.replace("\0", ".") for part in dotted.replace("\\.", "\0").split(".")]
    here = tree
    for parent in parents:
        below = here.get(parent)
        if not isinstance(below, dict):
            below = here[parent] = {}
        here = below
    here[last] = leaf
