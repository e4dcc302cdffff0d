"""The vectors of kstatus, read from where they lie; the score is printed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from gitops_action.core.health.kstatus import kstatus
from gitops_action.core.health.model import Facts
from tests.support.conformance import FOLDER

FILE = FOLDER / "kstatus.json"
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def faults(vector: dict[str, Any]) -> list[str]:
    written = json.dumps(vector["manifest"]).replace("${NOW}", NOW.isoformat())
    health = kstatus(json.loads(written), Facts(now=NOW))
    found = {(item.type, item.status, item.reason) for item in health.conditions}
    requested = {(c["type"], c["status"], c["reason"]) for c in vector["expected_conditions"]}
    extra = {kind for kind, _, _ in found} & set(vector["absent_condition_types"])
    problems = [f"{vector['name']}: lacks {item}, has {found}" for item in requested - found]
    problems += [f"{vector['name']}: has {kind}" for kind in extra]
    if health.status != vector["expected_status"]:
        problems.append(f"{vector['name']}: {health} is not {vector['expected_status']}")
    return problems


def test_all_vectors_hold(capsys: pytest.CaptureFixture[str]) -> None:
    vectors = json.loads(FILE.read_text())
    failed = {vector["name"]: faults(vector) for vector in vectors if faults(vector)}
    with capsys.disabled():
        print(f"\nkstatus: {len(vectors) - len(failed)} of {len(vectors)} vectors hold")  # noqa: T201 - the score
    assert not failed
    assert len(vectors) == 58
