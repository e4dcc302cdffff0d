"""GitHub's GraphQL schema, built once a process."""

from __future__ import annotations

import functools
import threading

from graphql import DocumentNode, GraphQLError, GraphQLSchema, build_ast_schema, parse, validate

from testbed.forge.npm import package

_TOLERATED = "they return conflicting types"
"""GitHub's server lets `String` and `String!` meet under one name; gh relies on it."""


_ONE_AT_A_TIME = threading.Lock()


def schema() -> GraphQLSchema:
    """Build the schema from the official SDL (about half a second).

    Threads that ask for it at once wait for one of them: each on its own, a hundred clients'
    first queries would take minutes and gigabytes.
    """
    with _ONE_AT_A_TIME:
        return _built()


@functools.cache
def _built() -> GraphQLSchema:
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
