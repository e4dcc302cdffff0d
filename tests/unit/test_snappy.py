"""Snappy's block format: what is read, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.snappy import decompress
from tests.support.snappy import compress

LIMIT = 1 << 20


@given(st.lists(st.sampled_from([b"a", b"ab", b"bundle", b"\x00\xff" * 9, b"xyz" * 40])))
def test_what_was_compressed(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    assert decompress(compress(data), limit=LIMIT) == data


@pytest.mark.parametrize(
    ("block", "content"),
    [
        (b"\x00", b""),
        (b"\x03\x08abc", b"abc"),
        (b"\x0a\x04ab\x11\x02", b"abababab" + b"ab"),  # one byte of offset, over itself
        (b"\x05\x04ab\x0a\x02\x00", b"ababa"),  # two
        (b"\x05\x04ab\x0b\x02\x00\x00\x00", b"ababa"),  # four
        (b"\x3d\xf0\x3c" + b"x" * 61, b"x" * 61),  # a length in one byte
        (b"\xac\x02\xf4\x2b\x01" + b"y" * 300, b"y" * 300),  # in two
    ],
)
def test_each_kind_of_element(block: bytes, content: bytes) -> None:
    """As google/snappy's format description has them."""
    assert decompress(block, limit=300) == content


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\x80",
        b"\x80\x80\x80\x80\x80\x01",
        b"\x03",
        b"\x03\x08ab",
        b"\x02\x08abc",
        b"\x04\x08abc",
        b"\x08\x00a\x0d\x00",  # nothing before
        b"\x08\x00a\x0d\x02",  # before the beginning
        b"\x08\x00a\x0d",
        b"\x08\x00a\x0e\x01",
        b"\x08\x00a\x0f\x01\x00\x00",
        b"\x3d\xf0",
        b"\x3d\xf4\x3c",
        b'{"mediaType": "x"}',
    ],
)
def test_what_is_no_block(block: bytes) -> None:
    with pytest.raises(ValueError, match="not compressed by Snappy"):
        decompress(block, limit=LIMIT)


def test_more_than_the_limit() -> None:
    assert decompress(b"\x03\x08abc", limit=3) == b"abc"
    with pytest.raises(ValueError, match="more than 2 bytes"):
        decompress(b"\x03\x08abc", limit=2)
    with pytest.raises(ValueError, match="not compressed"):
        decompress(b"\x04" + b"\x00a" + b"\xfe\x01\x00" * 99, limit=LIMIT)
