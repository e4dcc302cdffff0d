"""Snappy's block format (google/snappy: format_description.txt), decompressed within a limit."""

from __future__ import annotations

_LENGTH_BYTES = 5
_LITERAL = 0
_SHORT_COPY = 1
_LONGEST_INLINE = 60
"""Literals of this length and more have it in bytes of their own."""


def decompress(data: bytes, *, limit: int) -> bytes:
    """Decompress one block.

    Raises:
        ValueError: it is no such block, or its content is longer than the limit.
    """
    length, at = _content_length(data)
    if length > limit:
        raise ValueError(f"it holds more than {limit} bytes")
    content = bytearray()
    try:
        while at < len(data):
            at = _element(data, at, content)
            if len(content) > length:
                raise ValueError(_NOT_SNAPPY)
    except IndexError:
        raise ValueError(_NOT_SNAPPY) from None
    if len(content) != length:
        raise ValueError(_NOT_SNAPPY)
    return bytes(content)


_NOT_SNAPPY = "it is not compressed by Snappy"


def _content_length(data: bytes) -> tuple[int, int]:
    """The length that the block declares, and where its elements begin."""
    length = 0
    for at, byte in enumerate(data[:_LENGTH_BYTES]):
        length |= (byte & 0x7F) << (7 * at)
        if byte < 0x80:  # noqa: PLR2004 - the highest bit announces another byte
            return length, at + 1
    raise ValueError(_NOT_SNAPPY)


def _element(data: bytes, at: int, content: bytearray) -> int:
    """Add what the element at this place stands for; gives the place of the next one."""
    tag = data[at]
    kind, upper = tag & 3, tag >> 2
    if kind == _LITERAL:
        return _literal(data, at + 1, upper, content)
    if kind == _SHORT_COPY:
        _copy(content, offset=(tag >> 5) << 8 | data[at + 1], length=4 + (upper & 7))
        return at + 2
    size = 2 if kind == 2 else 4  # noqa: PLR2004 - the format's number
    _copy(content, offset=_number(data, at + 1, size), length=upper + 1)
    return at + 1 + size


def _literal(data: bytes, at: int, upper: int, content: bytearray) -> int:
    length = upper + 1
    if upper >= _LONGEST_INLINE:
        size = upper - _LONGEST_INLINE + 1
        length = _number(data, at, size) + 1
        at += size
    if at + length > len(data):
        raise ValueError(_NOT_SNAPPY)
    content += data[at : at + length]
    return at + length


def _number(data: bytes, at: int, size: int) -> int:
    if at + size > len(data):
        raise ValueError(_NOT_SNAPPY)
    return int.from_bytes(data[at : at + size], "little")


def _copy(content: bytearray, *, offset: int, length: int) -> None:
    """Repeat what stands `offset` bytes before the end, over itself where it is shorter."""
    start = len(content) - offset
    if offset == 0 or start < 0:
        raise ValueError(_NOT_SNAPPY)
    piece = content[start : start + length]
    content += (bytes(piece) * (length // len(piece) + 1))[:length]
