"""Whatever stands in the file: a configuration or errors with a place, never a crash."""

import json

from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.config import load_config
from gitops_action.errors import GitOpsError, GitOpsErrors
from tests.support.configs import FILE

_TEXT = st.text(max_size=200).map(lambda text: b"version: 1\n" + text.encode("utf-8", "replace"))
_LEAF = (
    st.none()
    | st.booleans()
    | st.integers(-5, 200)
    | st.sampled_from(["a", "staging", "auto", "1h", "20%", "0 17 * * FRI", "flux", "a/b", ""])
)
_WORDS = """
path after merge gates soak windows deny for timezone approvals count teams deploy engine targets
name prune max health timeout images source staging b rollback mode
"""
_KEYS = st.sampled_from(_WORDS.split())
_TREE = st.recursive(
    _LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=15,
)


def errors_of(data: bytes) -> tuple[GitOpsError, ...]:
    try:
        load_config(FILE, data)
    except GitOpsErrors as caught:
        return caught.errors
    return ()


@given(st.binary(max_size=200) | _TEXT)
def test_any_bytes_give_a_configuration_or_errors_with_a_place(data: bytes) -> None:
    assert all(error.location for error in errors_of(data))


@given(_TREE, _TREE)
def test_any_tree_of_values_is_checked_without_a_crash(environments: object, apps: object) -> None:
    data = json.dumps({"version": 1, "environments": environments, "applications": apps}).encode()
    assert all(str(error).startswith(f"{FILE}:") for error in errors_of(data))
