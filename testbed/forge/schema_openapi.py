"""GitHub's OpenAPI description: which REST calls there are, and what they take and give.

The package's file is 13 MB, so what the served operations need is cut out of it once and kept
in the cache folder, keyed by the package's version and the operations.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft4Validator

from testbed import cache
from testbed.forge.npm import package

Json = dict[str, Any]
_UNDETERMINED = frozenset({400, 401, 403, 404, 409, 422, 429, 500, 501, 502, 503})
_DROPPED = frozenset({"example", "examples", "description", "nullable", "title", "discriminator"})
_FORMATS = 3
_SEARCHES = frozenset({"created"})
"""Parameters in search syntax (`>=2026-01-01`), as their text says and their format does not."""


class Description:
    """The described operations among those served, with compiled validators."""

    def __init__(self, served: Iterable[str]) -> None:
        """Load what is described of these routes ("METHOD path")."""
        content = _load(sorted(served))
        self.known: frozenset[str] = frozenset(content["known"])
        self._operations: Json = content["operations"]
        self._components: Json = content["components"]
        self._compiled: dict[str, Draft4Validator] = {}
        self._lock = threading.Lock()

    def identifier(self, route: str) -> str:
        """Return GitHub's name for an operation, e.g. "pulls/create"."""
        return str(self._operations[route]["operationId"])

    def greedy(self, route: str) -> frozenset[str]:
        """Return the path parameters that may hold slashes."""
        parameters = self._operations[route]["parameters"]
        return frozenset(p["name"] for p in parameters if p.get("x-multi-segment"))

    def check_request(self, route: str, query: Mapping[str, str], body: Any) -> list[str]:
        """Say what GitHub's description does not allow in a request."""
        operation = self._operations[route]
        parameters = {p["name"]: p for p in operation["parameters"] if p["in"] == "query"}
        found = [f"query parameter {name!r} is unknown" for name in query if name not in parameters]
        for name, parameter in parameters.items():
            if name in query:
                schema = parameter["schema"] if name not in _SEARCHES else {"type": "string"}
                value = _typed(query[name], self._resolved(schema))
                found += self._errors(f"{route} ?{name}", schema, value)
            elif parameter.get("required"):
                found.append(f"query parameter {name!r} is missing")
        return found + self._check_body(route, operation.get("body"), body)

    def _check_body(self, route: str, schema: Json | None, body: Any) -> list[str]:
        if schema is None:
            return [f"has a body, and {route} takes none"] if body else []
        found = self._errors(f"{route} body", schema, {} if body is None else body)
        properties = self._resolved(schema).get("properties")
        if isinstance(body, dict) and properties:
            found += [f"body property {name!r} is unknown" for name in body.keys() - properties]
        return found

    def check_response(self, route: str, status: int, kind: str, body: Any) -> list[str]:
        """Say in what an answer differs from GitHub's description."""
        responses = self._operations[route]["responses"]
        told = responses.get(str(status))
        if told is None:
            return [] if status in _UNDETERMINED else [f"status {status} is not described"]
        schema = told.get(kind) or told.get("application/json")
        if schema is None or kind not in {"application/json", *told}:
            return []
        return self._errors(f"{route} {status} {kind}", schema, body)

    def _errors(self, key: str, schema: Json, value: Any) -> list[str]:
        with self._lock:
            validator = self._compiled.get(key)
            if validator is None:
                parts = _reachable(schema, self._components)
                whole = {"allOf": [schema], "components": parts}
                validator = self._compiled[key] = Draft4Validator(whole, validate_formats=True)
        return [
            f"{key}: /{'/'.join(map(str, error.instance_path))}: {error.message[:300]}"
            for _, error in zip(range(_FORMATS), validator.iter_errors(value), strict=False)
        ]

    def _resolved(self, schema: Json) -> Json:
        while "$ref" in schema:
            schema = _at(schema["$ref"], self._components)
        return schema


def _typed(text: str, schema: Json) -> Any:
    kinds = schema.get("type")
    if kinds == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kinds == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text


def _load(served: list[str]) -> Json:
    folder, version = package("@octokit/openapi")
    key = cache.key(version, Path(__file__).read_bytes(), *served)

    def extract(target: Path) -> None:
        whole = json.loads((folder / "generated" / "api.github.com.json").read_text())
        target.write_text(json.dumps(_extract(whole, served)))

    content: Json = json.loads(cache.item(f"forge/openapi-{key}.json", extract).read_text())
    return content


def _extract(whole: Json, served: list[str]) -> Json:
    components, operations = whole["components"], {}
    known = [f"{m.upper()} {path}" for path, item in whole["paths"].items() for m in item]
    for route in served:
        method, path = route.split(" ", 1)
        if route not in known:
            raise RuntimeError(f"{route} is not in GitHub's description")
        operations[route] = _operation(whole["paths"][path][method.lower()], components)
    parts = _reachable(operations, components)
    content: Json = _draft4({"known": known, "operations": operations, "components": parts})
    return content


def _operation(source: Json, components: Json) -> Json:
    def direct(node: Json) -> Json:
        return _at(node["$ref"], components) if "$ref" in node else node

    def contents(node: Json) -> Json:
        found = direct(node).get("content") or {}
        return {kind: content.get("schema", {}) for kind, content in found.items()}

    bodies = contents(source["requestBody"]) if "requestBody" in source else {}
    return {
        "operationId": source["operationId"],
        "parameters": [direct(node) for node in source.get("parameters", [])],
        "body": bodies.get("application/json"),
        "responses": {status: contents(node) for status, node in source["responses"].items()},
    }


def _at(reference: str, components: Json) -> Json:
    _, _, group, name = reference.split("/")
    found: Json = components[group][name]
    return found


def _references(node: Any) -> Iterable[str]:
    if isinstance(node, dict):
        target = node.get("$ref")
        if isinstance(target, str):
            yield target
        for key, value in node.items():
            if key not in _DROPPED or isinstance(value, dict):
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _reachable(start: Any, components: Json) -> Json:
    found: dict[str, Json] = {}
    waiting = [start]
    while waiting:
        for reference in _references(waiting.pop()):
            _, _, group, name = reference.split("/")
            if group != "examples" and name not in found.setdefault(group, {}):
                found[group][name] = components[group][name]
                waiting.append(found[group][name])
    return found


def _draft4(node: Any, *, names: bool = False) -> Any:
    """Turn OpenAPI 3.0's dialect into JSON Schema draft 4 (`nullable` becomes a null type)."""
    if isinstance(node, list):
        return [_draft4(value) for value in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: _draft4(value, names=key == "properties" and not names)
        for key, value in node.items()
        if names or key not in _DROPPED
    }
    if not names and node.get("default") == "":
        kept.pop("format", None)  # deployment statuses: the default of an address is no address
    if not names and node.get("format") == "email":
        kept.pop("format", None)  # addresses of bots have brackets, as GitHub writes them
    if names or node.get("nullable") is not True:
        return kept
    return {"anyOf": [kept, {"enum": [None]}]}
