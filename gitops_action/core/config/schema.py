"""The JSON Schema of the configuration, for editors; run as a module it writes the shipped file."""

from __future__ import annotations

import json
from pathlib import Path

from gitops_action.core.config.model import ConfigShape

SCHEMA_ID = "urn:gitops-action:gitops.yaml:1"
"""What the schema calls itself, wherever a copy of it is read from; ends with the version."""

SCHEMA_PATH = Path(__file__).parents[2] / "schemas" / "gitops.schema.json"


def schema() -> str:
    """The schema as JSON text, the same bytes for the same model."""
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "gitops.yaml",
    } | ConfigShape.model_json_schema(by_alias=True, mode="validation")
    document["title"] = "gitops.yaml"
    return json.dumps(_tidy(document), indent=2) + "\n"


def _tidy(value: object, *, names: bool = False) -> object:
    """Without the titles that pydantic makes up of class names: editors show them to people."""
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _tidy(item, names=key in {"properties", "$defs"})
        for key, item in value.items()
        if names or key != "title" or item == "gitops.yaml"
    }


if __name__ == "__main__":
    SCHEMA_PATH.write_text(schema(), encoding="utf-8")
