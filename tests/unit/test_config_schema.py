"""The JSON Schema that editors use is the model, and agrees with reader and documentation."""

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
from ruamel.yaml import YAML

from gitops_action.core.config import load_config
from gitops_action.core.config.load import VERSION
from gitops_action.core.config.schema import SCHEMA_PATH, schema
from tests.support.configs import EXAMPLE, FILE

DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_shipped_schema_is_the_one_of_the_model() -> None:
    run = "run: python -m gitops_action.core.config.schema"
    assert SCHEMA_PATH.read_text(encoding="utf-8") == schema(), run


def test_the_schema_accepts_the_example() -> None:
    data = YAML(typ="safe", pure=True).load(EXAMPLE)
    jsonschema_rs.validate(json.loads(schema()), data)


def test_the_schema_names_itself_and_its_dialect() -> None:
    document = json.loads(schema())
    assert document["$id"].endswith(f":{VERSION}")
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate(document)


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
    assert not jsonschema_rs.is_valid(json.loads(schema()), data)


def test_every_complete_example_of_the_documentation_loads() -> None:
    blocks = re.findall(r"```yaml\n(version: 1.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert EXAMPLE.decode() in blocks
    for block in blocks:
        load_config(FILE, block.encode())


def test_every_key_is_documented() -> None:
    text = DOCUMENT.read_text("utf-8")
    parts = [json.loads(schema()), *json.loads(schema())["$defs"].values()]
    keys = {key for part in parts for key in part.get("properties", {})}
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []
