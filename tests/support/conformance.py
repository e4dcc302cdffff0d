"""Test vectors of other projects, read where they lie: they are no part of this repository."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(
    os.environ.get("GITOPS_CONFORMANCE")
    or Path(__file__).parents[2].parent / "shared" / "conformance"
)
LEFT_OUT = f"left out: tests/unit/*_conformance.py; no vectors at {FOLDER} (GITOPS_CONFORMANCE)"
