"""Byte-exact reading and editing of YAML and JSON.

`parse` gives nodes that know their exact place, `find` the scalar a path names, and `apply`
replaces spans of bytes and proves that nothing but the plan has changed.
"""

from gitops_action.core.yaml.edit import apply
from gitops_action.core.yaml.find import find, find_node, resolve
from gitops_action.core.yaml.nodes import (
    Comment,
    Entry,
    MappingNode,
    Node,
    Scalar,
    SequenceNode,
    YamlFile,
)
from gitops_action.core.yaml.parse import is_sops, looks_templated, parse, scalars
from gitops_action.core.yaml.path import (
    EditProofError,
    EditRefusedError,
    Match,
    PathNotFoundError,
    Step,
    YamlPath,
    YamlSyntaxError,
    parse_path,
)
from gitops_action.core.yaml.proof import AddListItem, Edit, Replace, ReplaceComment
from gitops_action.core.yaml.scalars import needs_quotes

__all__ = [
    "AddListItem",
    "Comment",
    "Edit",
    "EditProofError",
    "EditRefusedError",
    "Entry",
    "MappingNode",
    "Match",
    "Node",
    "PathNotFoundError",
    "Replace",
    "ReplaceComment",
    "Scalar",
    "SequenceNode",
    "Step",
    "YamlFile",
    "YamlPath",
    "YamlSyntaxError",
    "apply",
    "find",
    "find_node",
    "is_sops",
    "looks_templated",
    "needs_quotes",
    "parse",
    "parse_path",
    "resolve",
    "scalars",
]
