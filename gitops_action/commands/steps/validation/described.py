"""What the repository describes anywhere: kinds and namespaces that an environment may rest on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from gitops_action.commands.tree_ports import Trees
from gitops_action.core.files import RepositoryFile
from gitops_action.core.manifests import Manifest, read_manifests
from gitops_action.core.trees import Tree
from gitops_action.core.validation.namespaces import declared_namespaces

_YAML = (".yaml", ".yml", ".json")
_WORTH_READING = (b"CustomResourceDefinition", b"Namespace")
_DEFINITION = "CustomResourceDefinition"


class Described:
    """Looks through the files of a tree when it is first asked, and only then.

    Most changes need neither: their environments bring their own definitions and namespaces.
    """

    def __init__(self, trees: Trees, tree: Tree, schemas: Iterable[str]) -> None:
        """Take the tree after the merge, and the folders that hold schemas."""
        self._trees = trees
        self._tree = tree
        self._folders = tuple(f"{folder.strip('/')}/" for folder in schemas)

    @cached_property
    def schema_files(self) -> Mapping[str, RepositoryFile]:
        """The files in the folders for schemas that the configuration names."""
        found = [path for path in self._paths() if path.startswith(self._folders)]
        return self._trees.read(self._tree, found) if found else {}

    @cached_property
    def everywhere(self) -> tuple[Manifest, ...]:
        """Every definition that a file of the repository holds."""
        return definitions(self._all)

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """Every namespace that a file of the repository describes."""
        return declared_namespaces(self._all)

    @cached_property
    def _all(self) -> tuple[Manifest, ...]:
        return self._read(self._paths())

    def _paths(self) -> list[str]:
        return [path for path in self._tree.files if path.lower().endswith(_YAML)]

    def _read(self, paths: list[str]) -> tuple[Manifest, ...]:
        """Objects of the files; what is wrong with a file is told where it is deployed."""
        files = self._trees.read(self._tree, paths).values() if paths else ()
        return tuple(
            manifest
            for file in files
            if any(word in file.data for word in _WORTH_READING)
            for manifest in read_manifests(file.path, file.data).manifests
        )


def definitions(manifests: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Those that define kinds."""
    return tuple(item for item in manifests if item.id.kind == _DEFINITION)
