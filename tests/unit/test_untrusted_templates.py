"""What a user's template may compute: bounded in size, and everything ordinary."""

from __future__ import annotations

import pytest

from gitops_action.adapters.templates import Templates
from gitops_action.errors import UsageError


def rendered(template: str, **variables: object) -> str:
    return Templates().user(template, variables, name="body")


@pytest.mark.parametrize(
    "template",
    [
        "{{ 2 ** 100 }}",
        "{{ 200000 ** 2 }}",
        "{{ 'x' * 2000000 }}",
        "{{ (2000000 * 'x') | length }}",
        "{{ 'ab'.replace('a', text) }}{{ text.replace('x', text) }}",
        "{{ '%99999d' % 1 }}",
        "{{ '{:99999}'.format(1) }}",
        "{{ 'x'.center(20000) }}",
    ],
)
def test_what_could_be_huge_is_refused(template: str) -> None:
    with pytest.raises(UsageError, match="The template in `body` fails"):
        rendered(template, text="x" * 2000)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ 'ab' * 100 }}", "ab" * 100),
        ("{{ 2 ** 10 }}", "1024"),
        ("{{ 2000000 * 3 }}", "6000000"),
        ("{{ ('%s' % long) | length }}", "600000"),
        ("{{ '%s' % (12345,) }}", "12345"),
        ("{{ 12345 % 10 }}", "5"),
        ("{{ '{} {}'.format('a', 1) }}", "a 1"),
        ("{{ '12345'.replace('1', '2') }}", "22345"),
        ("{{ 'x'.center(5) }}", "  x  "),
    ],
)
def test_what_is_ordinary_is_computed(template: str, text: str) -> None:
    assert rendered(template, long="x" * 600_000).strip("\n") == text
