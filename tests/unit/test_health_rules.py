"""Health of custom kinds by CEL expressions: order, mistakes, bounds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gitops_action.core.config.resolved import KindRule
from gitops_action.core.health import Facts, Status, assess, expression_problem

FACTS = Facts(now=datetime(2026, 3, 1, 12, 0, tzinfo=UTC))
RULE = KindRule(
    group="acme.dev",
    kind="Shop",
    current="status.phase == 'Open' && metadata.name == 'web'",
    failed="has(status.phase) && status.phase == 'Burnt'",
    in_progress="has(status.phase) && status.phase == 'Opening'",
)


def shop(status: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    body = {
        "apiVersion": "acme.dev/v1",
        "kind": "Shop",
        "metadata": {"name": "web", "generation": 2, **metadata},
    }
    return body if status is None else {**body, "status": status}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (shop({"phase": "Open"}), Status.CURRENT),
        (shop({"phase": "Burnt"}), Status.FAILED),
        (shop({"phase": "Opening"}), Status.IN_PROGRESS),
        (shop({"phase": "Closed"}), Status.IN_PROGRESS),
        (shop({"phase": "Open", "observedGeneration": 1}), Status.IN_PROGRESS),
        (shop({"phase": "Open"}, deletionTimestamp="2026-03-01T11:00:00Z"), Status.TERMINATING),
        (shop(), Status.IN_PROGRESS),
    ],
)
def test_the_rule_decides(body: dict[str, Any], status: Status) -> None:
    assert assess(body, FACTS, (RULE,)).status is status


def test_another_kind_is_left_to_the_other_rules() -> None:
    body = {**shop({"phase": "Closed"}), "kind": "Cart"}
    assert assess(body, FACTS, (RULE,)).status is Status.CURRENT


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("status.colour == 'red'", "no such field: colour"),
        ("status.phase", "gave str"),
        ("nowhere.phase == 'Open'", "nowhere"),
        ("1 / 0 == 1", "zero"),
        ("status.list[7] == 1", "bounds"),
        ("status.phase ==", "Failed to parse"),
        ("status.phase < 3", ""),
        ("'a'.matches('(')", ""),
        ("(" * 499 + "true" + ")" * 497, ""),
        ("!" * 996 + "true", ""),
        ("[" * 499 + "]" * 499 + " == 1", ""),
        ("-" * 999 + "1", ""),
        ("status.phase == 'Open'" + " " * 1000, "longer than 1000"),
        (".all(x, x.exists(y, y .map(z, z. filter(a, true))))", "more than 3 loops"),
    ],
)
def test_a_bad_expression_is_in_progress_and_says_why(expression: str, says: str) -> None:
    rule = KindRule(group="acme.dev", kind="Shop", current=expression)
    found = assess(shop({"phase": "Open", "list": [1]}), FACTS, (rule,))
    assert found.status in {Status.IN_PROGRESS, Status.CURRENT}
    if says:
        assert found.reason == "ExpressionFailed"
        assert says in found.message
    assert "\n" not in found.message


def test_a_mistake_is_known_before_it_is_used() -> None:
    assert "parse" in expression_problem("status.phase ==")
    assert expression_problem(RULE.current) == ""


def test_conditions_can_be_asked_as_in_flux() -> None:
    expression = "status.conditions.filter(e, e.type == 'Ready').all(e, e.status == 'True')"
    rule = KindRule(group="acme.dev", kind="Shop", current=expression)
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    assert assess(shop(ready), FACTS, (rule,)).status is Status.CURRENT
    ready["conditions"][0]["status"] = "False"
    assert assess(shop(ready), FACTS, (rule,)).status is Status.IN_PROGRESS
