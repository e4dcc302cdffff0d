"""A GraphQL request from its text to its answer."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    execute_sync,
)

from testbed.forge.errors import ApiError
from testbed.forge.graphql import cost
from testbed.forge.graphql.fields import Context, resolve, type_name
from testbed.forge.schema_graphql import parsed, schema
from testbed.forge.tokens import Token
from testbed.forge.world import World

Json = dict[str, Any]
_MORE = ("reviews", "organizations", "deployments", "merge_queue", "issues")
_AREAS = ("query", "git_objects", "pulls", "talk", "checks", "mutations", "ref_mutations", *_MORE)


@dataclass(frozen=True, kw_only=True)
class Question:
    """A request, parsed and held against the schema.

    `name` lists its root fields; `label` has the names that the client gives its operations.
    """

    document: DocumentNode | None
    errors: tuple[GraphQLError, ...]
    variables: Mapping[str, Any]
    operation_name: str | None
    name: str
    label: str
    mutates: bool


@functools.cache
def _load() -> None:
    for area in _AREAS:
        importlib.import_module(f"testbed.forge.graphql.{area}")


def understand(body: Any) -> Question:
    """Read a request's body.

    Raises:
        ApiError: 400, it holds no query.
    """
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise ApiError(
            status=400, message="A query attribute must be specified and must be a string."
        )
    try:
        document, errors = parsed(body["query"])
    except GraphQLError as error:
        document, errors = None, (error,)
    operations = [
        node
        for node in (document.definitions if document else ())
        if isinstance(node, OperationDefinitionNode)
        and body.get("operationName") in {None, node.name.value if node.name else None}
    ]
    roots = [
        selection.name.value
        for operation in operations
        for selection in operation.selection_set.selections
        if isinstance(selection, FieldNode)
    ]
    return Question(
        document=document,
        errors=errors,
        variables=body.get("variables") or {},
        operation_name=body.get("operationName"),
        name=",".join(roots) or "invalid",
        label=",".join(node.name.value for node in operations if node.name),
        mutates=any(operation.operation.value == "mutation" for operation in operations),
    )


def execute(world: World, token: Token, question: Question) -> Json:
    """Carry it out; the answer always goes with HTTP 200."""
    _load()
    if question.document is None or question.errors:
        text = "; ".join(error.message for error in question.errors)
        world.problem(f"GraphQL {question.name}: {text}")
        return {"errors": [_told(error) for error in question.errors]}
    price = cost.of(question.document, question.operation_name, question.variables)
    try:
        world.spend_points(token.text, price)
    except ApiError as refusal:
        return {"errors": [{"type": refusal.kind, "message": refusal.message}]}
    result = execute_sync(
        schema(),
        question.document,
        context_value=Context(world=world, token=token, cost=price),
        variable_values=dict(question.variables),
        operation_name=question.operation_name,
        field_resolver=resolve,
        type_resolver=type_name,
    )
    for error in result.errors or ():
        if not isinstance(error.original_error, ApiError):
            world.problem(f"GraphQL {question.name}: {error!r} {error.original_error!r}")
    told: Json = {"data": result.data} if result.data is not None or not result.errors else {}
    if result.errors:
        told = {"data": result.data, "errors": [_told(error) for error in result.errors]}
    return told


def _told(error: GraphQLError) -> Json:
    """Write an error as GitHub does: its kind stands beside the message."""
    told: Json = {"message": error.message}
    if isinstance(error.original_error, ApiError):
        told["type"] = error.original_error.kind
    if error.path:
        told["path"] = error.path
    if error.locations:
        told["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    return told
