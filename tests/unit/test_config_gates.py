"""The gate keys of the configuration, resolved; reserved names."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gitops_action.core.config import load_config
from gitops_action.core.config.load import read_config
from gitops_action.core.config.resolved import (
    RESERVED_NAMES,
    Approvals,
    Gates,
    HttpGate,
    Override,
    Promotion,
    Provenance,
    RequiredCheck,
)
from gitops_action.core.config.tree_check import check_tree
from gitops_action.errors import GitOpsErrors
from tests.support.configs import FILE


def gates(text: str) -> Gates:
    data = f"version: 1\nenvironments: {{a: {{path: a, gates: {text}}}}}\n".encode()
    found = load_config(FILE, data).environments[0].gates
    assert found is not None
    return found


def test_approvals_by_default() -> None:
    assert gates("{approvals: {}}").approvals == Approvals(count=1, not_by=("author", "pushers"))
    assert gates("{checks: [x]}").approvals == Approvals(count=0)


def test_approvals_in_full() -> None:
    text = "{approvals: {count: 2, teams: [acme/sre], users: [bob], not-by: [source-authors]}}"
    assert gates(text).approvals == Approvals(
        count=2, teams=("acme/sre",), users=("bob",), not_by=("source-authors",)
    )
    assert gates("{approvals: {not-by: []}}").approvals.not_by == ()


def test_a_check_is_a_name_or_a_name_with_an_app() -> None:
    assert gates("{checks: [ci/smoke, {name: ci/scan, app: 15368}, {name: x}]}").checks == (
        RequiredCheck(name="ci/smoke"),
        RequiredCheck(name="ci/scan", app=15368),
        RequiredCheck(name="x"),
    )


def test_an_address_with_its_defaults() -> None:
    text = "{http: [{url: 'https://a/', expect: response.status == 200}]}"
    (item,) = gates(text).http
    assert item == HttpGate(
        url="https://a/",
        expect="response.status == 200",
        timeout=timedelta(seconds=10),
        retries=2,
    )


def test_provenance_and_override() -> None:
    found = gates(
        "{provenance: {workflow: acme/web/.github/workflows/release.yml},"
        " override: {teams: [acme/oncall]}}"
    )
    assert found.provenance == Provenance(workflow="acme/web/.github/workflows/release.yml")
    assert found.override == Override(teams=("acme/oncall",))
    assert gates("{checks: [x]}").override == Override()


def test_promotion() -> None:
    data = b"version: 1\nenvironments: {a: {path: a}, b: {path: b, promotion: {pick: newest}}}\n"
    first, second = load_config(FILE, data).environments
    assert first.promotion == Promotion(mode="auto", pick="soaked", supersede="until-approved")
    assert second.promotion.pick == "newest"


def test_the_rollback_of_an_application() -> None:
    data = b"version: 1\napplications: {db: {rollback: off}}\nenvironments: {a: {path: a}}\n"
    assert load_config(FILE, data).applications[0].rollback == "off"


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
def test_a_reserved_name_is_refused(name: str) -> None:
    data = f"version: 1\nenvironments:\n  {name}: {{path: a}}\n".encode()
    with pytest.raises(GitOpsErrors) as caught:
        load_config(FILE, data)
    (error,) = caught.value.errors
    assert str(error).startswith(f"{FILE}:3:3: environments.{name}: {name!r} is a reserved name")


def test_the_reserved_names() -> None:
    assert sorted(RESERVED_NAMES) == sorted(
        ["ready", "deploy", "gitops", "gitops-gate", "hold", "rollback", "all"]
    )


def test_every_key_of_provenance() -> None:
    found = gates(
        "{provenance: {workflow: 'acme/{application}/.github/workflows/release.yml',"
        " ref: refs/tags/v*, issuer: 'https://git.acme.test/_services/token',"
        " trusted-root: ./.github/trusted-root.jsonl}}"
    )
    assert found.provenance == Provenance(
        workflow="acme/{application}/.github/workflows/release.yml",
        ref="refs/tags/v*",
        issuer="https://git.acme.test/_services/token",
        trusted_root=".github/trusted-root.jsonl",
    )


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("ref: main", "'main' is not a ref"),
        ("issuer: token.example", "'token.example' is not an address"),
        ("trusted-root: ../root.jsonl", "'../root.jsonl'"),
        ("trusted-root: roots/", "'roots/' is a folder"),
        ("trusted-root: .", "'.' is a folder"),
    ],
)
def test_a_mistake_in_provenance(rule: str, problem: str) -> None:
    with pytest.raises(GitOpsErrors) as caught:
        gates(f"{{provenance: {{workflow: a/b/.github/workflows/c.yml, {rule}}}}}")
    assert problem in str(caught.value.errors[0])


def test_no_key_is_named_as_not_enforced() -> None:
    every = "a: {path: a, gates: {provenance: {workflow: o/r/.github/workflows/b.yml}}}"
    data = f"version: 1\nenvironments: {{{every}}}\n".encode()
    assert check_tree(read_config(FILE, data), ["a/x.yaml"]).notices == ()


def test_a_trusted_root_that_nobody_has_committed() -> None:
    data = (
        b"version: 1\nenvironments:\n  a:\n    path: a\n    gates:\n      provenance:\n"
        b"        workflow: o/r/.github/workflows/b.yml\n        trusted-root: roots.jsonl\n"
    )
    (error,) = check_tree(read_config(FILE, data), ["a/x.yaml"]).errors
    assert str(error.location) == f"{FILE}:8:9"
    assert error.title == "environments.a.gates.provenance.trusted-root: there is no roots.jsonl"
    assert check_tree(read_config(FILE, data), ["a/x.yaml", "roots.jsonl"]).errors == ()
