"""What YAML 1.1 and YAML 1.2 read a plain scalar as.

The rules are those of the YAML 1.2.2 core schema (10.3.2) and of the YAML 1.1 type repository,
widened by what go-yaml (kubectl, kustomize, Helm, Flux) and PyYAML read as numbers, so that a
value which passes as a string here is a string for all of them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

Kind = Literal["string", "int", "float", "bool", "null", "timestamp", "merge", "value"]

_CORE: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("null", re.compile(r"|~|null|Null|NULL")),
    ("bool", re.compile(r"true|True|TRUE|false|False|FALSE")),
    ("int", re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")),
    (
        "float",
        re.compile(
            r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
        ),
    ),
)
_TYPES_1_1: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("null", re.compile(r"|~|null|Null|NULL")),
    (
        "bool",
        re.compile(
            r"y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF"
        ),
    ),
    (
        "int",
        re.compile(
            r"[-+]?0b[01_]+|[-+]?0o?[0-7_]*|[-+]?[0-9][0-9_]*|[-+]?0x[0-9a-fA-F_]+"
            r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+"
        ),
    ),
    (
        "float",
        re.compile(
            r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
            r"|[-+]?\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
        ),
    ),
    (
        "timestamp",
        re.compile(
            r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
            r"(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]*)?"
            r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?)?"
        ),
    ),
    ("merge", re.compile(r"<<")),
    ("value", re.compile(r"=")),
)

_NUMERIC = frozenset("+-.0123456789")


def kind_1_2(text: str) -> Kind:
    """What the YAML 1.2 core schema reads the plain scalar `text` as."""
    return _first(_CORE, text)


def kind_1_1(text: str) -> Kind:
    """What YAML 1.1's types read the plain scalar `text` as."""
    found = _first(_TYPES_1_1, text)
    if found == "string" and "_" in text and text[0] in _NUMERIC:
        # go-yaml and ruamel drop the underscores of what begins as a number, wherever they stand.
        number = _first(_TYPES_1_1, text.replace("_", ""))
        return number if number in {"int", "float"} else "string"
    return found


@lru_cache(maxsize=4096)
def kinds(text: str) -> tuple[Kind, Kind]:
    """The readings of YAML 1.1 and 1.2, in this order."""
    return kind_1_1(text), kind_1_2(text)


def needs_quotes(value: str) -> bool:
    """Whether YAML 1.1 or 1.2 would read `value`, written plain, as something but a string."""
    return kinds(value) != ("string", "string")


def _first(rules: tuple[tuple[Kind, re.Pattern[str]], ...], text: str) -> Kind:
    return next((kind for kind, pattern in rules if pattern.fullmatch(text)), "string")
