"""The tables of docs/tags.md tell the truth."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gitops_action.core.tags import compute
from gitops_action.core.tags.compute import MetadataInputs
from gitops_action.core.tags.expressions import global_names
from gitops_action.core.tags.rules import PRIORITIES
from tests.support.tag_events import context

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "tags.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+)` \| `(refs/\S+)` \| `(.+)` \| (`.+`) \|$", PAGE, re.MULTILINE)
TYPES = re.findall(r"^\| `(\w+)` \| .+ \| (\d+) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("event", "ref", "rule", "tags"), ROWS)
def test_examples(event: str, ref: str, rule: str, tags: str) -> None:
    found = compute(MetadataInputs(tags=rule), context("main", event_name=event, ref=ref))
    assert [f"`{name}`" for name in found.tag_names] == tags.split()
    assert found.warnings == ()


def test_the_examples_are_found() -> None:
    assert len(ROWS) >= 19
    assert {match for row in ROWS for match in re.findall(r"type=(\w+)", row[2])} == set(PRIORITIES)


def test_priorities() -> None:
    assert {name: int(priority) for name, priority in TYPES} == PRIORITIES


def test_every_expression_is_described() -> None:
    described = set(re.findall(r"\{\{(\w+)", PAGE.partition("## Expressions")[2]))
    assert set(global_names(context("main"))) <= described
