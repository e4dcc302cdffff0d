"""Replacing spans of bytes, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gitops_action.core.yaml.errors import EditProofError
from gitops_action.core.yaml.nodes import YamlFile
from gitops_action.errors import Location


@dataclass(frozen=True, kw_only=True)
class Span:
    """Code points `start` to `end` of the text, and what takes their place."""

    start: int
    end: int
    text: str


def splice(file: YamlFile, data: bytes, spans: Sequence[Span]) -> bytes:
    """`data` with `spans` replaced; everything between them is copied byte by byte.

    Raises:
        EditProofError: spans overlap, or the text does not stand where the bytes are.
    """
    decoded = file.decoded
    taken, position, out = len(decoded.mark), 0, [decoded.mark]
    for span in sorted(spans, key=lambda s: (s.start, s.end)):
        if span.start < position:
            raise _unproved(file, "two edits overlap")
        kept = decoded.encode(file.text[position : span.start])
        old = decoded.encode(file.text[span.start : span.end])
        if data[taken : taken + len(kept) + len(old)] != kept + old:
            raise _unproved(file, "the text does not map back to the bytes of the file")
        out += [data[taken : taken + len(kept)], decoded.encode(span.text)]
        taken += len(kept) + len(old)
        position = span.end
    return b"".join([*out, data[taken:]])


def _unproved(file: YamlFile, cause: str) -> EditProofError:
    return EditProofError(
        "edit could not be proved, nothing was changed",
        cause=cause,
        fix="make this edit by hand and report the file",
        location=Location(file=file.path),
    )
