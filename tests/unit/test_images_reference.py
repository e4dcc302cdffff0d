"""Reading references: spelling kept, meaning normalised, errors that point."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.images import (
    ImageReference,
    ImageReferenceError,
    normalise_repository,
    parse_reference,
    same_repository,
)

DIGEST = "sha256:" + "0123456789abcdef" * 4

COMPONENT = st.from_regex(r"[a-z0-9]{1,6}((\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}", fullmatch=True)
DOMAIN = st.one_of(
    st.just("localhost"),
    st.from_regex(r"[a-z0-9]{1,5}\.[a-z]{2,4}(:[0-9]{1,5})?", fullmatch=True),
    st.from_regex(r"\[[a-f0-9]{1,4}:[a-f0-9:]{1,8}\](:[0-9]{1,5})?", fullmatch=True),
    st.from_regex(r"[a-z]{1,5}:[0-9]{1,5}", fullmatch=True),
)
PATH = st.lists(COMPONENT, min_size=1, max_size=4).map("/".join)
NAME = st.one_of(PATH, st.tuples(DOMAIN, PATH).map("/".join))
TAG = st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
HEX = st.none() | st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True)


@given(name=NAME, tag=TAG, digest=HEX)
def test_what_is_written_is_read_back(name: str, tag: str | None, digest: str | None) -> None:
    text = str(ImageReference(name=name, tag=tag, digest=digest))
    read = parse_reference(text)
    assert (read.name, read.tag, read.digest) == (name, tag, digest)
    assert str(read) == text
    assert normalise_repository(read.repository) == read.repository
    assert same_repository(read.familiar, name)
    assert parse_reference(read.pulled).repository == read.repository


def fault_in(text: str) -> ImageReferenceError | None:
    """The error that reading raises; None when the text is read back as it was written."""
    try:
        read = parse_reference(text)
    except ImageReferenceError as error:
        return error
    assert str(read) == text
    return None


@given(
    st.one_of(
        st.text(alphabet=st.characters(codec="utf-8"), max_size=80),
        st.text(alphabet="aA0./:@-_[]%f", max_size=24),
    )
)
def test_any_text_is_read_or_refused_with_a_place_and_a_reason(text: str) -> None:
    error = fault_in(text)
    if error is not None:
        assert 1 <= error.column <= len(text) + 1
        assert "goes on" not in error.reason


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("ghcr.io/Acme/web:v1", 9, "lower case"),
        ("ghcr.io/acme/web:v1+build", 20, "tag has"),
        ("ghcr.io/acme/web:", 18, "tag starts"),
        ("ghcr.io/acme//web", 14, "missing"),
        ("ghcr.io/acme/web..x", 18, "separators"),
        ("ghcr.io/acme/web-", 17, "ends with"),
        ("ghcr.io/acme/we b:v1", 16, "not allowed"),
        ("ghcr.io/acme/web:v1 ", 20, "tag has"),
        ("ghcr.io/acme/web:v1\n", 20, "tag has"),
        ("https://ghcr.io/acme/web", 6, "scheme"),
        ("ghcr.io:port/web", 9, "port"),
        ("gh cr.io/acme/web", 3, "registry name"),
        ("ghcr..io/acme/web", 6, "each dot"),
        ("[::1]", 6, "slash"),
        ("[::g]/web", 4, "IPv6"),
        ("web:" + "t" * 129, 133, "128"),
        ("web@" + DIGEST[:-1], 75, "this one has 63"),
        ("web@" + DIGEST + "0", 76, "this one has 65"),
        ("web@sha256:0123", 16, "this one has 4"),
        ("web@sha256:012x", 15, "hexadecimal"),
        ("web@" + DIGEST.upper().replace("SHA", "sha"), 22, "lower case"),
        ("web@latest", 11, "sha256"),
        ("web@sha512:" + "f" * 128, 5, "sha512"),
        ("ghcr.io/" + "a" * 256, 264, "255"),
        ("f" * 64, 1, "image id"),
        ("", 1, "nothing"),
        ("a" * 5000, 4097, "4096"),
    ],
)
def test_an_error_points_at_the_character(text: str, column: int, reason: str) -> None:
    with pytest.raises(ImageReferenceError) as caught:
        parse_reference(text)
    assert caught.value.column == column
    assert reason in caught.value.reason
    assert caught.value.exit_code == 2


def test_the_caret_stands_under_the_character() -> None:
    with pytest.raises(ImageReferenceError) as caught:
        parse_reference("ghcr.io/Acme/web:v1")
    _, shown, caret = caught.value.cause.splitlines()
    assert shown[caret.index("^")] == "A"


def test_a_long_text_is_cut_around_the_caret() -> None:
    with pytest.raises(ImageReferenceError) as caught:
        parse_reference("a" * 150 + "!" + "b" * 150)
    _, shown, caret = caught.value.cause.splitlines()
    assert shown[caret.index("^")] == "!"
    assert len(shown) < 110


def test_control_characters_are_not_echoed() -> None:
    with pytest.raises(ImageReferenceError) as caught:
        parse_reference("web\x1b[31m\n::error::x")
    assert "\x1b" not in str(caught.value)
    assert "\n::error" not in str(caught.value)


def test_parts_that_make_no_reference_are_refused() -> None:
    for wrong in ({"name": "web:v1"}, {"name": "web", "tag": ""}, {"name": "web", "digest": "x"}):
        with pytest.raises(ImageReferenceError):
            ImageReference(**wrong)


def test_with_changes_only_what_is_named() -> None:
    reference = parse_reference(f"index.docker.io/acme/web:v1@{DIGEST}")
    assert str(reference.with_(digest=None)) == "index.docker.io/acme/web:v1"
    assert str(reference.with_(tag="v2")) == f"index.docker.io/acme/web:v2@{DIGEST}"
    assert reference.with_(name="acme/web") != reference
    assert reference.with_(name="acme/web").repository == reference.repository


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("nginx", "docker.io/library/nginx", True),
        ("nginx", "index.docker.io/nginx", True),
        ("nginx", "ghcr.io/library/nginx", False),
        ("acme/web", "docker.io/acme/web", True),
        ("acme/web", "library/acme/web", False),
        ("localhost/web", "web", False),
        ("web", "not a name", False),
        ("web:v1", "web", False),
    ],
)
def test_repositories_are_compared_by_meaning(left: str, right: str, *, same: bool) -> None:
    assert same_repository(left, right) is same
    assert same_repository(right, left) is same
