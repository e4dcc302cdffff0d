"""Byte-exact reading and editing of YAML and JSON.

`parse` gives nodes that know their exact place, `find` the scalar a path names, and `apply`
replaces spans of bytes and proves that nothing but the plan has changed.
"""

from gitops_action.core.yaml.edit import apply
from gitops_action.core.yaml.edits import AddListItem, Edit, Replace
from gitops_action.core.yaml.errors import (
    EditProofError,
    EditRefusedError,
    PathNotFoundError,
    YamlSyntaxError,
)
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
from gitops_action.core.yaml.parse import parse, scalars
from gitops_action.core.yaml.path import Match, Step, YamlPath, parse_path
from gitops_action.core.yaml.resolve import needs_quotes
from gitops_action.core.yaml.sniff import is_sops, looks_templated

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
