"""Pictures of pages in fewer bytes: the same pixels, written as what compresses best for text.

PNG (third edition, "Filtering") subtracts neighbours from each pixel, as a browser writes it. That
helps photographs; areas of one colour with the same letters again take a quarter less without it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB = (8, 2)
"""Bits of a channel, and the colour type without alpha: what the browser writes."""
_PIXEL = 3


def unfiltered(png: bytes) -> bytes:
    """The picture with no filter; itself where it is of another kind."""
    found = dict.fromkeys((b"IHDR", b"IDAT"), b"")
    for kind, data in _chunks(png):
        found[kind] = found.get(kind, b"") + data
    width, height, *kind = struct.unpack(">IIBB", found[b"IHDR"][:10])
    if tuple(kind) != _RGB:
        return png
    rows = _rows(zlib.decompress(found[b"IDAT"]), width * _PIXEL, height)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    parts = ((b"IHDR", found[b"IHDR"]), (b"IDAT", data), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(png):
        (size,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        at += size + 12


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _rows(raw: bytes, stride: int, height: int) -> Iterator[bytes]:
    """The rows of pixels, with each filter undone."""
    above = bytes(stride)
    for number in range(height):
        start = number * (stride + 1)
        row = bytearray(raw[start + 1 : start + 1 + stride])
        undo = _UNDO[raw[start]]
        for at in range(stride) if raw[start] else ():
            left, corner = (row[at - _PIXEL], above[at - _PIXEL]) if at >= _PIXEL else (0, 0)
            row[at] = (row[at] + undo(left, above[at], corner)) & 0xFF
        above = bytes(row)
        yield above


def _paeth(left: int, up: int, corner: int) -> int:
    estimate = left + up - corner
    return min((left, up, corner), key=lambda one: abs(estimate - one))


_UNDO = (
    lambda _left, _up, _corner: 0,
    lambda left, _up, _corner: left,
    lambda _left, up, _corner: up,
    lambda left, up, _corner: (left + up) // 2,
    _paeth,
)
