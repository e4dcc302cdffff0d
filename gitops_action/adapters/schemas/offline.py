"""The schemas of every kind that can be known without a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from gitops_action.adapters.schemas.checker import Checker
from gitops_action.adapters.schemas.folder import names_of, read_schema_files
from gitops_action.adapters.schemas.kubernetes import METADATA, Kind, kubernetes_schemas
from gitops_action.adapters.schemas.shorthand import bundled_kinds
from gitops_action.adapters.schemas.versions import unavailable
from gitops_action.adapters.schemas.words import problems_of
from gitops_action.core.files import RepositoryFile
from gitops_action.core.manifests import Manifest
from gitops_action.core.validation import ObjectProblem
from gitops_action.core.validation.structural import KindSchema, kind_schemas
from gitops_action.errors import GitOpsError

_DEFINITION = ("apiextensions.k8s.io", "CustomResourceDefinition")
_ANYTHING: Mapping[str, object] = {
    "type": "object",
    "properties": {"metadata": {"$ref": METADATA}},
}


class OfflineSchemas:
    """Looks for a kind's schema in this order, and checks objects by the first that is found.

    The built-in kinds of the Kubernetes version; definitions among the repository's objects and
    in the schema files; JSON Schemas in the schema files; the bundled ones of Flux and kustomize.
    Of all other objects only the metadata are checked.

    Attributes:
        notes: what a person should know, such as that another Kubernetes version stands in.
    """

    def __init__(
        self,
        kubernetes: str,
        crds: Iterable[Manifest] = (),
        files: Mapping[str, RepositoryFile] | None = None,
    ) -> None:
        """Sort what there is; schemas are compiled when the first object of their kind comes.

        Args:
            kubernetes: the version as `1.36`.
            crds: objects of the repository; the CustomResourceDefinitions among them count.
            files: the schema files of the configured folders, by path.

        Raises:
            ValueError: `kubernetes` is no version.
        """
        self._kubernetes = kubernetes_schemas(kubernetes)
        self._folder = read_schema_files(files or {})
        self._defined = dict(_defined((*self._folder.definitions, *crds)))
        self._served = {kind for kind, schema in self._defined.items() if schema.served}
        self._checkers: dict[Kind, Checker | None] = {}
        self.notes: tuple[str, ...] = (self._kubernetes.note,) if self._kubernetes.note else ()

    def check(self, manifests: Sequence[Manifest]) -> tuple[GitOpsError, ...]:
        """What is wrong with them, in their order; first what is wrong with the schema files.

        A version of a kind that its Kubernetes version or its definition does not serve is an
        error. An object whose kind is not known is checked for its metadata alone.
        """
        found: list[GitOpsError] = list(self._folder.problems)
        for manifest in manifests:
            found += self._check(manifest)
        return tuple(found)

    def unknown(self, manifests: Sequence[Manifest]) -> tuple[Manifest, ...]:
        """Those whose kind no schema is known for, under any version."""
        return tuple(
            manifest
            for manifest in manifests
            if self._checker(_kind(manifest)) is None and self._unavailable(manifest) is None
        )

    def _check(self, manifest: Manifest) -> Iterator[ObjectProblem]:
        checker = self._checker(_kind(manifest))
        absent = self._unavailable(manifest) if checker is None else None
        if absent is not None:
            yield absent
            return
        try:
            yield from problems_of(manifest, checker or self._metadata)
        except ValueError as error:  # the schema itself is none
            yield ObjectProblem(
                f"the schema of {manifest.api_version} {manifest.id.kind} cannot be used",
                manifest=manifest,
                cause=str(error).partition("\n")[0],
                fix="mend its definition",
                level="warning",
            )

    @cached_property
    def _metadata(self) -> Checker:
        # What is no object of a cluster at all (a tool's own file) may hold other metadata.
        return Checker(dict(_ANYTHING), self._kubernetes.library, near_only=True)

    def _unavailable(self, manifest: Manifest) -> ObjectProblem | None:
        return unavailable(manifest, self._kubernetes, self._served, self._defined.keys())

    def _checker(self, kind: Kind) -> Checker | None:
        if kind not in self._checkers:
            self._checkers[kind] = self._find(kind)
        return self._checkers[kind]

    def _find(self, kind: Kind) -> Checker | None:
        built_in = self._kubernetes.checker(kind)
        if built_in is not None:
            return built_in
        library = self._kubernetes.library
        defined = self._defined.get(kind)
        if defined is not None:
            return Checker(defined.schema or dict(_ANYTHING), library) if defined.served else None
        for name in names_of(*kind):
            if name in self._folder.named:
                return Checker(self._folder.named[name], library)
        bundled = bundled_kinds(METADATA).get(kind)
        return Checker(bundled, library, near_only=True) if bundled is not None else None


def _defined(manifests: Iterable[Manifest]) -> Iterator[tuple[Kind, KindSchema]]:
    for manifest in manifests:
        if (manifest.id.group, manifest.id.kind) == _DEFINITION:
            for schema in kind_schemas(manifest, METADATA):
                yield (schema.group, schema.version, schema.kind), schema


def _kind(manifest: Manifest) -> Kind:
    return manifest.id.group, manifest.version, manifest.id.kind
