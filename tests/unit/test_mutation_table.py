"""The table of mutants matches the source: each rule is one function, and is mutated."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.mutate import EQUIVALENT, PACKAGE, ROOT, RULES, Rule, functions_of, mutants


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.within}.{rule.function}")
def test_a_rule_names_one_function(rule: Rule) -> None:
    found = [
        (path, function)
        for path in PACKAGE.rglob("*.py")
        for function in functions_of(rule, path, path.read_text())
    ]
    assert len(found) == 1
    assert all((ROOT / name).is_file() for name in rule.tests)


def test_there_are_enough_mutants_and_each_can_be_read() -> None:
    made = list(mutants())
    assert len(made) >= 80
    for mutant in made:
        assert ast.parse(mutant.text)
        assert mutant.text != Path(mutant.file).read_text()


def test_each_equivalent_mutant_is_one_that_is_there() -> None:
    found = Counter(mutant.key for mutant in mutants())
    assert {key: found[key] for key in EQUIVALENT} == dict.fromkeys(EQUIVALENT, 1)
