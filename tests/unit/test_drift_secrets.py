"""What Secrets hold is shown nowhere else either."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from gitops_action.core.drift.compare import differences
from gitops_action.core.drift.report import ObjectDrift, object_drift
from gitops_action.core.manifests.model import Manifest, ObjectId
from gitops_action.core.redaction.values import without_values_of

Body = dict[str, Any]
VALUE = "correct-horse"
LINES = "user: someone\nport: 80\nphrase = battery-staple-72\n"
BINARY = b64encode(bytes(range(128, 168))).decode()


def secret(**data: str) -> Body:
    encoded = {key: b64encode(value.encode()).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": encoded}


KNOWN = (
    secret(value=VALUE, lines=LINES, flag="true", short="admin"),
    {"apiVersion": "v1", "kind": "Secret", "stringData": {"written": "written-in-clear"}},
    {**secret(), "data": {"binary": f"{BINARY[:20]}\n{BINARY[20:]}"}},
    {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "of no Secret"}},
)
CLEAR = (VALUE, "written-in-clear", "phrase = battery-staple-72")
HELD = (*CLEAR, *(b64encode(one.encode()).decode() for one in (*CLEAR, LINES)), BINARY)


def changed(described: object, live: object) -> ObjectDrift:
    """The drift of a ConfigMap whose key lives so."""
    old: Body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    new = {**old, "data": {"a": live}}
    old = {**old, "data": {"a": described}}
    item = ObjectId(group="", kind="ConfigMap", namespace="", name="c")
    found = differences(old, new, own=("us",))
    manifest = Manifest(id=item, version="v1", body=old)
    return object_drift(manifest, old, new, found, secrets=without_values_of(KNOWN))


@pytest.mark.parametrize(
    "copied",
    [
        *HELD,
        f"before {VALUE} behind",
        "x" * 190 + VALUE,  # where the part that is shown ends
    ],
)
def test_a_value_that_was_copied_out_of_a_secret(copied: str) -> None:
    into, out_of = changed("described", copied), changed(copied, "harmless")
    for found in (into, out_of):
        written = json.dumps(found.as_json())
        assert [one for one in HELD if one[:8] in written] == []
    assert into.patch == ""
    assert "a: harmless" in out_of.patch


@pytest.mark.parametrize("value", ["true", "admin", "port: 80", "of no Secret"])
def test_what_stands_anywhere_is_shown(value: str) -> None:
    found = changed("described", value)
    assert found.fields[0].live == json.dumps(value)
    assert value in found.patch
