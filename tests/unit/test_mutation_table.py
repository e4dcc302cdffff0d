"""The table of mutants matches the source: each rule is one function, and is mutated."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache

import pytest

from tests.mutate import EQUIVALENT, PACKAGE, ROOT, RULES, Mutant, Rule, functions_of, mutants

SOURCES = {path: path.read_text() for path in PACKAGE.rglob("*.py")}


@cache
def made() -> list[Mutant]:
    return list(mutants())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.within}.{rule.function}")
def test_a_rule_names_one_function(rule: Rule) -> None:
    found = [
        (path, function)
        for path, text in SOURCES.items()
        for function in functions_of(rule, path, text)
    ]
    assert len(found) == 1
    assert all((ROOT / name).is_file() for name in rule.tests)


def test_there_are_enough_mutants_and_each_can_be_read() -> None:
    assert len(made()) >= 80
    for mutant in made():
        assert ast.parse(mutant.text)
        assert mutant.text != SOURCES[mutant.file]


def test_each_equivalent_mutant_is_one_that_is_there() -> None:
    found = Counter(mutant.key for mutant in made())
    assert {key: found[key] for key in EQUIVALENT} == dict.fromkeys(EQUIVALENT, 1)
