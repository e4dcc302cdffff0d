"""What is missing to reach the environment repository, in the same words for every command."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gitops_action.core.inputs.access import check_access, require_identity, require_repository
from gitops_action.core.inputs.declaration import Command
from gitops_action.core.inputs.hold import HOLD, hold_inputs
from gitops_action.core.inputs.rollback import ROLLBACK, rollback_inputs
from gitops_action.core.inputs.values import Values, check_values, with_defaults
from gitops_action.errors import UsageError


def given(command: Command, **texts: str) -> Values:
    texts = {"repository": "acme/environment", "environment": "production", **texts}
    return check_values(command, with_defaults(command, texts, {}))


MISSING: dict[str, tuple[Callable[[], object], str]] = {
    "no repository": (
        lambda: check_access("", "t"),
        (
            "The environment repository is not known: `repository` is not given, and this is not a"
            " GitHub job. Fix: give `repository: OWNER/NAME`"
        ),
    ),
    "no repository for an input": (
        lambda: check_access("", "t", needed_by="`pull-request`"),
        (
            "The environment repository is not known: `pull-request` is given, `repository` is not"
            " given, and this is not a GitHub job. Fix: give `repository: OWNER/NAME`"
        ),
    ),
    "no token": (
        lambda: check_access("acme/environment", ""),
        (
            "There is no token for acme/environment: `token` is empty; it needs the rights"
            " `contents: write` and `pull-requests: write` there. Fix: give `token`"
        ),
    ),
    "no token to list what can be gone back to": (
        lambda: rollback_inputs(given(ROLLBACK, list="true"), {}),
        (
            "There is no token for acme/environment: `token` is empty; it needs the rights"
            " `contents: read`, `deployments: read`, `checks: read` and `actions: read` there."
            " Fix: give `token`"
        ),
    ),
    "no token to list holds": (
        lambda: hold_inputs(given(HOLD, action="list")),
        (
            "There is no token for acme/environment: `token` is empty; it needs the right"
            " `contents: read` there. Fix: give `token`"
        ),
    ),
    "no repository to list holds": (
        lambda: hold_inputs(given(HOLD, action="list", repository="")),
        (
            "The environment repository is not known: `repository` is not given, and this is not a"
            " GitHub job. Fix: give `repository: OWNER/NAME`, or `mode: local` for the checkout"
        ),
    ),
    "no token for an input": (
        lambda: check_access("acme/environment", "", rights="", needed_by="`comment`"),
        (
            "There is no token for acme/environment: `comment` needs one, and `token` is empty."
            " Fix: give `token`"
        ),
    ),
    "another way out": (
        lambda: require_repository("", instead=", or no token to read the checkout"),
        (
            "The environment repository is not known: `repository` is not given, and this is not a"
            " GitHub job. Fix: give `repository: OWNER/NAME`, or no token to read the checkout"
        ),
    ),
    "an inventory of nobody": (
        lambda: require_identity(""),
        (
            "The environment repository is not known: its name distinguishes its inventory in the"
            " cluster from others. Fix: give `repository: OWNER/NAME`"
        ),
    ),
}


@pytest.mark.parametrize("case", MISSING)
def test_what_is_missing_is_named_with_the_fix(case: str) -> None:
    check, text = MISSING[case]
    with pytest.raises(UsageError) as caught:
        check()
    assert str(caught.value) == text


def test_what_is_given_passes() -> None:
    check_access("acme/environment", "t")
    require_identity("acme/environment")
