"""Secrets leave in no shape."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.redaction.known import Redactor

SECRET = 'gh"s_+/%é-secret'


@pytest.mark.parametrize(
    "shape",
    [
        SECRET,
        quote(SECRET, safe=""),
        json.dumps(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"x-access-token:{SECRET}".encode()).decode(),
    ],
)
def test_shapes_of_a_secret(shape: str) -> None:
    assert Redactor([SECRET]).clean(f"a {shape} b").replace('"', "") == "a *** b"


def test_base64_without_its_padding_is_a_shape() -> None:
    padded = base64.b64encode(SECRET.encode()).decode()
    bare = padded.rstrip("=")
    assert bare != padded
    assert Redactor([SECRET]).clean(f"a {bare} b") == "a *** b"


def test_each_line_of_a_secret_counts_but_brackets_do_not() -> None:
    redactor = Redactor(["{\n  key-material-1\n}\n"])
    assert redactor.clean("x key-material-1 {}") == "x *** {}"


@given(st.lists(st.text(alphabet="abcd", min_size=4, max_size=8), max_size=5), st.text())
def test_none_of_several_secrets_is_left(secrets: list[str], text: str) -> None:
    clean = Redactor(secrets).clean(f"{text}{''.join(secrets)}")
    assert not any(secret in clean for secret in secrets)


def test_empty_secrets_change_nothing() -> None:
    assert Redactor(["", "  "]).clean("a b") == "a b"


def test_documents_are_cleaned_to_the_leaves() -> None:
    clean = Redactor(["planted"]).clean_tree({"planted": [("a planted", 1, None, True)]})
    assert clean == {"***": [["a ***", 1, None, True]]}
