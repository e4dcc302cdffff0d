"""Schemas that a repository brings along: definitions in YAML, and JSON Schema files.

JSON Schemas are told apart by their names, as common catalogs and validators write them:
`<kind>-<group>-<version>.json` (of the group also its first part alone) and
`<group>/<kind>_<version>.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from gitops_action.core.files import RepositoryFile
from gitops_action.core.manifests import Manifest, ManifestError, parse_manifests
from gitops_action.core.validation.structural import JsonSchema
from gitops_action.errors import GitOpsError, Location, UsageError

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
        fix="mend it, or take its folder out of `validate.schemas`",
        location=Location(file=path),
    )
