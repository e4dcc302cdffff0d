"""What a reusable workflow declares is used, and what it uses is declared."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from release.callers import Library

WORKFLOWS = Path(__file__).resolve().parents[2] / ".github/workflows"
OWN = {"github_token"}
"""Secrets that every job has."""


@cache
def library() -> Library:
    return Library.of()


@pytest.mark.parametrize("name", sorted(library().workflows))
@pytest.mark.parametrize("kind", ["inputs", "secrets"])
def test_inputs_and_secrets_are_declared_and_used(name: str, kind: str) -> None:
    body = library().workflows[name]
    call = next(value for key, value in body.items() if key in {"on", True})["workflow_call"]
    text = "\n".join(
        line for line in (WORKFLOWS / name).read_text().splitlines() if not line.startswith("#")
    )
    used = set(re.findall(rf"\b{kind}\.([\w-]+)", text))
    assert used - OWN == set((call or {}).get(kind, {}))
