"""Titles and branch names."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_action.core.report.bump import branch, branch_problem, slug, title
from tests.support.nasty import NASTY
from tests.support.properties import examples
from tests.support.proposals import DIGEST, proposal, step

LONG = "v" * 128


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "Bump web to v1.2.3 in staging"),
        ({"declared": False}, "Bump web to v1.2.3"),
        ({"applications": ("shop",)}, "Bump shop to v1.2.3 in staging"),
        ({"applications": ()}, "Bump web to v1.2.3 in staging"),
        ({"images": (step(f"acme/web@{DIGEST}"),)}, "Bump web to sha256:aaaaaaaaaaaa in staging"),
        (
            {"images": (step("acme/web:v2"), step("acme/api:v2"))},
            "Bump api and web to v2 in staging",
        ),
        ({"images": (step("acme/web:v2"), step("acme/api:v3"))}, "Bump api and web in staging"),
        (
            {"images": tuple(step(f"acme/{'a' * 30}{n}:v{n}") for n in range(9))},
            "Bump 9 images in staging",
        ),
        ({"images": (), "sets": ("a.yaml: b = c",)}, "Set 1 value in staging"),
        ({"images": (), "sets": ("a: b = c", "a: d = c")}, "Set 2 values in staging"),
        ({"images": (step(f"acme/web:{LONG}"),)}, "Bump web in staging"),
        ({"environment": "fixes #1"}, "Bump web to v1.2.3 in fixes \\u00231"),
        ({"images": (step("acme/web:GH-12"),)}, "Bump web to GH\\u002d12 in staging"),
    ],
)
def test_titles(changes: dict[str, object], expected: str) -> None:
    assert title(proposal(**changes)) == expected


@given(st.text(), st.text(), st.integers(72, 120))
def test_a_title_is_one_short_line(environment: str, application: str, limit: int) -> None:
    view = proposal(environment=environment, applications=(application,))
    assert title(view, limit=limit).isprintable()
    assert 0 < len(title(view, limit=limit)) <= limit


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "gitops/staging/web"),
        ({"applications": ("shop",)}, "gitops/staging/shop"),
        ({"applications": ()}, "gitops/staging/web"),
        ({"applications": ("a", "b")}, "gitops/staging/web"),
        ({"applications": (), "images": (step("x/b:1"), step("x/a:1"))}, "gitops/staging/a"),
        (
            {"applications": (), "images": (), "sets": ("env/a.yaml: b = c",)},
            "gitops/staging/env-a.yaml",
        ),
        ({"applications": ("we b..lock/../x.lock",)}, "gitops/staging/we-b-lock---x-2e67ae81"),
        ({"applications": ("支付",)}, "gitops/staging/x-5d3ba34c"),
        ({"applications": ("größe",)}, "gitops/staging/gr-e-d353a267"),
        ({"applications": ("rollback",)}, "gitops/staging/rollback-da25480f"),
        ({"applications": ("hold",)}, "gitops/staging/hold-e8b22d83"),
        (
            {"applications": (), "images": (step("acme/rollback:v1"),)},
            "gitops/staging/rollback-da25480f",
        ),
    ],
)
def test_branches(changes: dict[str, object], expected: str) -> None:
    assert branch(proposal(**changes)) == expected


@pytest.mark.parametrize(
    "names",
    [("支付", "订单"), ("größe", "gr e", "gr-e"), ("a.lock", "a"), ("w" * 90, "w" * 91)],
)
def test_names_that_share_their_ascii_letters_get_different_branches(names: list[str]) -> None:
    assert len({branch(proposal(applications=(name,))) for name in names}) == len(names)


@given(st.text(), st.text())
def test_different_names_never_share_a_part(one: str, other: str) -> None:
    same = one.replace("/", "-") == other.replace("/", "-")
    assert (slug(one) == slug(other)) is same


@given(st.text() | st.sampled_from(NASTY))
def test_any_name_makes_a_valid_branch(text: str) -> None:
    assert branch_problem(branch(proposal(environment=text, applications=(text,)))) == ""
    assert branch_problem(slug(text)) == ""


def git_accepts(name: str) -> bool:
    done = subprocess.run(
        ["git", "check-ref-format", "--branch", name], capture_output=True, check=False
    )
    return done.returncode == 0


BRANCHES = r"""
a/b a..b .a a/.b a.lock a.lock/b a/ /a a//b @{ a@{b a@b -a a~ a^ a: a? a* a[ a\b a. a.b HEAD
a/HEAD a/- gitops/staging/web x/@ a.lockx
"""


@pytest.mark.parametrize("name", [*BRANCHES.split(), "a b", "a\tb", "a\x7f", "é/ü", ""])
def test_branch_names_are_evaluated_as_git_judges_them(name: str) -> None:
    assert (not branch_problem(name)) is git_accepts(name)


@settings(max_examples=examples(60))
@given(st.text(alphabet="a./-@{lock~^:?*[\\ \x01", min_size=1, max_size=8))
def test_any_branch_name_is_evaluated_as_git_judges_it(name: str) -> None:
    looked_up = name == "@" or name.startswith("@{-")  # git reads these as other names
    assert looked_up or (not branch_problem(name)) is git_accepts(name)
