"""The reader checks by the JSON Schema that editors use, and the documentation agrees with it."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from ruamel.yaml import YAML

from gitops_action.core.config import Config, load_config
from gitops_action.core.config.load import VERSION
from gitops_action.core.config.schema import SCHEMA_PATH, schema_text
from tests.support.configs import EXAMPLE, FILE

SCHEMA = json.loads(schema_text())
DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_shipped_schema_is_the_one_of_the_reader() -> None:
    run = "run: python -m gitops_action.core.config.schema"
    assert SCHEMA_PATH.read_text(encoding="utf-8") == schema_text(), run


def test_the_schema_accepts_the_example() -> None:
    data = YAML(typ="safe", pure=True).load(EXAMPLE)
    jsonschema_rs.validate(SCHEMA, data)


def test_the_schema_names_itself_and_its_dialect() -> None:
    document = SCHEMA
    assert document["$id"].endswith(f":{VERSION}")
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate(document)


def test_no_validator_meets_a_format_that_it_does_not_know() -> None:
    jsonschema_rs.validator_for(SCHEMA, validate_formats=True, ignore_unknown_formats=False)


def test_the_documented_first_line_leads_to_the_shipped_file() -> None:
    text = DOCUMENT.read_text("utf-8")
    (path,) = re.findall(r"yaml-language-server: \$schema=\S+/gitops-action/v1/(\S+)", text)
    assert Path(__file__).parents[2] / path == SCHEMA_PATH


@pytest.mark.parametrize(
    "body",
    [
        "version: 2\nenvironments: {a: {path: a}}",
        "version: 1",
        "version: 1\nenvironments: {}",
        "version: 1\nenvironments: {A: {path: a}}",
        "version: 1\nenvironments: {a: {path: a, merg: auto}}",
        "version: 1\nenvironments: {a: {path: a, gates: {soak: 1x}}}",
        "version: 1\nenvironments: {a: {path: a, deploy: {engine: push, prune: {max: lots}}}}",
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(body: str) -> None:
    data = YAML(typ="safe", pure=True).load(body)
    assert not jsonschema_rs.is_valid(SCHEMA, data)


def test_every_complete_example_of_the_documentation_loads() -> None:
    blocks = re.findall(r"```yaml\n(version: 1.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert EXAMPLE.decode() in blocks
    for block in blocks:
        load_config(FILE, block.encode())


def test_every_key_is_documented() -> None:
    text = DOCUMENT.read_text("utf-8")
    parts = [SCHEMA, *SCHEMA["$defs"].values()]
    keys = {key for part in parts for key in part.get("properties", {})}
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []


def _with_defaults(data: object, node: dict[str, Any]) -> object:
    """The data with every default of the schema written out, as far as it has sections for it."""
    if "$ref" in node:
        return _with_defaults(data, SCHEMA["$defs"][node["$ref"].rpartition("/")[2]])
    if "anyOf" in node:
        return _with_defaults(data, next((one for one in node["anyOf"] if "$ref" in one), {}))
    if isinstance(data, list):
        return [_with_defaults(item, node.get("items", {})) for item in data]
    if not isinstance(data, dict):
        return data
    keys, others = node.get("properties", {}), node.get("additionalProperties") or {}
    defaults = {key: one["default"] for key, one in keys.items() if "default" in one}
    single = {"access"} if "targets" in data else set()
    given = {key: _with_defaults(item, keys.get(key, others)) for key, item in data.items()}
    return {key: one for key, one in defaults.items() if key not in single} | given


def test_the_defaults_that_editors_show_are_those_of_the_reader() -> None:
    environments = {
        "push": {"path": "a", "deploy": {"engine": "push", "prune": {}, "health": {}}},
        "gated": {
            "path": "b",
            "promotion": {},
            "rollback": {},
            "gates": {
                "windows": [{"deny": "0 0 * * *", "for": "1h"}],
                "approvals": {},
                "http": [{"url": "https://a/", "expect": "response.ok"}],
                "provenance": {"workflow": "acme/web/.github/workflows/release.yml"},
            },
        },
        "targets": {
            "path": "c",
            "deploy": {
                "targets": [{"name": "a", "engine": "push"}],
                "health": {"kinds": [{"kind": "Db", "current": "status.ok"}]},
            },
        },
    }
    data = {"version": 1, "validate": {}, "environments": environments}
    written = _with_defaults(data, SCHEMA)
    assert written != data
    one, other = (load_config(FILE, json.dumps(body).encode()) for body in (data, written))
    assert _without_lines(one) == _without_lines(other)


def _without_lines(config: Config) -> Config:
    environments = tuple(replace(one, line=None) for one in config.environments)
    return replace(config, environments=environments)
