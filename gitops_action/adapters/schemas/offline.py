"""The schemas of every kind that can be known without a cluster."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property

from gitops_action.adapters.schemas.checker import Checker, bundled_kinds
from gitops_action.adapters.schemas.kubernetes import (
    METADATA,
    Kind,
    KubernetesSchemas,
    kubernetes_schemas,
)
from gitops_action.adapters.schemas.messages import duplicates_of, problems_of
from gitops_action.core.config.select import nearest
from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests import Manifest, ManifestError, parse_manifests
from gitops_action.core.manifests.model import SameBody
from gitops_action.core.repository import RepositoryFile
from gitops_action.core.validation.objects import ObjectProblem
from gitops_action.core.validation.structural import JsonSchema, KindSchema, kind_schemas
from gitops_action.errors import GitOpsError, Location, UsageError

# Schemas that a repository brings along: definitions in YAML, and JSON Schema files.

_YAML = (".yaml", ".yml")


@dataclass(frozen=True, kw_only=True)
class SchemaFiles:
    """What files of schemas hold.

    Attributes:
        definitions: CustomResourceDefinitions.
        named: JSON Schemas by the lower-case names that kinds look for.
        problems: files that cannot be read.
    """

    definitions: tuple[Manifest, ...] = ()
    named: Mapping[str, JsonSchema] = field(default_factory=dict)
    problems: tuple[GitOpsError, ...] = ()


def read_schema_files(files: Mapping[str, RepositoryFile]) -> SchemaFiles:
    """Read every file by its ending; other endings are left alone."""
    definitions: list[Manifest] = []
    named: dict[str, JsonSchema] = {}
    problems: list[GitOpsError] = []
    for path in sorted(files):
        try:
            if path.endswith(_YAML):
                definitions += parse_manifests(path, files[path].data)
            elif path.endswith(".json"):
                _read_json(path, files[path].data, definitions, named)
        except (ManifestError, UsageError) as error:
            problems.append(error)
    return SchemaFiles(definitions=tuple(definitions), named=named, problems=tuple(problems))


def names_of(group: str, version: str, kind: str) -> tuple[str, ...]:
    """The names under which a kind's JSON Schema is looked for, the most exact one first."""
    return tuple(
        dict.fromkeys(
            name.lower()
            for name in (
                f"{group}/{kind}_{version}",
                f"{kind}-{group}-{version}",
                f"{kind}-{group.partition('.')[0]}-{version}",
            )
        )
    )


def _read_json(
    path: str, data: bytes, definitions: list[Manifest], named: dict[str, JsonSchema]
) -> None:
    try:
        schema = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, f"it is not JSON: {error}") from None
    if not isinstance(schema, dict):
        raise _unreadable(path, "it holds no schema")
    if schema.get("kind") == "CustomResourceDefinition":
        definitions += parse_manifests(path, data)
        return
    *folders, file = path.lower().removesuffix(".json").split("/")
    named[file] = schema
    if folders:
        named[f"{folders[-1]}/{file}"] = schema


def _unreadable(path: str, cause: str) -> UsageError:
    return UsageError(
        "a schema file cannot be read",
        cause=cause,
        fix="fix it, or take its folder out of `validate.schemas`",
        location=Location(file=path),
    )


# Kinds and versions that a cluster would not know.

_GONE_GROUPS = frozenset({"extensions"})
"""Groups of Kubernetes' own of which nothing is left."""


def unavailable(
    manifest: Manifest,
    kubernetes: KubernetesSchemas,
    served: Collection[Kind],
    defined: Collection[Kind],
) -> ObjectProblem | None:
    """Why a kind cannot be there, when it cannot; None for a kind that may come from elsewhere.

    Args:
        manifest: an object whose kind, in its version, has no schema.
        kubernetes: the built-in kinds.
        served: the kinds that definitions bring and serve.
        defined: all kinds that definitions bring.
    """
    group, kind = manifest.id.group, manifest.id.kind
    if any((each[0], each[2]) == (group, kind) for each in defined):
        versions = _versions(served, group, kind)
        return _problem(manifest, "its definition does not serve this version", versions)
    built_in = kubernetes.kinds
    groups = {each[0] for each in built_in}
    if group not in groups | _GONE_GROUPS:
        return None
    versions = _versions(built_in, group, kind) or _elsewhere(built_in, kind)
    if not versions and "." in group:
        return None  # groups below k8s.io also hold kinds that add-ons define
    near = nearest(kind, sorted({each[2] for each in built_in if each[0] == group}))
    cause = f"Kubernetes {kubernetes.version} does not have it"
    return _problem(manifest, cause, versions, f"did you mean {near!r}?" if near else "")


def _versions(kinds: Collection[Kind], group: str, kind: str) -> list[str]:
    return sorted(_written(each) for each in kinds if (each[0], each[2]) == (group, kind))


def _elsewhere(kinds: Collection[Kind], kind: str) -> list[str]:
    """Where a kind has moved to: `extensions/v1beta1` Deployments are `apps/v1` now."""
    return sorted(_written(each) for each in kinds if each[2] == kind)


def _written(kind: Kind) -> str:
    return f"{kind[0]}/{kind[1]}" if kind[0] else kind[1]


def _problem(
    manifest: Manifest, cause: str, versions: list[str], otherwise: str = ""
) -> ObjectProblem:
    stable = [version for version in versions if "alpha" not in version and "beta" not in version]
    choice = ", ".join(stable or versions)
    return ObjectProblem(
        f"{manifest.id}: there is no {manifest.id.kind} in {manifest.api_version}",
        manifest=manifest,
        steps=("apiVersion",),
        cause=cause,
        fix=f"write `apiVersion: {choice}`" if choice else otherwise or "check kind and version",
    )


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
        self._found: dict[tuple[SameBody, bool], tuple[ObjectProblem, ...]] = {}
        self.notes: tuple[str, ...] = (self._kubernetes.note,) if self._kubernetes.note else ()

    def check(self, manifests: Sequence[Manifest]) -> tuple[GitOpsError, ...]:
        """What is wrong with them, in their order; first what is wrong with the schema files.

        A version of a kind that its Kubernetes version or its definition does not serve is an
        error. An object whose kind is not known is checked for its metadata alone.
        """
        found: list[GitOpsError] = list(self._folder.problems)
        for manifest in manifests:
            found += [problem.of(manifest) for problem in self._checked(manifest)]
        return tuple(found)

    def _checked(self, manifest: Manifest) -> tuple[ObjectProblem, ...]:
        key = (SameBody(manifest.body), manifest.deployer is None)
        if key not in self._found:
            self._found[key] = tuple(self._check(manifest))
        return self._found[key]

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
            if checker is not None:
                yield from duplicates_of(manifest, checker)
        except ValueError as error:  # the schema itself is none
            yield ObjectProblem(
                f"the schema of {manifest.api_version} {manifest.id.kind} cannot be used",
                manifest=manifest,
                cause=str(error).partition("\n")[0],
                fix="fix its definition",
                level="warning",
            )

    @cached_property
    def _metadata(self) -> Checker:
        # What is not an object of a cluster at all (a tool's own file) may hold other metadata.
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
