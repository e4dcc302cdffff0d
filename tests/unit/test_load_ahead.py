"""What is imported ahead is there: an import that fails ahead is silent."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from gitops_action.app.load_ahead import NEEDED


@pytest.mark.parametrize("name", NEEDED)
def test_every_module_exists(name: str) -> None:
    assert find_spec(name) is not None
