"""Which commit and branch a checkout is on, from Git's plain files (gitrepository-layout)."""

from __future__ import annotations

import re
from pathlib import Path

_OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF = "ref: "
_HEADS = "refs/heads/"


def read_head(root: Path) -> tuple[str, str]:
    """Branch and commit; each is empty where it cannot be told without running Git."""
    text = _read(root / ".git" / "HEAD")
    if not text.startswith(_REF):
        return "", text if _OID.fullmatch(text) else ""
    ref = text.removeprefix(_REF)
    if not ref.startswith(_HEADS) or ".." in ref:
        return "", ""
    loose = _read(root / ".git" / ref)
    commit = loose if _OID.fullmatch(loose) else _packed(root, ref)
    return ref.removeprefix(_HEADS), commit


def _packed(root: Path, ref: str) -> str:
    for line in _read(root / ".git" / "packed-refs").splitlines():
        oid, _, name = line.partition(" ")
        if name == ref and _OID.fullmatch(oid):
            return oid
    return ""


def _read(place: Path) -> str:
    try:
        return place.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
