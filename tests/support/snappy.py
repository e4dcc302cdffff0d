"""Compresses as Snappy's block format says, with literals and copies of each kind."""

from __future__ import annotations

_WINDOW = 4


def compress(data: bytes) -> bytes:
    """One block: a greedy search for what was there before."""
    found = bytearray(_varint(len(data)))
    seen: dict[bytes, int] = {}
    literal, at = bytearray(), 0
    while at < len(data):
        key = data[at : at + _WINDOW]
        start = seen.get(key)
        seen[key] = at
        if start is None or len(key) < _WINDOW:
            literal.append(data[at])
            at += 1
            continue
        length = _WINDOW
        while length < 64 and at + length < len(data) and data[start + length] == data[at + length]:
            length += 1
        found += _literal(bytes(literal)) + _copy(at - start, length)
        literal.clear()
        at += length
    return bytes(found + _literal(bytes(literal)))


def _varint(number: int) -> bytes:
    found = bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _literal(data: bytes) -> bytes:
    if not data:
        return b""
    length = len(data) - 1
    if length < 60:
        return bytes([length << 2]) + data
    size = (length.bit_length() + 7) // 8
    return bytes([59 + size << 2]) + length.to_bytes(size, "little") + data


def _copy(offset: int, length: int) -> bytes:
    if length <= 11 and offset < 1 << 11:
        return bytes([(offset >> 8) << 5 | length - 4 << 2 | 1, offset & 0xFF])
    size, kind = (2, 2) if offset < 1 << 16 else (4, 3)
    return bytes([length - 1 << 2 | kind]) + offset.to_bytes(size, "little")
