"""A kustomization that is asked to tell where each object comes from."""

from __future__ import annotations

import json

from gitops_action.core.manifests.reader import compose_nodes, read_documents

_KEY = "buildMetadata"
_OPTION = "originAnnotations"


def with_origins(data: bytes) -> bytes | None:
    """The kustomization with `buildMetadata: [originAnnotations]`; None where it has that already.

    A line is added where that is possible, so that kustomize reads the file's own words; only a
    file in flow style, or with other build metadata, is written anew, as JSON.

    Raises:
        ManifestError: it is no YAML.
    """
    from yaml.nodes import MappingNode  # noqa: PLC0415 - only what renders pays for it

    nodes = list(compose_nodes("", data))
    root = nodes[0] if len(nodes) == 1 else None
    plain = isinstance(root, MappingNode) and not root.flow_style and b"\n..." not in data
    if plain and isinstance(root, MappingNode):
        keys = {str(key.value).casefold() for key, _ in root.value}
        if _KEY.casefold() not in keys:
            indent = b" " * root.start_mark.column
            return data.rstrip(b"\n") + b"\n" + indent + f"{_KEY}: [{_OPTION}]\n".encode()
    documents = read_documents("", data)
    body = documents[0].value if documents else {}
    if not isinstance(body, dict):
        return None  # kustomize says what is wrong with it
    found = [item for key, item in body.items() if key.casefold() == _KEY.casefold()]
    listed = [option for item in found if isinstance(item, list) for option in item]
    if _OPTION in listed:
        return None
    others = {key: item for key, item in body.items() if key.casefold() != _KEY.casefold()}
    return json.dumps({**others, _KEY: [*listed, _OPTION]}, ensure_ascii=False).encode()
