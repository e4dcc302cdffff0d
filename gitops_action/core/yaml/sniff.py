"""Files that look like YAML and are none of ours to edit."""

from __future__ import annotations

import re

from gitops_action.core.yaml.nodes import MappingNode, Scalar, YamlFile

# `{{ … }}` and `{% … %}` where YAML has no place for them: at the beginning of a line or value.
_TEMPLATE = re.compile(rb"(?m)^[ \t]*(?:- *)?\{[{%#]|^[^#\n\"']*:[ \t]+\{\{|\{%-?[ \t]|\{\{-|-\}\}")
_SOPS_LINE = re.compile(rb"(?m)^[ \t]*\"?sops\"?[ \t]*:")
_SOPS_VALUE = b"ENC[AES256_GCM,"


def is_sops(file: YamlFile | bytes) -> bool:
    """Whether SOPS keeps this file: a top-level `sops` with a MAC, as SOPS writes it.

    Given bytes, the answer is by their look alone, for files that are not parsed.
    """
    if isinstance(file, bytes):
        return bool(_SOPS_LINE.search(file)) and (_SOPS_VALUE in file or b"mac" in file)
    roots = (root for root in file.documents if isinstance(root, MappingNode))
    sops = (root.get("sops") for root in roots)
    return any(isinstance(s, MappingNode) and isinstance(s.get("mac"), Scalar) for s in sops)


def looks_templated(data: bytes) -> bool:
    """Whether `data` looks like a Helm, Go or Jinja template, which is not YAML yet.

    To be asked about a file that does not parse: `{{` inside quotes is plain YAML.
    """
    return bool(_TEMPLATE.search(data))
