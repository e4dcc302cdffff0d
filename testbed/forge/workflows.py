"""What GitHub reads of a workflow file: its triggers, their inputs, and the names of its runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """A workflow file; `triggers` maps the events of `on` to what stands below them."""

    path: str
    name: str
    run_name: str = ""
    triggers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def title(self, context: Mapping[str, Any]) -> str:
        """The name of a run: `run-name` with its expressions (paths and `||` only), or `name`."""
        text = _EXPRESSION.sub(lambda found: _value(found[1], context), self.run_name)
        return " ".join(text.split()) or self.name


def parse(path: str, data: bytes) -> Workflow:
    """Read a workflow file; one that is no YAML has no triggers, as on GitHub."""
    try:
        found: Any = YAML(typ="safe", pure=True).load(data.decode())
    except YAMLError:
        found = None
    found = found if isinstance(found, dict) else {}
    return Workflow(
        path=path,
        name=str(found.get("name", path)),
        run_name=str(found.get("run-name", "")),
        triggers=_triggers(found.get("on")),
    )


def _triggers(given: Any) -> dict[str, Mapping[str, Any]]:
    if isinstance(given, str):
        return {given: {}}
    if isinstance(given, list):
        return {str(name): {} for name in given}
    pairs = given.items() if isinstance(given, dict) else ()
    return {str(name): below if isinstance(below, dict) else {} for name, below in pairs}


def _value(expression: str, context: Mapping[str, Any]) -> str:
    """The first alternative that is not empty."""
    for alternative in expression.split("||"):
        here: Any = context
        for step in alternative.strip().split("."):
            here = here.get(step) if isinstance(here, Mapping) else None
        if here:
            return str(here)
    return ""
