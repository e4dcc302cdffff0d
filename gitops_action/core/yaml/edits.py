"""The two things that can be done to a file."""

from __future__ import annotations

from dataclasses import dataclass

from gitops_action.core.yaml.path import YamlPath


@dataclass(frozen=True, kw_only=True)
class Replace:
    """Give the scalar at `path` another value.

    Attributes:
        path: what to replace; through an alias, the anchored scalar.
        value: the text it has to read as afterwards. For a block scalar: its one line.
        as_string: it has to read as a string in YAML 1.1 and 1.2. Otherwise it keeps the type of
            the old value where the new text reads as that type, and is a string where not.
    """

    path: YamlPath
    value: str
    as_string: bool = True


@dataclass(frozen=True, kw_only=True)
class AddListItem:
    """Append `item`, a mapping of strings, to the list `key` of the mapping at `path`.

    The list is created at the end of the mapping when it is not there: the only creation that
    editing knows. An item that already has these fields is left alone.
    """

    path: YamlPath
    key: str
    item: tuple[tuple[str, str], ...]


Edit = Replace | AddListItem
"""What `apply` takes."""
