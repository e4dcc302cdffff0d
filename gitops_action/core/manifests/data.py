"""The data of ConfigMaps and Secrets: values are text, and base64 where the API decodes them."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator

from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests import fields
from gitops_action.core.manifests.model import Manifest


@dataclass(frozen=True, kw_only=True)
class DataFault:
    """A value that the API server refuses, without the value: it may be a secret."""

    part: str
    key: str
    title: str
    cause: str
    fix: str


def data_faults(manifest: Manifest) -> Iterator[DataFault]:
    """Values of a ConfigMap or Secret that are no text, or no base64 where they have to be."""
    if manifest.id.group or manifest.id.kind not in {"ConfigMap", "Secret"}:
        return
    encoded = "data" if manifest.id.kind == "Secret" else "binaryData"
    for part in ("data", "binaryData", "stringData"):
        for key, value in fields.mapping(manifest.body, part).items():
            if value is not None and not isinstance(value, str):
                yield _no_text(part, str(key), value)
            elif isinstance(value, str) and part == encoded and not _is_base64(value):
                yield _no_base64(part, str(key))


def _no_text(part: str, key: str, value: object) -> DataFault:
    kinds = {bool: "a boolean", int: "a number", float: "a number"}
    return DataFault(
        part=part,
        key=key,
        title=f"{part}.{key} is not text",
        cause=f"YAML reads it as {kinds.get(type(value), 'a list or a mapping')}",
        fix="put the value into quotes",
    )


def _no_base64(part: str, key: str) -> DataFault:
    plain = "stringData" if part == "data" else "data"
    return DataFault(
        part=part,
        key=key,
        title=f"{part}.{key} is not base64",
        cause="the API server decodes every value below it",
        fix=f"encode the value, or move it to {plain} as it is",
    )


def _is_base64(text: str) -> bool:
    """As Go's standard encoding reads it: line breaks do not count, the padding does."""
    try:
        b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except ValueError:
        return False
    return True
