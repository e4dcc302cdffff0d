from __future__ import annotations

import warnings

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import MantissaNoDotYAML1_1Warning

from gitops_action.core.yaml.scalars import kinds, needs_quotes

TYPED = {
    "1.20": ("float", "float"), "0e1": ("float", "float"), "706798e8": ("float", "float"),
    "on": ("bool", "string"), "Off": ("bool", "string"), "y": ("bool", "string"),
    "0o17": ("int", "int"), "012": ("int", "int"), "1:30": ("int", "string"),
    "190:20:30.15": ("float", "string"), "~": ("null", "null"), "": ("null", "null"),
    "Null": ("null", "null"), ".inf": ("float", "float"), "-.INF": ("float", "float"),
    ".nan": ("float", "float"), "1_000": ("int", "string"), "2024-01-01": ("timestamp", "string"),
    "2024-1-1T0:00:00Z": ("timestamp", "string"), "<<": ("merge", "string"),
    "=": ("value", "string"), "0x1F": ("int", "int"), "-0b11": ("int", "string"),
    "+12": ("int", "int"), ".5": ("float", "float"), "5.": ("float", "float"),
    "1e3": ("float", "float"), "TRUE": ("bool", "bool"), "1234567": ("int", "int"),
    "-_8": ("int", "string"),
}  # fmt: skip
STRINGS = [
    *("v1.20", "1.2.3", "1.2.3-rc.1", "sha256:ab", "nginx", "1.20-alpine", "latest", "0x", "e1"),
    *("tRUE", "1,000", "12e", "--1", "1.2.3.4", "2024.01.01", "main-0e1", "oN", ".", "1_a", "-_"),
]


@pytest.mark.parametrize(("text", "expected"), TYPED.items())
def test_what_both_versions_read(text: str, expected: tuple[str, str]) -> None:
    assert kinds(text) == expected
    assert needs_quotes(text)


@pytest.mark.parametrize("text", STRINGS)
def test_strings_stay_without_quotes(text: str) -> None:
    assert not needs_quotes(text)


@given(st.text(alphabet="0123456789abcdefxoXE_+-.:TZ ~=<yn", min_size=1, max_size=12))
@example("0_")
@example("+.5")
@example("-0o7")
@example("._0")
@example("-_0")
def test_whatever_a_loader_reads_as_typed_is_quoted(text: str) -> None:
    for version in ((1, 1), (1, 2)):
        read = load(text, version)
        if read is not None and not isinstance(read, str):
            assert needs_quotes(text.strip())


def load(text: str, version: tuple[int, int]) -> object:
    yaml = YAML(typ="safe", pure=True)
    yaml.version = version
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MantissaNoDotYAML1_1Warning)
        try:
            node = yaml.load(f"- {text}\n")
        except Exception:  # noqa: BLE001 - not every text is a scalar, or a date that exists
            return None
    return node[0] if isinstance(node, list) and not isinstance(node[0], dict | list) else None
