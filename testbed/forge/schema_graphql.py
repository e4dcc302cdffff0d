"""GitHub's GraphQL schema, built once a process."""

from __future__ import annotations

import functools

from graphql import DocumentNode, GraphQLError, GraphQLSchema, build_ast_schema, parse, validate

from testbed.forge.npm import package

_TOLERATED = "they return conflicting types"
"""GitHub's server lets `String` and `String!` meet under one name; gh relies on it."""


@functools.cache
def schema() -> GraphQLSchema:
    """Build the schema from the official SDL (about half a second)."""
    folder, _ = package("@octokit/graphql-schema")
    document = parse((folder / "schema.graphql").read_text(), no_location=True)
    return build_ast_schema(document, assume_valid=True)


@functools.lru_cache(maxsize=512)
def parsed(query: str) -> tuple[DocumentNode, tuple[GraphQLError, ...]]:
    """Parse a query and say what in it GitHub's schema does not allow.

    Raises:
        GraphQLError: it does not parse.
    """
    document = parse(query)
    found = validate(schema(), document)
    return document, tuple(error for error in found if _TOLERATED not in error.message)
