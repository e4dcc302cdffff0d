"""A configuration as people are shown it: every value, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gitops_action.core.config.document import Document, Path, written
from gitops_action.core.config.folders import Folder
from gitops_action.core.config.origins import leaves, origin
from gitops_action.core.config.plain import plain_config
from gitops_action.core.config.resolved import Config
from gitops_action.core.yaml.quote import render

Folders = Mapping[str, Sequence[Folder]]
"""The folders of each environment, by its name."""

_WIDEST = 60


def as_data(config: Config, document: Document | None, folders: Folders) -> dict[str, object]:
    """The configuration, the origin of each value by its path, and the environments' folders."""
    values = plain_config(config)
    return {
        "config": values,
        "origins": {written(path): origin(path, document) for path, _ in leaves(values)},
        "folders": {
            name: [{"path": item.path, "application": item.application} for item in found]
            for name, found in folders.items()
        },
    }


def as_yaml(config: Config, document: Document | None, folders: Folders) -> str:
    """The configuration as YAML that can be read again; comments tell origins and folders."""
    lines = list(_lines(plain_config(config), (), document, folders))
    width = min(max(len(text) for text, _ in lines), _WIDEST)
    return "\n".join(f"{text:<{width}}  # {note}" if note else text for text, note in lines)


def _lines(
    values: Mapping[str, object], path: Path, document: Document | None, folders: Folders
) -> Iterator[tuple[str, str]]:
    indent = "  " * len(path)
    for key, value in values.items():
        here = (*path, key)
        if isinstance(value, Mapping) and value:
            yield f"{indent}{key}:", _folders(here, folders)
            yield from _lines(value, here, document, folders)
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            yield f"{indent}{key}:", ""
            yield from _items(value, here, document)
        else:
            yield f"{indent}{key}: {_value(value)}", origin(here, document)


def _items(
    items: Sequence[object], path: Path, document: Document | None
) -> Iterator[tuple[str, str]]:
    """A list of mappings, one value a line."""
    indent = "  " * len(path)
    for index, item in enumerate(items):
        for number, (key, value) in enumerate(dict(_pairs(item)).items()):
            start = f"{indent}{'  ' if number else '- '}"
            yield f"{start}{key}: {_value(value)}", origin((*path, index, key), document)


def _pairs(item: object) -> Iterator[tuple[str, object]]:
    if isinstance(item, Mapping):
        yield from item.items()


def _folders(path: Path, folders: Folders) -> str:
    if path[:1] != ("environments",) or len(path) != 2 or path[1] not in folders:  # noqa: PLR2004 - the key and the name
        return ""
    listed = [item.path or "." for item in folders[str(path[1])]]
    return f"folders: {', '.join(listed)}" if listed else "no folder"


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list):
        return f"[{', '.join(_scalar(item, flow=True) for item in value)}]"
    return _scalar(value, flow=False)


def _scalar(value: object, *, flow: bool) -> str:
    if isinstance(value, bool | int):
        return str(value).lower()
    return render(str(value), "plain", flow=flow)
