"""Flux' controllers built from source once, and the definitions of their kinds.

source-controller stays at v1.3.0: the newest whose modules can all be had. Its definitions get the
versions of kinds that the newer kustomize-controller's client asks for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from testbed import cache
from testbed.gotool import Module, go_module, go_source
from testbed.progress import progress

SOURCE_PATH = "github.com/fluxcd/source-controller"
KUSTOMIZE_PATH = "github.com/fluxcd/kustomize-controller"
SOURCE_VERSION = "v1.3.0"
VERSION = "v1.9.6"
_MODULES = Path(__file__).parent / "modules"
SOURCE = Module(folder=_MODULES / "source-controller", packages=[SOURCE_PATH], usual="5 min")
KUSTOMIZE = Module(
    folder=_MODULES / "kustomize-controller", packages=[KUSTOMIZE_PATH], usual="5 min"
)
DEFINITIONS = f"flux/definitions-{SOURCE_VERSION}-{VERSION}.json"
_BASES = "config/crd/bases"

Definition = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Binaries:
    """The controllers' programs, and a file with the definitions of their kinds (JSON List)."""

    source: Path
    kustomize: Path
    definitions: Path


def find_binaries() -> Binaries:
    """Build what is not built yet.

    Raises:
        PartError: it does not build.
    """
    return Binaries(
        source=_controller(SOURCE),
        kustomize=_controller(KUSTOMIZE),
        definitions=definitions(),
    )


def _controller(module: Module) -> Path:
    return go_module(module) / module.folder.name


def definitions() -> Path:
    """The file with the definitions, put together once: the sources are needed only for that.

    Raises:
        PartError: a source cannot be had.
    """
    return cache.item(DEFINITIONS, _write_definitions)


def _write_definitions(target: Path) -> None:
    with progress("fetching the definitions of Flux' kinds", "1 min"):
        items = _merged(
            _read(go_source(SOURCE_PATH, SOURCE_VERSION)), _read(go_source(SOURCE_PATH, VERSION))
        )
        items += _read(go_source(KUSTOMIZE_PATH, VERSION))
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    target.write_text(text, encoding="utf-8")


def _read(source: Path) -> list[Definition]:
    return [
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted((source / _BASES).glob("*.yaml"))
    ]


def _merged(own: list[Definition], newer: list[Definition]) -> list[Definition]:
    """The running controller's definitions, and what only the newer release has, not stored."""
    merged = {item["metadata"]["name"]: item for item in own}
    for item in newer:
        known = merged.get(item["metadata"]["name"])
        if known is None:
            merged[item["metadata"]["name"]] = item
            continue
        names = {version["name"] for version in known["spec"]["versions"]}
        known["spec"]["versions"] += [
            {**version, "storage": False}
            for version in item["spec"]["versions"]
            if version["name"] not in names
        ]
    return list(merged.values())
