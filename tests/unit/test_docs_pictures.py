"""The pictures of the documents: made by the real views, there, and shown."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))

from generator.pictures import pages  # noqa: E402 - the path comes first

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MOST = 250_000
"""Bytes of one picture: it is part of every clone."""


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("pull-request", ("Bump web to v1.2.3 in staging", "What changes in", "GitOps-Image")),
        ("gate-comment", ("waits for 2 of 7 gates", 'class="add"', 'class="del"')),
        ("deployment-summary", ("CrashLoopBackOff", "DATABASE_URL is not set")),
        (
            "status-page-waiting",
            ("web v1.2.3 waits: soak until", "1.0 a week", "errors after start"),
        ),
    ],
)
def test_a_page_shows_what_the_views_write(name: str, parts: tuple[str, ...]) -> None:
    page = pages()[name]
    assert [part for part in parts if part not in page] == []
    assert "<table" in page


def test_each_picture_is_shown_and_small() -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    texts = "".join(one.read_text(encoding="utf-8") for one in documents)
    kept = {path.stem for path in (ROOT / "docs" / "pictures").iterdir()}
    assert kept == {*pages(), "status-page"}  # the last is of the demo
    for name in kept:
        data = (ROOT / "docs" / "pictures" / f"{name}.png").read_bytes()
        assert data.startswith(_SIGNATURE)
        assert len(data) <= _MOST
        assert f"pictures/{name}.png)" in texts
