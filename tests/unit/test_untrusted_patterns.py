"""Patterns, expressions and names of others end in time, or are refused with a reason."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.config import load_config
from gitops_action.core.config.expressions import (
    LONGEST,
    check_expression,
    expression_limit,
    expression_problem,
    too_many_steps,
)
from gitops_action.core.config.resolved import KindRule
from gitops_action.core.health.assess import apply_rule
from gitops_action.core.linear_regex import LinearRegexError, bounded_regex, linear_regex
from gitops_action.core.plan.model import allowed
from gitops_action.core.rendering.layout import MOST_PATTERNS, Ignore
from gitops_action.errors import GitOpsErrors, UsageError

STARS = "*a" * 12
LONG = "a" * 200
SECONDS = 5.0


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    started = time.process_time()
    yield
    assert time.process_time() - started < SECONDS


def test_many_stars_end() -> None:
    ignore = Ignore({".sourceignore": f"{STARS}\n".encode()})
    assert not ignore.leaves_out(f"{LONG}b")
    assert ignore.leaves_out(LONG)
    assert not allowed(f"{LONG}b", (STARS,))
    assert allowed(LONG, (STARS,))


@pytest.mark.parametrize("line", ["[z-a]", "!", "a\\", "[[:foo:]]"])
def test_a_bad_pattern_is_a_finding_with_its_line(line: str) -> None:
    ignore = Ignore({"env/.sourceignore": f"# x\n{line}\n*.txt\n".encode()})
    (problem,) = ignore.problems
    assert str(problem.location) == "env/.sourceignore:2"
    assert ignore.leaves_out("env/a.txt")


def test_too_many_patterns_are_a_finding() -> None:
    (problem,) = Ignore({".sourceignore": b"a\n" * (MOST_PATTERNS + 1)}).problems
    assert "too long" in problem.title


@given(st.text(max_size=60), st.text(max_size=30))
def test_any_ignore_file_is_read(text: str, path: str) -> None:
    Ignore({".sourceignore": text.encode(errors="replace")}).leaves_out(path.strip("/") or "x")


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(a|aa)+$", "a*" * 40 + "$"])
def test_expressions_end(pattern: str) -> None:
    assert linear_regex(pattern).find("a" * 5000 + "b") in ((), ("",), ("", ""), ("", None))


@pytest.mark.parametrize("pattern", ["(?=a)", r"(a)\1", "(a", "((a{500}){500}){500}", "\udcff"])
def test_expressions_that_are_refused(pattern: str) -> None:
    with pytest.raises(LinearRegexError):
        linear_regex(pattern)


def test_lookaround_works_where_its_work_is_bounded() -> None:
    assert bounded_regex(r"(?<=v)(?<major>\d+)").find("v12") == ("12", "12")
    assert bounded_regex("(?=a)A", "i").find("xa") == ("a",)
    for pattern in ("(?=a)(a+)+$", "(?=a)(a|a)*$", "(?=a)a*a*a*a*$", r"(?!x)(a)\1+(", r"(a)\1"):
        with pytest.raises(LinearRegexError):
            bounded_regex(pattern)
    bounded_regex("(?=a)a*a*a*$").find("a" * 254 + "b")


def test_globs_too_large_are_wrong_usage() -> None:
    with pytest.raises(UsageError):
        allowed("x", ("*a" * 100_000,))


NESTED = "spec.l.all(a, spec.l.all(b, spec.l.all(c, a + b + c > 0)))"


def test_nested_loops_over_a_large_object_are_not_run() -> None:
    rule = KindRule(group="acme.dev", kind="Toy", current=NESTED)
    body = {"apiVersion": "acme.dev/v1", "kind": "Toy", "spec": {"l": list(range(300))}}
    health = apply_rule(rule, body)
    assert "could visit more than" in health.message
    small = {**body, "spec": {"l": [1, 2]}}
    assert apply_rule(rule, small).message == "The current expression of the configuration holds"


@pytest.mark.parametrize(
    ("text", "many"),
    [
        ("l.all(a, a > 0) && l.all(b, b > 0) && l.all(c, c > 0)", False),
        ("l.all(a, l.all(b, b > a))", False),
        ("(l+l+l+l).all(a, (l+l+l+l).all(b, b > a))", True),
        ("l.all(a, l.all(b, l.all(c, c > 0)))", True),
        ("l.all(a, ')' == ')' && l.all(b, l.all(c, c > 0)))", True),
        ("l.all (a, l.all // x\n (b, l.all(c, c > 0)))", True),
        (r"l.all(a, r'\' != '' && l.all(b, l.all(c, c > 0)))", True),
        ("l == 3", False),
    ],
)
def test_steps_are_counted_by_loops_within_loops(text: str, many: bool) -> None:
    assert too_many_steps(text, {"l": [1] * 100}) is many


@pytest.mark.parametrize(
    "text", ["x" * (LONGEST + 1), "l.all(a, a) && l.all(a, a) && l.all(a, a) && l.all(a, a)"]
)
def test_config_check_refuses_what_deploy_refuses(text: str) -> None:
    assert expression_limit(text)
    assert expression_problem(text)
    with pytest.raises(ValueError, match="cannot be used"):
        check_expression(text)
    config = (
        "version: 1\nenvironments:\n  p:\n    path: p\n    deploy:\n      engine: push\n"
        f"      health:\n        kinds:\n          - {{group: a.b, kind: T, current: {text!r}}}\n"
    )
    with pytest.raises(GitOpsErrors) as caught:
        load_config("gitops.yaml", config.encode())
    assert "cannot be used" in str(caught.value.errors[0])
