"""Names of environments in a cluster: readable, valid as labels, and never shared."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.deploy.inventory import inventory_label, record_name

VALID = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,80}", fullmatch=True)


def label(
    environment: str = "production",
    repository: str = "acme/environments",
    server_url: str = "https://github.com",
) -> str:
    return inventory_label(environment=environment, repository=repository, server_url=server_url)


@given(NAMES, st.text(max_size=40), st.text(max_size=40))
def test_it_is_a_valid_label_and_a_valid_name(
    environment: str, repository: str, server_url: str
) -> None:
    found = label(environment, repository, f"https://{server_url}" if server_url else "")
    assert VALID.fullmatch(found)
    assert len(found) <= 63
    assert VALID.fullmatch(record_name(found))
    assert len(record_name(found)) <= 253


def test_it_begins_with_the_environment() -> None:
    assert re.fullmatch(r"production-[0-9a-f]{12}", label())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"environment": "staging"}),
        ({}, {"repository": "acme/others"}),
        ({}, {"server_url": "https://github.example.com"}),
        ({"environment": "a" * 60}, {"environment": "a" * 61}),
        ({"repository": "a/b", "environment": "c"}, {"repository": "a", "environment": "b-c"}),
    ],
)
def test_what_differs_has_another(one: dict[str, str], other: dict[str, str]) -> None:
    assert label(**one) != label(**other)


@pytest.mark.parametrize(
    "same", [{"repository": "Acme/Environments"}, {"server_url": "https://GitHub.com/"}]
)
def test_case_and_slashes_do_not_count(same: dict[str, str]) -> None:
    assert label(**same) == label()
